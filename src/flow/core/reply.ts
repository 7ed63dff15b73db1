/**
 * What commands and queries answer, before it may be told.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import type { FlowInfo, ResolvedPolicy } from "../mod.ts";
import type { Hydration } from "./command.ts";
import type { Flow } from "./flow.ts";

/** How one item of an independent batch ended. */
export type ItemOutcome =
  | { readonly ok: true; readonly flow: Flow }
  | { readonly ok: false; readonly error: FlowError };

/** A flow, or null: there is none. */
export interface FlowReply {
  readonly kind: "flow";
  readonly flow: Flow | null;
  readonly hydration: Hydration | null;
}

/** Flows in order. */
export interface FlowsReply {
  readonly kind: "flows";
  readonly flows: readonly Flow[];
  readonly hydration: Hydration | null;
}

/** One outcome per item. */
export interface OutcomesReply {
  readonly kind: "outcomes";
  readonly outcomes: readonly ItemOutcome[];
}

/** A page of flows. */
export interface PageReply {
  readonly kind: "page";
  readonly flows: readonly Flow[];
  readonly cursor: string | null;
}

/** A policy. */
export interface PolicyReply {
  readonly kind: "policy";
  readonly policy: ResolvedPolicy;
}

/** Counts. */
export interface InfoReply {
  readonly kind: "info";
  readonly info: FlowInfo;
}

/** An answer. Flows in it are as they were when it was decided. */
export type Reply =
  | FlowReply
  | FlowsReply
  | OutcomesReply
  | PageReply
  | PolicyReply
  | InfoReply;
