/**
 * A heap that can also lose a member from its middle.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { LongFloat64Array, LongUint32Array } from "./long_array.ts";
import type { Ties } from "./members.ts";

/**
 * Children of one node. Four instead of two: the tree is half as deep and the children of a node
 * share a cache line, for a few more comparisons on the way down.
 */
const ARITY = 4;

/**
 * With 8, 64, 512 and 4,096 members a heap looks anew at what all of them begin with, each of them
 * once until it is empty again. More are too many to look at in one go.
 */
const LOOK_FACTOR = 8;
const LOOK_COUNT_MAX = 4_096;

const NO_PREFIX: Readonly<Uint8Array> = new Uint8Array(0);

/** What heaps share that hold members of the same kind. */
export interface HeapOrder {
  /** The order of members that have the same time. */
  readonly ties: Ties;
  /** The place of every handle, by handle. No handle is ever in two heaps that share it. */
  readonly places: LongUint32Array;
}

/**
 * Handles in the order of times, with the times beside them and a number for every identity: the way
 * down a heap of a million leads through memory that is next to each other, even if all of them are
 * due at once. A handle knows its place, so that removing it costs the depth of the heap.
 */
export class HandleHeap {
  readonly #ties: Ties;
  readonly #places: LongUint32Array;
  readonly #handles = new LongUint32Array();
  readonly #timesMs = new LongFloat64Array();
  readonly #ranks = new LongFloat64Array();
  #prefix: Readonly<Uint8Array> = NO_PREFIX;
  /** With how many members it looks again. */
  #lookCount = LOOK_FACTOR;
  #size = 0;

  /** An empty heap. */
  constructor({ ties, places }: HeapOrder) {
    this.#ties = ties;
    this.#places = places;
  }

  /** How many handles it holds. */
  get size(): number {
    return this.#size;
  }

  /** The handle at a place below `size`. The first of all is at 0. */
  at(place: number): number {
    return this.#handles.get(place);
  }

  /** The time of the handle at a place. Nothing that is below a place is before it. */
  timeAt(place: number): number {
    return this.#timesMs.get(place);
  }

  /** The time of a handle that is in the heap. */
  timeOf(handle: number): number {
    return this.#timesMs.get(this.#places.get(handle));
  }

  /** The places below a place, whether they are taken or not: from the first to before the last. */
  static below(place: number): readonly [first: number, end: number] {
    return [place * ARITY + 1, place * ARITY + 1 + ARITY];
  }

  /** Below 0, 0 or above 0, as what is at a place stands before, with or after another. */
  compare(a: number, b: number): number {
    return this.#timesMs.get(a) - this.#timesMs.get(b) ||
      this.#ranks.get(a) - this.#ranks.get(b) ||
      this.#ties.compare(this.#handles.get(a), this.#handles.get(b));
  }

  /** Adds a handle that is not in the heap. */
  add(handle: number, timeMs: number): void {
    const place = this.#size++;
    this.#handles.set(place, handle);
    this.#timesMs.set(place, timeMs);
    this.#ranks.set(place, this.#ties.rank(handle, this.#prefix));
    this.#places.set(handle, place);
    this.#rise(place);
    if (this.#size === this.#lookCount) this.#lookAgain();
  }

  /** Removes a handle that is in the heap. */
  remove(handle: number): void {
    const place = this.#places.get(handle);
    if (place >= this.#size || this.#handles.get(place) !== handle) {
      // Not the message as an argument: it would be made every time.
      invariant(false, `handle ${handle} is not in the heap`);
    }
    const end = --this.#size;
    if (place !== end) {
      this.#swap(place, end);
      if (this.#rise(place) === place) this.#sink(place);
    }
    this.#handles.shrink(end);
    this.#timesMs.shrink(end);
    this.#ranks.shrink(end);
    if (end > 0) return;
    this.#prefix = NO_PREFIX;
    this.#lookCount = LOOK_FACTOR;
  }

  /** Moves a member up from a place. Returns where it came to stand. */
  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >>> 2;
      if (this.compare(place, above) >= 0) break;
      this.#swap(place, above);
      place = above;
    }
    return place;
  }

  /** Moves a member down from a place. */
  #sink(from: number): void {
    let place = from;
    while (true) {
      const below = this.#firstBelow(place);
      if (below < 0 || this.compare(place, below) <= 0) return;
      this.#swap(place, below);
      place = below;
    }
  }

  /** The place of the child that stands before its siblings, -1 if there is none. */
  #firstBelow(place: number): number {
    const first = place * ARITY + 1;
    const end = Math.min(first + ARITY, this.#size);
    if (first >= end) return -1;
    let best = first;
    for (let other = first + 1; other < end; other++) {
      if (this.compare(other, best) < 0) best = other;
    }
    return best;
  }

  #swap(a: number, b: number): void {
    const handle = this.#handles.get(a);
    const timeMs = this.#timesMs.get(a);
    const rank = this.#ranks.get(a);
    const other = this.#handles.get(b);
    this.#handles.set(a, other);
    this.#timesMs.set(a, this.#timesMs.get(b));
    this.#ranks.set(a, this.#ranks.get(b));
    this.#places.set(other, a);
    this.#handles.set(b, handle);
    this.#timesMs.set(b, timeMs);
    this.#ranks.set(b, rank);
    this.#places.set(handle, b);
  }

  /** Ranks the members anew, by what comes after all that they have in common. Their order stays. */
  #lookAgain(): void {
    this.#lookCount = this.#size < LOOK_COUNT_MAX ? this.#size * LOOK_FACTOR : Infinity;
    const handles = Array.from({ length: this.#size }, (_, place) => this.#handles.get(place));
    this.#prefix = this.#ties.prefixOf(handles);
    for (const [place, handle] of handles.entries()) {
      this.#ranks.set(place, this.#ties.rank(handle, this.#prefix));
    }
  }
}
