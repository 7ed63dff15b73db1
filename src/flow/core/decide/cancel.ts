/**
 * Ending a flow that is no longer wanted.
 *
 * @module
 */
import type { CancelRequest } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { hasEndedAlready } from "../draft/refusals.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { endFlow } from "./end.ts";
import { type Claimant, requireClaimant } from "./guard.ts";
import { withValues } from "./values.ts";

/** Cancels a flow. Without a fencing number it is an operator's word and overrides any lease. */
export function decideCancel(draft: Draft, request: CancelRequest): Flow {
  const found = draft.named(request.target);
  const { leaseToken, fencingToken } = request;
  const claimant: Claimant | undefined = fencingToken === undefined
    ? undefined
    : { leaseToken, fencingToken };
  if (claimant !== undefined) requireClaimant(found, claimant);
  if (hasEnded(found.control)) throw hasEndedAlready(found);
  const flow = withValues(draft, found, request.values);
  return endFlow(draft, flow, {
    state: "cancelled",
    event: "cancelled",
    ttlMs: request.ttlMs,
    change: { errorLsn: draft.value(flow.key, request.reason) },
  });
}
