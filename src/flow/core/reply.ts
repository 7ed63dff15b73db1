/**
 * What commands and queries answer, before it may be told.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import type { FlowInfo, KvRecord, ResolvedPolicy, RetentionCleanup, StoredValue } from "../mod.ts";
import type { Hydration } from "./command.ts";
import type { Flow } from "./flow.ts";
import type { ValuesQuery } from "./queries/query.ts";

/** How one item of an independent batch ended. */
export type ItemOutcome =
  | {
    /** The item was applied. */
    readonly ok: true;
    /** The flow after it. */
    readonly flow: Flow;
  }
  | {
    /** The item was refused. */
    readonly ok: false;
    /** Why. */
    readonly error: FlowError;
  };

/** A flow, or null: there is none. */
export interface FlowReply {
  /** The kind of reply. */
  readonly kind: "flow";
  /** The flow, or null. */
  readonly flow: Flow | null;
  /** Null: no values. */
  readonly hydration: Hydration | null;
}

/** What a command answers that changed a flow, or found none. */
export function flowReply(flow: Flow | null): FlowReply {
  return { kind: "flow", flow, hydration: null };
}

/** Flows in order. */
export interface FlowsReply {
  /** The kind of reply. */
  readonly kind: "flows";
  /** The flows. */
  readonly flows: readonly Flow[];
  /** Null: no values. */
  readonly hydration: Hydration | null;
}

/** What a claim took from one shard. */
export interface ClaimReply extends FlowsReply {
  /** When each of the flows was due: they are in this order. */
  readonly dueMs: readonly number[];
  /** All flows that it has looked at and not left alone: also those that it has given up. */
  readonly touched: readonly Flow[];
}

/** One outcome per item. */
export interface OutcomesReply {
  /** The kind of reply. */
  readonly kind: "outcomes";
  /** In the order of the items. */
  readonly outcomes: readonly ItemOutcome[];
}

/** What became of a value. */
export interface ValueReply {
  /** The kind of reply. */
  readonly kind: "value";
  /** What became of it. */
  readonly stored: StoredValue;
}

/** Values in order. */
export interface ValuesReply extends ValuesQuery {
  /** The kind of reply. */
  readonly kind: "values";
}

/** Rows of flows in order, all at once or as a page. */
export interface RowsReply {
  /** The kind of reply. */
  readonly kind: "rows";
  /** The flows. */
  readonly flows: readonly Flow[];
  /** Null: no values. */
  readonly hydration: Hydration | null;
  /** Where the next page begins; null after the last one; undefined: no pages were asked for. */
  readonly cursor: string | null | undefined;
}

/** A policy. */
export interface PolicyReply {
  /** The kind of reply. */
  readonly kind: "policy";
  /** The policy, resolved. */
  readonly policy: ResolvedPolicy;
}

/** Counts. */
export interface InfoReply {
  /** The kind of reply. */
  readonly kind: "info";
  /** The counts. */
  readonly info: FlowInfo;
}

/** Types of flows. */
export interface TypesReply {
  /** The kind of reply. */
  readonly kind: "types";
  /** Their names in order. */
  readonly types: readonly string[];
}

/** What a cleanup removed. */
export interface CleanupReply {
  readonly kind: "cleanup";
  readonly cleanup: RetentionCleanup;
}

/** A key that was set. */
export interface KvSetReply {
  readonly kind: "kv_set";
  readonly record: KvRecord;
}

/** A key that was removed. */
export interface KvDeleteReply {
  readonly kind: "kv_delete";
  /** Whether there was one. */
  readonly existed: boolean;
}

/** What commands answer that took effect together. */
export interface AtomicReply {
  readonly kind: "atomic";
  /** In the order of the commands. */
  readonly replies: readonly Reply[];
}

/** What a command over flows that nobody names did in one shard. */
export type SpreadReply = ClaimReply | CleanupReply;

/** An answer. Flows in it are as they were when it was decided. */
export type Reply =
  | FlowReply
  | FlowsReply
  | OutcomesReply
  | RowsReply
  | ValueReply
  | ValuesReply
  | PolicyReply
  | InfoReply
  | TypesReply
  | CleanupReply
  | KvSetReply
  | KvDeleteReply
  | AtomicReply;
