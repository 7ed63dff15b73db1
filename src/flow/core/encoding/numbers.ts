/**
 * What records have numbers for.
 *
 * @module
 */
import { PRIORITY_MAX } from "../../../bounds.ts";
import { DecodeError } from "../../../codec/mod.ts";
import type { Priority } from "../../mod.ts";
import { newer } from "./newer.ts";

/** A priority. */
export function priorityOf(number: number): Priority {
  if (number > PRIORITY_MAX) throw new DecodeError(`The priority ${number} is not 0, 1 or 2`);
  return number as Priority;
}

/**
 * The word with a number.
 *
 * @param what What an error says is newer, such as "CTRL record with event".
 */
export function wordOf<T>(words: readonly (T | undefined)[], number: number, what: string): T {
  const word = words[number];
  if (word === undefined) throw newer(`${what} ${number}`);
  return word;
}
