/**
 * What a store does for itself.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import { Checkpointer } from "../checkpoints/checkpointer.ts";
import { Merger } from "../merges/merger.ts";
import type { ShardsOptions } from "../shard/shard_options.ts";
import type { Shards } from "../shards.ts";
import { Cooler } from "./cooler.ts";
import { Sweeper } from "./sweeper.ts";

/** Keeps the memory and the logs of a store small: a little in a turn, or in slices between turns. */
export class Upkeep {
  /** Keeps the memory small. */
  readonly cooler: Cooler;
  /** Removes what is over. */
  readonly sweeper: Sweeper;
  /** Keeps the logs small. */
  readonly merger: Merger;
  /** Spares the next opening what this one has made. */
  readonly checkpointer: Checkpointer;

  /** Those who look after some shards. */
  constructor(shards: Shards, options: ShardsOptions) {
    const { time, sweepPlan, mergePlan } = options;
    const monotonicMs = (): number => time.clock.monotonicMs();
    this.cooler = new Cooler(shards, monotonicMs);
    this.sweeper = new Sweeper(shards, monotonicMs, sweepPlan);
    this.merger = new Merger(shards, time, mergePlan);
    this.checkpointer = new Checkpointer(shards, time, options);
  }

  /** The monotonic time at which one of them wants its turn; `Infinity`: not before something changes. */
  nextAtMs(): number {
    const { cooler, sweeper, merger, checkpointer } = this;
    const all = [cooler, sweeper, merger, checkpointer];
    return Math.min(...all.map((one) => one.nextAtMs()));
  }

  /** Ends what takes longer than a turn. */
  async end(ending: FlowError): Promise<void> {
    await Promise.all([this.merger.end(ending), this.checkpointer.end()]);
  }
}
