/**
 * Finding handles by a hash.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { LinearBuckets } from "./linear_buckets.ts";
import { LongUint32Array } from "./long_array.ts";

/** Lists begin with so many buckets. */
const FIRST_COUNT = 1 << 10;

/** The next handle of the same bucket, plus 1, the hash, and the one before, plus 1. */
const NEXT = 0;
const HASH = 1;
const PREVIOUS = 2;
const LINKS = 3;

/**
 * Handles in buckets by the 32-bit hash that they were added with; whoever asks compares what he
 * finds with what he looks for. Handles that have the same hash are all in one bucket, and there may
 * be very many of them: those of flows with one id in many partitions.
 */
export class HashChains {
  /** The first handle of every bucket, plus 1. */
  readonly #heads = new LongUint32Array();
  /** Numbers for every handle, side by side since most often they are wanted together: see `NEXT`. */
  readonly #links = new LongUint32Array();
  readonly #buckets = new LinearBuckets(FIRST_COUNT);
  #size = 0;

  /** How many handles it holds. */
  get size(): number {
    return this.#size;
  }

  /** Makes buckets for so many handles at once; there is none yet. */
  reserve(count: number): void {
    invariant(this.#size === 0, "Buckets are made before there is anything to move");
    this.#buckets.reserve(count);
  }

  /** The first handle that might have a hash, -1 if there is none. */
  first(hash: number): number {
    return this.#heads.get(this.#buckets.of(hash)) - 1;
  }

  /** The handle after one that might have the same hash, -1 after the last. */
  next(handle: number): number {
    return this.#links.get(LINKS * handle + NEXT) - 1;
  }

  /** The hash that a handle was added with. */
  hashOf(handle: number): number {
    return this.#links.get(LINKS * handle + HASH);
  }

  /** Whether a handle is there. */
  has(handle: number): boolean {
    const before = this.#links.get(LINKS * handle + PREVIOUS);
    if (before !== 0) return this.#links.get(LINKS * (before - 1) + NEXT) === handle + 1;
    return this.#heads.get(this.#buckets.of(this.hashOf(handle))) === handle + 1;
  }

  /** Adds a handle that is not there. */
  add(handle: number, hash: number): void {
    this.#links.set(LINKS * handle + HASH, hash);
    this.#push(this.#buckets.of(hash), handle);
    if (++this.#size > this.#buckets.count) this.#divide();
  }

  /** Removes a handle that is there. */
  remove(handle: number): void {
    this.#take(this.#buckets.of(this.#links.get(LINKS * handle + HASH)), handle);
    this.#links.set(LINKS * handle + PREVIOUS, 0);
    this.#size--;
  }

  #push(bucket: number, handle: number): void {
    const first = this.#heads.get(bucket);
    this.#links.set(LINKS * handle + NEXT, first);
    this.#links.set(LINKS * handle + PREVIOUS, 0);
    if (first !== 0) this.#links.set(LINKS * (first - 1) + PREVIOUS, handle + 1);
    this.#heads.set(bucket, handle + 1);
  }

  #take(bucket: number, handle: number): void {
    const after = this.#links.get(LINKS * handle + NEXT);
    const before = this.#links.get(LINKS * handle + PREVIOUS);
    if (before !== 0) this.#links.set(LINKS * (before - 1) + NEXT, after);
    else if (this.#heads.get(bucket) === handle + 1) this.#heads.set(bucket, after);
    else invariant(false, `handle ${handle} is in no bucket`);
    if (after !== 0) this.#links.set(LINKS * (after - 1) + PREVIOUS, before);
  }

  /** Adds a bucket, and moves there what belongs there from the one that it was part of. */
  #divide(): void {
    const divided = this.#buckets.divide();
    let at = this.#heads.get(divided);
    while (at !== 0) {
      const handle = at - 1;
      at = this.#links.get(LINKS * handle + NEXT);
      const bucket = this.#buckets.of(this.#links.get(LINKS * handle + HASH));
      if (bucket === divided) continue;
      this.#take(divided, handle);
      this.#push(bucket, handle);
    }
  }
}
