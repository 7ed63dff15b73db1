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

/** What heaps share that hold members of the same kind. */
export interface HeapOrder {
  /** The order of members that have the same time. */
  readonly ties: Ties;
  /** The place of every handle, by handle. No handle is ever in two heaps that share it. */
  readonly places: LongUint32Array;
}

/**
 * Handles in the order of times, the times beside them: the way down a heap of a million leads
 * through memory that is next to each other. A handle knows its place, so that removing it costs the
 * depth of the heap.
 */
export class HandleHeap {
  readonly #ties: Ties;
  readonly #places: LongUint32Array;
  readonly #handles = new LongUint32Array();
  readonly #timesMs = new LongFloat64Array();
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

  /** Adds a handle that is not in the heap. */
  add(handle: number, timeMs: number): void {
    this.#rise(handle, timeMs, this.#size++);
  }

  /** Removes a handle that is in the heap. */
  remove(handle: number): void {
    const place = this.#places.get(handle);
    if (place >= this.#size || this.#handles.get(place) !== handle) {
      // Not the message as an argument: it would be made every time.
      invariant(false, `handle ${handle} is not in the heap`);
    }
    const end = --this.#size;
    const last = this.#handles.get(end);
    const lastMs = this.#timesMs.get(end);
    this.#handles.shrink(end);
    this.#timesMs.shrink(end);
    if (last === handle) return;
    if (this.#rise(last, lastMs, place) === place) this.#sink(last, lastMs, place);
  }

  /** Moves a handle up from a place that is free. Returns where it came to stand. */
  #rise(handle: number, timeMs: number, from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >>> 2;
      if (!this.#isBefore(handle, timeMs, above)) break;
      this.#move(above, place);
      place = above;
    }
    this.#put(handle, timeMs, place);
    return place;
  }

  #sink(handle: number, timeMs: number, from: number): void {
    let place = from;
    while (true) {
      const below = this.#firstBelow(place);
      if (below < 0 || this.#isBefore(handle, timeMs, below)) break;
      this.#move(below, place);
      place = below;
    }
    if (place !== from) this.#put(handle, timeMs, place);
  }

  /** The place of the child that stands before its siblings, -1 if there is none. */
  #firstBelow(place: number): number {
    const first = place * ARITY + 1;
    const end = Math.min(first + ARITY, this.#size);
    if (first >= end) return -1;
    let best = first;
    for (let other = first + 1; other < end; other++) {
      if (this.#isBefore(this.#handles.get(other), this.#timesMs.get(other), best)) best = other;
    }
    return best;
  }

  #isBefore(handle: number, timeMs: number, place: number): boolean {
    const otherMs = this.#timesMs.get(place);
    if (timeMs !== otherMs) return timeMs < otherMs;
    return this.#ties.compare(handle, this.#handles.get(place)) < 0;
  }

  #move(from: number, to: number): void {
    this.#put(this.#handles.get(from), this.#timesMs.get(from), to);
  }

  #put(handle: number, timeMs: number, place: number): void {
    this.#handles.set(place, handle);
    this.#timesMs.set(place, timeMs);
    this.#places.set(handle, place);
  }
}
