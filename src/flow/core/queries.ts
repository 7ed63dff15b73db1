/**
 * Reading without changing anything.
 *
 * @module
 */
import type { DueSelection, StateWalk } from "../../index/mod.ts";
import { type FlowInfo, RUNNING } from "../mod.ts";
import type {
  GetQuery,
  InfoQuery,
  ListQuery,
  PolicyQuery,
  StuckQuery,
  TerminalsQuery,
  ValuesQuery,
} from "./query.ts";
import { type Flow, isForgotten } from "./flow.ts";
import { findFlow } from "./lookup.ts";
import { resolvePolicy } from "./policy_resolution.ts";
import type {
  FlowReply,
  FlowsReply,
  InfoReply,
  PageReply,
  PolicyReply,
  ValuesReply,
} from "./reply.ts";
import { readRows } from "./rows.ts";
import type { FlowState } from "./state.ts";

/** Answers `get`. */
export function readFlow(state: FlowState, query: GetQuery, nowMs: number): FlowReply {
  const flow = findFlow(state.table, query.target, nowMs) ?? null;
  return { kind: "flow", flow, hydration: query.hydration };
}

/** Answers `list`. */
export function readList(
  state: FlowState,
  query: ListQuery,
  nowMs: number,
): FlowsReply | PageReply {
  const states = query.state === null ? null : [query.state];
  return readType(state, query, { states, after: query.after ?? null }, nowMs);
}

/** Answers `terminals` and `failures`. */
export function readTerminals(
  state: FlowState,
  query: TerminalsQuery,
  nowMs: number,
): FlowsReply | PageReply {
  const { states, fromMs, toMs, rev, after = null } = query;
  return readType(state, query, { states, fromMs, toMs, rev, after }, nowMs);
}

/** Answers `stuck`. */
export function readStuck(state: FlowState, query: StuckQuery, nowMs: number): FlowsReply {
  const flows: Flow[] = [];
  const { type, partitionKey, olderThanMs, count } = query;
  const selection = { ...waitingIn(type, partitionKey), waiting: false, leased: true };
  for (const handle of state.due.walkByTime(selection, nowMs - olderThanMs)) {
    if (flows.length === count) break;
    flows.push(state.table.at(handle));
  }
  return { kind: "flows", flows, hydration: null };
}

/** Answers `info`. Costs as much as are due; with a partition, as much as there are of the type. */
export function readInfo(state: FlowState, query: InfoQuery, nowMs: number): InfoReply {
  const { type, partitionKey } = query;
  const states = new Map<string, number>();
  for (const [name, count] of state.states.counts(type)) {
    const listed = partitionKey === null
      ? count - countForgotten(state, type, name, nowMs)
      : countListed(state, query, name, nowMs);
    if (listed > 0) states.set(name, listed);
  }
  const selection = waitingIn(type, partitionKey);
  const { all, due } = state.due.count(selection, nowMs);
  const oldestDueMs = state.due.earliestMs(selection);
  const info: FlowInfo = {
    type,
    partitionKey,
    states: Object.fromEntries(states),
    queued: states.get("queued") ?? 0,
    running: states.get(RUNNING) ?? 0,
    completed: states.get("completed") ?? 0,
    failed: states.get("failed") ?? 0,
    cancelled: states.get("cancelled") ?? 0,
    inflight: states.get(RUNNING) ?? 0,
    due,
    scheduled: all - due,
    oldestDueMs: oldestDueMs <= nowMs ? oldestDueMs : null,
  };
  return { kind: "info", info };
}

/** Answers `valueMget`. Where the values are needs no state. */
export function readValues(_state: FlowState, query: ValuesQuery): ValuesReply {
  return { kind: "values", ...query };
}

/** Answers `policyGet`. */
export function readPolicy(state: FlowState, { type, state: name }: PolicyQuery): PolicyReply {
  return { kind: "policy", policy: resolvePolicy(type, state.policies.get(type), name) };
}

function countForgotten(state: FlowState, type: string, name: string, nowMs: number): number {
  return state.retention.count({ ...waitingIn(type, null), states: [name] }, nowMs).due;
}

function waitingIn(type: string, partitionKey: string | null): DueSelection {
  return {
    type,
    states: null,
    partitionKeys: partitionKey === null ? null : [partitionKey],
    priority: null,
    waiting: true,
    leased: false,
  };
}

/** What queries have in common that answer with rows of a type. */
type TypeQuery = Pick<ListQuery, "type" | "partitionKey" | "count" | "after">;

function readType(
  state: FlowState,
  query: TypeQuery,
  walk: StateWalk,
  nowMs: number,
): FlowsReply | PageReply {
  const { type, partitionKey } = query;
  const handles = state.states.walk(type, walk);
  return readRows(state, handles, query, (flow) => isListed(flow, partitionKey, nowMs));
}

function countListed(state: FlowState, query: InfoQuery, name: string, nowMs: number): number {
  let count = 0;
  for (const handle of state.states.walk(query.type, { states: [name] })) {
    if (isListed(state.table.at(handle), query.partitionKey, nowMs)) count++;
  }
  return count;
}

function isListed(
  { identity, control }: Flow,
  partitionKey: string | null,
  nowMs: number,
): boolean {
  return !isForgotten(control, nowMs) &&
    (partitionKey === null || identity.partitionKey === partitionKey);
}
