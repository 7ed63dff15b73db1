/**
 * What this process says about itself when it takes a directory.
 *
 * @module
 */

import process from "node:process";
import type { LockOwner } from "./directory.ts";

/**
 * This process as the owner of a lock, for the message that another process gets.
 *
 * @param startedAtMs Wall time of now, in milliseconds since 1970.
 */
export function lockOwner(startedAtMs: number): LockOwner {
  return { pid: process.pid, runtime: runtimeName(), startedAtMs };
}

/** The owner that the text of `OWNER` tells of, undefined if it is not what an owner writes. */
export function ownerOf(text: string): LockOwner | undefined {
  let facts: Partial<LockOwner> | null;
  try {
    facts = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, runtime, startedAtMs } = facts ?? {};
  if (typeof pid !== "number" || !Number.isSafeInteger(pid)) return undefined;
  if (typeof runtime !== "string") return undefined;
  if (typeof startedAtMs !== "number" || Number.isNaN(new Date(startedAtMs).valueOf())) {
    return undefined;
  }
  return { pid, runtime, startedAtMs };
}

/** Name and version in the runtime's own words, such as `Deno/2.9.6`: nothing depends on them. */
function runtimeName(): string {
  return globalThis.navigator?.userAgent ?? "unknown runtime";
}
