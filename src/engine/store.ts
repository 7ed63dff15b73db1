/**
 * A store that runs in this process.
 *
 * @module
 */
import type { FlowStore } from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";

/** An open store. Close it when it is no longer needed: the directory is free then. */
export interface Store extends FlowStore, AsyncDisposable {
  /** The clock that the store's commands happen by. */
  readonly time: Time;
  /**
   * Waits for commands that are on their way to the disk, refuses those that wait for work with
   * `store_closed`, and gives the directory free. Closing twice is harmless.
   */
  close(): Promise<void>;
}
