/**
 * Queries after their arguments were checked.
 *
 * @module
 */
import type { FlowEventName, TerminalState } from "../../mod.ts";
import type { FlowTarget, Hydration } from "../command.ts";
import type { EventPosition } from "../event_id.ts";
import type { LeasePosition } from "./cursor.ts";
import type { RowsWanted } from "./rows.ts";

/** `get`. */
export interface GetQuery {
  /** The flow. */
  readonly target: FlowTarget;
  /** Null: no values. */
  readonly hydration: Hydration | null;
}

/** `valueMget`. */
export interface ValuesQuery {
  /** The numbers of the values; null: a reference that is none. */
  readonly lsns: readonly (number | null)[];
  /** So many bytes in all. */
  readonly totalBytesMax: number;
}

/** Which events are meant; both ends of a range are. Undefined: whatever it is. */
export interface HistoryFilter {
  readonly fromEvent: EventPosition | undefined;
  readonly toEvent: EventPosition | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly fromVersion: number | undefined;
  readonly toVersion: number | undefined;
  readonly event: FlowEventName | undefined;
  readonly worker: string | undefined;
}

/** `history`. */
export interface HistoryQuery {
  /** The flow. */
  readonly target: FlowTarget;
  /** Which events. */
  readonly filter: HistoryFilter;
  /** How many events at most. */
  readonly count: number;
  /** Whether the newest comes first. */
  readonly rev: boolean;
  /** Null: no values. */
  readonly hydration: Hydration | null;
}

/** `list`. */
export interface ListQuery extends RowsWanted {
  /** The type. */
  readonly type: string;
  /** Null: every state. */
  readonly state: string | null;
  /** Null: every partition. */
  readonly partitionKey: string | null;
}

/** `terminals` and `failures`. */
export interface TerminalsQuery extends RowsWanted {
  readonly type: string;
  /** These terminal states, each once. */
  readonly states: readonly TerminalState[];
  /** Null: every partition. */
  readonly partitionKey: string | null;
  /** When the flow ended at the earliest; undefined: whenever. */
  readonly fromMs: number | undefined;
  /** When the flow ended at the latest; undefined: whenever. */
  readonly toMs: number | undefined;
  readonly rev: boolean;
}

/** What flows of a lineage have in common. */
export type Relation = "parent" | "root" | "correlation";

/** `byParent`, `byRoot` and `byCorrelation`. */
export interface LineageQuery extends RowsWanted {
  /** What they have in common. */
  readonly relation: Relation;
  /** The id of the parent or of the root, or the correlation id. */
  readonly id: string;
  /** Null: every partition. */
  readonly partitionKey: string | null;
  /** The partition of the parent that spawned them, null: whichever, or none. */
  readonly parentPartitionKey: string | null;
  /** The group that they were spawned into, null: whichever, or none. */
  readonly groupId: string | null;
  /** The state as it is shown, null: every one. */
  readonly state: string | null;
  /** Whether they have ended; undefined: either way. */
  readonly hasEnded: boolean | undefined;
  /** When they changed last at the earliest; undefined: whenever. */
  readonly fromMs: number | undefined;
  /** When they changed last at the latest; undefined: whenever. */
  readonly toMs: number | undefined;
  /** Whether the latest change comes first. */
  readonly rev: boolean;
}

/** `info`. */
export interface InfoQuery {
  /** The type. */
  readonly type: string;
  /** Null: every partition. */
  readonly partitionKey: string | null;
}

/** `stuck`. */
export interface StuckQuery {
  /** The type. */
  readonly type: string;
  /** Null: every partition. */
  readonly partitionKey: string | null;
  /** How many rows at most. */
  readonly count: number;
  /** Undefined: no pages; null: the first page. */
  readonly after: LeasePosition | null | undefined;
  /** How long ago the lease ended at least. */
  readonly olderThanMs: number;
}

/** `events`. */
export interface EventsQuery {
  /** A cursor or `"start"`; undefined: from now on. */
  readonly from: string | undefined;
  /** Null: all types. */
  readonly types: ReadonlySet<string> | null;
  /** Ends the stream. */
  readonly signal: AbortSignal | undefined;
}

/** `policyGet`. */
export interface PolicyQuery {
  /** The type. */
  readonly type: string;
  /** Undefined: every state that the policy names. */
  readonly state: string | undefined;
}
