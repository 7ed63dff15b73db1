/**
 * What the model knows of flows, and what it is asked.
 *
 * @module
 */

import type { ModelGroup, ModelMembership } from "./group.ts";

/** A flow of the model: its record, its values, its history. */
export interface ModelFlow {
  readonly id: string;
  readonly partitionKey: string;
  readonly type: string;
  readonly request: string;
  readonly createdAtMs: number;
  readonly historyMaxEvents: number;
  readonly parent: string | null;
  /** The first ancestor; null: the flow itself. */
  readonly root: string | null;
  readonly correlation: string | null;
  /** The group that it was spawned into, or taken into. */
  membership: ModelMembership | null;
  /** What it has spawned. A change of a group makes another one of it. */
  groups: readonly ModelGroup[];
  /** Whether it counts as cancelled. Only so long as its end is not written. */
  isDoomed: boolean;
  /** The logical state. */
  state: string;
  owner: string | null;
  /** Taken from the store after a claim: the model cannot guess it. */
  token: string | null;
  version: number;
  attempts: number;
  attemptsTotal: number;
  reclaims: number;
  fencing: number;
  priority: number;
  updatedAtMs: number;
  dueMs: number | null;
  /** While leased: nobody takes it over before this, however long the lease has been over. */
  graceMs: number;
  /** The due time lies somewhere in this range; taken from the store after a retry. */
  dueRange: readonly [number, number] | null;
  ttlMs: number;
  untilMs: number | null;
  payload: unknown;
  result: unknown;
  error: unknown;
  /** The event that the last change went back to. */
  rewoundTo: string | null;
  /** Values that the flow was ever given. */
  values: number;
  readonly history: ModelEvent[];
  /** Signals that came under a key: the key, and the request. */
  readonly signals: [key: string, request: string][];
  /** What it holds by name; undefined: dropped. */
  named: Record<string, ModelValue>;
}

/** A name of a flow. */
export interface ModelValue {
  /** What it holds; undefined: nothing any more. */
  readonly value: unknown;
  /** How often something was put under it. */
  readonly version: number;
  /** Whether it holds what somebody else stored. */
  readonly isLinked: boolean;
}

/** What a command does to named values. Links are to values that were put without a flow. */
export interface ModelChanges {
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  readonly valueRefs?: Readonly<Record<string, string>> | undefined;
  readonly dropValues?: readonly string[] | undefined;
  readonly overrideValues?: readonly string[] | undefined;
}

/** An event of the model. */
export interface ModelEvent {
  readonly event: string;
  readonly version: number;
  readonly atMs: number;
  readonly state: string;
  readonly fencing: number;
  readonly attempts: number;
  readonly retry: { readonly decision: string; readonly attempt: number } | null;
  readonly owner: string | null;
  readonly priority: number;
  /** Taken from the store after a retry; `Infinity`: nobody knows. */
  dueMs: number | null;
  /** How long the flow is kept after its end. Histories of a store do not show it. */
  readonly ttlMs: number;
  readonly payload: unknown;
  readonly result: unknown;
  readonly error: unknown;
  readonly rewoundTo: string | null;
  readonly signal: string | null;
  readonly groupId: string | null;
  readonly childId: string | null;
  readonly named: Readonly<Record<string, ModelValue>>;
}

/** What an event shows that most do not. */
export type ModelFacts = Partial<
  Pick<ModelEvent, "retry" | "rewoundTo" | "signal" | "groupId" | "childId">
>;

/** Which events of a history are asked for. */
export interface ModelHistory {
  readonly fromEvent?: string | undefined;
  readonly toEvent?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly fromVersion?: number | undefined;
  readonly toVersion?: number | undefined;
  readonly event?: string | undefined;
  readonly worker?: string | undefined;
  readonly count?: number | undefined;
  readonly rev?: boolean | undefined;
}

/** A flow to create. */
export interface ModelCreate extends ModelChanges {
  readonly id: string;
  readonly partitionKey: string;
  readonly type: string;
  readonly state?: string | undefined;
  readonly runAtMs?: number | undefined;
  readonly priority?: number | undefined;
  readonly payload?: unknown;
  readonly idempotent?: boolean | undefined;
  readonly retentionTtlMs?: number | undefined;
  readonly historyMaxEvents?: number | undefined;
  readonly parentFlowId?: string | undefined;
  readonly rootFlowId?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** Names a flow, and quotes its lease. */
export interface ModelItem {
  readonly id: string;
  readonly partitionKey?: string | undefined;
  readonly leaseToken?: string | undefined;
  readonly fencingToken?: number | undefined;
}

/** A claim. */
export interface ModelClaim {
  readonly type: string;
  readonly states: readonly string[] | null;
  readonly partitionKeys: readonly string[] | null;
  readonly priority: number | null;
  readonly waiting: boolean;
  readonly expired: boolean;
  readonly ratio: number;
  readonly limit: number;
  readonly leaseMs: number;
  readonly worker: string;
  /** By state. */
  readonly lostLeases: Readonly<Record<string, Pick<ModelPolicy, "maxReclaims" | "exhaustedTo">>>;
}

/** The part of a policy that the model tries. */
export interface ModelPolicy {
  readonly maxRetries?: number;
  readonly kind?: string;
  readonly baseMs?: number;
  readonly maxMs?: number;
  readonly jitterPct?: number;
  readonly exhaustedTo?: string;
  readonly ttlMs?: number;
  readonly maxReclaims?: number | null;
}
