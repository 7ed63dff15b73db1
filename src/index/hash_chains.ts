/**
 * Finding handles by a hash.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { LinearBuckets } from "./linear_buckets.ts";
import { LongUint32Array } from "./long_array.ts";

/**
 * Lists begin with so many buckets, of four bytes each. With a sixteenth of them dividing buckets took
 * 0.17 µs for every flow of the first 20,000, a twentieth of what creating one takes.
 */
const FIRST_COUNT = 1 << 14;

/** So many handles are moved at most when one is added: a bucket with millions is divided little by little. */
const MOVED_PER_HANDLE = 64;

/** The next handle of the same bucket, plus 1, the hash, and the one before, plus 1. */
const NEXT = 0;
const HASH = 1;
const PREVIOUS = 2;
const LINKS = 3;

/**
 * Handles in buckets by the 32-bit hash that they were added with; whoever asks compares what he
 * finds with what he looks for. Handles that have the same hash are all in one bucket, and there may
 * be very many of them: those of flows with one id in many partitions.
 *
 * While a bucket is divided, what is left of it is the end of both chains, that of the bucket and that
 * of the new one. So whoever looks for a hash finds it there, and handles are moved from the front of
 * what is left into one of the two.
 */
export class HashChains {
  /** The first handle of every bucket, plus 1. */
  readonly #heads = new LongUint32Array();
  /** Numbers for every handle, side by side since most often they are wanted together: see `NEXT`. */
  readonly #links = new LongUint32Array();
  readonly #buckets = new LinearBuckets(FIRST_COUNT);
  #size = 0;
  /** The first handle of what is left of the bucket that was divided last, plus 1; 0: nothing is. */
  #rest = 0;
  /** That bucket, and the new one. */
  readonly #divided: Side = { bucket: 0, last: 0 };
  readonly #newest: Side = { bucket: 0, last: 0 };

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
    // Two chains come to it.
    if (this.#rest === handle + 1) return true;
    const before = this.#links.get(LINKS * handle + PREVIOUS);
    if (before !== 0) return this.#links.get(LINKS * (before - 1) + NEXT) === handle + 1;
    return this.#heads.get(this.#buckets.of(this.hashOf(handle))) === handle + 1;
  }

  /** Adds a handle that is not there. */
  add(handle: number, hash: number): void {
    this.#links.set(LINKS * handle + HASH, hash);
    this.#push(this.#buckets.of(hash), handle);
    this.#size++;
    if (this.#rest !== 0) this.#moveSome();
    else if (this.#size > this.#buckets.count) this.#divide();
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
    this.#heads.set(bucket, handle + 1);
    if (first === 0) return;
    if (first === this.#rest) this.#sideOf(bucket).last = handle + 1;
    else this.#links.set(LINKS * (first - 1) + PREVIOUS, handle + 1);
  }

  #take(bucket: number, handle: number): void {
    const after = this.#links.get(LINKS * handle + NEXT);
    if (this.#rest === handle + 1) return this.#restBegins(after);
    const before = this.#links.get(LINKS * handle + PREVIOUS);
    if (before !== 0) this.#links.set(LINKS * (before - 1) + NEXT, after);
    else if (this.#heads.get(bucket) === handle + 1) this.#heads.set(bucket, after);
    else invariant(false, `handle ${handle} is in no bucket`);
    if (after === 0) return;
    if (after === this.#rest) this.#sideOf(bucket).last = before;
    else this.#links.set(LINKS * (after - 1) + PREVIOUS, before);
  }

  /** Adds a bucket, and begins to move there what belongs there from the one that it was part of. */
  #divide(): void {
    const divided = this.#buckets.divide();
    this.#rest = this.#heads.get(divided);
    begin(this.#divided, divided);
    begin(this.#newest, this.#buckets.count - 1);
    this.#heads.set(this.#newest.bucket, this.#rest);
    this.#moveSome();
  }

  /** The first of what is left stays in the chain of one of the two, and leaves that of the other. */
  #moveSome(): void {
    for (let moves = 0; this.#rest !== 0 && moves < MOVED_PER_HANDLE; moves++) {
      const handle = this.#rest - 1;
      const after = this.#links.get(LINKS * handle + NEXT);
      const bucket = this.#buckets.of(this.#links.get(LINKS * handle + HASH));
      const isNew = bucket === this.#newest.bucket;
      const side = isNew ? this.#newest : this.#divided;
      this.#end(isNew ? this.#divided : this.#newest, after);
      this.#links.set(LINKS * handle + PREVIOUS, side.last);
      side.last = handle + 1;
      this.#rest = after;
    }
  }

  /** What is left begins with another handle, plus 1. */
  #restBegins(first: number): void {
    this.#end(this.#divided, first);
    this.#end(this.#newest, first);
    this.#rest = first;
  }

  /** Lets the chain of a bucket go on with what is left, or end if nothing is. */
  #end({ bucket, last }: Side, rest: number): void {
    if (last === 0) this.#heads.set(bucket, rest);
    else this.#links.set(LINKS * (last - 1) + NEXT, rest);
  }

  #sideOf(bucket: number): Side {
    return bucket === this.#newest.bucket ? this.#newest : this.#divided;
  }
}

/** One of the two buckets that a bucket is divided into. */
interface Side {
  bucket: number;
  /** Its last handle before what is left, plus 1; 0: there is none. */
  last: number;
}

/** Lets a side be that of a bucket in which nobody stands yet. */
function begin(side: Side, bucket: number): void {
  side.bucket = bucket;
  side.last = 0;
}
