/**
 * Commands over flows that nobody names, in as many shards as may have some.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import type { SpreadCommand } from "../route.ts";
import type { Draft } from "../draft.ts";
import { byUrgency } from "../due_flow.ts";
import type { ClaimReply, CleanupReply, SpreadReply } from "../reply.ts";
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

/** How many flows or keys a reply is about: as many as of the command's limit it has used up. */
export function countOf(reply: SpreadReply): number {
  return reply.kind === "flows" ? reply.flows.length : reply.cleanup.flows + reply.cleanup.keys;
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
