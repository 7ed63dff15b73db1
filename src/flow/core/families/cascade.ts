/**
 * How the end of a flow reaches its children.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { type Group, isFrozen, openCount, shardsOf, withoutOpen } from "./group.ts";

/** Notes that a flow has ended: its parent is to know, and its open children end with it. */
export function noteEnd(draft: Draft, flow: Flow): void {
  if (flow.identity.membership !== null) draft.family.endings.push(flow);
  if (flow.groups.length === 0) return;
  const groups = flow.groups.filter((group) => isToShut(draft, group));
  if (groups.length > 0) draft.family.shut(flow, groups.map(({ number }) => number));
}

/**
 * Settles those of a flow's groups that go with it: their open children count as cancelled. Returns
 * the numbers of groups of which there are any.
 */
export function shutGroups(draft: Draft, flow: Flow, groups: readonly Group[]): number[] {
  const shut = groups.filter((group) => isToShut(draft, group));
  if (shut.length === 0) return [];
  let holder = flow;
  for (const group of shut) {
    if (!isFrozen(group)) holder = draft.family.group(holder, withoutOpen(group));
    for (const shard of shardsOf(group)) {
      draft.family.send(shard, { kind: "close", group: group.number });
    }
  }
  const groupId = shut.length === 1 ? shut[0]?.id : undefined;
  const facts = groupId === undefined ? {} : { children: { groupId, childId: null } };
  draft.change(holder, {}, "children_cancelled", facts);
  return shut.map(({ number }) => number);
}

/**
 * Cancels the open children of groups, their children, and so on: as many as one command may. A
 * group of which some are left is closing from then on, so that nobody sees a difference. Returns
 * whether none is left.
 */
export function cancelChildren(draft: Draft, groups: Iterable<number>): boolean {
  const queue = [...groups];
  let isAll = true;
  // Grows while it is walked.
  for (const group of queue) {
    const isDone = cancelGroup(draft, group, queue);
    if (isDone === draft.isClosing(group)) draft.family.closing(group, { isDone });
    isAll &&= isDone;
  }
  return isAll;
}

/** Writes the end of a flow that counts as cancelled. Its own groups are closing then. */
export function cancelForeclosed(draft: Draft, flow: Flow): Flow {
  for (const group of cancelDescendant(draft, flow)) draft.family.closing(group, { isDone: false });
  return draft.latest(flow);
}

function cancelGroup(draft: Draft, group: number, queue: number[]): boolean {
  for (const child of openChildren(draft, group)) {
    if (!draft.family.takeStep(child)) return false;
    queue.push(...cancelDescendant(draft, child));
  }
  return true;
}

/** Ends a flow with its parent. Returns the groups whose children end with it. */
function cancelDescendant(draft: Draft, flow: Flow): number[] {
  const after = draft.end(flow, { state: "cancelled", event: "cancelled", change: {} });
  return shutGroups(draft, after, after.groups);
}

/** Whether there are children of a group that end with their parent. */
function isToShut(draft: Draft, group: Group): boolean {
  if (group.onParentClosed === "abandon_children") return false;
  if (!isFrozen(group)) return openCount(group) > 0;
  // Of those in other shards nobody here knows.
  return group.elsewhere !== 0 || !openChildren(draft, group.number).next().done;
}

/** The flows of a group that have not ended, as they are after what was done so far. */
function* openChildren(draft: Draft, group: number): Generator<Flow> {
  const { table, openChildren } = draft.state;
  // A copy: ends of children that are written meanwhile do not change what is walked.
  const members = [...openChildren.get(group) ?? []].map((handle) => table.at(handle));
  for (const member of [...members, ...draft.family.joined(group)]) {
    const flow = draft.latest(member);
    if (!hasEnded(flow.control)) yield flow;
  }
}
