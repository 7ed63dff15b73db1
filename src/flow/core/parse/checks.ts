/**
 * Whether a single value is what it should be.
 *
 * Written by hand: this runs for every item of every batch, and the common case must cost little
 * more than looking at the value.
 *
 * @module
 */
import {
  checkInteger,
  invalid,
  isIntegerIn,
  limitExceeded,
  show,
  tooLarge,
} from "../../../argument.ts";
import { FlowError } from "../../../errors.ts";
import { isReservedName, isTerminalState, RUNNING } from "../../mod.ts";

/** The last instant that a Date can hold; room enough to add any duration without losing digits. */
export const INSTANT_MS_MAX = 8_640_000_000_000_000;

/** The most events that a flow may keep. */
export const HISTORY_EVENTS_MAX = 1_000_000;

const encoder = new TextEncoder();

/**
 * Whether a value is a text that needs no closer look: `checkText()` would return it. What is said
 * to be none may be one all the same.
 */
export function isShortText(value: unknown, bytesMax: number): value is string {
  // A UTF-16 unit is at most three bytes, so short texts need not be counted.
  return typeof value === "string" && value !== "" && value.length * 3 <= bytesMax &&
    value.isWellFormed();
}

/** A text of 1 to `bytesMax` bytes. */
export function checkText(field: string, value: unknown, bytesMax: number): string {
  if (typeof value !== "string" || value === "") throw invalid(field, value, "a non-empty string");
  if (!value.isWellFormed()) {
    throw invalid(field, value, "text that UTF-8 can hold, without half characters");
  }
  // A UTF-16 unit is at most three bytes, so short texts need not be counted.
  if (value.length * 3 > bytesMax) {
    const bytes = encoder.encode(value).length;
    if (bytes > bytesMax) throw tooLarge(field, value, bytes, bytesMax);
  }
  return value;
}

/** The name of a state that a flow can be in while nobody holds a lease. */
export function checkStateName(field: string, value: unknown, bytesMax: number): string {
  const name = checkText(field, value, bytesMax);
  if (isReservedName(name)) throw invalid(field, name, `another name: ${show(name)} is reserved`);
  return name;
}

/** The name of a state that a flow can come to without a claim. */
export function checkTargetState(field: string, value: unknown, bytesMax: number): string {
  const name = checkText(field, value, bytesMax);
  if (name.toLowerCase() === RUNNING) {
    throw new FlowError(
      "running_reserved",
      `${field} is ${show(name)}, which is entered by a claim only`,
      { details: { field, value: name } },
    );
  }
  return checkStateName(field, name, bytesMax);
}

/** The name of a state that a flow can be put into by hand. */
export function checkLiveState(field: string, value: unknown, bytesMax: number): string {
  const name = checkTargetState(field, value, bytesMax);
  if (isTerminalState(name)) {
    throw new FlowError(
      "terminal_target",
      `${field} is ${show(name)}, which ends a flow`,
      { details: { field, value: name } },
    );
  }
  return name;
}

/** A whole number from `min` on, of which the store takes at most `max`. */
export function checkCount(field: string, value: unknown, min: number, max: number): number {
  const isMore = isIntegerIn(value, max + 1, Number.MAX_SAFE_INTEGER);
  if (isMore) throw limitExceeded(field, value, max);
  return checkInteger(field, value, min, max);
}

/** A list of different texts, not empty; what occurs again is left out. */
export function checkTexts(
  field: string,
  value: unknown,
  { bytesMax, countMax }: { readonly bytesMax: number; readonly countMax: number },
): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalid(field, value, "a non-empty array of strings");
  }
  if (value.length > countMax) throw limitExceeded(`${field}.length`, value.length, countMax);
  const texts = value.map((text, index) => checkText(`${field}[${index}]`, text, bytesMax));
  return [...new Set(texts)];
}
