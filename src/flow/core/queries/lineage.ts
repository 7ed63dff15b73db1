/**
 * Reading flows by what they have in common.
 *
 * @module
 */
import {
  boundsOf,
  type ChangeWalk,
  comparePositions,
  type LineageIndex,
  mergedWalk,
} from "../../../index/mod.ts";
import { byLastChange } from "../due_flow.ts";
import { type Flow, hasEnded, isForgotten, shownState } from "../flow.ts";
import type { FlowState } from "../state.ts";
import type { FlowTable } from "../table/flow_table.ts";
import type { LineageQuery } from "./query.ts";
import type { SearchedRows } from "./row_search.ts";
import { positionOf } from "./rows.ts";

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

function walkFlows(state: FlowState, query: LineageQuery, walk: ChangeWalk): Generator<Flow> {
  const related = flowsAt(state, indexOf(state, query).walk(query.id, walk));
  if (query.relation !== "root") return related;
  const sign = walk.rev ? -1 : 1;
  return mergedWalk(
    [related, ...rootsOf(state, query, walk)],
    (a, b) => sign * byLastChange(a, b),
  );
}

function* flowsAt({ table }: FlowState, handles: Iterable<number>): Generator<Flow> {
  for (const handle of handles) yield table.at(handle);
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

/**
 * The flows with an id that have no ancestor, each walk in order. They are in no index: one that has
 * most flows in it once more, alone under their own ids, would take more memory than they do.
 */
function rootsOf(
  { table }: FlowState,
  { id, partitionKey }: LineageQuery,
  walk: ChangeWalk,
): Generator<Flow>[] {
  if (partitionKey === null) {
    return [rootsAt(table, table.handlesWith(id), walk), sorted(table.coldWith(id), walk)];
  }
  // With one id in very many partitions only one of these flows is wanted.
  const root = table.find(partitionKey, id);
  return root === undefined ? [] : [sorted([root], walk)];
}

/** There may be very many: by numbers it is found which are next, and nothing else is read of the others. */
function* rootsAt(table: FlowTable, handles: Iterable<number>, walk: ChangeWalk): Generator<Flow> {
  const { earliestMs, latestMs } = boundsOf(walk);
  const sign = walk.rev ? -1 : 1;
  const changed = new Map<number, number[]>();
  for (const handle of handles) {
    const updatedAtMs = table.updatedMsOf(handle);
    if (updatedAtMs < earliestMs || updatedAtMs > latestMs) continue;
    const others = changed.get(updatedAtMs);
    if (others === undefined) changed.set(updatedAtMs, [handle]);
    else others.push(handle);
  }
  const instants = Float64Array.from(changed.keys()).sort();
  for (const updatedAtMs of walk.rev ? instants.reverse() : instants) {
    for (const handle of changed.get(updatedAtMs)!.sort((a, b) => sign * table.compare(a, b))) {
      const flow = table.at(handle);
      if (isRoot(flow, walk)) yield flow;
    }
  }
}

function* sorted(flows: Iterable<Flow>, walk: ChangeWalk): Generator<Flow> {
  const sign = walk.rev ? -1 : 1;
  const roots: Flow[] = [];
  for (const flow of flows) if (isRoot(flow, walk)) roots.push(flow);
  yield* roots.sort((a, b) => sign * byLastChange(a, b));
}

/** Whether a flow is a root, and the walk comes to it. */
function isRoot(flow: Flow, walk: ChangeWalk): boolean {
  const { identity: { rootFlowId }, control: { updatedAtMs } } = flow;
  const { earliestMs, latestMs } = boundsOf(walk);
  if (rootFlowId !== null || updatedAtMs < earliestMs || updatedAtMs > latestMs) return false;
  const sign = walk.rev ? -1 : 1;
  return !walk.after || sign * comparePositions(positionOf(flow), walk.after) > 0;
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
