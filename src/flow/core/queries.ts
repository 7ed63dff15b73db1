/**
 * Reading without changing anything.
 *
 * @module
 */
import { type DueSelection, mergedWalk, type StateWalk } from "../../index/mod.ts";
import { type FlowInfo, isTerminalState, RUNNING } from "../mod.ts";
import type {
  GetQuery,
  InfoQuery,
  ListQuery,
  PolicyQuery,
  StuckQuery,
  TerminalsQuery,
  ValuesQuery,
} from "./query.ts";
import { walkCold } from "./cold/cold_walk.ts";
import { PartitionCount } from "./cold/partition_count.ts";
import { byDueTime, byLastChange, type DueFlow } from "./due_flow.ts";
import { type Flow, isForgotten, shownState } from "./flow.ts";
import { findFlow, type FlowLookup } from "./lookup.ts";
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

/** The states of the shards that a query concerns; it is answered as if they were one. */
type States = readonly FlowState[];

/** Answers `get`. */
export function readFlow(flows: FlowLookup, query: GetQuery, nowMs: number): FlowReply {
  const flow = findFlow(flows, query.target, nowMs) ?? null;
  return { kind: "flow", flow, hydration: query.hydration };
}

/** Answers `list`. */
export function readList(
  shards: States,
  query: ListQuery,
  nowMs: number,
): FlowsReply | PageReply {
  const states = query.state === null ? null : [query.state];
  return readType(shards, query, { states, after: query.after ?? null }, nowMs);
}

/** Answers `terminals` and `failures`. */
export function readTerminals(
  shards: States,
  query: TerminalsQuery,
  nowMs: number,
): FlowsReply | PageReply {
  const { states, fromMs, toMs, rev, after = null } = query;
  return readType(shards, query, { states, fromMs, toMs, rev, after }, nowMs);
}

/** Answers `stuck`. */
export function readStuck(shards: States, query: StuckQuery, nowMs: number): FlowsReply {
  const flows: Flow[] = [];
  const { type, partitionKey, olderThanMs, count } = query;
  const selection = { ...waitingIn(type, partitionKey), waiting: false, leased: true };
  const walks = shards.map((state) => dueFlows(state, selection, nowMs - olderThanMs));
  for (const { flow } of mergedWalk(walks, byDueTime)) {
    if (flows.length === count) break;
    flows.push(flow);
  }
  return { kind: "flows", flows, hydration: null };
}

/**
 * Answers `info`. Costs as much as are due; with a partition, as much as there are of the type.
 *
 * @param countOf What is known of the cold flows of a partition, by shard. Default: they are counted
 *   now, for which each of them is read.
 */
export function readInfo(
  shards: States,
  query: InfoQuery,
  nowMs: number,
  countOf: (state: FlowState) => PartitionCount | undefined = () => undefined,
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
      : countListed(state, { type, partitionKey, nowMs }, countOf(state));
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

/** Answers `valueMget`. Where the values are needs no state. */
export function readValues(query: ValuesQuery): ValuesReply {
  return { kind: "values", ...query };
}

/** Answers `policyGet`. */
export function readPolicy(state: FlowState, { type, state: name }: PolicyQuery): PolicyReply {
  return { kind: "policy", policy: resolvePolicy(type, state.policies.get(type), name) };
}

/** What there is of a type. */
interface Counts {
  /** By state, how many flows are listed. */
  readonly states: Map<string, number>;
  /** How many of them will be due and are in no index that says so. */
  readonly asleep: number;
}

function countAll(state: FlowState, type: string, nowMs: number): Counts {
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

/** What is counted. */
interface CountedPartition {
  readonly type: string;
  readonly partitionKey: string;
}

/** A count of the cold flows of a type in a partition, which is still to be made. */
export function partitionCount(
  { cold, keys }: FlowState,
  { type, partitionKey: key }: CountedPartition,
): PartitionCount {
  return new PartitionCount(cold, { type, key, hash: keys.hashOfText(key) });
}

function countListed(
  state: FlowState,
  { type, partitionKey: key, nowMs }: CountedPartition & { readonly nowMs: number },
  counted: PartitionCount = partitionCount(state, { type, partitionKey: key }),
): Counts {
  const states = new Map<string, number>();
  const add = (name: string, count: number): unknown =>
    states.set(name, (states.get(name) ?? 0) + count);
  for (const flow of hotFlows(state, type, {})) {
    if (isListed(flow, key, nowMs)) add(shownState(flow.control), 1);
  }
  let asleep = 0;
  for (const lane of counted.now(nowMs)) {
    add(lane.state, lane.listed);
    asleep += lane.asleep;
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

function* dueFlows(state: FlowState, selection: DueSelection, nowMs: number): Generator<DueFlow> {
  for (const handle of state.due.walkByTime(selection, nowMs)) {
    yield { flow: state.table.at(handle), dueMs: state.due.timeOf(handle) };
  }
}

/** What queries have in common that answer with rows of a type. */
type TypeQuery = Pick<ListQuery, "type" | "partitionKey" | "count" | "after">;

function readType(
  shards: States,
  query: TypeQuery,
  walk: StateWalk,
  nowMs: number,
): FlowsReply | PageReply {
  const { type, partitionKey } = query;
  const sign = walk.rev ? -1 : 1;
  const walks = shards.map((state) => listedFlows(state, type, { ...walk, partitionKey }));
  const flows = mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
  return readRows(flows, query, (flow) => isListed(flow, partitionKey, nowMs));
}

/** Which flows are wanted. Those of other partitions may be among them. */
interface ListWalk extends StateWalk {
  readonly partitionKey: string | null;
}

function listedFlows(state: FlowState, type: string, walk: ListWalk): Generator<Flow> {
  const { cold, keys } = state;
  if (cold.size === 0) return hotFlows(state, type, walk);
  const { partitionKey } = walk;
  const partitionHash = partitionKey === null ? undefined : keys.hashOfText(partitionKey);
  const walks = [hotFlows(state, type, walk), walkCold(cold, type, { ...walk, partitionHash })];
  const sign = walk.rev ? -1 : 1;
  return mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
}

function* hotFlows(state: FlowState, type: string, walk: StateWalk): Generator<Flow> {
  for (const handle of state.states.walk(type, walk)) yield state.table.at(handle);
}

function isListed(
  { identity, control }: Flow,
  partitionKey: string | null,
  nowMs: number,
): boolean {
  return !isForgotten(control, nowMs) &&
    (partitionKey === null || identity.partitionKey === partitionKey);
}
