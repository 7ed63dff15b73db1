/**
 * Reading flows by what they have in common.
 *
 * @module
 */
import { type ChangeWalk, comparePositions, mergedWalk } from "../../index/mod.ts";
import { byLastChange } from "./due_flow.ts";
import { type Flow, hasEnded, isForgotten, shownState } from "./flow.ts";
import type { LineageQuery } from "./query.ts";
import type { FlowsReply, PageReply } from "./reply.ts";
import { positionOf, readRows } from "./rows.ts";
import type { FlowState } from "./state.ts";

/** Answers `byParent`, `byRoot` and `byCorrelation`. */
export function readLineage(
  shards: readonly FlowState[],
  query: LineageQuery,
  nowMs: number,
): FlowsReply | PageReply {
  const { fromMs, toMs, rev, after = null } = query;
  const walks = shards.map((state) => walkFlows(state, query, { fromMs, toMs, rev, after }));
  const sign = rev ? -1 : 1;
  const walk = mergedWalk(walks, (a, b) => sign * byLastChange(a, b));
  return readRows(walk, query, (flow) => isListed(flow, query, nowMs));
}

function* walkFlows(state: FlowState, query: LineageQuery, walk: ChangeWalk): Generator<Flow> {
  for (const handle of walkLineage(state, query, walk)) yield state.table.at(handle);
}

function walkLineage(
  state: FlowState,
  { relation, id }: LineageQuery,
  walk: ChangeWalk,
): Iterable<number> {
  switch (relation) {
    case "parent":
      return state.byParent.walk(id, walk);
    case "root":
      return withRoots(state, state.byRoot.walk(id, walk), rootsOf(state, id, walk), walk);
    case "correlation":
      return state.byCorrelation.walk(id, walk);
  }
}

/** The flows with an id that have no ancestor, in the order of the walk. They are in no index. */
function rootsOf(
  { table }: FlowState,
  id: string,
  { after, fromMs = 0, toMs = Infinity, rev }: ChangeWalk,
): Flow[] {
  const sign = rev ? -1 : 1;
  return [...table.findAll(id)]
    .filter(({ identity, control: { updatedAtMs } }) =>
      identity.rootFlowId === null && updatedAtMs >= fromMs && updatedAtMs <= toMs
    )
    .filter((flow) => !after || sign * comparePositions(positionOf(flow), after) > 0)
    .sort((a, b) => sign * comparePositions(positionOf(a), positionOf(b)));
}

/** Puts roots in their places among their descendants. */
function* withRoots(
  { table }: FlowState,
  descendants: Iterable<number>,
  roots: readonly Flow[],
  { rev }: ChangeWalk,
): Generator<number> {
  const sign = rev ? -1 : 1;
  const left = [...roots];
  for (const handle of descendants) {
    const place = positionOf(table.at(handle));
    while (left[0] !== undefined && sign * comparePositions(positionOf(left[0]), place) < 0) {
      yield handleOf(left.shift()!);
    }
    yield handle;
  }
  yield* left.map(handleOf);

  function handleOf({ key }: Flow): number {
    return table.handleOf(key)!;
  }
}

function isListed(flow: Flow, query: LineageQuery, nowMs: number): boolean {
  const { identity: { membership, partitionKey }, control } = flow;
  return !isForgotten(control, nowMs) &&
    (query.partitionKey === null || query.partitionKey === partitionKey) &&
    (query.parentPartitionKey === null ||
      query.parentPartitionKey === membership?.parentPartitionKey) &&
    (query.groupId === null || query.groupId === membership?.groupId) &&
    (query.state === null || query.state === shownState(control)) &&
    (query.hasEnded === undefined || query.hasEnded === hasEnded(control));
}
