/**
 * Finding the one flow that a command names.
 *
 * @module
 */
import type { FlowTarget } from "../command.ts";
import { type Flow, isForgotten } from "../flow.ts";
import { ambiguous, AMBIGUOUS_MAX } from "./refusals.ts";

/** Where flows are looked up: the table, or a command's view of it. */
export interface FlowLookup {
  /** The flow with an identity. */
  find(partitionKey: string, id: string): Flow | undefined;
  /** The flows with an id: very many, perhaps. Nothing may change meanwhile. */
  findAll(id: string): Iterable<Flow>;
}

/** Several places to look flows up in, as one. A flow is in one of them only. */
export function lookupIn(places: readonly FlowLookup[]): FlowLookup {
  const [only] = places;
  if (places.length === 1 && only !== undefined) return only;
  return {
    find(partitionKey, id) {
      for (const place of places) {
        const flow = place.find(partitionKey, id);
        if (flow !== undefined) return flow;
      }
      return undefined;
    },
    *findAll(id) {
      for (const place of places) yield* place.findAll(id);
    },
  };
}

/**
 * The flow that a target names, undefined if there is none. A flow past its retention is none, and so
 * is one of another type. Refuses an id that stands in several partitions if the target names none.
 */
export function findFlow(
  flows: FlowLookup,
  target: FlowTarget,
  nowMs: number,
): Flow | undefined {
  const { id, partitionKey } = target;
  if (partitionKey !== undefined) {
    const flow = flows.find(partitionKey, id);
    return flow !== undefined && isMeant(flow, target, nowMs) ? flow : undefined;
  }
  const found: Flow[] = [];
  for (const flow of flows.findAll(id)) {
    if (isMeant(flow, target, nowMs)) found.push(flow);
    if (found.length === AMBIGUOUS_MAX) break;
  }
  if (found.length > 1) throw ambiguous(id, found);
  return found[0];
}

/** Whether a flow that has the id of a target is the one that it names. */
export function isMeant(
  { identity, control }: Flow,
  { type }: FlowTarget,
  nowMs: number,
): boolean {
  return (type === undefined || identity.type === type) && !isForgotten(control, nowMs);
}
