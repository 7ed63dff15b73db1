/**
 * Members in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

const HOLE = -1;

/** Fewer holes than this are not worth closing. */
const HOLES_MIN = 64;

/**
 * A list that grows at its end, since time never runs backwards, and is left in its middle. What
 * leaves makes a hole; when holes are the larger half, they are closed.
 */
export class ChangeSequence {
  readonly #places: number[];
  #handles: number[] = [];
  #timesMs: number[] = [];
  #holeCount = 0;

  /** @param places The place of every handle, by handle; shared by sequences of disjoint members. */
  constructor(places: number[]) {
    this.#places = places;
  }

  /** How many members it holds. */
  get size(): number {
    return this.#handles.length - this.#holeCount;
  }

  /** Adds a member that has changed now. */
  append(handle: number, timeMs: number): void {
    invariant(timeMs >= (this.#timesMs.at(-1) ?? 0), `change at ${timeMs} comes too late`);
    this.#places[handle] = this.#handles.length;
    this.#handles.push(handle);
    this.#timesMs.push(timeMs);
  }

  /** Removes a member. */
  remove(handle: number): void {
    const place = this.#places[handle] ?? HOLE;
    invariant(this.#handles[place] === handle, `handle ${handle} is not in the sequence`);
    this.#handles[place] = HOLE;
    this.#holeCount++;
    if (this.#holeCount >= HOLES_MIN && 2 * this.#holeCount > this.#handles.length) this.#close();
  }

  /** Yields the members that changed at or after an instant, those of one instant together. */
  *runs(fromMs: number): Generator<{ readonly timeMs: number; readonly handles: number[] }> {
    let place = this.#seek(fromMs);
    while (place < this.#handles.length) {
      const timeMs = this.#timesMs[place]!;
      const handles: number[] = [];
      for (; this.#timesMs[place] === timeMs; place++) {
        const handle = this.#handles[place]!;
        if (handle !== HOLE) handles.push(handle);
      }
      if (handles.length > 0) yield { timeMs, handles };
    }
  }

  /** The first place at or after an instant. */
  #seek(fromMs: number): number {
    let low = 0;
    let high = this.#timesMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timesMs[middle]! < fromMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #close(): void {
    const handles = this.#handles;
    const timesMs = this.#timesMs;
    this.#handles = [];
    this.#timesMs = [];
    this.#holeCount = 0;
    for (const [place, handle] of handles.entries()) {
      if (handle !== HOLE) this.append(handle, timesMs[place]!);
    }
  }
}
