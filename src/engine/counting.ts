/**
 * Counting the flows of a partition before that is decided.
 *
 * @module
 */
import { isFileFault } from "../errors.ts";
import {
  type FlowState,
  type InfoQuery,
  type PartitionCount,
  partitionCount,
} from "../flow/core/mod.ts";
import type { Prepared } from "./preparation.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** What `info` of a partition is prepared with: cold flows have to be read to be counted. */
export class Counting implements Prepared {
  readonly givesWay = false;
  readonly #shards: Pick<Shards, "now" | "ended">;
  readonly #on: readonly Shard[];
  readonly #query: InfoQuery;
  /** By state: one that is built anew is counted anew. */
  readonly #counts = new Map<FlowState, PartitionCount>();
  #isOver = false;

  /** @param on The shards that may have the partition. */
  constructor(shards: Pick<Shards, "now" | "ended">, on: readonly Shard[], query: InfoQuery) {
    this.#shards = shards;
    this.#on = on;
    this.#query = query;
  }

  /** What was counted of the cold flows of a state; undefined: nothing. */
  readonly of = (state: FlowState): PartitionCount | undefined => this.#counts.get(state);

  isPrepared(): boolean {
    const { partitionKey } = this.#query;
    const isNothing = partitionKey === null || this.#on.every((shard) => hasNoCold(shard));
    return this.#isOver || isNothing || this.#shards.ended !== undefined;
  }

  prepare(): boolean {
    try {
      return this.#isOver = this.#on.every(({ state }) => this.#slice(state.flows));
    } catch (error) {
      if (!isFileFault(error)) throw error;
      // The decision will meet it, too, and whoever has called hears of it.
      return this.#isOver = true;
    }
  }

  #slice(state: FlowState): boolean {
    const { type, partitionKey } = this.#query;
    let count = this.#counts.get(state);
    if (count === undefined) {
      count = partitionCount(state, { type, partitionKey: partitionKey! });
      this.#counts.set(state, count);
    }
    return count.slice(this.#shards.now());
  }
}

function hasNoCold({ state }: Shard): boolean {
  return state.flows.cold.size === 0;
}
