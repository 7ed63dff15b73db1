/**
 * Looking for keys among very many that are over, a few at a time.
 *
 * @module
 */
import type { IndexedKey, KeyWalk } from "./key_index.ts";
import { compareUtf8 } from "./utf8_order.ts";

/** So many keys are looked at in one slice: half a millisecond. */
const SLICE_KEYS = 2_000;

/** Which keys a search looks for, and how many of them. */
export interface KeySearchWalk extends Omit<KeyWalk, "nowMs"> {
  /** Their partition. */
  readonly partitionKey: string;
  /** The most keys that are wanted. */
  readonly count: number;
}

/** What a search sees of the keys. */
export interface SearchedKeys {
  /** Yields the handles of a walk, also of keys that are over. */
  walk(partitionKey: string, walk: KeyWalk): Generator<number>;
  /** From when on a key is over; `Infinity`: never. */
  untilMs(handle: number): number;
  /** The key with a handle, undefined if that is free. */
  at(handle: number): IndexedKey | undefined;
  /** Takes a search that is over from those that hear of changes. */
  leave(search: KeySearch): void;
}

/**
 * A walk that goes on while keys change: it passes keys that are over, and hears of those that are set
 * where it has been. So in the end it yields what a walk would that looked at all of them then.
 */
export class KeySearch {
  readonly #keys: SearchedKeys;
  readonly #walk: KeySearchWalk;
  readonly #sliceKeys: number;
  /** The last key that was looked at. */
  #passed: string | null = null;
  /** Up to there, the handles of all keys that may be there. */
  readonly #met = new Set<number>();

  /** @param sliceKeys How many keys are one slice. Default: half a millisecond. */
  constructor(keys: SearchedKeys, walk: KeySearchWalk, sliceKeys = SLICE_KEYS) {
    this.#keys = keys;
    this.#walk = walk;
    this.#sliceKeys = sliceKeys;
  }

  /** Whether so many keys that end may be more than a slice. */
  static isWorthIt(endingCount: number): boolean {
    return endingCount > SLICE_KEYS;
  }

  /** Looks at some more keys. Returns whether there is nothing left to look at for now. */
  slice(nowMs: number): boolean {
    let seen = 0;
    let last: number | undefined;
    for (const handle of this.#rest()) {
      if (this.#met.size > this.#walk.count) break;
      last = handle;
      // None that is over becomes an object.
      if (this.#keys.untilMs(handle) > nowMs) this.#met.add(handle);
      if (++seen >= this.#sliceKeys) break;
    }
    if (last !== undefined) this.#passed = this.#keys.at(last)!.key;
    return seen < this.#sliceKeys || this.#met.size > this.#walk.count;
  }

  /** Hears of a key that was set. */
  changed(handle: number): void {
    if (this.#isPassed(this.#keys.at(handle))) this.#met.add(handle);
  }

  /** Yields the keys that there are now, and ends the search. They may not change meanwhile. */
  *found(nowMs: number): Generator<IndexedKey> {
    const sign = this.#walk.rev ? -1 : 1;
    const met = [...this.#met].filter((handle) => this.#keys.untilMs(handle) > nowMs)
      .map((handle) => this.#keys.at(handle))
      .filter((key) => this.#isPassed(key))
      .sort((one, two) => sign * compareUtf8(one!.key, two!.key));
    const rest = this.#rest();
    // It hears of nothing any more, so it knows nothing: whoever asks again gets a walk.
    this.#keys.leave(this);
    this.#passed = null;
    this.#met.clear();
    for (const key of met) yield key!;
    for (const handle of rest) {
      if (this.#keys.untilMs(handle) > nowMs) yield this.#keys.at(handle)!;
    }
  }

  /** Yields what comes behind the last key that was looked at. */
  #rest(): Generator<number> {
    const { partitionKey, prefix, after, rev } = this.#walk;
    return this.#keys.walk(partitionKey, { prefix, after: this.#passed ?? after, rev });
  }

  /** Whether a key stands where the search has been. */
  #isPassed(key: IndexedKey | undefined): boolean {
    const { partitionKey, prefix, after, rev } = this.#walk;
    if (this.#passed === null || key?.partitionKey !== partitionKey) return false;
    if (!key.key.startsWith(prefix)) return false;
    const sign = rev ? -1 : 1;
    if (sign * compareUtf8(key.key, this.#passed) > 0) return false;
    return after === null || sign * compareUtf8(key.key, after) > 0;
  }
}
