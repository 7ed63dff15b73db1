/**
 * Commands on their way to the shards that decide them.
 *
 * @module
 */
import { type Command, routeOf } from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { applyInGroups } from "./groups.ts";
import { verdictOn } from "./verdict.ts";

/** Lets the shards that a command concerns decide it, each its part. */
export function applyCommand<T>(shards: Shards, command: Command): Promise<T> {
  const { all, router } = shards;
  if (all.length > 1 && "items" in command && command.mode !== "single") {
    return applyInGroups(command, {
      router,
      nowMs: timeOf(shards, command),
      apply: (part, shard) => applyIn(shards, part, shard),
    }) as Promise<T>;
  }
  const route = routeOf(command);
  // Children may be in any shard, and so may be what stands in their way.
  const isNarrow = route.to === "flow" && command.kind !== "spawn";
  const looksAt = isNarrow ? router.shardsFor(route.target) : all;
  return shards.call(() => {
    const shard = router.shardFor(route, timeOf(shards, command));
    return verdictOn<T>(shards, shards.apply(command, shard), [shard]);
  }, () => looksAt);
}

/** Lets one shard decide a command. */
function applyIn<T>(shards: Shards, command: Command, shard: Shard): Promise<T> {
  const on = [shard];
  return shards.call(() => verdictOn<T>(shards, shards.apply(command, shard), on), () => on);
}

/** When a command happens: a flow that is forgotten then is in nobody's way. */
function timeOf(shards: Shards, { nowMs = 0 }: Command): number {
  return Math.max(shards.now(), nowMs);
}
