/**
 * Partitions by the shard that they belong to.
 *
 * @module
 */

import { memoryDirectory } from "../../src/files/mod.ts";
import { ShardMap } from "../../src/flow/core/mod.ts";
import { Manifest } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";

/** How partitions are spread over so many shards. */
export function shardMap(shards: number): ShardMap {
  const options = { directory: memoryDirectory(), random: seededRandom(1), shards };
  return new ShardMap(Manifest.open(options).state.slots);
}

/** A partition of each of so many shards. */
export function partitionsOf(shards: number): string[] {
  const map = shardMap(shards);
  const keys = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
  return Array.from(
    { length: shards },
    (_, shard) => keys.find((key) => map.shardOf(key) === shard)!,
  );
}
