/**
 * Keys of partitions, in order, and when they end.
 *
 * @module
 */
import { HandleHeap } from "./handle_heap.ts";
import { HandleOrder, type Rank } from "./handle_order.ts";
import { RANK_MAX } from "./heap_nodes.ts";
import { walkHeaps } from "./heap_walk.ts";
import { KeySearch, type KeySearchWalk } from "./key_search.ts";
import { LongFloat64Array, LongUint32Array } from "./long_array.ts";
import type { Ties } from "./members.ts";
import { RecentHandles } from "./recent_handles.ts";
import { SlowCopy } from "./slow_copy.ts";
import { compareUtf8 } from "./utf8_order.ts";

/** So many keys that were seen last are found without a search, a power of two. */
const RECENT_COUNT = 1 << 12;

/** A key, and where its record is. */
export interface IndexedKey {
  /** The partition. */
  readonly partitionKey: string;
  /** The key, unique within the partition. */
  readonly key: string;
  /** The LSN of its newest record. */
  readonly lsn: number;
  /** The time from which on it reads as absent, null: never. */
  readonly untilMs: number | null;
}

/** Which keys of a partition are walked, and which way. */
export interface KeyWalk {
  /** What the keys begin with; empty: every key. */
  readonly prefix: string;
  /** Begin just after this key, in the direction of the walk; null: at the beginning. */
  readonly after: string | null;
  /** The last key first. */
  readonly rev: boolean;
  /** Keys that are over at this instant are passed over. Default: none are. */
  readonly nowMs?: number;
}

/**
 * All keys, ordered by partition and then by key, as bytes. One order holds them all: with a
 * partition for each tenant, an order for each would cost more than the keys. What belongs to a key
 * stands in columns by its handle, and not in an object.
 */
export class KeyIndex {
  readonly #partitionKeys: string[] = [];
  readonly #keys: string[] = [];
  readonly #lsns = new LongFloat64Array();
  /** `Infinity`: never. */
  readonly #untilMs = new LongFloat64Array();
  readonly #free: number[] = [];
  readonly #order = new HandleOrder();
  readonly #recent = new RecentHandles(RECENT_COUNT);
  readonly #ties: Ties = {
    compare: (a, b) => this.#lsns.get(a) - this.#lsns.get(b),
    rank: (handle) => Math.min(this.#lsns.get(handle), RANK_MAX),
    prefixOf: () => new Uint8Array(0),
  };
  /** The keys that end. */
  readonly #ending = new HandleHeap({ ties: this.#ties, places: new LongUint32Array() });

  readonly #copy: SlowCopy = new SlowCopy({
    end: () => this.#keys.length,
    changedAt: (handle) => this.#keys[handle] === "" ? undefined : this.#lsns.get(handle),
  });
  readonly #searches = new Set<KeySearch>();

  /** How many keys there are. */
  get size(): number {
    return this.#keys.length - this.#free.length;
  }

  /** The key with a name, whether it is over or not. */
  find(partitionKey: string, key: string): IndexedKey | undefined {
    const handle = this.#handleOf(partitionKey, key);
    return handle === undefined ? undefined : this.#at(handle);
  }

  /** Adds a key, or replaces it by what has become of it. What is older than that changes nothing. */
  set({ partitionKey, key, lsn, untilMs }: IndexedKey): void {
    const known = this.#handleOf(partitionKey, key);
    if (known !== undefined && this.#lsns.get(known) >= lsn) return;
    if (known !== undefined) this.#copy.changes(known);
    const handle = known ?? this.#add(partitionKey, key);
    this.#leave(handle);
    this.#lsns.set(handle, lsn);
    this.#untilMs.set(handle, untilMs ?? Infinity);
    if (untilMs !== null) this.#ending.add(handle, untilMs);
    for (const search of this.#searches) search.changed(handle);
  }

  /** Removes a key; harmless if it is not there. */
  delete(partitionKey: string, key: string): void {
    const handle = this.#handleOf(partitionKey, key);
    if (handle === undefined) return;
    this.#copy.changes(handle);
    this.#leave(handle);
    this.#order.remove(handle, this.#rank(partitionKey, key));
    this.#partitionKeys[handle] = "";
    this.#keys[handle] = "";
    this.#untilMs.set(handle, Infinity);
    this.#free.push(handle);
  }

  /** Yields keys of a partition. The index may not change meanwhile. */
  *walk(partitionKey: string, walk: KeyWalk): Generator<IndexedKey> {
    const { nowMs = -Infinity } = walk;
    for (const handle of this.#walk(partitionKey, walk)) {
      // Of very many that no sweep has come to none becomes an object.
      if (this.#untilMs.get(handle) > nowMs) yield this.#at(handle);
    }
  }

  /** Whether a walk may pass so many keys that are over that it is better to look for the others. */
  isCrowded(nowMs: number): boolean {
    return this.nextOverMs() <= nowMs && KeySearch.isWorthIt(this.#ending.size);
  }

  /** A walk that goes on while the index changes, until somebody takes what it has found. */
  search(walk: KeySearchWalk, sliceKeys?: number): KeySearch {
    const search = new KeySearch(
      {
        walk: (...where) => this.#walk(...where),
        untilMs: (handle) => this.#untilMs.get(handle),
        at: (handle) => this.#keys[handle] === "" ? undefined : this.#at(handle),
        leave: (search) => void this.#searches.delete(search),
      },
      walk,
      sliceKeys,
    );
    this.#searches.add(search);
    return search;
  }

  /**
   * Yields all keys in no order, and whether each stands where its name and its end say. The index may
   * change meanwhile: some may be missed then.
   */
  *members(): Generator<{ readonly key: IndexedKey; readonly isInOrder: boolean }> {
    for (let handle = 0; handle < this.#keys.length; handle++) {
      // A handle that is free has no name; no key has an empty one.
      if (this.#keys[handle] === "") continue;
      const key = this.#at(handle);
      const isEnding = key.untilMs === null ||
        (this.#ending.has(handle) && this.#ending.timeOf(handle) === key.untilMs);
      const isInOrder = isEnding && this.#search(key.partitionKey, key.key) === handle;
      yield { key, isInOrder };
    }
  }

  /** Copies all keys as they are now, see {@linkcode SlowCopy.take}. */
  copy(lsn: number, take: (key: IndexedKey) => void): Generator<void> {
    return this.#copy.take(lsn, (handle) => take(this.#at(handle)));
  }

  /** Yields the keys that are over at an instant, the one first that is over longest. */
  *over(nowMs: number): Generator<IndexedKey> {
    for (const handle of walkHeaps([this.#ending], this.#ties, nowMs)) yield this.#at(handle);
  }

  /** When the next key is over, or was; `Infinity` if there is none. */
  nextOverMs(): number {
    return this.#ending.size === 0 ? Infinity : this.#ending.timeAt(0);
  }

  *#walk(partitionKey: string, { prefix, after, rev }: KeyWalk): Generator<number> {
    const isMeant = (handle: number): boolean =>
      this.#partitionKeys[handle] === partitionKey && this.#keys[handle]!.startsWith(prefix);
    const rank = this.#rank(partitionKey, after ?? prefix);
    const isFirst = after === null;
    const handles = rev
      ? this.#order.walkBack(isFirst ? (handle) => isMeant(handle) ? -1 : rank(handle) : rank)
      : this.#order.walk(isFirst ? rank : (handle) => rank(handle) || -1);
    for (const handle of handles) {
      if (!isMeant(handle)) return;
      yield handle;
    }
  }

  #rank(partitionKey: string, key: string): Rank {
    return (handle) =>
      compareUtf8(this.#partitionKeys[handle]!, partitionKey) ||
      compareUtf8(this.#keys[handle]!, key);
  }

  #handleOf(partitionKey: string, key: string): number | undefined {
    const recent = this.#recent.find(key);
    if (this.#isAt(recent, partitionKey, key)) return recent;
    const handle = this.#search(partitionKey, key);
    if (handle !== undefined) this.#recent.note(key, handle);
    return handle;
  }

  #search(partitionKey: string, key: string): number | undefined {
    const handle = this.#order.first(this.#rank(partitionKey, key));
    return handle !== undefined && this.#isAt(handle, partitionKey, key) ? handle : undefined;
  }

  #isAt(handle: number, partitionKey: string, key: string): boolean {
    return this.#keys[handle] === key && this.#partitionKeys[handle] === partitionKey;
  }

  #add(partitionKey: string, key: string): number {
    // Keys of one partition share its text: every record brings another copy of it.
    const sibling = this.#order.first(this.#rank(partitionKey, ""));
    const known = sibling === undefined ? undefined : this.#partitionKeys[sibling];
    const handle = this.#free.pop() ?? this.#keys.length;
    this.#partitionKeys[handle] = known === partitionKey ? known : partitionKey;
    this.#keys[handle] = key;
    this.#untilMs.set(handle, Infinity);
    this.#order.add(handle, this.#rank(partitionKey, key));
    return handle;
  }

  /** Takes a key out of those that end. */
  #leave(handle: number): void {
    if (this.#untilMs.get(handle) !== Infinity) this.#ending.remove(handle);
  }

  #at(handle: number): IndexedKey {
    const untilMs = this.#untilMs.get(handle);
    return {
      partitionKey: this.#partitionKeys[handle]!,
      key: this.#keys[handle]!,
      lsn: this.#lsns.get(handle),
      untilMs: untilMs === Infinity ? null : untilMs,
    };
  }
}
