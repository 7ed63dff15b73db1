/**
 * What a state holds, to be compared with another one.
 *
 * @module
 */

import type { FlowState } from "../../src/flow/core/mod.ts";
import { KV_PARTITION } from "../../src/flow/mod.ts";
import { KV_PARTITIONS } from "./pairs/kv_operations.ts";

/** Everything in a state that is not an order over it, as values. */
export type HeldState = Readonly<Record<string, readonly unknown[]>>;

/** What a state holds. It stays as it is when the state changes. */
export function heldBy(state: FlowState): HeldState {
  const { table, kv, signals, policies, closings, dictionary } = state;
  return {
    flows: [...table].sort((a, b) => a.bodyLsn - b.bodyLsn),
    keys: KV_PARTITIONS.flatMap((partitionKey = KV_PARTITION) => [
      ...kv.walk(partitionKey, { prefix: "", after: null, rev: false }),
    ]),
    ending: [...kv.over(Infinity)],
    signals: [...signals].map(([flow, requests]) => [flow, ...requests] as const)
      .sort(([a], [b]) => a < b ? -1 : 1),
    policies: [...policies].sort(([a], [b]) => a < b ? -1 : 1),
    closings: [...closings],
    names: Array.from({ length: dictionary.nextId }, (_, id) => dictionary.nameOf(id)),
  };
}
