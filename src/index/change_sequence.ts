/**
 * Members in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

const HOLE = -1;

/** Fewer holes than this are not worth closing. */
const HOLES_MIN = 64;

/** Members that changed at the same instant. */
export interface Run {
  /** The instant. */
  readonly timeMs: number;
  /** The members. Costs as much as there are, so it is asked for only when it is their turn. */
  handles(): number[];
}

/**
 * A list that grows at its end, since time never runs backwards, and is left in its middle. What
 * leaves makes a hole; when holes are the larger half, they are closed.
 */
export class ChangeSequence {
  readonly #places: number[];
  #handles: number[] = [];
  #timesMs: number[] = [];
  #holeCount = 0;

  /**
   * An empty sequence.
   *
   * @param places The place of every handle, by handle; shared by sequences of disjoint members.
   */
  constructor(places: number[]) {
    this.#places = places;
  }

  /** How many members it holds. */
  get size(): number {
    return this.#handles.length - this.#holeCount;
  }

  /** Adds a member that has changed now. */
  append(handle: number, timeMs: number): void {
    // Not the message as an argument: it would be made every time.
    if (timeMs < this.#lastMs()) invariant(false, `change at ${timeMs} comes too late`);
    this.#places[handle] = this.#handles.length;
    this.#handles.push(handle);
    this.#timesMs.push(timeMs);
  }

  /** Removes a member. */
  remove(handle: number): void {
    const place = this.#places[handle] ?? HOLE;
    if (this.#handles[place] !== handle) {
      invariant(false, `handle ${handle} is not in the sequence`);
    }
    this.#handles[place] = HOLE;
    this.#holeCount++;
    if (this.#holeCount >= HOLES_MIN && 2 * this.#holeCount > this.#handles.length) this.#close();
  }

  /** Yields the instants at or after an instant at which members changed, in order. */
  *runs(fromMs: number): Generator<Run> {
    let place = this.#seek(fromMs);
    while (place < this.#handles.length) {
      const start = place;
      const timeMs = this.#timesMs[start]!;
      if (this.#handles[start] === HOLE) place++;
      else {
        yield { timeMs, handles: () => this.#handlesOf(start, timeMs) };
        place = this.#seek(timeMs + 1);
      }
    }
  }

  /** The same backwards: instants at or before an instant, the latest first. */
  *runsBack(toMs: number): Generator<Run> {
    let place = this.#seek(toMs + 1) - 1;
    while (place >= 0) {
      const timeMs = this.#timesMs[place]!;
      if (this.#handles[place] === HOLE) place--;
      else {
        const start = this.#seek(timeMs);
        yield { timeMs, handles: () => this.#handlesOf(start, timeMs) };
        place = start - 1;
      }
    }
  }

  /** The members that changed at an instant, from the first of them on. */
  #handlesOf(start: number, timeMs: number): number[] {
    const handles: number[] = [];
    for (let place = start; this.#timesMs[place] === timeMs; place++) {
      const handle = this.#handles[place]!;
      if (handle !== HOLE) handles.push(handle);
    }
    return handles;
  }

  #lastMs(): number {
    return this.#timesMs[this.#timesMs.length - 1] ?? 0;
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
