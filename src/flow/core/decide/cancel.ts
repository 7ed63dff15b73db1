/**
 * Ending a flow that is no longer wanted.
 *
 * @module
 */
import type { CancelRequest } from "../command.ts";
import type { Draft } from "../draft.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { hasEndedAlready } from "../refusals.ts";
import { endFlow } from "./end.ts";
import { type Claimant, requireClaimant } from "./guard.ts";

/** Cancels a flow. Without a fencing number it is an operator's word and overrides any lease. */
export function decideCancel(draft: Draft, request: CancelRequest): Flow {
  const flow = draft.named(request.target);
  const { leaseToken, fencingToken } = request;
  const claimant: Claimant | undefined = fencingToken === undefined
    ? undefined
    : { leaseToken, fencingToken };
  if (claimant !== undefined) requireClaimant(flow, claimant);
  if (hasEnded(flow.control)) throw hasEndedAlready(flow);
  return endFlow(draft, flow, {
    state: "cancelled",
    event: "cancelled",
    ttlMs: request.ttlMs,
    change: { errorLsn: draft.value(flow.key, request.reason) },
  });
}
