/**
 * Creating the children of a flow.
 *
 * @module
 */
import { isSameHash } from "../../../codec/mod.ts";
import { isTerminalState } from "../../mod.ts";
import type { CreateRequest } from "../command.ts";
import { groupDigest, type HashedRequest } from "../digest.ts";
import type { Draft } from "../draft/draft.ts";
import { Expected } from "../draft/expected.ts";
import {
  alreadyExists,
  childIsParent,
  childTooLarge,
  groupConflict,
  idempotencyConflict,
  parentTerminal,
  tooManyGroups,
  wrongState,
} from "../draft/refusals.ts";
import type { ChildRequest, SpawnCommand, SpawnedGroup } from "../families/family_command.ts";
import type { Group, Membership } from "../families/group.ts";
import { type Flow, hasEnded, isForgotten, shownState } from "../flow.ts";
import { type FlowReply, flowReply } from "../reply.ts";
import type { PlannedValues } from "../values/named_values.ts";
import { broughtValues, valueBytes } from "../values/request_values.ts";
import { beginFlow } from "./create.ts";
import { endFlow } from "./end.ts";
import { requireClaimant } from "./guard.ts";
import { plannedValues } from "./values.ts";

/** Creates a group of children, unless the same request created it before. */
export function decideSpawn(draft: Draft, command: SpawnCommand): FlowReply {
  const parent = draft.named(command.target);
  const requests = command.children.map((child) => childOf(parent, child));
  const children = requests.map((request) => ({ request, digest: draft.digestOf(request) }));
  const digest = groupDigest(draft.state.hash, command.group, children);
  const known = parent.groups.find(({ id }) => id === command.group.id);
  if (known !== undefined) {
    if (!isSameHash(known.digest, digest)) throw groupConflict(parent, known.id);
    return flowReply(parent);
  }
  requireParent(draft, parent, command);
  const planned = children.map((child) => planChild(draft, parent, child));
  const counts = { total: requests.length, completed: 0, failed: 0, cancelled: 0 };
  const elsewhere = planned.reduce((mask, { shard }) => mask | shardBit(draft, shard), 0);
  const resolved = command.group.wait === "none" ? "success" : null;
  const { flow, group } = draft.family.newGroup(withoutOldWord(draft, parent, command.group), {
    ...command.group,
    digest,
    ...counts,
    elsewhere,
    resolved,
    isUnheeded: false,
  });
  const after = sendToWait(draft, flow, group);
  const membership: Membership = {
    parentPartitionKey: parent.identity.partitionKey,
    groupId: group.id,
    group: group.number,
  };
  for (const child of planned) bringIn(draft, child, membership);
  return flowReply(after);
}

/** Names a flow. */
type FlowName = Pick<CreateRequest, "partitionKey" | "id">;

/** A child that may be created, or that is there already. */
interface PlannedChild extends HashedRequest {
  /** The number of the shard that it belongs to. */
  readonly shard: number;
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
function planChild(draft: Draft, parent: Flow, { request, digest }: HashedRequest): PlannedChild {
  draft.requireStored("payloadRef", request.payload);
  const plan = plannedValues(draft, request.id, request.values);
  const { neighbours } = draft;
  if (neighbours.isExpected(request.partitionKey, request.id)) throw new Expected();
  const shard = neighbours.shardOf(request.partitionKey);
  if (shard !== neighbours.shard) requireFitting(draft, request);
  const old = findAnywhere(draft, request);
  if (old === undefined || isForgotten(old.control, draft.nowMs)) {
    return { request, digest, shard, plan, old, isAdopted: false };
  }
  if (!request.idempotent) throw alreadyExists(old);
  const { identity } = old;
  const isFree = identity.membership === null && isSameHash(digest, identity.digest);
  if (!isFree) throw idempotencyConflict(old);
  if (isAncestor(draft, old, parent)) throw childIsParent(old);
  return { request, digest, shard, plan, old, isAdopted: true };
}

/** A flow of this shard or of another. */
function findAnywhere(draft: Draft, { partitionKey, id }: FlowName): Flow | undefined {
  return isHere(draft, partitionKey)
    ? draft.find(partitionKey, id)
    : draft.neighbours.find(partitionKey, id);
}

function isHere({ neighbours }: Draft, partitionKey: string): boolean {
  return neighbours.shardOf(partitionKey) === neighbours.shard;
}

/** Refuses a child that would not fit into the message that brings it to its shard. */
function requireFitting({ limits }: Draft, request: CreateRequest): void {
  const limit = Math.floor(limits.commandBytesMax / 2);
  const bytes = valueBytes(broughtValues(request));
  if (bytes > limit) throw childTooLarge(request.id, bytes, limit);
}

/** What stands for another shard among all shards; nothing for this one. */
function shardBit({ neighbours }: Draft, shard: number): number {
  return shard === neighbours.shard ? 0 : 1 << shard;
}

/** Whether a flow is the other one, its parent, its parent's parent, and so on, in whatever shard. */
function isAncestor(draft: Draft, flow: Flow, other: Flow): boolean {
  for (let present: Flow | undefined = other; present; present = parentOf(draft, present)) {
    const { id, partitionKey } = present.identity;
    if (id === flow.identity.id && partitionKey === flow.identity.partitionKey) return true;
    // A parent may be on its way to it.
    if (draft.neighbours.isExpected(partitionKey, id)) throw new Expected();
  }
  return false;
}

/** The parent of a flow. A later flow with its id is not: by names alone families may be rings. */
function parentOf(
  draft: Draft,
  { identity: { membership, parentFlowId } }: Flow,
): Flow | undefined {
  if (membership === null || parentFlowId === null) return undefined;
  const { parentPartitionKey: partitionKey, group } = membership;
  const parent = isHere(draft, partitionKey)
    ? draft.recorded(partitionKey, parentFlowId)
    : draft.neighbours.find(partitionKey, parentFlowId);
  return parent?.groups.some(({ number }) => number === group) ? parent : undefined;
}

/** The parent, waiting for a new group: what earlier ones have come to takes it nowhere any more. */
function withoutOldWord(draft: Draft, parent: Flow, { waitState }: SpawnedGroup): Flow {
  let flow = parent;
  for (const group of parent.groups) {
    if (!group.isUnheeded || group.waitState !== waitState) continue;
    flow = draft.family.group(flow, { ...group, isUnheeded: false });
  }
  return flow;
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
  const { request, digest, shard, plan, old, isAdopted } = child;
  if (shard !== draft.neighbours.shard) {
    draft.family.send(shard, { kind: "birth", request, membership });
  } else if (old !== undefined && isAdopted) {
    draft.family.adopt(old, membership);
  } else {
    beginFlow(draft, request, { old, plan, membership, digest });
  }
}
