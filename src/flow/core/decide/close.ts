/**
 * Writing ends that count already.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import { findFlow } from "../draft/lookup.ts";
import { cancelChildren } from "../families/cascade.ts";
import type { CloseCommand } from "../families/family_command.ts";
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
