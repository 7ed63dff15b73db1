/**
 * Finding seats by a hash that stands in the seat itself.
 *
 * @module
 */
import { LinearBuckets, LongUint32Array } from "../../../index/mod.ts";
import { invariant } from "../../../invariant.ts";

/** Lists begin with so many buckets. */
const FIRST_COUNT = 1 << 8;

/** Seats that there are for every bucket: three more looks on average, for three bytes less a seat. */
const PER_BUCKET = 4;

/** So many seats are moved at most when one is added: a bucket with millions is divided little by little. */
const MOVED_PER_SEAT = 64;

const NO_SEATS: readonly number[] = [];

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
  /**
   * What is left of the bucket that was divided last: its first seat, plus 1. Seats in it belong to that
   * bucket, or to the newest one. Mostly 0: nothing is left.
   */
  #rest = 0;
  #divided = 0;
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

  /** The seats with a hash that few have. */
  list(hash: number): readonly number[] {
    const bucket = this.#buckets.of(hash);
    const found = this.#listed(NO_SEATS, this.#heads.get(bucket), hash);
    return this.#listed(found, this.#restOf(bucket), hash);
  }

  /** Yields the seats with a hash, few or very many. None may come or go meanwhile. */
  *each(hash: number): Generator<number> {
    const bucket = this.#buckets.of(hash);
    for (const first of [this.#heads.get(bucket), this.#restOf(bucket)]) {
      for (let at = first; at !== 0; at = this.#next.get(at - 1)) {
        if (this.#hashOf(at - 1) === hash) yield at - 1;
      }
    }
  }

  /** Whether a seat is there, and found by its hash. */
  has(seat: number): boolean {
    const hash = this.#hashOf(seat);
    if (this.#previous === undefined) return this.list(hash).includes(seat);
    const before = this.#previous.get(seat);
    if (before !== 0) return this.#next.get(before - 1) === seat + 1;
    const bucket = this.#buckets.of(hash);
    return this.#heads.get(bucket) === seat + 1 || this.#restOf(bucket) === seat + 1;
  }

  /** Adds a seat that is not there. */
  add(seat: number): void {
    this.#push(this.#buckets.of(this.#hashOf(seat)), seat);
    this.#size++;
    if (this.#rest !== 0) this.#moveSome();
    else if (this.#size > PER_BUCKET * this.#buckets.count) this.#divide();
  }

  /** Removes a seat that is there. */
  remove(seat: number): void {
    const bucket = this.#buckets.of(this.#hashOf(seat));
    const after = this.#next.get(seat);
    const before = this.#before(seat, bucket);
    if (before >= 0) this.#next.set(before, after);
    else if (this.#heads.get(bucket) === seat + 1) this.#heads.set(bucket, after);
    else if (this.#restOf(bucket) === seat + 1) this.#rest = after;
    else invariant(false, `seat ${seat} is in no bucket`);
    if (after !== 0) this.#previous?.set(after - 1, before + 1);
    this.#previous?.set(seat, 0);
    this.#size--;
  }

  /** What was found so far, and the few seats of a list that have a hash. */
  #listed(found: readonly number[], first: number, hash: number): readonly number[] {
    let all = found;
    for (let at = first; at !== 0; at = this.#next.get(at - 1)) {
      if (this.#hashOf(at - 1) === hash) all = [...all, at - 1];
    }
    return all;
  }

  /** The first seat, plus 1, of what is left of a division and may belong to a bucket; 0: nothing is. */
  #restOf(bucket: number): number {
    const isOfIt = bucket === this.#divided || bucket === this.#buckets.count - 1;
    return isOfIt ? this.#rest : 0;
  }

  /** The seat before one in its list, -1 if it is the first, or in no list. */
  #before(seat: number, bucket: number): number {
    if (this.#previous !== undefined) return this.#previous.get(seat) - 1;
    for (const first of [this.#heads.get(bucket), this.#restOf(bucket)]) {
      let before = -1;
      let at = first - 1;
      for (; at >= 0 && at !== seat; at = this.#next.get(at) - 1) before = at;
      if (at === seat) return before;
    }
    return -1;
  }

  #push(bucket: number, seat: number): void {
    const first = this.#heads.get(bucket);
    this.#next.set(seat, first);
    this.#previous?.set(seat, 0);
    if (first !== 0) this.#previous?.set(first - 1, seat + 1);
    this.#heads.set(bucket, seat + 1);
  }

  /** Adds a bucket, and begins to move there what belongs there from the one that it was part of. */
  #divide(): void {
    this.#divided = this.#buckets.divide();
    this.#rest = this.#heads.get(this.#divided);
    this.#heads.set(this.#divided, 0);
    this.#moveSome();
  }

  #moveSome(): void {
    for (let moves = 0; this.#rest !== 0 && moves < MOVED_PER_SEAT; moves++) {
      const seat = this.#rest - 1;
      this.#rest = this.#next.get(seat);
      if (this.#rest !== 0) this.#previous?.set(this.#rest - 1, 0);
      this.#push(this.#buckets.of(this.#hashOf(seat)), seat);
    }
  }
}
