/**
 * A heap that can also lose a member from its middle.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

/** Whether the first handle stands before the second. A total order. */
export type Before = (a: number, b: number) => boolean;

/**
 * Children of one node. Four instead of two: the tree is half as deep and the children of a node
 * share a cache line, for a few more comparisons on the way down.
 */
const ARITY = 4;

/**
 * Handles in heap order. A handle knows its place, so that removing it costs the depth of the heap.
 */
export class HandleHeap {
  readonly #before: Before;
  readonly #places: number[];
  readonly #handles: number[] = [];

  /**
   * @param before The order. What it says of two members may not change while they are in the heap.
   * @param places The place of every handle, by handle. Heaps may share it if no handle is ever in
   *   two of them.
   */
  constructor(before: Before, places: number[]) {
    this.#before = before;
    this.#places = places;
  }

  /** How many handles it holds. */
  get size(): number {
    return this.#handles.length;
  }

  /** The handle at a place. The first is at 0; no handle stands before the one at `parent(place)`. */
  at(place: number): number | undefined {
    return this.#handles[place];
  }

  /** The places below a place, whether they are taken or not: from the first to before the last. */
  static below(place: number): readonly [first: number, end: number] {
    return [place * ARITY + 1, place * ARITY + 1 + ARITY];
  }

  /** Adds a handle that is not in the heap. */
  add(handle: number): void {
    this.#handles.push(handle);
    this.#rise(handle, this.#handles.length - 1);
  }

  /** Removes a handle that is in the heap. */
  remove(handle: number): void {
    const place = this.#places[handle] ?? -1;
    // Not the message as an argument: it would be made every time.
    if (this.#handles[place] !== handle) invariant(false, `handle ${handle} is not in the heap`);
    const last = this.#handles.pop()!;
    if (last === handle) return;
    this.#rise(last, place);
    this.#sink(last, this.#places[last]!);
  }

  #rise(handle: number, from: number): void {
    let place = from;
    while (place > 0) {
      const above = Math.floor((place - 1) / ARITY);
      const other = this.#handles[above]!;
      if (!this.#before(handle, other)) break;
      this.#put(other, place);
      place = above;
    }
    this.#put(handle, place);
  }

  #sink(handle: number, from: number): void {
    let place = from;
    while (true) {
      const below = this.#firstBelow(place);
      if (below === undefined || !this.#before(this.#handles[below]!, handle)) break;
      this.#put(this.#handles[below]!, place);
      place = below;
    }
    this.#put(handle, place);
  }

  /** The place of the child that stands before its siblings. */
  #firstBelow(place: number): number | undefined {
    const [first, end] = HandleHeap.below(place);
    if (first >= this.#handles.length) return undefined;
    let best = first;
    for (let other = first + 1; other < end && other < this.#handles.length; other++) {
      if (this.#before(this.#handles[other]!, this.#handles[best]!)) best = other;
    }
    return best;
  }

  #put(handle: number, place: number): void {
    this.#handles[place] = handle;
    this.#places[handle] = place;
  }
}
