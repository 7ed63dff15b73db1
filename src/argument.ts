/**
 * Whether an argument is what it should be, and what is wrong with it: every message names the field,
 * the value, the limit and what to do.
 *
 * @module
 */
import { FlowError } from "./errors.ts";

/** Longer texts are cut; nobody reads an id of 70,000 characters. */
const SHOWN_CHARACTERS_MAX = 64;

/** A value of the wrong type, or out of range. */
export function invalid(field: string, value: unknown, must: string, limit?: unknown): FlowError {
  return new FlowError("invalid_argument", `${field} is ${show(value)}, but must be ${must}`, {
    details: { field, value: plain(value), ...limit === undefined ? {} : { limit } },
  });
}

/** A value that has to be there. */
export function missing(field: string, advice: string): FlowError {
  return new FlowError("invalid_argument", `${field} is missing: ${advice}`, {
    details: { field },
  });
}

/** Two values that do not go together. */
export function contradiction(field: string, what: string): FlowError {
  return new FlowError("invalid_argument", `${field} ${what}`, { details: { field } });
}

/** More bytes than the store takes. */
export function tooLarge(field: string, value: unknown, bytes: number, limit: number): FlowError {
  return new FlowError(
    "too_large",
    `${field} ${show(value)} has ${bytes} bytes, the limit is ${limit}`,
    { details: { field, value: bytes, limit } },
  );
}

/** More of something than the store takes at once. */
export function limitExceeded(field: string, value: number, limit: number): FlowError {
  return new FlowError("limit_exceeded", `${field} is ${value}, the limit is ${limit}`, {
    details: { field, value, limit },
  });
}

/** Items as fields name them, such as `items[3].payload`. */
const ITEM = /^(?:items|children)\[(\d+)\]/;

/**
 * Calls what reads items. If it throws because of one of them, the error names the place of that item
 * for programs, too: as `details.index`, like an error of a batch.
 */
export function ofItems<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw placed(error);
  }
}

/** The same error, with the place of the item that it is about, if it is about one. */
export function placed(error: unknown): unknown {
  if (!(error instanceof FlowError)) return error;
  const index = ITEM.exec(String(error.details["field"]))?.[1];
  return index === undefined ? error : Object.assign(error, {
    details: { ...error.details, index: Number(index) },
  });
}

/** A value as messages show it: short, on one line. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cut(value));
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return showObject(value as object | null);
  }
}

function showObject(value: object | null): string {
  if (value === null) return "null";
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  }
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : article(name);
}

/** A noun with its article: "an Error", but "a URL" and "a Uint8Array". */
export function article(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? "an" : "a"} ${noun}`;
}

/** A value that fits into details: as it is if it is a plain one, otherwise what it looks like. */
function plain(value: unknown): unknown {
  switch (typeof value) {
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "string":
      return cut(value);
    default:
      return value === null ? null : show(value);
  }
}

function cut(text: string): string {
  if (text.length <= SHOWN_CHARACTERS_MAX) return text;
  // Not through a character of two halves.
  return `${text.slice(0, SHOWN_CHARACTERS_MAX).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Whether a value is a whole number from `min` to `max`. */
export function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** A whole number from `min` to `max`. */
export function checkInteger(field: string, value: unknown, min: number, max: number): number {
  if (!isIntegerIn(value, min, max)) {
    throw invalid(field, value, `a whole number from ${min} to ${max}`, max);
  }
  // Minus zero is a whole number, too; nobody wants to meet it again.
  return value + 0;
}

/** True or false. */
export function checkBoolean(field: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw invalid(field, value, "true or false");
  return value;
}

/** Whether a value is an object with members to look at. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with members to look at. */
export function checkObject(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalid(field, value, "an object");
  return value;
}

/** The members that are given: a copy without those that are undefined, as it is after JSON. */
export function given<T extends object>(members: T): T {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
