/**
 * How the end of a flow reaches its parent.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import { type FlowEventName, isTerminalState } from "../../mod.ts";
import type { Draft } from "../draft/draft.ts";
import type { EventFacts } from "../effect.ts";
import { cancelChildren, shutGroups } from "../families/cascade.ts";
import { type Group, isFrozen, withEnd } from "../families/group.ts";
import type { EndMessage } from "../families/message.ts";
import { type Control, type Flow, isForgotten, unheededGroup } from "../flow.ts";
import { jsonValue } from "../values/value_codec.ts";
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
    const parked = family.parked.shift();
    if (parked !== undefined) {
      heedGroup(draft, draft.latest(parked));
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
  const ended = withEnd(group, end);
  const { resolved } = ended;
  const isDecided = group.resolved === null && resolved !== null;
  const { control: { lease, state } } = parent;
  const goesOn = isDecided && lease === null && state === group.waitState;
  const counted = isDecided ? { ...ended, isUnheeded: !goesOn } : ended;
  const news: News = {
    event: `child_${end}`,
    facts: { children: { groupId: group.id, childId } },
    // Its record stands before those of the group and of the parent.
    error: goesOn && resolved === "failure"
      ? keepError(draft, parent, {
        code: `child_${end}`,
        message: `Child "${childId}" of group "${group.id}" has ${WORDS[end]}`,
        groupId: group.id,
        childId,
      })
      : {},
  };
  const holder = draft.family.group(parent, counted);
  const after = goesOn
    ? sendOn(draft, holder, targetOf(counted), news)
    : draft.change(holder, {}, news.event, news.facts);
  if (isDecided && group.onParentClosed === "cancel_children") {
    draft.family.shut(after, [group.number]);
  }
}

/**
 * Sends a parent on that was parked in its wait state when its group had been decided. When it was
 * parked it could not know that, and nobody else would ever wake it.
 */
function heedGroup(draft: Draft, parent: Flow): void {
  const group = unheededGroup(parent);
  if (group === undefined) return;
  const isFailure = group.resolved === "failure";
  const end = group.failed > 0 ? "failed" : "cancelled";
  const message = `A child of group "${group.id}" had ${WORDS[end]} before`;
  const error = isFailure
    ? keepError(draft, parent, { code: `child_${end}`, message, groupId: group.id, childId: null })
    : {};
  const holder = draft.family.group(parent, { ...group, isUnheeded: false });
  const facts = { children: { groupId: group.id, childId: null } };
  sendOn(draft, holder, targetOf(group), { event: "children_resolved", facts, error });
}

/** Where a group that is decided sends its parent. */
function targetOf({ id, resolved, success, failure }: Group): string {
  const target = resolved === "success" ? success : failure;
  invariant(target !== null, `group "${id}" cannot fail`);
  return target;
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

/** What a parent says when a group has been decided for the worse. */
interface GroupError {
  readonly code: string;
  readonly message: string;
  readonly groupId: string;
  /** The child that has decided it; null: which one is not known any more. */
  readonly childId: string | null;
}

/** Keeps what has decided a group for the worse. */
function keepError(draft: Draft, parent: Flow, error: GroupError): News["error"] {
  return { errorLsn: draft.ownValue(parent.key, jsonValue({ ...error })) };
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
