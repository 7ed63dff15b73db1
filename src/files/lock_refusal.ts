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
 * @param owner Who holds it, or `undefined` if the owner has not yet left its facts.
 * @param cause The refusal of whatever holds the lock, if there is one.
 */
export function lockRefusal(
  path: string,
  owner: LockOwner | undefined,
  cause?: unknown,
): FlowError {
  const holder = owner === undefined
    ? "a process that has left no facts about itself"
    : `process ${owner.pid} (${owner.runtime}) since ${new Date(owner.startedAtMs).toISOString()}`;
  return new FlowError("store_locked", `The directory "${path}" is held by ${holder}`, {
    details: { path, ...owner },
    cause,
  });
}
