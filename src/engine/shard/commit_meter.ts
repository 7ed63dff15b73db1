/**
 * What the log of a shard holds, and how its commits go.
 *
 * @module
 */
import type { FrameEnd } from "../../log/mod.ts";
import { Latencies } from "../health/latencies.ts";
import type { LogTally } from "./log_tally.ts";

/** Measures the commits of a shard since it was opened. */
export class CommitMeter {
  /** What the log holds. */
  readonly log: LogTally;
  /**
   * How long frames took, from their submission to the answer: their write and their sync, and what was
   * left of those of the frame before.
   */
  readonly latencies: Latencies = new Latencies();
  #recordCount = 0;

  /** @param log What the log holds already. */
  constructor(log: LogTally) {
    this.log = log;
  }

  /** Records that were committed. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** A frame is committed after some time. */
  committed(end: FrameEnd, { count, ms }: { readonly count: number; readonly ms: number }): void {
    this.log.add(end);
    this.latencies.add(ms);
    this.#recordCount += count;
  }
}
