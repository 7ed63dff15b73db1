/**
 * Flows of several shards in the order in which one shard would have them.
 *
 * @module
 */
import { compareUtf8 } from "../../index/mod.ts";
import type { Flow } from "./flow.ts";

/** A flow with its place in an index of due times. */
export interface DueFlow {
  /** The flow as it was there. */
  readonly flow: Flow;
  /** When it is due: what the index says, which gives owners some grace after an opening. */
  readonly dueMs: number;
}

type Identified = Pick<Flow["identity"], "id" | "partitionKey">;

/** As flows are claimed: the most urgent first, then the longest due, then by id. */
export function byUrgency(a: DueFlow, b: DueFlow): number {
  return b.flow.control.priority - a.flow.control.priority || byDueTime(a, b);
}

/** The longest due first, then by id. */
export function byDueTime(a: DueFlow, b: DueFlow): number {
  return a.dueMs - b.dueMs || byIdentity(a.flow.identity, b.flow.identity);
}

/** As flows are listed: by their last change, then by id. */
export function byLastChange(a: Flow, b: Flow): number {
  return a.control.updatedAtMs - b.control.updatedAtMs || byIdentity(a.identity, b.identity);
}

/** By id, then by partition. */
function byIdentity(a: Identified, b: Identified): number {
  return compareUtf8(a.id, b.id) || compareUtf8(a.partitionKey, b.partitionKey);
}
