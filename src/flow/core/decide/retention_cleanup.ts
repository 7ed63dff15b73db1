/**
 * Removing flows whose retention is over, and keys whose time is.
 *
 * @module
 */
import type { RetentionCleanupCommand } from "../command.ts";
import type { Draft } from "../draft.ts";
import type { CleanupReply } from "../reply.ts";

/** Removes what is over longest, flow or key. Nothing goes before its time, whoever asks. */
export function decideRetentionCleanup(
  draft: Draft,
  { limit }: RetentionCleanupCommand,
): CleanupReply {
  const { state, nowMs } = draft;
  const cleanup = { flows: 0, history: 0, values: 0, keys: 0 };
  const flows = first(limit, state.forgotten(nowMs)).map((handle) => {
    const flow = state.table.at(handle);
    const { retentionUntilMs, version, valueCount } = flow.control;
    const remove = (): void => {
      draft.delete(flow);
      cleanup.flows++;
      cleanup.history += Math.min(version, flow.identity.historyMaxEvents);
      cleanup.values += valueCount;
    };
    return { untilMs: retentionUntilMs!, remove };
  });
  const keys = first(limit, state.kv.over(nowMs)).map((key) => {
    const remove = (): void => {
      draft.kv.delete(key);
      cleanup.keys++;
    };
    return { untilMs: key.untilMs!, remove };
  });
  const over = [...flows, ...keys].sort((a, b) => a.untilMs - b.untilMs);
  for (const { remove } of over.slice(0, limit)) remove();
  return { kind: "cleanup", cleanup };
}

/** As many as are wanted, if there are. */
function first<T>(count: number, from: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const item of from) {
    if (taken.length === count) break;
    taken.push(item);
  }
  return taken;
}
