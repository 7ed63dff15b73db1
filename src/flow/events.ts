/**
 * Following what happens in a store.
 *
 * @module
 */
import type { HistoryEvent, ShownValues } from "./record.ts";

/** Which events to follow, and from where. */
export interface EventsOptions {
  /**
   * Where to begin: behind the event with this cursor, or `"start"`: with the oldest event that the
   * store still has. Default: with what is committed from now on.
   */
  readonly from?: string | undefined;
  /** Only events of flows of these types. Default: of all. */
  readonly types?: readonly string[] | undefined;
  /** Ends the stream when it is aborted, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One committed change of a flow: what its history shows of it, and where it stands among all. Values
 * are not in it; their references are, for `valueMget`.
 */
export interface StoreEvent extends Omit<HistoryEvent, keyof ShownValues> {
  /** The partition of the flow. */
  readonly partitionKey: string;
  /**
   * Where the stream stands after this event. Opaque; hand it back as `from`, now or years later, to
   * go on behind the event. Good for this store only.
   */
  readonly cursor: string;
}

/** The events of a store, one after the other, as fast as they are asked for. */
export interface EventStream extends AsyncIterableIterator<StoreEvent, undefined>, AsyncDisposable {
  /** The next event, as soon as there is one. `done` after the end of the stream. */
  next(): Promise<IteratorResult<StoreEvent, undefined>>;
  /** Ends the stream; whoever waits in `next()` hears `done`. Harmless after the end. */
  return(): Promise<IteratorResult<StoreEvent, undefined>>;
  /** Itself. */
  [Symbol.asyncIterator](): EventStream;
}
