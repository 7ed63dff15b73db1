/**
 * Why a command is refused once it has looked at the flow.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";
import { RUNNING } from "../../mod.ts";
import type { FlowTarget } from "../command.ts";
import { type EventPosition, formatEventId } from "../event_id.ts";
import { type Flow, shownState } from "../flow.ts";
import type { KvTarget } from "../kv_command.ts";
import { valueRef } from "../values/value_ref.ts";

/** There is no such flow. */
export function notFound({ id, partitionKey, type }: FlowTarget): FlowError {
  const what = type === undefined ? "" : ` of type "${type}"`;
  const where = partitionKey === undefined ? "" : ` in partition "${partitionKey}"`;
  return new FlowError("not_found", `There is no flow "${id}"${what}${where}`, {
    details: { id, partitionKey, type },
  });
}

/** With so many flows that a bare id fits nobody looks whether there are more. */
export const AMBIGUOUS_MAX = 100;

/** A bare id fits several flows: these, or more if these are as many as are looked at. */
export function ambiguous(id: string, flows: readonly Flow[]): FlowError {
  const partitionKeys = flows.map(({ identity }) => identity.partitionKey).sort();
  const [first, second] = partitionKeys;
  const count = flows.length < AMBIGUOUS_MAX ? flows.length : `${AMBIGUOUS_MAX} or more`;
  return new FlowError(
    "invalid_argument",
    `Flow "${id}" exists in ${count} partitions, among them "${first}" and "${second}": ` +
      "name one by partitionKey",
    { details: { field: "partitionKey", id, partitionKeys } },
  );
}

/** Another command of the same batch names the same flow. */
export function duplicate(flow: Flow): FlowError {
  const { id, partitionKey } = flow.identity;
  return new FlowError(
    "duplicate_id",
    `Flow "${id}" in partition "${partitionKey}" stands twice in the batch, which only ` +
      "independent: true allows",
    { details: { id, partitionKey } },
  );
}

/** The flow exists. All types share the ids, so it may be of another one than was meant. */
export function alreadyExists(flow: Flow): FlowError {
  const { id, partitionKey, type } = flow.identity;
  const state = shownState(flow.control);
  return new FlowError(
    "already_exists",
    `Flow "${id}" of type "${type}" exists in partition "${partitionKey}", in state "${state}"`,
    { details: { id, partitionKey, type, state } },
  );
}

/** The flow exists, and another request created it, perhaps for another type. */
export function idempotencyConflict(flow: Flow): FlowError {
  const { id, partitionKey, type } = flow.identity;
  return new FlowError(
    "idempotency_conflict",
    `Flow "${id}" of type "${type}" in partition "${partitionKey}" was created by a different request`,
    { details: { id, partitionKey, type } },
  );
}

/** The flow is not where the command expects it. */
export function wrongState(flow: Flow, expected: string): FlowError {
  const { id } = flow.identity;
  const state = shownState(flow.control);
  return new FlowError(
    "wrong_state",
    `Flow "${id}" is in state "${state}", not in "${expected}"`,
    { details: { id, state, expected } },
  );
}

/** The flow has ended. */
export function hasEndedAlready(flow: Flow): FlowError {
  const { id } = flow.identity;
  const { state } = flow.control;
  return new FlowError("flow_terminal", `Flow "${id}" has ended in state "${state}"`, {
    details: { id, state },
  });
}

/** The command does not come from the present owner. */
export function staleLease(flow: Flow, why: string): FlowError {
  const { id } = flow.identity;
  return new FlowError("stale_lease", `Flow "${id}" ${why}`, {
    details: { id, state: shownState(flow.control) },
  });
}

/** A signal is not meant for the state that the flow is in. */
export function stateMismatch(flow: Flow, expected: readonly string[]): FlowError {
  const { id } = flow.identity;
  const state = shownState(flow.control);
  const named = expected.map((name) => `"${name}"`).join(", ");
  return new FlowError(
    "state_mismatch",
    `Flow "${id}" is in state "${state}", and the signal is for ${named}`,
    { details: { id, state, expected } },
  );
}

/** A signal moves a flow without saying from where. */
export function guardRequired(flow: Flow, transitionTo: string): FlowError {
  return new FlowError(
    "guard_required",
    `ifState is missing: the signal would send flow "${flow.identity.id}" to "${transitionTo}" ` +
      "from whatever state it is in",
    { details: { field: "ifState", id: flow.identity.id, state: shownState(flow.control) } },
  );
}

/** Another signal came under the same key. */
export function signalConflict(flow: Flow, idempotencyKey: string): FlowError {
  const { id } = flow.identity;
  return new FlowError(
    "signal_conflict",
    `Flow "${id}" had a different signal under idempotencyKey "${idempotencyKey}"`,
    { details: { field: "idempotencyKey", id, idempotencyKey } },
  );
}

/** A name of the flow holds another value. */
export function valueConflict(id: string, name: string): FlowError {
  return new FlowError("value_conflict", `Flow "${id}" holds another value named "${name}"`, {
    details: { id, name },
  });
}

/** A reference leads beyond what has been stored. */
export function neverStored(field: string, number: number): FlowError {
  const ref = valueRef(number);
  return new FlowError(
    "invalid_argument",
    `${field} is "${ref}", but must be a reference that this store gave`,
    { details: { field, value: ref } },
  );
}

/** A flow would have too many names. */
export function tooManyNames(id: string, count: number, limit: number): FlowError {
  return new FlowError(
    "limit_exceeded",
    `Flow "${id}" would have ${count} named values, dropped ones included; the limit is ${limit} ` +
      "(limits.namedValuesMax)",
    { details: { field: "values", id, value: count, limit } },
  );
}

/** A worker holds the flow. */
export function rewindLeased({ identity: { id }, control }: Flow): FlowError {
  return new FlowError(
    "rewind_leased",
    `Flow "${id}" is leased to "${control.lease?.owner}", also if the lease is over`,
    { details: { id } },
  );
}

/** The flow belongs to others, or others to it. */
export function rewindFamily({ identity: { id, parentFlowId }, groups }: Flow): FlowError {
  const why = parentFlowId === null
    ? `has spawned children in group "${groups[0]?.id}"`
    : `is a child of "${parentFlowId}"`;
  return new FlowError("rewind_family", `Flow "${id}" ${why}`, { details: { id, parentFlowId } });
}

/** The parent has another group of that name. */
export function groupConflict({ identity: { id } }: Flow, groupId: string): FlowError {
  return new FlowError(
    "group_conflict",
    `Flow "${id}" has a group "${groupId}" from a different request`,
    { details: { field: "groupId", id, groupId } },
  );
}

/** A flow that has ended has no more children. */
export function parentTerminal({ identity: { id }, control: { state } }: Flow): FlowError {
  return new FlowError("parent_terminal", `Flow "${id}" has ended in state "${state}"`, {
    details: { id, state },
  });
}

/** The parent would become its own descendant. */
export function childIsParent({ identity: { id, partitionKey } }: Flow): FlowError {
  return new FlowError("child_is_parent", `Flow "${id}" is an ancestor of the parent`, {
    details: { id, partitionKey },
  });
}

/** A child would not fit into the message that brings it to another shard. */
export function childTooLarge(id: string, bytes: number, limit: number): FlowError {
  return new FlowError(
    "too_large",
    `Child "${id}" is for another shard and has ${bytes} bytes of values, the limit is ${limit} ` +
      "(half of limits.commandBytesMax)",
    { details: { field: "children", id, value: bytes, limit } },
  );
}

/** A flow would have too many groups. */
export function tooManyGroups({ identity: { id }, groups }: Flow, limit: number): FlowError {
  return new FlowError(
    "limit_exceeded",
    `Flow "${id}" has ${groups.length} groups of children, which is the limit ` +
      "(limits.childGroupsMax)",
    { details: { field: "groupId", id, value: groups.length + 1, limit } },
  );
}

/** There is no such event, or no more. */
export function rewindEventNotFound(flow: Flow, event: EventPosition): FlowError {
  const { id, historyMaxEvents } = flow.identity;
  const eventId = formatEventId(event);
  return new FlowError(
    "rewind_event_not_found",
    `Flow "${id}" has no event ${eventId} among the ${historyMaxEvents} that it keeps`,
    { details: { id, eventId, limit: historyMaxEvents } },
  );
}

/** The flow was leased after the event, and a lease does not come back. */
export function rewindEventUnusable({ identity: { id } }: Flow, event: EventPosition): FlowError {
  const eventId = formatEventId(event);
  return new FlowError(
    "rewind_event_unusable",
    `After event ${eventId} flow "${id}" was in state "${RUNNING}"`,
    { details: { id, eventId } },
  );
}

/** A flow that has ended has no due time. */
export function rewindOfDueTime(state: string, event: EventPosition): FlowError {
  return new FlowError(
    "invalid_argument",
    `runAtMs is given, but event ${formatEventId(event)} ended the flow in state "${state}"`,
    { details: { field: "runAtMs" } },
  );
}

/** The policy is another one than the caller has read. */
export function generationConflict(type: string, expected: number, actual: number): FlowError {
  return new FlowError(
    "generation_conflict",
    `The policy of type "${type}" has generation ${actual}, not ${expected}`,
    { details: { type, expected, actual } },
  );
}

/** The key has another version than the caller has read. 0 is that of a key that there is not. */
export function versionConflict(
  { partitionKey, key }: KvTarget,
  expected: number,
  actual: number,
): FlowError {
  const there = actual === 0 ? "does not exist" : `has version ${actual}`;
  const meant = expected === 0 ? "but must not exist" : `but version ${expected} is meant`;
  return new FlowError(
    "version_conflict",
    `Key "${key}" in partition "${partitionKey}" ${there}, ${meant}`,
    { details: { key, partitionKey, expected, actual } },
  );
}

/**
 * The error of an item with which nothing was wrong.
 *
 * @param first The error of the first item that was refused.
 * @param index The place of that item in the batch, from 0.
 */
export function notApplied(first: FlowError, index: number): FlowError<"not_applied"> {
  const { code } = first;
  return new FlowError(
    "not_applied",
    `The item was not applied: item ${index} of its batch was refused with "${code}"`,
    { cause: first, details: { index, refusedWith: code } },
  );
}
