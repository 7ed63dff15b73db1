/**
 * What a workflow is: as its author writes it down, and as it is after a check.
 *
 * @module
 */
import type { FlowStore, RetryPolicy, StatePolicy } from "../../flow/mod.ts";
import type { StandardSchema } from "./schema.ts";
import type { LiveName } from "./state.ts";

/** The definition of a workflow. */
export interface WorkflowDefinition<
  T extends string,
  P extends readonly string[],
  S,
  I extends LiveName<S>,
  B extends FlowStore | undefined,
> {
  /** The workflow type, by which its flows are found. 1 to 1,024 bytes (`limits.idBytesMax`). */
  readonly type: T;
  /** Where the flows live. Without it the workflow can only be bound to a store, by `on(store)`. */
  readonly store?: B;
  /** The fields that make up the partition, joined with `:`. Default: automatic partitions. */
  readonly partitionBy?: P;
  /** The state in which flows start, unless `create()` says otherwise. */
  readonly initialState: I;
  /** The states by name. `completed`, `failed` and `cancelled` may be declared, and do nothing. */
  readonly states: S;
}

/** What `ok()` does in a state. */
export type OkAction =
  | {
    /** The flow ends well. */
    readonly kind: "complete";
  }
  | {
    /** The flow goes on. */
    readonly kind: "transition";
    /** The state to go to. */
    readonly to: string;
  };

/** One declared state, with its defaults filled in. */
export interface StateDefinition {
  /** The name. */
  readonly name: string;
  /** Whether flows end here. */
  readonly isTerminal: boolean;
  /** The schema of the payload, if the state has one. */
  readonly payload: StandardSchema | undefined;
  /** How long a claim holds a flow, in milliseconds. */
  readonly leaseMs: number;
  /** How long a handler may run, in milliseconds; null: as long as it likes. */
  readonly handlerTimeoutMs: number | null;
  /** The largest payload that claims bring along, in bytes; null: they bring none. */
  readonly payloadBytesMax: number | null;
  /** What `ok()` does. */
  readonly onOk: OkAction;
  /** What `error()` does. */
  readonly onError: "retry" | "fail";
  /** The retry members that the state declares, `exhaustedTo` included. Empty: none. */
  readonly retry: RetryPolicy;
  /** What claims and `installPolicy()` say about the state. Empty: nothing. */
  readonly policy: StatePolicy;
}

/** A workflow's definition after its check. */
export interface CheckedDefinition {
  /** The workflow type. */
  readonly type: string;
  /** The fields that make up the partition. Empty: automatic partitions. */
  readonly partitionBy: readonly string[];
  /** The state in which flows start. */
  readonly initialState: string;
  /** The declared states by name. */
  readonly states: ReadonlyMap<string, StateDefinition>;
  /** The names of the declared states in which a flow can be worked on, in their order. */
  readonly liveStates: readonly string[];
  /** What another definition of the type has to agree on. */
  readonly outline: readonly string[];
}
