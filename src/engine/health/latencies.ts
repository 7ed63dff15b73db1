/**
 * How long something takes, as a distribution.
 *
 * @module
 */

/** The upper end of the first bucket, in milliseconds. */
const FIRST_MS = 0.01;

/** Buckets for every doubling: what is read off is at most a fifth too high. */
const PER_DOUBLING = 4;

/** Enough for a minute and a half; what takes longer is in the last one. */
const BUCKET_COUNT = PER_DOUBLING * 23 + 1;

/** Percentiles of a duration, in milliseconds; all 0 before the first one was measured. */
export interface LatencySummary {
  /** How many were measured. */
  readonly count: number;
  /** Half of them took no longer. */
  readonly p50Ms: number;
  /** Nine of ten took no longer. */
  readonly p90Ms: number;
  /** 99 of 100 took no longer. */
  readonly p99Ms: number;
  /** The longest one, exactly. */
  readonly maxMs: number;
}

/** What a distribution is made of. */
export interface LatencyCounts {
  /** How many durations are in each bucket. */
  readonly buckets: Float64Array;
  /** How many there are. */
  readonly count: number;
  /** The longest one. */
  readonly maxMs: number;
}

/** Durations in buckets that double every four: a fixed size, whatever is measured. */
export class Latencies {
  readonly #buckets = new Float64Array(BUCKET_COUNT);
  #count = 0;
  #maxMs = 0;

  /** Adds a duration in milliseconds. */
  add(ms: number): void {
    const steps = ms <= FIRST_MS ? 0 : Math.ceil(PER_DOUBLING * Math.log2(ms / FIRST_MS));
    this.#buckets[Math.min(steps, BUCKET_COUNT - 1)]! += 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** Adds what others have measured. */
  merge({ buckets, count, maxMs }: LatencyCounts): void {
    for (const [bucket, value] of buckets.entries()) this.#buckets[bucket]! += value;
    this.#count += count;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  /** All that is known. */
  get counts(): LatencyCounts {
    return { buckets: this.#buckets, count: this.#count, maxMs: this.#maxMs };
  }

  /** What was measured so far. */
  summary(): LatencySummary {
    return {
      count: this.#count,
      p50Ms: this.#percentile(0.5),
      p90Ms: this.#percentile(0.9),
      p99Ms: this.#percentile(0.99),
      maxMs: this.#maxMs,
    };
  }

  /** The upper end of the bucket in which a share of all durations is complete. */
  #percentile(share: number): number {
    let left = Math.ceil(share * this.#count);
    if (left === 0) return 0;
    const bucket = this.#buckets.findIndex((count) => (left -= count) <= 0);
    return Math.min(this.#maxMs, FIRST_MS * 2 ** (bucket / PER_DOUBLING));
  }
}
