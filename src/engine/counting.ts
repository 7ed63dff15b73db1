/**
 * Counting the flows of a partition before that is decided.
 *
 * @module
 */
import { isFileFault } from "../errors.ts";
import {
  type FlowState,
  HotCount,
  type InfoQuery,
  type PartitionCounts,
  partitionCounts,
} from "../flow/core/mod.ts";
import type { Prepared } from "./preparation.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** What `info` of a partition is prepared with: all flows of a type are looked at, and some read. */
export class Counting implements Prepared {
  readonly givesWay = false;
  readonly #shards: Pick<Shards, "now" | "ended">;
  readonly #on: readonly Shard[];
  readonly #query: InfoQuery;
  /** By state: one that is built anew is counted anew. */
  readonly #counts = new Map<FlowState, PartitionCounts>();
  #isOver = false;

  /** @param on The shards that may have the partition. */
  constructor(shards: Pick<Shards, "now" | "ended">, on: readonly Shard[], query: InfoQuery) {
    this.#shards = shards;
    this.#on = on;
    this.#query = query;
  }

  /** What was counted of the flows of a state; undefined: nothing. */
  readonly of = (state: FlowState): PartitionCounts | undefined => this.#counts.get(state);

  isPrepared(): boolean {
    if (this.#isOver || this.#query.partitionKey === null) return true;
    if (this.#shards.ended !== undefined) return true;
    return this.#on.every(({ state: { flows } }) =>
      flows.cold.size === 0 && HotCount.isShort(flows, this.#query.type)
    );
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
    let counts = this.#counts.get(state);
    if (counts === undefined) {
      counts = partitionCounts(state, { type, partitionKey: partitionKey! });
      this.#counts.set(state, counts);
    }
    const nowMs = this.#shards.now();
    return counts.cold.slice(nowMs) && counts.hot.slice(nowMs);
  }
}
