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
import { type Control, type Flow, isForgotten } from "../flow.ts";
import type { EndMessage } from "../message.ts";
import { type Group, isFrozen, withEnd } from "../group.ts";
import { jsonValue } from "../value_codec.ts";
import { endFlow } from "./end.ts";

/** What has become of a child, in words. */
const WORDS = { completed: "completed", failed: "failed", cancelled: "been cancelled" } as const;

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
  const { resolved } = counted;
  const isDecided = group.resolved === null && resolved !== null;
  const { control: { lease, state } } = parent;
  const goesOn = isDecided && lease === null && state === group.waitState;
  const news: News = {
    event: `child_${end}`,
    facts: { children: { groupId: group.id, childId } },
    // Its record stands before those of the group and of the parent.
    error: goesOn && resolved === "failure"
      ? keepError(draft, parent, { group, childId, end })
      : {},
  };
  const holder = draft.family.group(parent, counted);
  const target = resolved === "success" ? group.success : group.failure;
  invariant(!isDecided || target !== null, `group "${group.id}" cannot fail`);
  const after = goesOn
    ? sendOn(draft, holder, target!, news)
    : draft.change(holder, {}, news.event, news.facts);
  if (isDecided && group.onParentClosed === "cancel_children") {
    draft.family.shut(after, [group.number]);
  }
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
  /** Its error from now on, if that child has decided the group for the worse. */
  readonly error: Partial<Pick<Control, "errorLsn">>;
}

/** Keeps which child it was that has decided a group for the worse. */
function keepError(
  draft: Draft,
  parent: Flow,
  { group, childId, end }: Pick<EndMessage, "childId" | "end"> & { readonly group: Group },
): News["error"] {
  const message = `Child "${childId}" of group "${group.id}" has ${WORDS[end]}`;
  const error = { code: `child_${end}`, message, groupId: group.id, childId };
  return { errorLsn: draft.ownValue(parent.key, jsonValue(error)) };
}

/** Sends a parent where it was waiting to go. */
function sendOn(draft: Draft, parent: Flow, target: string, { event, facts, error }: News): Flow {
  if (isTerminalState(target)) {
    return endFlow(draft, parent, { state: target, event, facts, change: error });
  }
  const moves = target !== parent.control.state;
  return draft.change(
    parent,
    {
      ...error,
      state: target,
      attempts: moves ? 0 : parent.control.attempts,
      reclaims: 0,
      nextRunAtMs: draft.nowMs,
    },
    event,
    facts,
  );
}
