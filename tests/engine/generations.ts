/**
 * Large families.
 *
 * @module
 */

import type { FlowRecord, Store } from "../../mod.ts";

/** What every group here comes to. */
export const GROUP = {
  groupId: "g",
  waitState: "waiting",
  success: "completed",
  failure: "failed",
} as const;

/** Names of children. */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** A parent with `count` children that have `count` children each. */
export async function threeGenerations(store: Store, count: number): Promise<FlowRecord> {
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  const spawned = await store.spawnChildren(parent, names("c", count), {
    ...GROUP,
    type: "c",
    fencingToken: 0,
  });
  for (const child of await store.claimDue("c", { worker: "w", limit: count })) {
    await store.spawnChildren(child, names(`${child.id}.`, count), {
      ...GROUP,
      type: "leaf",
      leaseToken: child.leaseToken ?? undefined,
      fencingToken: child.fencingToken,
    });
  }
  return spawned;
}
