/**
 * Which shard of a store has which partition.
 *
 * @module
 */
import { crc32OfText } from "../../codec/mod.ts";
import { invariant } from "../../invariant.ts";

/** The slots of a store, as runs of slots that belong to one shard. */
export type SlotRuns = readonly (readonly [count: number, shard: number])[];

/** The shards of a store. Fixed for its whole life. */
export class ShardMap {
  /** How many shards there are. */
  readonly count: number;
  readonly #shards: Uint8Array;

  /** @param slots To which shard each slot belongs. Default: one shard has them all. */
  constructor(slots: SlotRuns = [[1, 0]]) {
    this.#shards = Uint8Array.from(
      slots.flatMap(([count, shard]) => new Array<number>(count).fill(shard)),
    );
    invariant(this.#shards.length > 0, "there is no slot for any partition");
    this.count = this.#shards.reduce((max, shard) => Math.max(max, shard), 0) + 1;
  }

  /** The number of the shard that has a partition. */
  shardOf(partitionKey: string): number {
    if (this.count === 1) return 0;
    return this.#shards[crc32OfText(partitionKey) % this.#shards.length]!;
  }
}
