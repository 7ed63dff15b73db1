/**
 * Removing flows whose retention is over.
 *
 * @module
 */
import type { RetentionCleanupCommand } from "../command.ts";
import type { Draft } from "../draft.ts";
import type { CleanupReply } from "../reply.ts";

/** Removes the flows that are over longest. None goes before its time, whoever asks. */
export function decideRetentionCleanup(
  draft: Draft,
  { limit }: RetentionCleanupCommand,
): CleanupReply {
  const { state } = draft;
  let flows = 0;
  let history = 0;
  let values = 0;
  for (const handle of state.forgotten(draft.nowMs)) {
    if (flows === limit) break;
    const flow = state.table.at(handle);
    draft.delete(flow);
    flows++;
    history += Math.min(flow.control.version, flow.identity.historyMaxEvents);
    values += flow.control.valueCount;
  }
  return { kind: "cleanup", cleanup: { flows, history, values } };
}
