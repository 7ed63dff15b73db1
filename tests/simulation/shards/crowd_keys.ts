/**
 * Keys that many callers set at once.
 *
 * @module
 */

import type { Store } from "../../../src/engine/mod.ts";
import type { KvEntry } from "../../../src/flow/mod.ts";
import type { Dice } from "../engine/request.ts";

/** Where two keys are changed together, so that they always add up to nothing. */
export const LEDGER = { partitionKey: "p" } as const;

const UP = "up";
const DOWN = "down";

/** What becomes of a call about keys. */
export interface KeyCall {
  readonly name: string;
  send(store: Store): Promise<unknown>;
}

/** Draws a call. */
export function drawKeyCall(dice: Dice, partitions: readonly string[]): KeyCall {
  const partitionKey = dice.pick(partitions);
  const roll = dice.below(100);
  if (roll < 40) {
    const count = dice.below(1_000);
    return {
      name: "atomic",
      send: (store) =>
        store.atomic(LEDGER.partitionKey, ({ kv }) => [kv.set(UP, count), kv.set(DOWN, -count)]),
    };
  }
  if (roll < 60) {
    // As many as there are partitions, for a key by itself says nothing about where it is.
    const key = `kept in ${partitionKey}`;
    return { name: "kv.set", send: ({ kv }) => kv.set(key, "x".repeat(200), { partitionKey }) };
  }
  if (roll < 75) {
    const ttlMs = dice.pick([1, 50, 2_000]);
    return { name: "kv.set", send: ({ kv }) => kv.set("brief", 1, { partitionKey, ttlMs }) };
  }
  if (roll < 85) {
    return { name: "kv.delete", send: ({ kv }) => kv.delete("brief", { partitionKey }) };
  }
  return { name: "kv.list", send: ({ kv }) => kv.list("", { partitionKey }) };
}

/** What the two keys add up to. */
export function ledgerSum(items: readonly KvEntry[]): number {
  return items.filter(({ key }) => key === UP || key === DOWN)
    .reduce((sum, { value }) => sum + Number(value), 0);
}
