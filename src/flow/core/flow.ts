/**
 * A flow as the core knows it.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import { type Attributes, isTerminalState, type Priority, RUNNING } from "../mod.ts";
import type { EventPosition } from "./event_id.ts";
import type { Group, Membership } from "./families/group.ts";
import type { FlowKey } from "./flow_key.ts";
import type { Lease } from "./lease.ts";
import type { NamedValues } from "./values/named_values.ts";

/** What a flow is for life. Written once, when it is created. */
export interface Identity {
  /** The id, unique within the partition. */
  readonly id: string;
  /** The partition. */
  readonly partitionKey: string;
  /** The type. */
  readonly type: string;
  /** The parent, null without one. */
  readonly parentFlowId: string | null;
  /** The group of the parent that the flow was spawned into, null: into none. */
  readonly membership: Membership | null;
  /** The first ancestor, null: the flow itself. */
  readonly rootFlowId: string | null;
  /** The caller's own id, null without one. */
  readonly correlationId: string | null;
  /** Facts that the caller attached. */
  readonly attributes: Attributes;
  /** When the flow was created. */
  readonly createdAtMs: number;
  /** How many events are kept. */
  readonly historyMaxEvents: number;
  /** A hash of the request that created it, by which a repetition is known. */
  readonly digest: Hash64;
}

/** The facts of a flow that nobody attached any to. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** What a command can change. Written whole with every change. */
export interface Control {
  /** 1 when created, one more with every change. */
  readonly version: number;
  /** The logical state: while leased, the one that the flow was claimed from. */
  readonly state: string;
  /** 0, 1 or 2. */
  readonly priority: Priority;
  /** The lease, null without one. */
  readonly lease: Lease | null;
  /** Retries in the logical state. */
  readonly attempts: number;
  /** Retries in the whole life. */
  readonly attemptsTotal: number;
  /** Leases lost in a row. */
  readonly reclaims: number;
  /** One more with every claim. */
  readonly fencingToken: number;
  /** The time of the command. */
  readonly updatedAtMs: number;
  /** When the flow is due; while leased, when the lease ends; null when parked or ended. */
  readonly nextRunAtMs: number | null;
  /** How long the record is kept after the end. */
  readonly retentionTtlMs: number;
  /** After the end: until when the record is kept. Otherwise null. */
  readonly retentionUntilMs: number | null;
  /** If the last change was a rewind: the event that the flow went back to. Otherwise null. */
  readonly rewoundTo: EventPosition | null;
  /** How many values the flow has brought in its life. */
  readonly valueCount: number;
  /** The number of the payload: its LSN, and its shard above that. 0 without one. */
  readonly payloadLsn: number;
  /** The number of the result, 0 without one. */
  readonly resultLsn: number;
  /** The number of the error, 0 without one. */
  readonly errorLsn: number;
  /** The LSN of the record that lists the named values, 0 if there never was one. */
  readonly valuesLsn: number;
}

/** A flow. Never changed: a command that changes a flow makes another one of it. */
export interface Flow {
  /** Its name in the log. */
  readonly key: FlowKey;
  /** What it is for life. */
  readonly identity: Identity;
  /** The LSN of the record that holds `identity`. */
  readonly bodyLsn: number;
  /** What commands change. */
  readonly control: Control;
  /** The LSN of the record that holds `control`. */
  readonly lsn: number;
  /** What it holds by name: what the record with the LSN `control.valuesLsn` lists. */
  readonly values: NamedValues;
  /** The groups of children that it has spawned. */
  readonly groups: readonly Group[];
}

/** The state as users see it. */
export function shownState({ state, lease }: Control): string {
  return lease === null ? state : RUNNING;
}

/** Whether the flow has ended. */
export function hasEnded({ state }: Control): boolean {
  return isTerminalState(state);
}

/** The group that has sent a flow on from where it is parked; undefined: it may stay there. */
export function unheededGroup({ control, groups }: Flow): Group | undefined {
  const { state, nextRunAtMs } = control;
  if (nextRunAtMs !== null) return undefined;
  return groups.find(({ isUnheeded, waitState }) => isUnheeded && waitState === state);
}

/** Whether the flow has ended so long ago that it reads as absent. */
export function isForgotten({ retentionUntilMs }: Control, nowMs: number): boolean {
  return retentionUntilMs !== null && retentionUntilMs <= nowMs;
}

/** The lease token as workers see it, null without a lease. Differs with every claim of a flow. */
export function leaseToken({ lease, fencingToken }: Control): string | null {
  return lease === null ? null : lease.token(fencingToken);
}

/** Whether a text is the lease token of a flow. */
export function isLeaseToken(control: Control, token: string): boolean {
  return control.lease !== null && token === leaseToken(control);
}
