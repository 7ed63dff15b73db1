/**
 * What calls hear, and what that stands on.
 *
 * @module
 */
import type { HistoryEvent } from "../flow/mod.ts";
import { answer, type HistoryQuery, readHistory, type Reply } from "../flow/core/mod.ts";
import type { Verdict } from "./pending.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/**
 * What a reply says, to be told once nothing in it can be lost any more.
 *
 * @param on The shards that gave it.
 */
export function verdictOn<T>(shards: Shards, reply: Reply, on: readonly Shard[]): Verdict<T> {
  const seen = reply.kind === "flow" ? reply.flow : null;
  const standsOn = seen === null
    ? on.map((shard) => shard.footing())
    // A flow that was taken into a group has a newer body.
    : [shards.router.shardOf(seen.identity.partitionKey).footing(Math.max(seen.lsn, seen.bodyLsn))];
  const nowMs = shards.now();
  return {
    standsOn,
    // Every kind of command and query has its kind of reply; the contract's types say which.
    read: () => answer(reply, shards.valuesAt(nowMs, standsOn)) as T,
  };
}

/**
 * What has happened to a flow.
 *
 * @param on The shards that may have it.
 */
export function historyVerdict(
  shards: Shards,
  query: HistoryQuery,
  on: readonly Shard[],
): Verdict<HistoryEvent[]> {
  const { router } = shards;
  const nowMs = shards.now();
  const found = shards.closer.look(query.target);
  if (found === undefined) {
    return { standsOn: on.map((shard) => shard.footing()), read: () => [] };
  }
  const shard = router.shardOf(found.identity.partitionKey);
  const standsOn = [shard.footing(found.lsn)];
  const read = (): HistoryEvent[] =>
    readHistory(found, query, shard.records, shards.valuesAt(nowMs, standsOn));
  return { standsOn, read };
}
