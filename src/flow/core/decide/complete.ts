/**
 * Ending a flow well or badly, by its owner.
 *
 * @module
 */
import type { CompleteRequest, FailRequest } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { Flow } from "../flow.ts";
import { endFlow } from "./end.ts";
import { requireLease } from "./guard.ts";
import { keptPayload } from "./payload.ts";
import { withValues } from "./values.ts";

/** Ends a leased flow well. The error of an earlier attempt stays to be seen. */
export function decideComplete(draft: Draft, request: CompleteRequest): Flow {
  const leased = draft.named(request.target);
  requireLease(leased, request);
  const flow = withValues(draft, leased, request.values);
  return endFlow(draft, flow, {
    state: "completed",
    event: "completed",
    ttlMs: request.ttlMs,
    change: {
      payloadLsn: keptPayload(draft, flow, request.payload),
      resultLsn: draft.value(flow.key, request.result),
    },
  });
}

/** Ends a leased flow badly. */
export function decideFail(draft: Draft, request: FailRequest): Flow {
  const leased = draft.named(request.target);
  requireLease(leased, request);
  const flow = withValues(draft, leased, request.values);
  return endFlow(draft, flow, {
    state: "failed",
    event: "failed",
    ttlMs: request.ttlMs,
    change: {
      payloadLsn: keptPayload(draft, flow, request.payload),
      errorLsn: draft.value(flow.key, request.error),
    },
  });
}
