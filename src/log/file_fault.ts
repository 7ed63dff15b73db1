/**
 * What the log says about files that are damaged or cannot be read.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { fileErrorCode } from "../files/mod.ts";
import { InvariantError } from "../invariant.ts";

/** Where damage is. */
export interface DamagePlace {
  /** Name of the file. */
  readonly file: string;
  /** Offset of the first byte that is wrong, in bytes. */
  readonly offset: number;
}

/** `corrupt`, with file and offset. */
export function corrupt(what: string, place: DamagePlace, cause?: unknown): FlowError {
  return new FlowError("corrupt", `${what}, in the file "${place.file}" at ${place.offset}`, {
    details: { ...place },
    cause,
  });
}

/**
 * `store_failed`, for what the operating system refused. Never "not found", never "empty".
 *
 * @param place What could not be read. Default: it is about more than one place.
 */
export function failed(what: string, cause: unknown, place?: DamagePlace): FlowError {
  if (cause instanceof FlowError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowError("store_failed", `${what}: ${reason}`, { details: { ...place }, cause });
}

/**
 * Does something with files and says what it was when the operating system refuses.
 *
 * @param place What is read. Default: it is about more than one place.
 */
export function guarded<Result>(what: string, act: () => Result, place?: DamagePlace): Result {
  try {
    return act();
  } catch (error) {
    // A defect of ours is not the machine's fault.
    throw error instanceof InvariantError ? error : failed(what, error, place);
  }
}

/** Whether the operating system says that there is no room. */
export function isNoSpace(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
