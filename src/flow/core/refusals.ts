/**
 * Why a command is refused once it has looked at the flow.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { FlowTarget } from "./command.ts";
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

/** The policy is another one than the caller has read. */
export function generationConflict(type: string, expected: number, actual: number): FlowError {
  return new FlowError(
    "generation_conflict",
    `The policy of type "${type}" has generation ${actual}, not ${expected}`,
    { details: { type, expected, actual } },
  );
}
