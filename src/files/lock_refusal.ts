/**
 * The error that tells the second comer who has the directory.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import type { LockOwner } from "./directory.ts";

/**
 * A `store_locked` error for the directory at `path`.
 *
 * @param options `owner`: who holds it, or `undefined` if no facts were found; `cause`: the refusal
 * of whatever guards the lock, if there is one.
 */
export function lockRefusal(
  path: string,
  options: { readonly owner: LockOwner | undefined; readonly cause?: unknown },
): FlowError {
  const { owner, cause } = options;
  const holder = owner === undefined
    ? "a process that has left no facts about itself"
    : `process ${owner.pid} (${owner.runtime}) since ${new Date(owner.startedAtMs).toISOString()}`;
  return new FlowError("store_locked", `The directory "${path}" is held by ${holder}`, {
    details: { path, ...owner },
    cause,
  });
}
