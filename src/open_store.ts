/**
 * The way to the engine.
 *
 * The engine reads and writes files, and so imports what only server runtimes have. It is loaded
 * when a store is opened and not before, so that scripts without a disk can import this package for
 * everything else.
 *
 * @module
 */
import type { OpenOptions, RestoreOptions, Store } from "./engine/mod.ts";
import { FlowError } from "./errors.ts";

/** What the lock of a directory is made of: the only part of the engine that not all runtimes have. */
const SQLITE = "node:sqlite";

/**
 * Opens a store in this process.
 *
 * Takes the directory for this process, recovers what a crash may have left, and reads the log into
 * memory. When the promise resolves, everything that was ever acknowledged is there. If the store was
 * closed for days, that is not before the process is ten seconds old: clocks are set after a start.
 *
 * @param options The directory, or more; `":memory:"` keeps nothing.
 * @returns The open store. Close it, or let `await using` do so.
 * @throws {FlowError} `store_locked` if another process has the directory, with its pid, runtime and
 *   start time; `corrupt` with file and offset if bytes are not what was written; `newer_format` if
 *   a newer version has written them; `invalid_argument` for options that are not what they must be;
 *   `store_failed` if the directory cannot be read or written.
 *
 * @example
 * ```ts
 * import { openStore } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * await store.create("email-1", { type: "email", payload: { to: "user-1" } });
 * const [flow] = await store.claimDue("email", { worker: "worker-1", payload: true });
 * console.log(flow?.payload); // { to: "user-1" }
 * ```
 */
export async function openStore(options: string | OpenOptions): Promise<Store> {
  const engine = await loadEngine();
  try {
    return await engine.openStore(options);
  } catch (error) {
    // Who looks at the stack looks for the call that was made.
    if (error instanceof FlowError) Error.captureStackTrace(error, openStore);
    throw error;
  }
}

/**
 * Makes a store of a backup that `store.backup()` has made.
 *
 * It is another store than the one that was copied. Everything is in it that was acknowledged before
 * the backup began. Its fencing numbers go on 2^32 above those in the backup, so other systems that
 * have seen a number which the copied store gave away later do not take an old one for a new one.
 *
 * @throws {FlowError} `invalid_argument` if there is no whole backup in `from`, or anything in `to`;
 *   `corrupt` with file and offset if the backup is damaged; `copy_failed` if files cannot be read or
 *   written. An attempt that failed leaves nothing in `to`, unless its process is killed.
 *
 * @example
 * ```ts
 * import { openStore, restoreStore } from "@flowcask/flowcask";
 * import { simulatedDisk } from "@flowcask/flowcask/testing";
 *
 * // In production: await store.backup("./backup"), and restoreStore({ from: "./backup", to: "./data" }).
 * const [backup, data] = [simulatedDisk().directory(), simulatedDisk().directory()];
 * {
 *   await using store = await openStore(":memory:");
 *   await store.create("email-1", { type: "email" });
 *   await store.backup(backup);
 * }
 * await restoreStore({ from: backup, to: data });
 * await using store = await openStore({ files: data });
 * console.log((await store.get("email-1"))?.state); // queued
 * ```
 */
export async function restoreStore(options: RestoreOptions): Promise<void> {
  const engine = await loadEngine();
  try {
    await engine.restoreStore(options);
  } catch (error) {
    if (error instanceof FlowError) Error.captureStackTrace(error, restoreStore);
    throw error;
  }
}

async function loadEngine(): Promise<typeof import("./engine/mod.ts")> {
  try {
    return await import("./engine/mod.ts");
  } catch (error) {
    throw explainedLoad(error);
  }
}

/**
 * What is said when the engine cannot be loaded: which part of the runtime it misses, and which
 * runtimes have it. Anything else stays as it is.
 */
export function explainedLoad(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.includes(SQLITE)) return error;
  return new Error(
    `This runtime has no ${SQLITE}, which locks the directory of a store. ` +
      "Use Node 24, Deno 2.9 or Bun 1.4, or a later version of them",
    { cause: error },
  );
}
