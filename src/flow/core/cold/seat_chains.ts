/**
 * Finding seats by a hash that stands in the seat itself.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import { LinearBuckets, LongUint32Array } from "../../../index/mod.ts";

/** Lists begin with so many buckets. */
const FIRST_COUNT = 1 << 8;

/** Seats that there are for every bucket: three more looks on average, for three bytes less a seat. */
const PER_BUCKET = 4;

/** How seats are found. */
export interface SeatChainsOptions {
  /** The 32 bits that a seat is found by. They stay the same while it is there. */
  readonly hashOf: (seat: number) => number;
  /**
   * Whether very many seats may have the same hash, such as those of flows with one id in many
   * partitions. Four bytes more a seat, and none of them has to be looked for to be removed.
   */
  readonly mayCrowd: boolean;
}

/**
 * Seats in buckets by a hash, as `HashChains` has handles, in five bytes each: the hash is asked for
 * where it stands already.
 */
export class SeatChains {
  readonly #hashOf: (seat: number) => number;
  /** The first seat of every bucket, plus 1. */
  readonly #heads = new LongUint32Array();
  /** The next seat of the same bucket, plus 1, by seat. */
  readonly #next = new LongUint32Array();
  /** The seat before it, plus 1; 0: it is the first. */
  readonly #previous: LongUint32Array | undefined;
  readonly #buckets = new LinearBuckets(FIRST_COUNT);
  #size = 0;

  /** No seats. */
  constructor({ hashOf, mayCrowd }: SeatChainsOptions) {
    this.#hashOf = hashOf;
    this.#previous = mayCrowd ? new LongUint32Array() : undefined;
  }

  /** Makes buckets for so many seats at once; there is none yet. */
  reserve(count: number): void {
    invariant(this.#size === 0, "Buckets are made before there is anything to move");
    this.#buckets.reserve(Math.ceil(count / PER_BUCKET));
  }

  /** The first seat that might have a hash, -1 if there is none. */
  first(hash: number): number {
    return this.#heads.get(this.#buckets.of(hash)) - 1;
  }

  /** The seat after one that might have the same hash, -1 after the last. */
  next(seat: number): number {
    return this.#next.get(seat) - 1;
  }

  /** The hash of a seat. */
  hashOf(seat: number): number {
    return this.#hashOf(seat);
  }

  /** Adds a seat that is not there. */
  add(seat: number): void {
    this.#push(this.#buckets.of(this.#hashOf(seat)), seat);
    if (++this.#size > PER_BUCKET * this.#buckets.count) this.#divide();
  }

  /** Removes a seat that is there. */
  remove(seat: number): void {
    const bucket = this.#buckets.of(this.#hashOf(seat));
    const after = this.#next.get(seat);
    const before = this.#before(seat, bucket);
    if (before < 0) this.#heads.set(bucket, after);
    else this.#next.set(before, after);
    if (after !== 0) this.#previous?.set(after - 1, before + 1);
    this.#previous?.set(seat, 0);
    this.#size--;
  }

  /** The seat before one in its bucket, -1 if it is the first. */
  #before(seat: number, bucket: number): number {
    if (this.#previous !== undefined) return this.#previous.get(seat) - 1;
    let before = -1;
    let at = this.#heads.get(bucket) - 1;
    for (; at >= 0 && at !== seat; at = this.next(at)) before = at;
    if (at < 0) invariant(false, `seat ${seat} is in no bucket`);
    return before;
  }

  #push(bucket: number, seat: number): void {
    const first = this.#heads.get(bucket);
    this.#next.set(seat, first);
    this.#previous?.set(seat, 0);
    if (first !== 0) this.#previous?.set(first - 1, seat + 1);
    this.#heads.set(bucket, seat + 1);
  }

  /** Adds a bucket, and moves there what belongs there from the one that it was part of. */
  #divide(): void {
    const divided = this.#buckets.divide();
    let at = this.#heads.get(divided);
    this.#heads.set(divided, 0);
    while (at !== 0) {
      const seat = at - 1;
      at = this.#next.get(seat);
      this.#push(this.#buckets.of(this.#hashOf(seat)), seat);
    }
  }
}
