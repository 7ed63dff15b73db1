/**
 * Who may do what to a flow.
 *
 * @module
 */
import type { LeaseProof } from "../command.ts";
import { type Flow, hasEnded, isLeaseToken, shownState } from "../flow.ts";
import { hasEndedAlready, staleLease, wrongState } from "../refusals.ts";
import { RUNNING } from "../../mod.ts";

/**
 * Refuses everybody but the present owner. The end of the lease does not matter: until somebody else
 * claims the flow, it belongs to the owner.
 */
export function requireLease(flow: Flow, { leaseToken: token, fencingToken }: LeaseProof): void {
  requireToken(flow, token);
  requireFencing(flow, fencingToken);
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
export function requireState(flow: Flow, { leaseToken: token }: Claimant, expected: string): void {
  if (token !== undefined) requireToken(flow, token);
  const ownLogicalState = token !== undefined && flow.control.state === expected;
  if (shownState(flow.control) !== expected && !ownLogicalState) throw wrongState(flow, expected);
  if (hasEnded(flow.control)) throw hasEndedAlready(flow);
}

/** Refuses a command if the flow is leased and it is not the owner's, or if it quotes no lease. */
export function requireClaimant(flow: Flow, { leaseToken: token, fencingToken }: Claimant): void {
  requireFencing(flow, fencingToken);
  if (token !== undefined) return requireToken(flow, token);
  if (flow.control.lease !== null) {
    throw staleLease(flow, `is in state "${RUNNING}": it needs the leaseToken of its owner`);
  }
}

function requireToken(flow: Flow, token: string): void {
  if (isLeaseToken(flow.control, token)) return;
  throw staleLease(
    flow,
    flow.control.lease === null
      ? "is not leased: the leaseToken is an old one"
      : "has another leaseToken: it was claimed again",
  );
}

function requireFencing(flow: Flow, fencingToken: number): void {
  const present = flow.control.fencingToken;
  if (present === fencingToken) return;
  throw staleLease(flow, `has fencingToken ${present}, not ${fencingToken}`);
}
