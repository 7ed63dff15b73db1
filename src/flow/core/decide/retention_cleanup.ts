/**
 * Removing flows whose retention is over, and keys whose time is.
 *
 * @module
 */
import { mergedWalk } from "../../../index/mod.ts";
import type { RetentionCleanupCommand } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { byDueTime, type DueFlow } from "../due_flow.ts";
import type { CleanupReply } from "../reply.ts";

/** A flow that is over, and the command of its shard. */
interface Forgotten extends DueFlow {
  readonly draft: Draft;
}

/** Something to be removed, and how. */
interface Over {
  readonly untilMs: number;
  readonly remove: () => void;
}

/**
 * Removes what is over longest, flow or key. Nothing goes before its time, whoever asks.
 *
 * @param drafts One for each shard. It is done as if there were only one.
 * @returns What was removed in each shard.
 */
export function decideRetentionCleanup(
  drafts: readonly Draft[],
  { limit }: RetentionCleanupCommand,
): CleanupReply[] {
  const cleanups = new Map(drafts.map((draft) => [draft, noCleanup()]));
  const flows = first(limit, mergedWalk(drafts.map(forgottenIn), byDueTime))
    .map(({ draft, flow, dueMs: untilMs }): Over => {
      const remove = (): void => {
        const cleanup = cleanups.get(draft)!;
        draft.delete(flow);
        cleanup.flows++;
        cleanup.history += Math.min(flow.control.version, flow.identity.historyMaxEvents);
        cleanup.values += flow.control.valueCount;
      };
      return { untilMs, remove };
    });
  const keys = drafts.flatMap((draft) =>
    first(limit, draft.state.kv.over(draft.nowMs)).map((key): Over => {
      const remove = (): void => {
        draft.kv.delete(key);
        cleanups.get(draft)!.keys++;
      };
      return { untilMs: key.untilMs!, remove };
    })
  );
  const over = [...flows, ...keys].sort((a, b) => a.untilMs - b.untilMs);
  for (const { remove } of over.slice(0, limit)) remove();
  return drafts.map((draft) => ({ kind: "cleanup", cleanup: cleanups.get(draft)! }));
}

function* forgottenIn(draft: Draft): Generator<Forgotten> {
  const { state, nowMs } = draft;
  for (const handle of state.forgotten(nowMs)) {
    yield { draft, flow: state.table.at(handle), dueMs: state.retention.timeOf(handle) };
  }
}

function noCleanup(): { flows: number; history: number; values: number; keys: number } {
  return { flows: 0, history: 0, values: 0, keys: 0 };
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
