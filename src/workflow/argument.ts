/**
 * The options of calls: which there are, and what is said elsewhere.
 *
 * @module
 */
import { checkBoolean, checkInteger, checkObject, invalid, show } from "../argument.ts";
import { FlowError } from "../errors.ts";

/** What is said of an option that is none, but an argument. */
export const BEFORE = "it is an argument before the options";

/** Members that a call does not take as options, and what says them instead. */
export type SaidElsewhere = Readonly<Record<string, string>>;

/**
 * The options of a call that needs none. Refuses what is no object, and what the call takes from
 * elsewhere: one of the two would be dropped in silence.
 */
export function optionsOf<T extends object>(
  options: T | undefined,
  elsewhere: SaidElsewhere = {},
): T {
  // As every store does: nothing is none.
  if ((options ?? undefined) === undefined) return {} as T;
  const object = checkObject("options", options);
  for (const [name, where] of Object.entries(elsewhere)) {
    if (object[name] === undefined) continue;
    throw new FlowError("invalid_argument", `${name} is not an option here: ${where}`, {
      details: { field: name },
    });
  }
  return options as T;
}

/** The names of the members of a type; of a union those of all its parts. */
type MemberName<T> = T extends unknown ? Extract<keyof T, string> : never;

/**
 * The names of the members of a type. One that is missing here, or that the type does not have, does
 * not compile, as long as all of them stand in one literal: so what the types let through is not
 * refused when it is there, and nothing else gets in.
 */
export function membersOf<T>(names: Readonly<Record<MemberName<T>, true>>): readonly string[] {
  return Object.keys(names);
}

/** Refuses whatever is not a whole number from `min` to `max`; undefined passes. */
export function checkWhole(
  field: string,
  value: unknown,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): void {
  if (value !== undefined) checkInteger(field, value, min, max);
}

/** Refuses whatever is not true or false; undefined passes. */
export function checkFlag(field: string, value: unknown): void {
  if (value !== undefined) checkBoolean(field, value);
}

/** Refuses whatever cannot be the name of a type or a state. How long it may be the store knows. */
export function checkName(field: string, value: unknown): void {
  if (typeof value === "string" && value !== "" && value.isWellFormed()) return;
  throw invalid(field, value, "a non-empty text, without half characters");
}

/** A `TypeError` unless the value is a function: a handler that is none is a mistake in the code. */
export function checkHandler(field: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`${field} is ${show(value)}, but must be a function`);
}
