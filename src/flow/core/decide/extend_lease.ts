/**
 * Making a lease last longer.
 *
 * @module
 */
import type { ExtendLeaseCommand } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { type FlowReply, flowReply } from "../reply.ts";
import { requireLease } from "./guard.ts";

/** Makes the lease last from now; it may become shorter. */
export function decideExtendLease(draft: Draft, command: ExtendLeaseCommand): FlowReply {
  const flow = draft.named(command.target);
  requireLease(flow, command.proof);
  const extended = draft.change(
    flow,
    { nextRunAtMs: draft.nowMs + command.leaseMs },
    "lease_extended",
  );
  return flowReply(extended);
}
