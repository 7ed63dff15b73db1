/**
 * How the end of a flow reaches its parent.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import { type FlowEventName, isTerminalState } from "../../mod.ts";
import { cancelChildren, shutGroups } from "../cascade.ts";
import type { Draft } from "../draft.ts";
import type { EventFacts } from "../effect.ts";
import { type Flow, isForgotten } from "../flow.ts";
import type { EndMessage } from "../message.ts";
import { type Group, isFrozen, withEnd } from "../group.ts";
import { endFlow } from "./end.ts";

/**
 * Lets parents know which of their children have ended, and children which of their parents, until
 * nobody is left who does not know. Parents first: what a child has come to counts, even if its
 * group is decided by a sibling of the same command.
 */
export function settleFamily(draft: Draft): void {
  if (!draft.hasFamily) return;
  const { family } = draft;
  while (true) {
    const child = family.endings.shift();
    if (child !== undefined) {
      tellParent(draft, child);
      continue;
    }
    const shutting = family.takeShutting();
    if (shutting === undefined) return;
    const flow = draft.latest(shutting.flow);
    const groups = flow.groups.filter(({ number }) => shutting.groups.has(number));
    cancelChildren(draft, shutGroups(draft, flow, groups));
  }
}

/** Tells a parent of the end of a child, in this shard or in another. */
function tellParent(draft: Draft, { identity, control }: Flow): void {
  const { id: childId, parentFlowId, membership } = identity;
  const { state: end } = control;
  invariant(membership !== null && parentFlowId !== null, `flow "${childId}" is nobody's child`);
  invariant(isTerminalState(end), `flow "${childId}" has not ended`);
  const news = { kind: "end", parentFlowId, membership, childId, end } as const;
  const { shard, shardOf } = draft.neighbours;
  const home = shardOf(membership.parentPartitionKey);
  if (home === shard) rollUp(draft, news);
  else draft.family.send(home, news);
}

/** Counts the end of a child in its group, and sends the parent on if that decides it. */
export function rollUp(draft: Draft, { parentFlowId, membership, childId, end }: EndMessage): void {
  const parent = draft.find(membership.parentPartitionKey, parentFlowId);
  if (parent === undefined || isForgotten(parent.control, draft.nowMs)) return;
  const group = parent.groups.find(({ number }) => number === membership.group);
  if (group === undefined || !isCounting(draft, parent, group)) return;
  const counted = withEnd(group, end);
  const holder = draft.family.group(parent, counted);
  const news: News = {
    event: `child_${end}`,
    facts: { children: { groupId: group.id, childId } },
  };
  const { resolved } = counted;
  if (group.resolved !== null || resolved === null) {
    draft.change(holder, {}, news.event, news.facts);
    return;
  }
  const target = resolved === "success" ? group.success : group.failure;
  invariant(target !== null, `group "${group.id}" cannot fail`);
  const isWaiting = parent.control.lease === null && parent.control.state === group.waitState;
  const after = isWaiting
    ? sendOn(draft, holder, target, news)
    : draft.change(holder, {}, news.event, news.facts);
  if (group.onParentClosed === "cancel_children") draft.family.shut(after, [group.number]);
}

/** Whether the ends of children still matter: until the group is decided, and in that command. */
function isCounting(draft: Draft, parent: Flow, group: Group): boolean {
  if (isFrozen(group)) return false;
  return group.resolved === null || draft.family.isShutting(parent, group.number);
}

/** What a parent's history shows about the end of a child. */
interface News {
  readonly event: FlowEventName;
  readonly facts: EventFacts;
}

/** Sends a parent where it was waiting to go. */
function sendOn(draft: Draft, parent: Flow, target: string, { event, facts }: News): Flow {
  if (isTerminalState(target)) {
    return endFlow(draft, parent, { state: target, event, facts, change: {} });
  }
  const moves = target !== parent.control.state;
  return draft.change(
    parent,
    {
      state: target,
      attempts: moves ? 0 : parent.control.attempts,
      reclaims: 0,
      nextRunAtMs: draft.nowMs,
    },
    event,
    facts,
  );
}
