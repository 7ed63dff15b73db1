/**
 * Commands after their arguments were checked.
 *
 * @module
 */
import type { Attributes, Priority, RetryPolicy, StatePolicy, TypePolicy } from "../mod.ts";
import type { EventPosition } from "./event_id.ts";
import type { CloseCommand, DeliverCommand, SpawnCommand } from "./families/family_command.ts";
import type { KvDeleteCommand, KvSetCommand } from "./kv_command.ts";
import type { DigestedValue, ValueChanges } from "./values/named_values.ts";
import type { Value, ValueLink } from "./values/value.ts";

/** Names a flow. */
export interface FlowTarget {
  /** The id. */
  readonly id: string;
  /** Undefined: look in every partition. */
  readonly partitionKey: string | undefined;
  /** The type that it has to have. Default: any. */
  readonly type?: string | undefined;
}

/** Proves that the caller holds the lease. */
export interface LeaseProof {
  /** The token that the claim gave. */
  readonly leaseToken: string;
  /** The number that the claim gave. */
  readonly fencingToken: number;
}

/** How the items of a command hang together; a single one stands for itself. */
export type BatchMode = "single" | "all" | "independent";

/** What all commands have. */
export interface CommandBase {
  /** The caller's own time; only where the clock is moved by hand. */
  readonly nowMs: number | undefined;
  /** Values that have to travel to the log in parts, before the command. Mostly none. */
  readonly largeValues: readonly Value[];
}

/** A flow to create. What is undefined was not given. */
export interface CreateRequest {
  /** The id. */
  readonly id: string;
  /** The partition: the given one, or an automatic one. */
  readonly partitionKey: string;
  /** The type. */
  readonly type: string;
  /** The first state. */
  readonly state: string | undefined;
  /** When it is due. */
  readonly runAtMs: number | undefined;
  /** How urgent it is. */
  readonly priority: Priority | undefined;
  /** The payload. */
  readonly payload: Value | ValueLink | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
  /** The parent. */
  readonly parentFlowId: string | undefined;
  /** The first ancestor. */
  readonly rootFlowId: string | undefined;
  /** The caller's own id. */
  readonly correlationId: string | undefined;
  /** Facts to attach. */
  readonly attributes: Attributes | undefined;
  /** Whether the same request may come again. */
  readonly idempotent: boolean;
  /** How long the record is kept after the end. */
  readonly retentionTtlMs: number | undefined;
  /** How many events are kept. */
  readonly historyMaxEvents: number | undefined;
}

/** A flow to complete. */
export interface CompleteRequest extends LeaseProof {
  /** The flow. */
  readonly target: FlowTarget;
  /** The result. */
  readonly result: Value | undefined;
  /** A new payload. */
  readonly payload: Value | undefined;
  /** A new retention. */
  readonly ttlMs: number | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
}

/** A flow to move. */
export interface TransitionRequest {
  /** The flow. */
  readonly target: FlowTarget;
  /** The state that it is to be in. */
  readonly from: string;
  /** The state that it goes to. */
  readonly to: string;
  /** The token of its lease, if it has one. */
  readonly leaseToken: string | undefined;
  /** Its fencing number. */
  readonly fencingToken: number;
  /** Null: parked. Undefined: now. */
  readonly runAtMs: number | null | undefined;
  /** A new priority. */
  readonly priority: Priority | undefined;
  /** A new payload. */
  readonly payload: Value | ValueLink | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
}

/** A flow to retry. */
export interface RetryRequest extends LeaseProof {
  /** The flow. */
  readonly target: FlowTarget;
  /** Why. */
  readonly error: Value | undefined;
  /** A new payload. */
  readonly payload: Value | undefined;
  /** When it is due, instead of the backoff. */
  readonly runAtMs: number | undefined;
  /** What differs from the stored policy. */
  readonly retry: RetryPolicy | undefined;
}

/** A flow to fail. */
export interface FailRequest extends LeaseProof {
  /** The flow. */
  readonly target: FlowTarget;
  /** Why. */
  readonly error: Value | undefined;
  /** A new payload. */
  readonly payload: Value | undefined;
  /** A new retention. */
  readonly ttlMs: number | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
}

/** A flow to cancel. */
export interface CancelRequest {
  /** The flow. */
  readonly target: FlowTarget;
  /** The token of its lease, if it has one. */
  readonly leaseToken: string | undefined;
  /** Its fencing number; undefined: whatever it is. */
  readonly fencingToken: number | undefined;
  /** Why. */
  readonly reason: Value | undefined;
  /** A new retention. */
  readonly ttlMs: number | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
}

/** A command over one or more flows. */
interface OverItems<Kind extends string, Request> extends CommandBase {
  /** The command. */
  readonly kind: Kind;
  /** How the items hang together. */
  readonly mode: BatchMode;
  /** What to do to which flow. */
  readonly items: readonly Request[];
}

/** `create` and `createMany`. */
export type CreateCommand = OverItems<"create", CreateRequest>;
/** `complete` and `completeMany`. */
export type CompleteCommand = OverItems<"complete", CompleteRequest>;
/** `transition` and `transitionMany`. */
export type TransitionCommand = OverItems<"transition", TransitionRequest>;
/** `retry` and `retryMany`. */
export type RetryCommand = OverItems<"retry", RetryRequest>;
/** `fail` and `failMany`. */
export type FailCommand = OverItems<"fail", FailRequest>;
/** `cancel` and `cancelMany`. */
export type CancelCommand = OverItems<"cancel", CancelRequest>;

/** `extendLease`. */
export interface ExtendLeaseCommand extends CommandBase {
  /** The command. */
  readonly kind: "extend_lease";
  /** The flow. */
  readonly target: FlowTarget;
  /** Whose lease it is. */
  readonly proof: LeaseProof;
  /** How long it lasts from now. */
  readonly leaseMs: number;
}

/** `signal`. */
export interface SignalCommand extends CommandBase {
  /** The command. */
  readonly kind: "signal";
  /** The flow. */
  readonly target: FlowTarget;
  /** The name of the signal. */
  readonly signal: string;
  /** Undefined: applied whenever it comes. */
  readonly idempotencyKey: string | undefined;
  /** The shown states that it is meant for, each once; undefined: every one. */
  readonly ifState: readonly string[] | undefined;
  /** The state that the flow goes to; undefined: it stays. */
  readonly transitionTo: string | undefined;
  /** Null: parked. Undefined: now. */
  readonly runAtMs: number | null | undefined;
  /** What it does to the named values. */
  readonly values: ValueChanges | undefined;
}

/** `valuePut`. */
export interface ValuePutCommand extends CommandBase {
  /** The command. */
  readonly kind: "value_put";
  /** The value. */
  readonly put: DigestedValue;
  /** The flow and the name that it is for, null: no flow. */
  readonly owner: { readonly target: FlowTarget; readonly name: string } | null;
  /** The partition to hand back with a value of no flow. */
  readonly partitionKey: string | undefined;
  /** Whether it may replace a different value. */
  readonly override: boolean;
  /** How long a value of no flow can be read; undefined: for ever. */
  readonly ttlMs: number | undefined;
}

/** Which flows a claim may take. */
export interface ClaimFilter {
  /** The type. */
  readonly type: string;
  /** These logical states, each once; null: every state. */
  readonly states: readonly string[] | null;
  /** These partitions, each once; null: every partition. */
  readonly partitionKeys: readonly string[] | null;
  /** This priority; null: every one. */
  readonly priority: Priority | null;
  /** Whether it takes flows that wait. */
  readonly waiting: boolean;
  /** Whether it takes flows whose lease has expired. */
  readonly expired: boolean;
}

/** Which values a reply shows. */
export interface Hydration {
  /** Larger payloads, results and errors are left out and marked; null: none of them is wanted. */
  readonly maxBytes: number | null;
  /** So many bytes in all; what is beyond is left out and marked. */
  readonly totalBytesMax: number;
  /** The named values: all, or these. */
  readonly values: "all" | readonly string[];
}

/** `claimDue` and `reclaim`. */
export interface ClaimCommand extends CommandBase {
  /** The command. */
  readonly kind: "claim";
  /** Which flows it may take. */
  readonly filter: ClaimFilter;
  /** Who takes them. */
  readonly worker: string;
  /** How many at most. */
  readonly limit: number;
  /** How long the lease lasts. */
  readonly leaseMs: number;
  /** The share of `limit` that expired leases get first, in percent; 0: none goes first. */
  readonly reclaimRatio: number;
  /** By state: what it says about flows that have lost their leases; undefined: nothing. */
  readonly policies: ReadonlyMap<string, StatePolicy> | undefined;
  /** Null: no values. */
  readonly hydration: Hydration | null;
  /** How long the caller waits for a flow; 0: without limit; undefined: not at all. */
  readonly blockMs: number | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
  /** Only these flows, by packed key, whatever share each kind has. Absent: all that match. */
  readonly only?: ReadonlySet<string>;
}

/** `policySet`. */
export interface PolicySetCommand extends CommandBase {
  /** The command. */
  readonly kind: "policy_set";
  /** The type. */
  readonly type: string;
  /** The whole new policy. */
  readonly policy: TypePolicy;
  /** The generation that it replaces; undefined: any. */
  readonly expectedGeneration: number | undefined;
}

/** `rewind`. */
export interface RewindCommand extends CommandBase {
  readonly kind: "rewind";
  readonly target: FlowTarget;
  readonly toEvent: EventPosition;
  /** Undefined: in whatever state it is. */
  readonly expectState: string | undefined;
  /** Undefined: as after the event. */
  readonly runAtMs: number | undefined;
}

/** `retentionCleanup`. */
export interface RetentionCleanupCommand extends CommandBase {
  readonly kind: "retention_cleanup";
  /** The most flows and keys to remove. */
  readonly limit: number;
}

/** What may stand in `atomic`. */
export type AtomicPart =
  | CreateCommand
  | ExtendLeaseCommand
  | CompleteCommand
  | TransitionCommand
  | RetryCommand
  | FailCommand
  | CancelCommand
  | SignalCommand
  | SpawnCommand
  | ValuePutCommand
  | KvSetCommand
  | KvDeleteCommand;

/** `atomic`. */
export interface AtomicCommand extends CommandBase {
  readonly kind: "atomic";
  /** The partition of all that happens. */
  readonly partitionKey: string;
  /** What happens, in this order, with the names that errors call it by. All in one partition. */
  readonly steps: readonly { readonly name: string; readonly command: AtomicPart }[];
}

/** A command: something that changes flows, policies or keys. */
export type Command =
  | AtomicPart
  | AtomicCommand
  | ClaimCommand
  | CloseCommand
  | DeliverCommand
  | RewindCommand
  | RetentionCleanupCommand
  | PolicySetCommand;
