/**
 * The real store, on files in memory and a clock that is moved by hand.
 *
 * @module
 */
import { type OpenOptions, openStore, type Store } from "../engine/mod.ts";
import { type Directory, memoryDirectory } from "../files/mod.ts";
import { type ManualTime, manualTime } from "../time/mod.ts";

/** How to open a {@linkcode memoryStore}. */
export interface MemoryStoreOptions extends Omit<OpenOptions, "dir" | "files" | "time"> {
  /** The clock of the store. Default: a new one that stands still. */
  readonly time?: ManualTime | undefined;
  /** Files that another store left behind. Default: none. */
  readonly files?: Directory | undefined;
}

/** An open store whose files and time are in the hands of a test. */
export interface MemoryStore extends Store {
  /** The clock of the store. It stands still until somebody moves it. */
  readonly time: ManualTime;
  /** The files. They outlive the store, as those on a disk do. */
  readonly files: Directory;
  /**
   * Moves time forward by `ms`. Whatever becomes due on the way happens on the way, in order: claims
   * that wait are answered, workers work, leases run out, the sweeper sweeps.
   */
  advance(ms: number): Promise<void>;
  /**
   * Closes this store and opens the next one on the same files, at the same time, as a new start of
   * the program would. Workflows go on with `workflow.on(store)`.
   */
  reopen(): Promise<MemoryStore>;
}

/**
 * Opens a store for a test: the engine of `openStore()`, bytes, log and recovery included, on files
 * in memory, with time that stands still.
 *
 * Rejects with `invalid_argument` as `openStore()` does.
 *
 * @param options Limits, and what another store has left behind.
 *
 * @example
 * ```ts
 * import { type, workflow } from "@flowcask/flowcask";
 * import { memoryStore } from "@flowcask/flowcask/testing";
 *
 * await using store = await memoryStore();
 * const email = workflow({
 *   type: "email",
 *   store,
 *   initialState: "queued",
 *   states: { queued: { payload: type<string>() } },
 * });
 * await email.create({ id: "email-1", payload: "good night", runAtMs: store.time.clock.wallMs() + 60_000 });
 *
 * console.log((await email.claimDue({ worker: "w" })).length); // 0
 * await store.advance(60_000);
 * console.log((await email.claimDue({ worker: "w" })).length); // 1
 *
 * await using next = await store.reopen();
 * console.log((await email.on(next).get("email-1"))?.state); // running
 * ```
 */
export async function memoryStore(options: MemoryStoreOptions = {}): Promise<MemoryStore> {
  const { time = manualTime(), files = memoryDirectory(), ...others } = options;
  const store = await openStore({ ...others, time, files });
  return Object.assign(store, {
    files,
    advance: (ms: number) => time.advance(ms),
    reopen: async () => {
      await store.close();
      return await memoryStore({ ...others, time, files });
    },
  }) as MemoryStore;
}
