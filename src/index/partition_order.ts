/**
 * The members of a lane by partition, in the order of their times.
 *
 * @module
 */
import { HandleHeap } from "./handle_heap.ts";
import type { HashChains } from "./hash_chains.ts";
import type { LongUint32Array } from "./long_array.ts";
import type { IndexedMember, Members } from "./members.ts";

/**
 * So many members of a partition have no heap: they are sorted when somebody asks. There may be as
 * many partitions as members, and a heap of one takes as much as thirty members do in a chain.
 */
const FEW = 8;

/** A heap that has no more members than this is given up, before the next member makes one again. */
const VERY_FEW = 4;

/** What the lanes of an index share. */
export interface PartitionParts {
  /** The identities of the members. */
  readonly members: Members;
  /** The place of every handle in the heap of its partition, if there is one. */
  readonly partitionPlaces: LongUint32Array;
  /** The members of all lanes that are in no heap of a partition, by partition and lane. */
  readonly scattered: HashChains;
}

/** Heaps of the partitions that have many members, and a way to those of the others. */
export class PartitionOrder {
  readonly #parts: PartitionParts;
  readonly #lane: number;
  readonly #heaps = new Map<string, HandleHeap>();
  #size = 0;

  /**
   * An order of no members.
   *
   * @param lane The number of the lane.
   */
  constructor(parts: PartitionParts, lane: number) {
    this.#parts = parts;
    this.#lane = lane;
  }

  /** How many members it has. */
  get size(): number {
    return this.#size;
  }

  /** Whether it has a member. */
  has(handle: number): boolean {
    const partitionKey = this.#parts.members.partitionOf(handle);
    const heap = this.#heaps.get(partitionKey);
    return heap?.has(handle) ??
      this.#scattered(partitionKey, this.#hashOf(partitionKey)).includes(handle);
  }

  /** Yields those of its members that are in heaps. */
  *members(): Generator<IndexedMember> {
    for (const heap of this.#heaps.values()) yield* heap.members();
  }

  /**
   * Adds a member.
   *
   * @param timeOf Tells the times of members.
   */
  add(handle: number, timeOf: (handle: number) => number): void {
    this.#size++;
    const { members, scattered } = this.#parts;
    const partitionKey = members.partitionOf(handle);
    const heap = this.#heaps.get(partitionKey);
    if (heap !== undefined) return heap.add(handle, timeOf(handle));
    const hash = this.#hashOf(partitionKey);
    const few = this.#scattered(partitionKey, hash);
    if (few.length < FEW) return scattered.add(handle, hash);
    for (const other of few) scattered.remove(other);
    this.#heaps.set(partitionKey, this.#heapOf([...few, handle], timeOf));
  }

  /** Removes a member. */
  remove(handle: number): void {
    this.#size--;
    const { members, scattered } = this.#parts;
    const partitionKey = members.partitionOf(handle);
    const heap = this.#heaps.get(partitionKey);
    if (heap === undefined) return scattered.remove(handle);
    heap.remove(handle);
    if (heap.size > VERY_FEW) return;
    this.#heaps.delete(partitionKey);
    const hash = this.#hashOf(partitionKey);
    for (let place = 0; place < heap.size; place++) scattered.add(heap.at(place), hash);
  }

  /** The members of a partition, as a heap that is good until something changes; or undefined. */
  heap(partitionKey: string, timeOf: (handle: number) => number): HandleHeap | undefined {
    const heap = this.#heaps.get(partitionKey);
    if (heap !== undefined) return heap;
    const few = this.#scattered(partitionKey, this.#hashOf(partitionKey));
    return few.length === 0 ? undefined : this.#heapOf(few, timeOf);
  }

  #heapOf(handles: readonly number[], timeOf: (handle: number) => number): HandleHeap {
    const { members: ties, partitionPlaces: places } = this.#parts;
    const heap = new HandleHeap({ ties, places });
    for (const handle of handles) heap.add(handle, timeOf(handle));
    return heap;
  }

  /** The members of a partition that are in no heap. */
  #scattered(partitionKey: string, hash: number): number[] {
    const { members, scattered } = this.#parts;
    const found: number[] = [];
    for (let at = scattered.first(hash); at >= 0; at = scattered.next(at)) {
      // In another lane the same partition has another hash.
      const isHere = scattered.hashOf(at) === hash && members.partitionOf(at) === partitionKey;
      if (isHere) found.push(at);
    }
    return found;
  }

  #hashOf(partitionKey: string): number {
    return (this.#parts.members.partitionHash(partitionKey) + Math.imul(this.#lane, SPREAD)) >>> 0;
  }
}

/**
 * 2^32 divided by the golden ratio: lanes with numbers side by side come to lie far from each other,
 * and no two of them in the same place, since it is odd.
 */
const SPREAD = 0x9e37_79b1;
