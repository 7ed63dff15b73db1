/**
 * Moving a flow to another state.
 *
 * @module
 */
import type { TransitionRequest } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { Flow } from "../flow.ts";
import { requireClaimant, requireState } from "./guard.ts";
import { keptPayload } from "./payload.ts";
import { withValues } from "./values.ts";

/** Moves a flow and gives up its lease. To the same state it is a change of plan. */
export function decideTransition(draft: Draft, request: TransitionRequest): Flow {
  const found = draft.named(request.target);
  requireState(found, request, request.from);
  requireClaimant(found, request);
  draft.requireStored("payloadRef", request.payload);
  const flow = withValues(draft, found, request.values);
  const { control } = flow;
  const moves = request.to !== control.state;
  const settles = control.lease !== null;
  return draft.change(flow, {
    state: request.to,
    lease: null,
    attempts: moves ? 0 : control.attempts,
    reclaims: moves || settles ? 0 : control.reclaims,
    nextRunAtMs: request.runAtMs === undefined ? draft.nowMs : request.runAtMs,
    priority: request.priority ?? control.priority,
    payloadLsn: keptPayload(draft, flow, request.payload),
  }, "transitioned");
}
