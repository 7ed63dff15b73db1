/**
 * What calls hear, and what that stands on.
 *
 * @module
 */
import {
  answer,
  answerInParts,
  type Flow,
  type GetQuery,
  type HistoryLog,
  type HistoryQuery,
  type Parts,
  readFlow,
  readHistory,
  type Reply,
} from "../../flow/core/mod.ts";
import type { HistoryEvent } from "../../flow/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import type { Footing } from "./footing.ts";
import { GradualVerdict } from "./gradual_verdict.ts";
import type { Verdict } from "./pending.ts";
import { valuesAt } from "./value_reader.ts";

/**
 * What an answer stands on that shows a flow and nothing else.
 *
 * @param flow Null: there is none.
 * @param on The shards that may have it.
 */
export function footingsOf(shards: Shards, flow: Flow | null, on: readonly Shard[]): Footing[] {
  if (flow === null) return on.map((shard) => shard.footing());
  const { identity: { partitionKey }, lsn, bodyLsn } = flow;
  // A flow that was taken into a group has a newer body.
  return [shards.router.shardOf(partitionKey).footing(Math.max(lsn, bodyLsn))];
}

/**
 * What a reply says, to be told once nothing in it can be lost any more.
 *
 * @param on The shards that gave it.
 */
export function verdictOn<T>(shards: Shards, reply: Reply, on: readonly Shard[]): Verdict<T> {
  const standsOn = footingsOf(shards, reply.kind === "flow" ? reply.flow : null, on);
  const read = valuesAt(shards.all, shards.now(), standsOn);
  const parts = answerInParts(reply, read);
  // Every kind of command and query has its kind of reply; the contract's types say which.
  if (parts !== undefined) return new GradualVerdict(standsOn, parts as Parts<T>);
  return { standsOn, read: () => answer(reply, read) as T };
}

/**
 * What a flow is.
 *
 * @param on The shards that may have it.
 */
export function flowVerdict<T>(
  shards: Shards,
  query: GetQuery,
  on: readonly Shard[],
): Verdict<T> {
  const { target } = query;
  shards.closer.look(target);
  return verdictOn(shards, readFlow(shards.router.flowsFor(target), query, shards.now()), on);
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
  const nowMs = shards.now();
  const found = shards.closer.look(query.target);
  const standsOn = footingsOf(shards, found ?? null, on);
  if (found === undefined) return { standsOn, read: () => [] };
  const shard = shards.router.shardOf(found.identity.partitionKey);
  // Asked each time: the state may be built anew between two parts.
  const log: HistoryLog = {
    control: (lsn) => shard.records.control(lsn),
    previous: (lsn) => shard.records.previous(lsn),
    list: (lsn) => shard.records.list(lsn),
  };
  const read = valuesAt(shards.all, nowMs, standsOn);
  return new GradualVerdict(standsOn, readHistory(found, query, log, read));
}
