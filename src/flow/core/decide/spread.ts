/**
 * Commands over flows that nobody names, in as many shards as may have some.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import type { Draft } from "../draft/draft.ts";
import { byUrgency } from "../due_flow.ts";
import { packKey } from "../flow_key.ts";
import type { ClaimReply, CleanupReply, SpreadReply } from "../reply.ts";
import type { SpreadCommand } from "../route.ts";
import { decideClaim } from "./claim.ts";
import { decideRetentionCleanup } from "./retention_cleanup.ts";

/** What a command does in each of the shards, in their order: the same as if they were one. */
export function spreadOver(drafts: readonly Draft[], command: SpreadCommand): SpreadReply[] {
  switch (command.kind) {
    case "claim":
      return decideClaim(drafts, command);
    case "retention_cleanup":
      return decideRetentionCleanup(drafts, command);
  }
}

/** Whether a shard had something to do. */
export function hasDone(reply: SpreadReply): boolean {
  return reply.kind === "flows"
    ? reply.touched.length > 0
    : reply.cleanup.flows + reply.cleanup.keys > 0;
}

/** The command that does in a shard once more what its reply tells of, and nothing else. */
export function onceMore(command: SpreadCommand, reply: SpreadReply): SpreadCommand {
  if (command.kind === "claim") {
    invariant(reply.kind === "flows", "a claim answers with flows");
    const only = new Set(reply.touched.map(({ key }) => packKey(key)));
    return { ...command, limit: only.size, only };
  }
  invariant(reply.kind === "cleanup", "a cleanup answers what it removed");
  return { ...command, limit: reply.cleanup.flows + reply.cleanup.keys };
}

/** The reply of all shards together. */
export function joined(replies: readonly SpreadReply[]): SpreadReply {
  const [first] = replies;
  invariant(first !== undefined, "a command concerns at least one shard");
  if (replies.length === 1) return first;
  return first.kind === "flows"
    ? joinedClaims(first, replies as readonly ClaimReply[])
    : joinedCleanups(replies as readonly CleanupReply[]);
}

function joinedClaims({ hydration }: ClaimReply, replies: readonly ClaimReply[]): ClaimReply {
  const claimed = replies.flatMap(({ flows, dueMs }) =>
    flows.map((flow, index) => ({ flow, dueMs: dueMs[index]! }))
  ).sort(byUrgency);
  return {
    kind: "flows",
    flows: claimed.map(({ flow }) => flow),
    dueMs: claimed.map(({ dueMs }) => dueMs),
    touched: replies.flatMap(({ touched }) => touched),
    hydration,
  };
}

function joinedCleanups(replies: readonly CleanupReply[]): CleanupReply {
  const sum = { flows: 0, history: 0, values: 0, keys: 0 };
  for (const { cleanup: { flows, history, values, keys } } of replies) {
    sum.flows += flows;
    sum.history += history;
    sum.values += values;
    sum.keys += keys;
  }
  return { kind: "cleanup", cleanup: sum };
}
