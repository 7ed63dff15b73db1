/**
 * Handles in an order that something else knows.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { firstIndex } from "./binary_search.ts";

/**
 * Where a handle stands, seen from a place in the order: below 0 before it, otherwise at it or after
 * it. Of two handles the first never says more than the second.
 */
export type Rank = (handle: number) => number;

/** The most handles of a chunk. With a million keys, 64 cost a fifth more and 1,024 nothing less. */
const CHUNK_MAX = 256;

/**
 * An ordered list that is found, added to and removed from in a time that hardly grows with it: it
 * stands in chunks, and only one of them is shifted. What the handles stand for is the caller's; a
 * {@linkcode Rank} names a place among them.
 */
export class HandleOrder {
  /** None of them is empty. */
  readonly #chunks: number[][] = [];

  /** The first handle at a place or after it, undefined if there is none. */
  first(rank: Rank): number | undefined {
    const chunk = this.#chunks[this.#chunkAt(rank)];
    return chunk?.[placeIn(chunk, rank)];
  }

  /** Adds a handle at a place, at which there is none. */
  add(handle: number, rank: Rank): void {
    const index = this.#chunkAt(rank);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return this.#append(handle);
    chunk.splice(placeIn(chunk, rank), 0, handle);
    if (chunk.length <= CHUNK_MAX) return;
    this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  /** Removes the handle that stands at a place. */
  remove(handle: number, rank: Rank): void {
    const index = this.#chunkAt(rank);
    const chunk = this.#chunks[index] ?? [];
    const place = placeIn(chunk, rank);
    // Not the message as an argument: it would be made every time.
    if (chunk[place] !== handle) invariant(false, `handle ${handle} is not where it should be`);
    chunk.splice(place, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
    else this.#join(index - 1) || this.#join(index);
  }

  /** Yields the handles at a place and after it. The order may not change meanwhile. */
  *walk(rank: Rank): Generator<number> {
    const start = this.#chunkAt(rank);
    for (let index = start; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      let place = index === start ? placeIn(chunk, rank) : 0;
      for (; place < chunk.length; place++) yield chunk[place]!;
    }
  }

  /** Yields the handles before a place, the last one first. The order may not change meanwhile. */
  *walkBack(rank: Rank): Generator<number> {
    const start = this.#chunkAt(rank);
    for (let index = Math.min(start, this.#chunks.length - 1); index >= 0; index--) {
      const chunk = this.#chunks[index]!;
      let place = index === start ? placeIn(chunk, rank) : chunk.length;
      while (place-- > 0) yield chunk[place]!;
    }
  }

  /** Puts a handle behind all others: an order that grows at its end has full chunks. */
  #append(handle: number): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length === CHUNK_MAX) this.#chunks.push([handle]);
    else last.push(handle);
  }

  /** Puts a chunk and the next one together if they leave room for more. */
  #join(index: number): boolean {
    const chunk = this.#chunks[index];
    const next = this.#chunks[index + 1];
    if (chunk === undefined || next === undefined) return false;
    if (chunk.length + next.length > CHUNK_MAX / 2) return false;
    chunk.push(...next);
    this.#chunks.splice(index + 1, 1);
    return true;
  }

  /** The first chunk that has a handle at a place or after it. */
  #chunkAt(rank: Rank): number {
    return firstIndex(this.#chunks.length, (index) => rank(this.#chunks[index]!.at(-1)!));
  }
}

function placeIn(chunk: readonly number[], rank: Rank): number {
  return firstIndex(chunk.length, (index) => rank(chunk[index]!));
}
