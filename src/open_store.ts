/**
 * The way to the engine.
 *
 * The engine reads and writes files, and so imports what only server runtimes have. It is loaded
 * when a store is opened and not before, so that scripts without a disk can import this package for
 * everything else.
 *
 * @module
 */
import type { OpenOptions, Store } from "./engine/mod.ts";

/**
 * Opens a store in this process.
 *
 * Takes the directory for this process, recovers what a crash may have left, and reads the log into
 * memory. When the promise resolves, everything that was ever acknowledged is there.
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
  const engine = await import("./engine/mod.ts");
  return engine.openStore(options);
}
