/**
 * What the log says about files that are damaged or cannot be read.
 *
 * @module
 */

import { causesOf, FlowError } from "../errors.ts";
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

/**
 * What the system says when it opens no file: too many are open, or somebody has taken the right away.
 * It comes before anything has changed, and may be otherwise in a moment. Others of its errors may
 * come from a write or a sync as well, and end the log.
 */
const REFUSALS: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE", "EACCES"]);

/** What opens files, or lists them. */
const OPENING_CALLS: ReadonlySet<unknown> = new Set([undefined, "open", "opendir", "scandir"]);

/** Why the system opens no file, if an error or what led to it says so; undefined: something is wrong. */
export function refusalIn(error: unknown): string | undefined {
  return [...causesOf(error)].find((cause) =>
    REFUSALS.has(fileErrorCode(cause)) && OPENING_CALLS.has(Reflect.get(cause, "syscall"))
  )?.message;
}
