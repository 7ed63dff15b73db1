/**
 * Creating the children of a flow.
 *
 * @module
 */
import { isTerminalState } from "../../mod.ts";
import type { ChildRequest, CreateRequest, SpawnCommand } from "../command.ts";
import { createDigest, groupDigest } from "../digest.ts";
import type { Draft } from "../draft.ts";
import { type Flow, hasEnded, isForgotten, shownState } from "../flow.ts";
import type { Group, Membership } from "../group.ts";
import type { PlannedValues } from "../named_values.ts";
import {
  alreadyExists,
  childElsewhere,
  childIsParent,
  groupConflict,
  idempotencyConflict,
  parentTerminal,
  tooManyGroups,
  wrongState,
} from "../refusals.ts";
import type { FlowReply } from "../reply.ts";
import { beginFlow } from "./create.ts";
import { endFlow } from "./end.ts";
import { requireClaimant } from "./guard.ts";
import { plannedValues } from "./values.ts";

/** Creates a group of children, unless the same request created it before. */
export function decideSpawn(draft: Draft, command: SpawnCommand): FlowReply {
  const parent = draft.named(command.target);
  const requests = command.children.map((child) => childOf(parent, child));
  const digest = groupDigest(draft.state.hash, command.group, requests);
  const known = parent.groups.find(({ id }) => id === command.group.id);
  if (known !== undefined) {
    const { hi, lo } = known.digest;
    if (hi !== digest.hi || lo !== digest.lo) throw groupConflict(parent, known.id);
    return replyOf(parent);
  }
  requireParent(draft, parent, command);
  const planned = requests.map((request) => planChild(draft, parent, request));
  const counts = { total: requests.length, completed: 0, failed: 0, cancelled: 0 };
  const resolved = command.group.wait === "none" ? "success" : null;
  const { flow, group } = draft.newGroup(parent, { ...command.group, digest, ...counts, resolved });
  const after = sendToWait(draft, flow, group);
  const membership: Membership = {
    parentPartitionKey: parent.identity.partitionKey,
    groupId: group.id,
    group: group.number,
  };
  for (const child of planned) bringIn(draft, child, membership);
  return replyOf(after);
}

/** A child that may be created, or that is there already. */
interface PlannedChild {
  readonly request: CreateRequest;
  readonly plan: PlannedValues | undefined;
  /** A flow with the same id: one that is past its retention, or one to be taken in. */
  readonly old: Flow | undefined;
  readonly isAdopted: boolean;
}

/** The request of a child, as if somebody had asked to create it. */
function childOf({ identity }: Flow, child: ChildRequest): CreateRequest {
  return {
    ...child,
    partitionKey: child.partitionKey ?? identity.partitionKey,
    parentFlowId: identity.id,
    rootFlowId: identity.rootFlowId ?? identity.id,
  };
}

/** Refuses a command that the parent does not allow. */
function requireParent(draft: Draft, parent: Flow, command: SpawnCommand): void {
  const { from, leaseToken } = command;
  const { control } = parent;
  const ownLogicalState = leaseToken !== undefined && control.state === from;
  if (from !== undefined && from !== shownState(control) && !ownLogicalState) {
    throw wrongState(parent, from);
  }
  requireClaimant(parent, command);
  if (hasEnded(control)) throw parentTerminal(parent);
  const { childGroupsMax } = draft.limits;
  if (parent.groups.length >= childGroupsMax) throw tooManyGroups(parent, childGroupsMax);
}

/** Refuses a child that cannot be. Writes nothing. */
function planChild(draft: Draft, parent: Flow, request: CreateRequest): PlannedChild {
  if (!draft.isHere(request.partitionKey)) throw childElsewhere(parent, request);
  draft.requireStored("payloadRef", request.payload);
  const plan = plannedValues(draft, request.id, request.values);
  const old = draft.find(request.partitionKey, request.id);
  if (old === undefined || isForgotten(old.control, draft.nowMs)) {
    return { request, plan, old, isAdopted: false };
  }
  if (!request.idempotent) throw alreadyExists(old);
  const { hi, lo } = createDigest(draft.state.hash, request);
  const { digest, membership } = old.identity;
  if (digest.hi !== hi || digest.lo !== lo || membership !== null) throw idempotencyConflict(old);
  if (isAncestor(draft, old, parent)) throw childIsParent(old);
  return { request, plan, old, isAdopted: true };
}

/** Whether a flow is the other one's parent, or its parent's parent, and so on. */
function isAncestor(draft: Draft, flow: Flow, other: Flow): boolean {
  let present: Flow | undefined = other;
  while (present !== undefined) {
    const { membership, parentFlowId }: Flow["identity"] = present.identity;
    if (membership === null || parentFlowId === null) return false;
    const { parentPartitionKey } = membership;
    const { id, partitionKey } = flow.identity;
    if (parentFlowId === id && parentPartitionKey === partitionKey) return true;
    present = draft.find(parentPartitionKey, parentFlowId);
  }
  return false;
}

/** The parent as it waits for the group, or where it goes without waiting. */
function sendToWait(draft: Draft, parent: Flow, group: Group): Flow {
  const event = "children_spawned";
  const facts = { children: { groupId: group.id, childId: null } };
  const state = group.waitState ?? group.success;
  if (isTerminalState(state)) return endFlow(draft, parent, { state, event, facts, change: {} });
  const moves = state !== parent.control.state;
  return draft.change(
    parent,
    {
      state,
      lease: null,
      attempts: moves ? 0 : parent.control.attempts,
      reclaims: 0,
      nextRunAtMs: group.waitState === null ? draft.nowMs : null,
    },
    event,
    facts,
  );
}

function bringIn(draft: Draft, child: PlannedChild, membership: Membership): void {
  const { request, plan, old, isAdopted } = child;
  if (old === undefined) {
    const key = draft.newKey(request.partitionKey, request.id);
    beginFlow(draft, request, { key, plan, membership });
  } else if (isAdopted) {
    const adopted = draft.adopt(old, { ...old.identity, membership });
    if (hasEnded(adopted.control)) draft.family.endings.push(adopted);
  } else {
    draft.delete(old);
    beginFlow(draft, request, { key: old.key, plan, membership });
  }
}

function replyOf(flow: Flow): FlowReply {
  return { kind: "flow", flow, hydration: null };
}
