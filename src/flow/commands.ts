/**
 * The options of every command, as callers give them.
 *
 * Instants are whole milliseconds since 1970, durations whole milliseconds. Unknown options are refused.
 *
 * @module
 */
import type { RetryPolicy } from "./policy.ts";
import type { Attributes, Priority } from "./record.ts";
import type { NamedValueOptions, ValueChangeOptions, ValueSelection } from "./values.ts";

/** Options that every command takes. */
export interface CommandOptions {
  /** The command's time. Only a store opened with a manual clock accepts it. */
  readonly nowMs?: number | undefined;
}

/** Options of `create`. */
export interface CreateOptions extends CommandOptions, NamedValueOptions {
  /** The workflow type. 1 to 1,024 bytes. */
  readonly type: string;
  /** The first state. Default `"queued"`. Not `running`, not a terminal state. */
  readonly state?: string | undefined;
  /** The partition. Default: one of 256 automatic ones, chosen by the id. */
  readonly partitionKey?: string | undefined;
  /**
   * When the flow may first be claimed, in milliseconds since 1970: `Date.now() + delayMs`. Default:
   * now.
   */
  readonly runAtMs?: number | undefined;
  /** How urgent the flow is. Default 0. */
  readonly priority?: Priority | undefined;
  /** Any JSON value or bytes. Absent: no payload; null is a payload. */
  readonly payload?: unknown;
  /**
   * The reference of a stored value, as the payload. Not together with `payload`. The value stays as
   * long as the flow refers to it, whatever becomes of the flow that brought it; but one that was put
   * with a `ttlMs` is gone when that is over, and the record then shows `payloadMissing`. A worker
   * settles such a job by `onError`, with the error `payload_missing`, without its handler.
   */
  readonly payloadRef?: string | undefined;
  /** The id of the parent flow. Default none. */
  readonly parentFlowId?: string | undefined;
  /** The id of the first ancestor. Default: the flow's own id. */
  readonly rootFlowId?: string | undefined;
  /** An id of the caller's that ties flows together. Default none. */
  readonly correlationId?: string | undefined;
  /** Facts to attach: up to 64 names with short scalar values. Default none. */
  readonly attributes?: Attributes | undefined;
  /** If the same request created the flow before, resolve with its record. Default false. */
  readonly idempotent?: boolean | undefined;
  /**
   * How long the record is kept after the end, in milliseconds. Default: the policy, else 7 days. A
   * child whose result is wanted when its siblings have ended is to be kept as long as that may take.
   */
  readonly retentionTtlMs?: number | undefined;
  /** How many history events are kept, 1 to 1,000,000. Default: the policy, else 100,000. */
  readonly historyMaxEvents?: number | undefined;
}

/** One flow of `createMany`: `create`'s options and the id. `type` may stand in the common options. */
export interface CreateItem extends Omit<CreateOptions, "type" | "nowMs"> {
  /** The id, 1 to 1,024 bytes. It is there once in its partition, for all types together. */
  readonly id: string;
  /** The workflow type. Default: the common one. */
  readonly type?: string | undefined;
}

/** What every `*Many` command takes. */
export interface BatchOptions extends CommandOptions {
  /** Every item stands alone. Default false: all or nothing. */
  readonly independent?: boolean | undefined;
  /** The partition of every item. An item that names another one is refused. */
  readonly partitionKey?: string | undefined;
}

/** Common options of `createMany`; what an item says itself wins. */
export interface CreateManyOptions extends Omit<CreateOptions, "type">, BatchOptions {
  /** The type of the items that do not name one. */
  readonly type?: string | undefined;
}

/** What becomes of flows that have lost their lease too often. Absent members: as the policy says. */
export interface LostLeasePolicy {
  /** Leases a flow may lose in a row before it goes to `exhaustedTo`, 0 to 1,000,000; null: no cap. */
  readonly maxReclaims?: number | null | undefined;
  /** The state it goes to. Not `running`. */
  readonly exhaustedTo?: string | undefined;
}

/** Options of `reclaim`, and the common part of `claimDue`. */
export interface ReclaimOptions extends CommandOptions {
  /** The name of the worker. 1 to 1,024 bytes. */
  readonly worker: string;
  /** The most flows to claim, 1 to 1,000. Default 1. */
  readonly limit?: number | undefined;
  /** How long the lease lasts, in milliseconds. Default 30,000. */
  readonly leaseMs?: number | undefined;
  /** Only this priority. Default: all, most urgent first. */
  readonly priority?: Priority | undefined;
  /** Only this partition. Default: all. */
  readonly partitionKey?: string | undefined;
  /** Only these partitions. Not together with `partitionKey`. */
  readonly partitionKeys?: readonly string[] | undefined;
  /** Return payloads. Default false. */
  readonly payload?: boolean | undefined;
  /** Payloads above this many bytes are left out and marked. Default 65,536. */
  readonly payloadMaxBytes?: number | undefined;
  /** The named values to return: true for all, or their names. Default false. */
  readonly values?: ValueSelection | undefined;
  /** Only flows of this logical state; `"running"` or absent: of every one. */
  readonly state?: string | undefined;
  /**
   * By state: when a flow whose lease has expired is given up instead of claimed. Wins over the stored
   * policy, member by member. Default: as that says.
   */
  readonly lostLeases?: Readonly<Record<string, LostLeasePolicy>> | undefined;
}

/** Options of `claimDue`. */
export interface ClaimOptions extends Omit<ReclaimOptions, "state"> {
  /** The state or states to claim from; `"any"` or absent: every state. */
  readonly state?: string | readonly string[] | undefined;
  /** The same as `state`. Not together with it. */
  readonly states?: readonly string[] | undefined;
  /** Also take over flows whose lease has expired. Default true. */
  readonly reclaimExpired?: boolean | undefined;
  /**
   * The share of `limit` that expired leases get first, 0 to 100 percent, rounded up: a claim of one
   * takes an expired lease before a flow that is due and more urgent. With 0 all stand in one line.
   * Default 25.
   */
  readonly reclaimRatio?: number | undefined;
  /** Wait so many milliseconds for a flow; 0: without limit. Absent: do not wait. */
  readonly blockMs?: number | undefined;
  /** Ends the wait: the claim then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What proves that the caller owns the flow. */
export interface Guard {
  /** The lease token that the claim gave. */
  readonly leaseToken: string;
  /** The fencing number that the claim gave. */
  readonly fencingToken: number;
}

/** Options of `extendLease`. */
export interface ExtendLeaseOptions extends CommandOptions, Guard {
  /** The new length of the lease, from now, in milliseconds. Default 30,000. */
  readonly leaseMs?: number | undefined;
}

/** Options of `complete`. */
export interface CompleteOptions extends CommandOptions, Guard, ValueChangeOptions {
  /** Any JSON value or bytes. Absent: no result. */
  readonly result?: unknown;
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /** Replaces the retention of the record, from now on. In milliseconds. */
  readonly ttlMs?: number | undefined;
}

/** Options of `transition`. */
export interface TransitionOptions extends CommandOptions, ValueChangeOptions {
  /** The state the flow must be in: `"running"` or the logical state while leased. */
  readonly from: string;
  /** The state to go to. Not `running`, not a terminal state. */
  readonly to: string;
  /** The lease token. Needed if the flow is leased, refused if not. */
  readonly leaseToken?: string | undefined;
  /** The fencing number of the flow. */
  readonly fencingToken: number;
  /**
   * When the flow may be claimed, in milliseconds since 1970: `Date.now() + delayMs`. Null: parked until
   * something gives it a time. Default: now.
   */
  readonly runAtMs?: number | null | undefined;
  /** Replaces the priority. Default: kept. */
  readonly priority?: Priority | undefined;
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /**
   * The reference of a stored value, as the payload. Not together with `payload`. The value stays as
   * long as the flow refers to it, whatever becomes of the flow that brought it.
   */
  readonly payloadRef?: string | undefined;
}

/** Options of `retry`. */
export interface RetryOptions extends CommandOptions, Guard {
  /** Any JSON value or bytes: why. Absent: no error. */
  readonly error?: unknown;
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /** When to run again, instead of the backoff, in milliseconds since 1970: `Date.now() + delayMs`. */
  readonly runAtMs?: number | undefined;
  /** Overrides members of the policy for this one retry. */
  readonly retry?: RetryPolicy | undefined;
}

/** Options of `fail`. */
export interface FailOptions extends CommandOptions, Guard, ValueChangeOptions {
  /** Any JSON value or bytes: why. Absent: no error. */
  readonly error?: unknown;
  /** Replaces the payload. Absent: kept. */
  readonly payload?: unknown;
  /** Replaces the retention of the record, from now on. In milliseconds. */
  readonly ttlMs?: number | undefined;
}

/** Options of `cancel`. Without `fencingToken` it is an operator's cancel and overrides any lease. */
export interface CancelOptions extends CommandOptions, ValueChangeOptions {
  /** The lease token. Needed with `fencingToken` if the flow is leased. */
  readonly leaseToken?: string | undefined;
  /** The fencing number of the flow. Absent: cancel whatever its lease. */
  readonly fencingToken?: number | undefined;
  /** Any JSON value or bytes: why. Kept as the flow's error. */
  readonly reason?: unknown;
  /** Replaces the retention of the record, from now on. In milliseconds. */
  readonly ttlMs?: number | undefined;
}

/** Options of `rewind`. No lease is needed: it is for operators, and for flows that nobody holds. */
export interface RewindOptions extends CommandOptions {
  /** The event to go back to, by its `eventId`. Not one after which the flow was leased. */
  readonly toEvent: string;
  /** Refuse with `wrong_state` unless the flow is in this state. Default: in whichever. */
  readonly expectState?: string | undefined;
  /**
   * When the flow may be claimed, in milliseconds since 1970: `Date.now() + delayMs`. Default: as it was
   * after the event. Not for an event that ended it.
   */
  readonly runAtMs?: number | undefined;
}

/** Options of `signal`: a message to a flow from outside. Neither lease nor fencing number is needed. */
export interface SignalOptions extends CommandOptions, ValueChangeOptions {
  /** The name of the signal, as history shows it. 1 to 1,024 bytes. */
  readonly signal: string;
  /**
   * Makes the signal safe to send again: the same request under the same key is applied once, and
   * another request under that key is refused with `signal_conflict`. 1 to 1,024 bytes. A flow
   * remembers its newest 1,000 keys. Default: none.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * The state or states the flow must be in, else `state_mismatch`; `"running"` while it is leased.
   * Needed with `transitionTo`.
   */
  readonly ifState?: string | readonly string[] | undefined;
  /** The state to go to, taking the lease away. Not `running`, not a terminal state. Absent: stay. */
  readonly transitionTo?: string | undefined;
  /**
   * With `transitionTo`: when the flow may be claimed, in milliseconds since 1970:
   * `Date.now() + delayMs`. Null: parked until something gives it a time. Default: now. Without
   * `transitionTo` it has no effect.
   */
  readonly runAtMs?: number | null | undefined;
}

/** Names the flow of one item of a batch. A record or a job is no item: it has members besides. */
export interface ItemRef {
  /** The id. */
  readonly id: string;
  /** The partition; looked up in every partition if absent. */
  readonly partitionKey?: string | undefined;
}

/** One item of `completeMany`. */
export type CompleteItem = ItemRef & Omit<CompleteOptions, "nowMs">;
/** Common options of `completeMany`; what an item says itself wins. */
export type CompleteManyOptions = BatchOptions & Omit<CompleteOptions, keyof Guard>;

/** One item of `transitionMany`. `from` and `to` may stand in the common options. */
export type TransitionItem = ItemRef & Omit<TransitionOptions, "nowMs" | "from" | "to"> & {
  /** The state the flow must be in. Default: the common one. */
  readonly from?: string | undefined;
  /** The state to go to. Default: the common one. */
  readonly to?: string | undefined;
};
/** Common options of `transitionMany`; what an item says itself wins. */
export type TransitionManyOptions =
  & BatchOptions
  & Partial<Omit<TransitionOptions, "leaseToken" | "fencingToken">>;

/** One item of `retryMany`. */
export type RetryItem = ItemRef & Omit<RetryOptions, "nowMs">;
/** Common options of `retryMany`; what an item says itself wins. */
export type RetryManyOptions = BatchOptions & Omit<RetryOptions, keyof Guard>;

/** One item of `failMany`. */
export type FailItem = ItemRef & Omit<FailOptions, "nowMs">;
/** Common options of `failMany`; what an item says itself wins. */
export type FailManyOptions = BatchOptions & Omit<FailOptions, keyof Guard>;

/** One item of `cancelMany`. */
export type CancelItem = ItemRef & Omit<CancelOptions, "nowMs">;
/** Common options of `cancelMany`; what an item says itself wins. */
export type CancelManyOptions = BatchOptions & Omit<CancelOptions, "leaseToken" | "fencingToken">;
