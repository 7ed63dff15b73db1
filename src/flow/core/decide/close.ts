/**
 * Writing ends that count already.
 *
 * @module
 */
import { cancelChildren } from "../cascade.ts";
import type { CloseCommand } from "../family_command.ts";
import type { Draft } from "../draft.ts";
import { findFlow } from "../lookup.ts";
import { type FlowReply, flowReply } from "../reply.ts";

/** Ends the flow that somebody wants to see, or goes on with groups that are closing. */
export function decideClose(draft: Draft, { target }: CloseCommand): FlowReply {
  if (target !== null) {
    const flow = findFlow(draft, target, draft.nowMs) ?? null;
    return flowReply(flow);
  }
  for (const group of draft.state.closings) {
    if (!cancelChildren(draft, [group])) break;
  }
  return flowReply(null);
}
