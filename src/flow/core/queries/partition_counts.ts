/**
 * Counting the flows of a partition.
 *
 * @module
 */
import { PartitionCount } from "../cold/partition_count.ts";
import type { FlowState } from "../state.ts";
import { HotCount } from "./hot_count.ts";
import type { InfoQuery } from "./query.ts";

/** What there is of a type. */
export interface ListedCounts {
  /** By state, how many flows are listed. */
  readonly states: Map<string, number>;
  /** How many of them will be due and are in no index that says so. */
  readonly asleep: number;
}

/** Counts of the flows of a type in a partition, made a little at a time. */
export class PartitionCounts {
  readonly #hot: HotCount;
  readonly #cold: PartitionCount;

  /** Nothing is counted yet. */
  constructor(state: FlowState, { type, partitionKey }: InfoQuery) {
    const key = partitionKey!;
    const counted = { type, key, hash: state.keys.hashOfText(key) };
    this.#hot = new HotCount(state, counted);
    this.#cold = new PartitionCount(state.cold, counted);
  }

  /** Whether there is so much to count that it is done before the answer. */
  static areWorthIt(state: FlowState, { type, partitionKey }: InfoQuery): boolean {
    return partitionKey !== null && (state.cold.size > 0 || !HotCount.isShort(state, type));
  }

  /** Counts some more. Returns whether all was counted, and only a little has changed since. */
  slice(nowMs: number): boolean {
    return this.#cold.slice(nowMs) && this.#hot.slice(nowMs);
  }

  /** How many there are now: what was not counted, or has changed since, is counted at once. */
  now(nowMs: number): ListedCounts {
    const states = this.#hot.now(nowMs);
    let asleep = 0;
    for (const lane of this.#cold.now(nowMs)) {
      states.set(lane.state, (states.get(lane.state) ?? 0) + lane.listed);
      asleep += lane.asleep;
    }
    return { states, asleep };
  }
}
