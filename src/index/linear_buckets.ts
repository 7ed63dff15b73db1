/**
 * Buckets for hashes that become more, one by one.
 *
 * @module
 */

/**
 * Linear hashing: there are as many buckets as somebody wants, and with one more of them one is divided
 * into two. So there is never a moment in which all of it is hashed again, and no second table beside
 * the first one. Knows the numbers of buckets, and not what is in them.
 */
export class LinearBuckets {
  #count: number;
  /** All bits of the largest number of a bucket. */
  #mask: number;

  /** @param count How many there are at first: a power of two. */
  constructor(count: number) {
    this.#count = count;
    this.#mask = count - 1;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Makes at least so many of them; nothing is in any of them. */
  reserve(count: number): void {
    this.#count = Math.max(this.#count, count);
    while (this.#mask + 1 < this.#count) this.#mask = 2 * this.#mask + 1;
  }

  /** The bucket of 32 bits. */
  of(hash: number): number {
    const bucket = (hash & this.#mask) >>> 0;
    // The mask is for twice as many; the upper half of those is not all there yet.
    return bucket < this.#count ? bucket : bucket & (this.#mask >>> 1);
  }

  /** Adds one. Returns the one that it was a part of: what is in there belongs to either of them now. */
  divide(): number {
    if (this.#count > this.#mask) this.#mask = 2 * this.#mask + 1;
    return this.#count++ & (this.#mask >>> 1);
  }
}
