/**
 * The flow as its users see it.
 *
 * @module
 */

import type { ChildGroup } from "./children.ts";
import type { ValueRef } from "./values.ts";

/**
 * How urgent a flow is. Every due flow of a higher number is claimed before any of a lower one, and
 * so is every expired lease; but these have a share of a claim that comes first: `reclaimRatio`.
 */
export type Priority = 0 | 1 | 2;

/** The three states that end a flow. */
export type TerminalState = "completed" | "failed" | "cancelled";

/** Facts that a caller attaches to a flow, by name. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Payload, result and error, where they were asked for. */
export interface ShownValues {
  /** The payload, if it was asked for and is not larger than the cap; null if its bytes are gone. */
  readonly payload?: unknown;
  /** Bytes of the payload, if it was asked for. */
  readonly payloadSize?: number;
  /** True if the payload was asked for, but is larger than the cap, or than the room that one answer has left. */
  readonly payloadOmitted?: true;
  /** True if the payload was asked for, but its bytes are gone. */
  readonly payloadMissing?: true;
  /** The result, if it was asked for and is not larger than the cap; null if its bytes are gone. */
  readonly result?: unknown;
  /** Bytes of the result, if it was asked for. */
  readonly resultSize?: number;
  /** True if the result was asked for, but is larger than the cap, or than the room that one answer has left. */
  readonly resultOmitted?: true;
  /** True if the result was asked for, but its bytes are gone. */
  readonly resultMissing?: true;
  /** The error or cancel reason, if it was asked for and is not larger than the cap; null if its bytes are gone. */
  readonly error?: unknown;
  /** Bytes of the error or cancel reason, if it was asked for. */
  readonly errorSize?: number;
  /** True if the error or cancel reason was asked for, but is larger than the cap, or than the room that one answer has left. */
  readonly errorOmitted?: true;
  /** True if the error or cancel reason was asked for, but its bytes are gone. */
  readonly errorMissing?: true;
}

/**
 * A flow: one durable unit of work, known by its partition and id.
 *
 * Every command that changes a flow resolves to its new record. Records are snapshots: they never
 * change, and they are handed out only once what they show is on disk.
 */
export interface FlowRecord extends ShownValues {
  /** The id, unique within the partition. */
  readonly id: string;
  /** The workflow type, by which flows are claimed. */
  readonly type: string;
  /** The state; `"running"` while a worker holds a lease. */
  readonly state: string;
  /** While leased: the state the flow was claimed from. Otherwise null. */
  readonly runState: string | null;
  /** 1 when created, one more with every change. */
  readonly version: number;
  /** Retries since the flow entered its present state. */
  readonly attempts: number;
  /** Retries in the whole life of the flow. */
  readonly attemptsTotal: number;
  /** Leases lost in a row: expired and taken over, without the owner settling in between. */
  readonly reclaims: number;
  /** Goes up with every claim. A command must quote the present number, so a late worker cannot overwrite. */
  readonly fencingToken: number;
  /** When the flow was created, in milliseconds since 1970. */
  readonly createdAtMs: number;
  /** When the flow last changed, in milliseconds since 1970. */
  readonly updatedAtMs: number;
  /** When the flow may be claimed; while leased, the end of the lease; null when parked or ended. */
  readonly nextRunAtMs: number | null;
  /** How urgent the flow is: 0 (default), 1 or 2. */
  readonly priority: Priority;
  /** How long the record is kept after the flow ends, in milliseconds. */
  readonly retentionTtlMs: number;
  /** After the flow has ended: when its record goes. Otherwise null. */
  readonly terminalRetentionUntilMs: number | null;
  /** How many history events are kept. */
  readonly historyMaxEvents: number;
  /** The partition. Flows of one partition are changed in one order. */
  readonly partitionKey: string;
  /** Opaque reference to the payload, null without one. */
  readonly payloadRef: string | null;
  /** The named values: where they are, by name. */
  readonly valueRefs: Readonly<Record<string, ValueRef>>;
  /** Opaque reference to the result, null without one. */
  readonly resultRef: string | null;
  /** Opaque reference to the last error or cancel reason, null without one. */
  readonly errorRef: string | null;
  /** The id of the parent flow, null without one. */
  readonly parentFlowId: string | null;
  /** The partition of the parent, if it spawned the flow. Otherwise null. */
  readonly parentPartitionKey: string | null;
  /** The group of the parent's children that the flow is in, if it spawned the flow. Otherwise null. */
  readonly parentGroupId: string | null;
  /** The id of the first ancestor; the flow's own id without one. */
  readonly rootFlowId: string;
  /** The groups of children that the flow has spawned, by name; empty without one. */
  readonly childGroups: Readonly<Record<string, ChildGroup>>;
  /** An id of the caller's that ties flows together, null without one. */
  readonly correlationId: string | null;
  /** Facts that the caller attached when creating the flow. */
  readonly attributes: Attributes;
  /** If the last change was a rewind: the event that the flow went back to. Otherwise null. */
  readonly rewoundToEventId: string | null;
  /** While leased: the name of the worker. Otherwise null. */
  readonly leaseOwner: string | null;
  /** While leased: the secret of the lease. Otherwise null. */
  readonly leaseToken: string | null;
  /** While leased: the end of the lease in milliseconds since 1970. Otherwise 0. */
  readonly leaseDeadlineMs: number;
  /**
   * The named values that were asked for, by name; absent if there are none. Names that hold nothing
   * are left out.
   */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Names of values that were asked for, but are beyond what one reply holds; see `valueMget`. */
  readonly valuesOmitted?: readonly string[];
}

/**
 * Names a flow: its id, or an object with its id and partition, such as a record or a job.
 *
 * A bare id is looked up in every partition; if two partitions have it, the command is refused.
 */
export type FlowRef = string | {
  /** The id. */
  readonly id: string;
  /** The partition; looked up in every partition if absent. */
  readonly partitionKey?: string | undefined;
  /** The workflow type: a flow of another type is not meant, and counts as absent. Default: any. */
  readonly type?: string | undefined;
};

/** What happened to a flow. */
export type FlowEventName =
  | "created"
  | "claimed"
  | "lease_extended"
  | "transitioned"
  | "retry"
  | "completed"
  | "failed"
  | "cancelled"
  | "lease_lost"
  | "rewound"
  | "signaled"
  | "value_put"
  | "children_spawned"
  | "child_completed"
  | "child_failed"
  | "child_cancelled"
  | "children_cancelled"
  | "children_resolved";

/** One entry of a flow's history: what happened, and the flow after it. */
export interface HistoryEvent extends ShownValues {
  /** `<ms>-<version>`; later events sort after earlier ones by version. */
  readonly eventId: string;
  /** What happened. */
  readonly event: FlowEventName;
  /** The version of the flow that this event made. */
  readonly version: number;
  /** The time of the command, in milliseconds since 1970. */
  readonly atMs: number;
  /** The id of the flow. */
  readonly id: string;
  /** The type of the flow. */
  readonly type: string;
  /** The state after the event. */
  readonly state: string;
  /** The logical state while leased, otherwise null. */
  readonly runState: string | null;
  /** The priority after the event. */
  readonly priority: Priority;
  /** Retries in the present state, after the event. */
  readonly attempts: number;
  /** The fencing number after the event. */
  readonly fencingToken: number;
  /** The due time after the event, or null. */
  readonly nextRunAtMs: number | null;
  /** The worker that holds the lease after the event, or null. The lease token is never in history. */
  readonly leaseOwner: string | null;
  /** The end of the lease after the event, or 0. */
  readonly leaseDeadlineMs: number;
  /** The payload's reference after the event, or null. */
  readonly payloadRef: string | null;
  /** The result's reference after the event, or null. */
  readonly resultRef: string | null;
  /** The error's reference after the event, or null. */
  readonly errorRef: string | null;
  /** On `rewound` events: the event that the flow went back to. Otherwise null. */
  readonly rewoundToEventId: string | null;
  /** On `retry` events: what the policy decided, and the policy. */
  readonly retry?: RetryFacts;
  /** On `signaled` events: the name of the signal. */
  readonly signal?: string;
  /** On events about children: their group, unless the event is about several groups. */
  readonly groupId?: string;
  /** On events about one child: its id. */
  readonly childId?: string;
}

/** What a `retry` event records besides the flow. */
export interface RetryFacts {
  /** Whether the flow runs again or the budget is spent. */
  readonly decision: "scheduled" | "exhausted";
  /** The number of this retry in its state, from 1. */
  readonly attempt: number;
  /** The state that was retried. */
  readonly runState: string;
  /** The retries that the policy allowed. */
  readonly maxRetries: number;
  /** The kind of backoff. */
  readonly backoffKind: "none" | "fixed" | "linear" | "exponential";
  /** The base of the backoff in milliseconds. */
  readonly backoffBaseMs: number;
  /** The cap of the backoff in milliseconds. */
  readonly backoffMaxMs: number;
  /** The jitter in percent. */
  readonly jitterPct: number;
  /** Where the flow goes when the budget is spent. */
  readonly exhaustedTo: string;
}
