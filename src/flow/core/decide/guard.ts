/**
 * Who may do what to a flow.
 *
 * @module
 */
import { RUNNING } from "../../mod.ts";
import type { LeaseProof } from "../command.ts";
import { hasEndedAlready, staleLease, wrongState } from "../draft/refusals.ts";
import { type Flow, hasEnded, isLeaseToken, shownState } from "../flow.ts";

/**
 * Refuses everybody but the present owner. The end of the lease does not matter: until somebody else
 * claims the flow, it belongs to the owner.
 */
export function requireLease(flow: Flow, proof: LeaseProof): void {
  requireToken(flow, proof);
  requireFencing(flow, proof.fencingToken);
}

/** What a command quotes that may come from the owner or from outside. */
export interface Claimant {
  /** Undefined: the flow may not be leased. */
  readonly leaseToken: string | undefined;
  readonly fencingToken: number;
}

/**
 * Refuses a command that does not expect the flow's present state. The owner may name the logical
 * state instead of `running`. One who quotes a lease that is over hears that first, whatever became
 * of the flow.
 */
export function requireState(
  flow: Flow,
  { leaseToken, fencingToken }: Claimant,
  expected: string,
): void {
  if (leaseToken !== undefined) requireToken(flow, { leaseToken, fencingToken });
  const ownLogicalState = leaseToken !== undefined && flow.control.state === expected;
  if (shownState(flow.control) !== expected && !ownLogicalState) throw wrongState(flow, expected);
  if (hasEnded(flow.control)) throw hasEndedAlready(flow);
}

/** Refuses a command if the flow is leased and it is not the owner's, or if it quotes no lease. */
export function requireClaimant(flow: Flow, { leaseToken, fencingToken }: Claimant): void {
  if (leaseToken !== undefined) return requireLease(flow, { leaseToken, fencingToken });
  requireFencing(flow, fencingToken);
  if (flow.control.lease !== null) {
    throw staleLease(flow, `is in state "${RUNNING}": it needs the leaseToken of its owner`);
  }
}

function requireToken(flow: Flow, proof: LeaseProof): void {
  if (!isLeaseToken(flow.control, proof.leaseToken)) throw staleLease(flow, whyStale(flow, proof));
}

/** What is known of a flow that is not leased as a command says. */
function whyStale({ control }: Flow, { fencingToken }: LeaseProof): string {
  const { state, lease } = control;
  if (hasEnded(control)) return `has ended in state "${state}": its lease is over`;
  if (lease === null) {
    return `is in state "${state}" and not leased: claim it, and use the job or record of that claim`;
  }
  return fencingToken < control.fencingToken
    ? "was claimed again: another worker owns it now"
    : "is leased under another leaseToken";
}

function requireFencing(flow: Flow, fencingToken: number): void {
  const present = flow.control.fencingToken;
  if (present === fencingToken) return;
  throw staleLease(flow, `has fencingToken ${present}, not ${fencingToken}`);
}
