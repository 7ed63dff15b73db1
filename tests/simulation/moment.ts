/**
 * What runs of a simulation do again and again.
 *
 * @module
 */

import { isFlowError } from "../../src/errors.ts";
import { InvariantError } from "../../src/invariant.ts";

/** Microtasks that an answer or a slice of a checkpoint goes through on its way, and some more. */
const MICROTASKS = 40;

/** Lets answers arrive. */
export async function microtasks(): Promise<void> {
  for (let count = 0; count < MICROTASKS; count++) await undefined;
}

/** Where an error comes from. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** Whether an error comes of a broken invariant. */
export function isBroken(error: unknown): boolean {
  if (error instanceof InvariantError) return true;
  return error instanceof Error && error.cause !== undefined && isBroken(error.cause);
}

/**
 * Whether a log is refused for what is in its files. Bytes of another segment may stand in a new one, and
 * then it is taken for a copy.
 */
export function isRefusal(error: unknown): boolean {
  if (isFlowError(error, "store_failed")) return /copy of|by another name/.test(error.message);
  return isFlowError(error, "corrupt");
}
