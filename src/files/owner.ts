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

/** Name and version in the runtime's own words, such as `Deno/2.9.6`: nothing depends on them. */
function runtimeName(): string {
  return globalThis.navigator?.userAgent ?? "unknown runtime";
}
