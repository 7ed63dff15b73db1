/**
 * Commands and queries after their arguments were checked.
 *
 * @module
 */
import type { ListPosition } from "../../index/mod.ts";
import type { Attributes, Priority, RetryPolicy, TypePolicy } from "../mod.ts";
import type { Value } from "./value.ts";

/** Names a flow. */
export interface FlowTarget {
  readonly id: string;
  /** Undefined: look in every partition. */
  readonly partitionKey: string | undefined;
}

/** Proves that the caller holds the lease. */
export interface LeaseProof {
  readonly leaseToken: string;
  readonly fencingToken: number;
}

/** How the items of a command hang together; a single one stands for itself. */
export type BatchMode = "single" | "all" | "independent";

/** What all commands have. */
interface CommandBase {
  /** The caller's own time; only where the clock is moved by hand. */
  readonly nowMs: number | undefined;
  /** Values that have to travel to the log in parts, before the command. Mostly none. */
  readonly largeValues: readonly Value[];
}

/** A flow to create. What is undefined was not given. */
export interface CreateRequest {
  readonly id: string;
  readonly partitionKey: string;
  readonly type: string;
  readonly state: string | undefined;
  readonly runAtMs: number | undefined;
  readonly priority: Priority | undefined;
  readonly payload: Value | undefined;
  readonly parentFlowId: string | undefined;
  readonly rootFlowId: string | undefined;
  readonly correlationId: string | undefined;
  readonly attributes: Attributes | undefined;
  readonly idempotent: boolean;
  readonly retentionTtlMs: number | undefined;
  readonly historyMaxEvents: number | undefined;
}

/** A flow to complete. */
export interface CompleteRequest extends LeaseProof {
  readonly target: FlowTarget;
  readonly result: Value | undefined;
  readonly payload: Value | undefined;
  readonly ttlMs: number | undefined;
}

/** A flow to move. */
export interface TransitionRequest {
  readonly target: FlowTarget;
  readonly from: string;
  readonly to: string;
  readonly leaseToken: string | undefined;
  readonly fencingToken: number;
  /** Null: parked. Undefined: now. */
  readonly runAtMs: number | null | undefined;
  readonly priority: Priority | undefined;
  readonly payload: Value | undefined;
}

/** A flow to retry. */
export interface RetryRequest extends LeaseProof {
  readonly target: FlowTarget;
  readonly error: Value | undefined;
  readonly payload: Value | undefined;
  readonly runAtMs: number | undefined;
  readonly retry: RetryPolicy | undefined;
}

/** A flow to fail. */
export interface FailRequest extends LeaseProof {
  readonly target: FlowTarget;
  readonly error: Value | undefined;
  readonly payload: Value | undefined;
  readonly ttlMs: number | undefined;
}

/** A flow to cancel. */
export interface CancelRequest {
  readonly target: FlowTarget;
  readonly leaseToken: string | undefined;
  readonly fencingToken: number | undefined;
  readonly reason: Value | undefined;
  readonly ttlMs: number | undefined;
}

/** A command over one or more flows. */
interface ItemsCommand<Kind extends string, Request> extends CommandBase {
  readonly kind: Kind;
  readonly mode: BatchMode;
  readonly items: readonly Request[];
}

/** `create` and `createMany`. */
export type CreateCommand = ItemsCommand<"create", CreateRequest>;
/** `complete` and `completeMany`. */
export type CompleteCommand = ItemsCommand<"complete", CompleteRequest>;
/** `transition` and `transitionMany`. */
export type TransitionCommand = ItemsCommand<"transition", TransitionRequest>;
/** `retry` and `retryMany`. */
export type RetryCommand = ItemsCommand<"retry", RetryRequest>;
/** `fail` and `failMany`. */
export type FailCommand = ItemsCommand<"fail", FailRequest>;
/** `cancel` and `cancelMany`. */
export type CancelCommand = ItemsCommand<"cancel", CancelRequest>;

/** `extendLease`. */
export interface ExtendLeaseCommand extends CommandBase {
  readonly kind: "extend_lease";
  readonly target: FlowTarget;
  readonly proof: LeaseProof;
  readonly leaseMs: number;
}

/** Which flows a claim may take. */
export interface ClaimFilter {
  readonly type: string;
  /** These logical states, each once; null: every state. */
  readonly states: readonly string[] | null;
  /** These partitions, each once; null: every partition. */
  readonly partitionKeys: readonly string[] | null;
  readonly priority: Priority | null;
  /** Whether it takes flows that wait. */
  readonly waiting: boolean;
  /** Whether it takes flows whose lease has expired. */
  readonly expired: boolean;
}

/** Which values a reply shows. */
export interface Hydration {
  /** Larger values are left out and marked. */
  readonly maxBytes: number;
  /** So many bytes in all; what is beyond is left out and marked. */
  readonly totalBytesMax: number;
}

/** `claimDue` and `reclaim`. */
export interface ClaimCommand extends CommandBase {
  readonly kind: "claim";
  readonly filter: ClaimFilter;
  readonly worker: string;
  readonly limit: number;
  readonly leaseMs: number;
  /** The share of `limit` that expired leases get first, in percent; 0: none goes first. */
  readonly reclaimRatio: number;
  /** Null: no values. */
  readonly hydration: Hydration | null;
  /** How long the caller waits for a flow; 0: without limit; undefined: not at all. */
  readonly blockMs: number | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}

/** `policySet`. */
export interface PolicySetCommand extends CommandBase {
  readonly kind: "policy_set";
  readonly type: string;
  readonly policy: TypePolicy;
  readonly expectedGeneration: number | undefined;
}

/** A command: something that changes flows or policies. */
export type Command =
  | CreateCommand
  | ClaimCommand
  | ExtendLeaseCommand
  | CompleteCommand
  | TransitionCommand
  | RetryCommand
  | FailCommand
  | CancelCommand
  | PolicySetCommand;

/** `get`. */
export interface GetQuery {
  readonly target: FlowTarget;
  readonly hydration: Hydration | null;
}

/** `history`. */
export interface HistoryQuery {
  readonly target: FlowTarget;
  readonly count: number;
  readonly rev: boolean;
  readonly consistent: boolean;
}

/** `list`. */
export interface ListQuery {
  readonly type: string;
  /** Null: every state. */
  readonly state: string | null;
  /** Null: every partition. */
  readonly partitionKey: string | null;
  readonly count: number;
  /** Undefined: no pages; null: the first page. */
  readonly after: ListPosition | null | undefined;
  readonly consistent: boolean;
}

/** `info`. */
export interface InfoQuery {
  readonly type: string;
  /** Null: every partition. */
  readonly partitionKey: string | null;
}

/** `stuck`. */
export interface StuckQuery {
  readonly type: string;
  /** Null: every partition. */
  readonly partitionKey: string | null;
  readonly count: number;
  readonly olderThanMs: number;
}

/** `policyGet`. */
export interface PolicyQuery {
  readonly type: string;
  /** Undefined: every state that the policy names. */
  readonly state: string | undefined;
}
