/**
 * Why a command is refused once it has looked at the flow.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { FlowTarget } from "./command.ts";
import { RUNNING } from "../mod.ts";
import { type EventPosition, formatEventId } from "./event_id.ts";
import { type Flow, shownState } from "./flow.ts";

/** There is no such flow. */
export function notFound({ id, partitionKey }: FlowTarget): FlowError {
  const where = partitionKey === undefined ? "" : ` in partition "${partitionKey}"`;
  return new FlowError("not_found", `There is no flow "${id}"${where}`, {
    details: { id, partitionKey },
  });
}

/** A bare id fits several flows. */
export function ambiguous(id: string, flows: readonly Flow[]): FlowError {
  const partitionKeys = flows.map(({ identity }) => identity.partitionKey).sort();
  const [first, second] = partitionKeys;
  return new FlowError(
    "invalid_argument",
    `Flow "${id}" exists in ${flows.length} partitions, among them "${first}" and "${second}": ` +
      "name one by partitionKey",
    { details: { field: "partitionKey", id, partitionKeys } },
  );
}

/** Another command of the same batch names the same flow. */
export function duplicate(flow: Flow): FlowError {
  const { id, partitionKey } = flow.identity;
  return new FlowError(
    "duplicate_id",
    `Flow "${id}" in partition "${partitionKey}" stands twice in the batch`,
    { details: { id, partitionKey } },
  );
}

/** The flow exists. */
export function alreadyExists(flow: Flow): FlowError {
  const { id, partitionKey } = flow.identity;
  return new FlowError(
    "already_exists",
    `Flow "${id}" exists in partition "${partitionKey}", in state "${shownState(flow.control)}"`,
    { details: { id, partitionKey, state: shownState(flow.control) } },
  );
}

/** The flow exists, and another request created it. */
export function idempotencyConflict(flow: Flow): FlowError {
  const { id, partitionKey } = flow.identity;
  return new FlowError(
    "idempotency_conflict",
    `Flow "${id}" in partition "${partitionKey}" was created by a different request`,
    { details: { id, partitionKey } },
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

/** A worker holds the flow. */
export function rewindLeased({ identity: { id }, control }: Flow): FlowError {
  return new FlowError(
    "rewind_leased",
    `Flow "${id}" is leased to "${control.lease?.owner}", also if the lease is over`,
    { details: { id } },
  );
}

/** The flow belongs to others. */
export function rewindFamily({ identity: { id, parentFlowId } }: Flow): FlowError {
  return new FlowError("rewind_family", `Flow "${id}" is a child of "${parentFlowId}"`, {
    details: { id, parentFlowId },
  });
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
