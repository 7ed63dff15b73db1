/**
 * Leases that ran out while nobody could extend them.
 *
 * @module
 */
import type { DueSelection } from "../../index/mod.ts";
import type { FlowState } from "./state.ts";

/** After an opening owners get no longer than this to come back. */
const OPENING_GRACE_MS_MAX = 5_000;

/** How long owners get to extend their leases, and from when on. */
export interface LeaseGrace {
  /** When they could do so again. */
  readonly sinceMs: number;
  /** No more than that; shorter leases get their own length. */
  readonly graceMsMax: number;
}

/**
 * After an opening. While the store was closed workers in other processes could not extend their
 * leases, and all of them would be taken over at once.
 */
export function openingGrace(openedAtMs: number): LeaseGrace {
  return { sinceMs: openedAtMs, graceMsMax: OPENING_GRACE_MS_MAX };
}

/**
 * After time has leapt ahead. Owners extend their leases when a part of these has passed, and for
 * them nothing has: they get as long as they had been given.
 */
export function leapGrace(leaptAtMs: number): LeaseGrace {
  return { sinceMs: leaptAtMs, graceMsMax: Infinity };
}

const LEASES: DueSelection = {
  ...{ type: null, states: null, partitionKeys: null, priority: null },
  ...{ waiting: false, leased: true },
};

/**
 * Gives every lease a little time. Only the due index learns of it: what a lease says about itself
 * stays true. A lease that was given later is not changed by it.
 */
export function grantLeaseGrace(
  { table, due }: FlowState,
  { sinceMs, graceMsMax }: LeaseGrace,
): void {
  for (const handle of [...due.handles(LEASES)]) {
    const { identity: { type }, control } = table.standing(handle);
    const { nextRunAtMs: endMs, updatedAtMs, state, priority } = control;
    if (endMs === null) continue;
    const graceMs = Math.min(endMs - updatedAtMs, graceMsMax);
    const dueMs = Math.max(endMs, sinceMs + graceMs);
    if (dueMs > endMs) due.place(handle, { type, state, leased: true, priority, dueMs });
  }
}
