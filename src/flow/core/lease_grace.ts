/**
 * Leases that ran out while nobody could extend them.
 *
 * @module
 */
import type { FlowState } from "./state.ts";

/** Owners get no longer than this to come back; shorter leases get their own length. */
const GRACE_MS_MAX = 5_000;

/**
 * Gives every lease a little time from the moment on at which the store was opened. While it was
 * closed, workers in other processes could not extend their leases, and all of them would be taken
 * over at once. Only the due index learns of it: what a lease says about itself stays true.
 */
export function grantLeaseGrace({ table, due }: FlowState, openedAtMs: number): void {
  // Nobody has a lease of a cold flow.
  for (const handle of table.handles()) {
    const { identity: { type }, control } = table.standing(handle);
    const { lease, nextRunAtMs: endMs, updatedAtMs, state, priority } = control;
    if (lease === null || endMs === null) continue;
    const graceMs = Math.min(endMs - updatedAtMs, GRACE_MS_MAX);
    const dueMs = Math.max(endMs, openedAtMs + graceMs);
    if (dueMs > endMs) due.place(handle, { type, state, leased: true, priority, dueMs });
  }
}
