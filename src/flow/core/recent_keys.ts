/**
 * The flows that were seen last.
 *
 * @module
 */
import type { FlowKey } from "./flow_key.ts";

/**
 * Flows that were seen last are kept as objects, so many: a power of two, and about as many as the
 * largest batch has. With 4,096 a flow cost 1 µs more than with 512, all of it the collector's.
 */
export const RECENT_COUNT: number = 1 << 10;

/**
 * Places for what they are found by, a few for each, so that hardly any two come to the same: with one
 * for each it was one flow of eleven, each of which had to be looked for among all.
 */
export const RECENT_PLACES: number = 4 * RECENT_COUNT;

/** The handles of the keys that were seen last: numbers in one place, where chains are all over it. */
export class RecentKeys {
  readonly #keys = new Uint32Array(2 * RECENT_PLACES);
  /** The handles, plus 1. */
  readonly #handles = new Float64Array(RECENT_PLACES);

  /** The handle of a key, -1 if it was not seen lately. */
  handleOf(key: FlowKey): number {
    const place = placeOf(key);
    const isHere = this.#keys[2 * place] === key.lo && this.#keys[2 * place + 1] === key.hi;
    return isHere ? this.#handles[place]! - 1 : -1;
  }

  /** Notes that a flow was seen. */
  note(key: FlowKey, handle: number): void {
    const place = placeOf(key);
    this.#keys[2 * place] = key.lo;
    this.#keys[2 * place + 1] = key.hi;
    this.#handles[place] = handle + 1;
  }

  /** Forgets that a flow was seen. */
  forget(key: FlowKey): void {
    if (this.handleOf(key) >= 0) this.#handles[placeOf(key)] = 0;
  }
}

function placeOf({ lo }: FlowKey): number {
  return (lo >>> 2) & (RECENT_PLACES - 1);
}
