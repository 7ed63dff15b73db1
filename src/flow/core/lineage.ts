/**
 * Reading flows by what they have in common.
 *
 * @module
 */
import { type ChangeWalk, comparePositions, type LineageIndex } from "../../index/mod.ts";
import { type Flow, hasEnded, isForgotten, shownState } from "./flow.ts";
import type { LineageQuery } from "./query.ts";
import type { SearchedRows } from "./row_search.ts";
import { positionOf } from "./rows.ts";
import type { FlowState } from "./state.ts";

/** What rows `byParent`, `byRoot` and `byCorrelation` look for. */
export function relatedRows(query: LineageQuery): SearchedRows {
  const { partitionKey, count, state, hasEnded, fromMs, toMs, rev, after, hydration } = query;
  const isOfGroup = query.groupId !== null || query.parentPartitionKey !== null;
  const isAny = partitionKey === null && state === null && hasEnded === undefined && !isOfGroup;
  return {
    ...{
      // The parent may be in another shard than the rows.
      partitionKey: isOfGroup ? null : partitionKey,
      count,
      after,
      hydration,
      range: { fromMs, toMs, rev, after: after ?? null },
    },
    areRare: !isAny,
    // A flow may be taken into a group, and by a parent, without another change.
    ...isOfGroup && { becomeRows: (state) => state.adoptedCount },
    stepsIn: (state) => indexOf(state, query).count(query.id),
    walk: (state, walk) => walkFlows(state, query, walk),
    isRow: (flow, nowMs, shards) =>
      isListed(flow, query, nowMs) && (!isOfGroup || isOfPresentLife(flow, nowMs, shards)),
  };
}

function* walkFlows(state: FlowState, query: LineageQuery, walk: ChangeWalk): Generator<Flow> {
  for (const handle of walkLineage(state, query, walk)) yield state.table.at(handle);
}

function walkLineage(state: FlowState, query: LineageQuery, walk: ChangeWalk): Iterable<number> {
  const { relation, id } = query;
  const flows = indexOf(state, query).walk(id, walk);
  return relation === "root" ? withRoots(state, flows, rootsOf(state, query, walk), walk) : flows;
}

function indexOf(state: FlowState, { relation }: LineageQuery): LineageIndex {
  switch (relation) {
    case "parent":
      return state.byParent;
    case "root":
      return state.byRoot;
    case "correlation":
      return state.byCorrelation;
  }
}

/** The flows with an id that have no ancestor, in the order of the walk. They are in no index. */
function rootsOf(
  { table }: FlowState,
  { id, partitionKey }: LineageQuery,
  { after, fromMs = 0, toMs = Infinity, rev }: ChangeWalk,
): Flow[] {
  const sign = rev ? -1 : 1;
  // With one id in very many partitions only one of these flows is wanted, or all are read.
  const root = partitionKey === null ? undefined : table.find(partitionKey, id);
  const found = partitionKey === null ? [...table.findAll(id)] : root === undefined ? [] : [root];
  return found
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
  let next = 0;
  for (const handle of descendants) {
    const place = positionOf(table.at(handle));
    while (next < roots.length && sign * comparePositions(positionOf(roots[next]!), place) < 0) {
      yield handleOf(roots[next++]!);
    }
    yield handle;
  }
  while (next < roots.length) yield handleOf(roots[next++]!);

  function handleOf({ key }: Flow): number {
    return table.handleOf(key)!;
  }
}

/**
 * Whether a flow is in a group of its parent as that is now: another one may have had the parent's id
 * before. If the parent is gone nobody can tell any more.
 */
function isOfPresentLife(
  { identity: { parentFlowId, membership } }: Flow,
  nowMs: number,
  shards: readonly FlowState[],
): boolean {
  if (membership === null || parentFlowId === null) return true;
  for (const { keys, table } of shards) {
    // A look that brings nothing into memory: this is in the middle of a walk.
    const parent = table.peek(keys.first(membership.parentPartitionKey, parentFlowId));
    if (parent === undefined || isForgotten(parent.control, nowMs)) continue;
    const { id, partitionKey } = parent.identity;
    const isIt = id === parentFlowId && partitionKey === membership.parentPartitionKey;
    if (isIt) return parent.groups.some(({ number }) => number === membership.group);
  }
  return true;
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
