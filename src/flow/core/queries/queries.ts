/**
 * Reading without changing anything.
 *
 * @module
 */
import { compareUtf8, type DueSelection, mergedWalk } from "../../../index/mod.ts";
import { type FlowInfo, isTerminalState, RUNNING } from "../../mod.ts";
import { findFlow, type FlowLookup } from "../draft/lookup.ts";
import { byDueTime, type DueFlow } from "../due_flow.ts";
import { resolvePolicy } from "../policy_resolution.ts";
import type {
  FlowReply,
  InfoReply,
  PolicyReply,
  RowsReply,
  TypesReply,
  ValuesReply,
} from "../reply.ts";
import type { FlowState } from "../state.ts";
import { formatLeaseCursor, type LeasePosition } from "./cursor.ts";
import { type ListedCounts, PartitionCounts } from "./partition_counts.ts";
import type {
  GetQuery,
  InfoQuery,
  ListQuery,
  PolicyQuery,
  StuckQuery,
  TerminalsQuery,
  ValuesQuery,
} from "./query.ts";
import type { SearchedRows } from "./row_search.ts";
import { rowsOfType } from "./type_rows.ts";

/** The states of the shards that a query concerns; it is answered as if they were one. */
type States = readonly FlowState[];

/** Answers `get`. */
export function readFlow(flows: FlowLookup, query: GetQuery, nowMs: number): FlowReply {
  const flow = findFlow(flows, query.target, nowMs) ?? null;
  return { kind: "flow", flow, hydration: query.hydration };
}

/** What rows `list` looks for. */
export function listedRows(query: ListQuery): SearchedRows {
  const { state, after } = query;
  const states = state === null ? null : [state];
  return rowsOfType({ ...query, states, range: { after: after ?? null } });
}

/** What rows `terminals` and `failures` look for. */
export function endedRows(query: TerminalsQuery): SearchedRows {
  const { fromMs, toMs, rev, after } = query;
  return rowsOfType({ ...query, range: { fromMs, toMs, rev, after: after ?? null } });
}

/** Answers `stuck`. */
export function readStuck(shards: States, query: StuckQuery, nowMs: number): RowsReply {
  const stuck: DueFlow[] = [];
  const { type, partitionKey, olderThanMs, count, after } = query;
  const selection = { ...waitingIn(type, partitionKey), waiting: false, leased: true };
  const range = { after: after ?? null, toMs: nowMs - olderThanMs };
  const walks = shards.map((state) => dueFlows(state, selection, range));
  let more = false;
  for (const due of mergedWalk(walks, byDueTime)) {
    more = stuck.length === count;
    if (more) break;
    stuck.push(due);
  }
  const cursor = after === undefined ? undefined : more ? leaseCursorBehind(stuck.at(-1)!) : null;
  return { kind: "rows", flows: stuck.map(({ flow }) => flow), hydration: null, cursor };
}

function leaseCursorBehind({ flow: { identity }, dueMs }: DueFlow): string {
  const { id, partitionKey } = identity;
  return formatLeaseCursor({ deadlineMs: dueMs, id, partitionKey });
}

/**
 * Answers `info`. Costs as much as are due; with a partition, as much as there are of the type.
 *
 * @param countOf What is known of the flows of a partition, by shard. Default: they are counted now,
 *   for which cold ones are read.
 */
export function readInfo(
  shards: States,
  query: InfoQuery,
  nowMs: number,
  countOf: (state: FlowState) => PartitionCounts | undefined = () => undefined,
): InfoReply {
  const { type, partitionKey } = query;
  const states = new Map<string, number>();
  const selection = waitingIn(type, partitionKey);
  let all = 0;
  let due = 0;
  let oldestDueMs = Infinity;
  for (const state of shards) {
    const listing = partitionKey === null
      ? countAll(state, type, nowMs)
      : (countOf(state) ?? new PartitionCounts(state, query)).now(nowMs);
    for (const [name, listed] of listing.states) {
      if (listed > 0) states.set(name, (states.get(name) ?? 0) + listed);
    }
    const counted = state.due.count(selection, nowMs);
    all += counted.all + listing.asleep;
    due += counted.due;
    oldestDueMs = Math.min(oldestDueMs, state.due.earliestMs(selection));
  }
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

/** Answers `types`. */
export function readTypes(shards: States, nowMs: number): TypesReply {
  const types = new Set<string>();
  for (const state of shards) {
    const kinds = state.states.sequences.map(({ type }) => type);
    for (const type of [...kinds, ...state.cold.types()]) {
      if (types.has(type)) continue;
      const { states } = countAll(state, type, nowMs);
      if ([...states.values()].some((count) => count > 0)) types.add(type);
    }
  }
  return { kind: "types", types: [...types].sort(compareUtf8) };
}

/** Answers `valueMget`. Where the values are needs no state. */
export function readValues(query: ValuesQuery): ValuesReply {
  return { kind: "values", ...query };
}

/** Answers `policyGet`. */
export function readPolicy(state: FlowState, { type, state: name }: PolicyQuery): PolicyReply {
  return { kind: "policy", policy: resolvePolicy(type, state.policies.get(type), name) };
}

function countAll(state: FlowState, type: string, nowMs: number): ListedCounts {
  const states = state.states.counts(type);
  let asleep = 0;
  for (const lane of state.cold.lanes(type)) {
    states.set(lane.state, (states.get(lane.state) ?? 0) + lane.size);
    if (!isTerminalState(lane.state)) asleep += lane.asleepCount;
  }
  for (const [name, count] of states) {
    const selection = { ...waitingIn(type, null), states: [name] };
    states.set(name, count - state.retention.count(selection, nowMs).due);
  }
  return { states, asleep };
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

/**
 * Whether what `stuck` and `info` look at is at hand by partition. If not, some more of it is
 * afterwards.
 *
 * @param steps See `DueIndex.divide()`.
 */
export function divideFor(
  state: FlowState,
  { type, partitionKey }: Pick<StuckQuery, "type" | "partitionKey">,
  steps?: number,
): boolean {
  return state.due.divide({ ...waitingIn(type, partitionKey), leased: true }, steps);
}

function* dueFlows(
  state: FlowState,
  selection: DueSelection,
  { after, toMs }: { readonly after: LeasePosition | null; readonly toMs: number },
): Generator<DueFlow> {
  const isPassed = after === null ? undefined : passedUpTo(state, after);
  for (const handle of state.due.walkByTime(selection, toMs, { isPassed })) {
    yield { flow: state.table.at(handle), dueMs: state.due.timeOf(handle) };
  }
}

/** Tells whether a lease is among those before the end of a page, mostly without asking whose it is. */
function passedUpTo({ table }: FlowState, { deadlineMs, id, partitionKey }: LeasePosition) {
  return (handle: number, dueMs: number): boolean =>
    (dueMs - deadlineMs || compareUtf8(table.idOf(handle), id) ||
      compareUtf8(table.partitionOf(handle), partitionKey)) <= 0;
}
