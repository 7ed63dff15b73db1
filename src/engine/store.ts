/**
 * A store that runs in this process.
 *
 * @module
 */
import type {
  EventsOptions,
  EventStream,
  FlowRef,
  FlowStore,
  LeaseWatchOptions,
} from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";

/** An open store. Close it when it is no longer needed: the directory is free then. */
export interface Store extends FlowStore, AsyncDisposable {
  /** The clock that the store's commands happen by. */
  readonly time: Time;
  /** Watches over a lease until it is lost, or until what this returns is called. */
  watchLease(flow: FlowRef, options: LeaseWatchOptions): () => void;
  /**
   * Follows the committed changes of all flows: as they happen, or from any point of the past. Each
   * change comes exactly once, those of a flow in the order of their versions, those of a partition
   * in their order; nothing comes that a crash could take back. Whoever keeps the cursor of the last
   * event that he has dealt with goes on behind it, also in another process.
   *
   * Reads the log at the pace at which events are asked for and holds a piece of it, about a
   * megabyte, so a stream may lie idle or fall behind. It ends without an error when the store is
   * closed, when the signal is aborted, or by `return()`. It does not keep the process alive: if
   * nobody in it changes anything, nothing comes. That a flow is removed when its retention is over
   * is no event.
   *
   * Throws `invalid_argument` for bad options and for a cursor of another store. The stream rejects
   * with `log_trimmed` if it would begin before what the log still keeps, with `store_failed` when
   * the store fails.
   *
   * @example
   * ```ts
   * import { openStore } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("email-1", { type: "email" });
   * await store.cancel("email-1");
   *
   * let cursor = "start"; // or the one that was kept
   * for await (const event of store.events({ from: cursor, types: ["email"] })) {
   *   console.log(event.id, event.event, event.state); // created, then cancelled
   *   cursor = event.cursor;
   *   if (event.event === "cancelled") break;
   * }
   * ```
   */
  events(options?: EventsOptions): EventStream;
  /**
   * Waits for commands that are on their way to the disk, refuses those that wait for work with
   * `store_closed`, and gives the directory free. Closing twice is harmless.
   */
  close(): Promise<void>;
}
