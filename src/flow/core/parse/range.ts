/**
 * Options that say from where to where.
 *
 * @module
 */
import { contradiction } from "../../../argument.ts";
import type { FlowError } from "../../../errors.ts";
import type { Arguments } from "./arguments.ts";

/** A span of time, both ends included. */
export interface InstantRange {
  /** Undefined: from the beginning. */
  readonly fromMs: number | undefined;
  /** Undefined: to the end. */
  readonly toMs: number | undefined;
}

/** Reads `fromMs` and `toMs`. */
export function parseInstants(args: Arguments): InstantRange {
  const fromMs = args.instant("fromMs");
  const toMs = args.instant("toMs");
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw inverted("Ms", fromMs, toMs);
  }
  return { fromMs, toMs };
}

/** The error for a range that ends before it begins. `what` is how both options end. */
export function inverted(what: string, from: number | string, to: number | string): FlowError {
  return contradiction(`from${what}`, `is ${from}, which is after to${what} ${to}: swap them`);
}
