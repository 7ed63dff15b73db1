/**
 * The options of everything that only reads, as callers give them, and what comes back in rows.
 *
 * @module
 */
import type { FlowEventName, TerminalState } from "./record.ts";
import type { ValueSelection } from "./values.ts";

/** Options of `get`, and of every query for records: which values come along. */
export interface GetOptions {
  /** Return payload, result and error. Default false. */
  readonly payload?: boolean | undefined;
  /** The same as `payload`. */
  readonly full?: boolean | undefined;
  /** Values above this many bytes are left out and marked; not named ones. Default 65,536. */
  readonly payloadMaxBytes?: number | undefined;
  /** The named values to return: true for all, or their names. Default false. */
  readonly values?: ValueSelection | undefined;
}

/** Options of `history`. Filters add up: an event has to pass all of them. */
export interface HistoryOptions {
  /** The newest so many events that pass, 1 to 10,000. Default 100. */
  readonly count?: number | undefined;
  /** Newest first. Default false: oldest first. */
  readonly rev?: boolean | undefined;
  /** Only this event and later ones, by its `eventId`. */
  readonly fromEvent?: string | undefined;
  /** Only this event and earlier ones, by its `eventId`. */
  readonly toEvent?: string | undefined;
  /** Only events at or after this instant. */
  readonly fromMs?: number | undefined;
  /** Only events at or before this instant. */
  readonly toMs?: number | undefined;
  /** Only events that made this version of the flow or a later one. */
  readonly fromVersion?: number | undefined;
  /** Only events that made this version of the flow or an earlier one. */
  readonly toVersion?: number | undefined;
  /** Only events of this name. */
  readonly event?: FlowEventName | undefined;
  /** Only events after which this worker held the lease. */
  readonly worker?: string | undefined;
  /** Return payload, result and error as they were after each event. Default false. */
  readonly values?: boolean | undefined;
  /** Values above this many bytes are left out and marked. Default 65,536. */
  readonly payloadMaxBytes?: number | undefined;
  /** See every command acknowledged before the call. Default true; false may lag. */
  readonly consistent?: boolean | undefined;
}

/** Options of the queries by type. */
export interface QueryOptions {
  /** Only this partition. Default: all. */
  readonly partitionKey?: string | undefined;
  /** The most rows, 1 to 10,000. Default 100. */
  readonly count?: number | undefined;
}

/**
 * Options of the queries that read records page by page, with their values if they are asked for. Then
 * `count` is 1,000 at most (`limits.claimLimitMax`), and one answer has values of 1 MiB in all
 * (`limits.claimBytesMax`, or `payloadMaxBytes` if that is more), unless its first record alone has
 * more. A page ends before that, with a cursor; where no page was asked for, the call is refused with
 * `too_large` and nothing is left out.
 */
export interface RowsOptions extends QueryOptions, GetOptions {
  /** The most rows, 1 to 10,000, or 1 to 1,000 if values come along. Default 100. */
  readonly count?: number | undefined;
  /** Where the last page ended; null asks for the first page. Given, the result is a page. */
  readonly cursor?: string | null | undefined;
  /** See every command acknowledged before the call. Default true; false may lag. */
  readonly consistent?: boolean | undefined;
}

/** Options of `list`. */
export interface ListOptions extends RowsOptions {
  /** Only this state. `"any"` or absent: every state. */
  readonly state?: string | undefined;
}

/** Options of `failures`. */
export interface FailuresOptions extends RowsOptions {
  /** Only flows that changed last at or after this instant: ended, or were told something since. */
  readonly fromMs?: number | undefined;
  /** Only flows that changed last at or before this instant. */
  readonly toMs?: number | undefined;
  /** The latest first. Default false. */
  readonly rev?: boolean | undefined;
}

/** Options of `terminals`. */
export interface TerminalsOptions extends FailuresOptions {
  /** Only this terminal state. `"any"` or absent: all three. */
  readonly state?: TerminalState | "any" | undefined;
}

/** Options of `byRoot` and `byCorrelation`. Filters add up: a flow has to pass all of them. */
export interface LineageOptions extends RowsOptions {
  /** Only flows that are shown in this state. `"any"` or absent: every state. */
  readonly state?: string | undefined;
  /** Only flows that have ended. Default false. */
  readonly terminalOnly?: boolean | undefined;
  /** Only flows that have not ended. Default false. */
  readonly activeOnly?: boolean | undefined;
  /** Only flows that changed last at or after this instant. */
  readonly fromMs?: number | undefined;
  /** Only flows that changed last at or before this instant. */
  readonly toMs?: number | undefined;
  /** The latest change first. Default false. */
  readonly rev?: boolean | undefined;
}

/** Options of `byParent`. */
export interface ByParentOptions extends LineageOptions {
  /**
   * Only children that the flow in this partition has spawned; while it is there, none of an earlier
   * flow with its id. Default: of whatever partition.
   */
  readonly parentPartitionKey?: string | undefined;
  /** Only children of this group, as above. Default: of all, and those that are in none. */
  readonly groupId?: string | undefined;
}

/** One page of a query. */
export interface Page<T> {
  /** The rows. */
  readonly items: readonly T[];
  /** Hand this to the next call; null after the last page. */
  readonly cursor: string | null;
}

/** Options of `stuck`. */
export interface StuckOptions extends QueryOptions {
  /** Only leases that ended at least this long ago, in milliseconds. Default 0. */
  readonly olderThanMs?: number | undefined;
  /**
   * Where the last page ended; null asks for the first page. Given, the result is a page. It is looked
   * for among all leases that expired before.
   */
  readonly cursor?: string | null | undefined;
}

/** Options of `info`. */
export interface InfoOptions {
  /** Only this partition. Default: all. */
  readonly partitionKey?: string | undefined;
}

/** How many flows of a type are where. */
export interface FlowInfo {
  /** The type. */
  readonly type: string;
  /** The partition asked for, or null. */
  readonly partitionKey: string | null;
  /** Flows by state; a leased flow counts under `running`. */
  readonly states: Readonly<Record<string, number>>;
  /** Flows in state `queued`. */
  readonly queued: number;
  /** Leased flows. */
  readonly running: number;
  /** Completed flows that are still kept. */
  readonly completed: number;
  /** Failed flows that are still kept. */
  readonly failed: number;
  /** Cancelled flows that are still kept. */
  readonly cancelled: number;
  /** Leased flows, as `running`. */
  readonly inflight: number;
  /** Unleased flows whose time has come. */
  readonly due: number;
  /** Unleased flows whose time is still to come. */
  readonly scheduled: number;
  /** The due time of the flow that has waited longest, or null. */
  readonly oldestDueMs: number | null;
}
