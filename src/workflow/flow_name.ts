/**
 * The ways to name a flow of a workflow, and a lease on it.
 *
 * @module
 */
import { given, invalid } from "../argument.ts";
import { FlowError } from "../errors.ts";
import { type FlowRecord, type FlowRef, isTerminalState } from "../flow/mod.ts";
import type { CheckedDefinition } from "./definition/definition.ts";
import { type Partition, partitioned } from "./definition/partition_key.ts";
import type { Lease } from "./jobs/job.ts";

/**
 * Names a flow: its id, its id with the partition fields or the partition key, a job or a record.
 *
 * A bare id is looked up in every partition; if two partitions have it, the command is refused.
 */
export type FlowName<P extends readonly string[]> =
  | FlowRef
  | ({
    /** The id. */
    readonly id: string;
  } & Partition<P>);

/** Whether a job or a record is of another type, so that the workflow has no such flow. */
export function isForeign(definition: CheckedDefinition, name: string | object): boolean {
  if (typeof name !== "object" || name === null) return false;
  const { type } = name as Partial<FlowRecord>;
  return type !== undefined && type !== definition.type;
}

/**
 * The flow that a call names, as stores take it: through a workflow a flow of another type is not
 * there.
 *
 * Throws `not_found` for a job or record of another type.
 */
export function refOf(definition: CheckedDefinition, name: string | object): FlowRef {
  const { type } = definition;
  if (typeof name === "string") return { id: name, type };
  // Whatever is neither is the store's to refuse.
  if (typeof name !== "object" || name === null) return name;
  const { id, type: itsType, partitionKey } = name as FlowRecord;
  if (isForeign(definition, name)) throw foreign(definition, id, itsType);
  if (partitionKey !== undefined) return { id, partitionKey, type };
  return given({ id, partitionKey: partitioned(name, definition.partitionBy).partitionKey, type });
}

const LEASED = "a job, or a record with its lease, as a claim returns them";

/**
 * The lease of a job, or of a record that is leased.
 *
 * Throws `invalid_argument` for what is neither a job nor a record, `not_found` if it is of another
 * type, `stale_lease` if the record is not leased.
 */
export function leaseOf(definition: CheckedDefinition, flow: Lease | FlowRecord): Lease {
  checkLeased(flow);
  const { id, type, partitionKey, leaseToken, fencingToken } = flow;
  if (type !== definition.type) throw foreign(definition, id, type);
  if (leaseToken === null) throw unleased(flow);
  const state = "runState" in flow && flow.runState !== null ? flow.runState : flow.state;
  return { id, type, state, partitionKey, leaseToken, fencingToken };
}

function checkLeased(flow: unknown): void {
  if (typeof flow !== "object" || flow === null) throw invalid("job", flow, LEASED);
  const facts = flow as Readonly<Record<string, unknown>>;
  for (const name of ["id", "type", "state", "partitionKey", "leaseToken"]) {
    const isText = typeof facts[name] === "string";
    // A record without a lease has null.
    if (!isText && !(name === "leaseToken" && facts[name] === null)) {
      throw invalid(`job.${name}`, facts[name], `that of ${LEASED}`);
    }
  }
  if (!Number.isInteger(facts.fencingToken)) {
    throw invalid("job.fencingToken", facts.fencingToken, `that of ${LEASED}`);
  }
}

function unleased({ id, state }: Lease | FlowRecord): FlowError {
  const why = isTerminalState(state)
    ? `Flow "${id}" has ended in state "${state}": its lease is over`
    : `The record of flow "${id}" is of no claim: claim it, and use the job or record of that claim`;
  return new FlowError("stale_lease", why, { details: { id, state } });
}

function foreign(definition: CheckedDefinition, id: string, type: string): FlowError {
  return new FlowError(
    "not_found",
    `Flow "${id}" is of type "${type}": workflow "${definition.type}" has no such flow`,
    { details: { id, type, expected: definition.type } },
  );
}
