/**
 * Members of one kind in the order of their times, over all partitions and by partition.
 *
 * @module
 */
import { HandleHeap } from "./handle_heap.ts";
import type { LongUint32Array } from "./long_array.ts";
import type { IndexedMember, Members } from "./members.ts";

/** What all lanes of an index share. */
export interface LaneOrder {
  /** The identities of the members. */
  readonly members: Members;
  /** The place of every handle in the heap over all partitions. */
  readonly places: LongUint32Array;
  /** The place of every handle in the heap of its partition. */
  readonly partitionPlaces: LongUint32Array;
}

/** What the members of a lane have in common. */
export interface LaneKind {
  /** The type. */
  readonly type: string;
  /** The logical state. */
  readonly state: string;
  /** Whether a worker holds a lease. */
  readonly leased: boolean;
  /** The number of the lane in its index. */
  readonly number: number;
  /** 0, 1 or 2; 2 is the most urgent. */
  readonly priority: number;
}

/**
 * One lane. The heaps by partition exist from the first time that somebody asks for a partition
 * until the lane is empty: with a partition per member they cost more than the members themselves,
 * and many never ask.
 */
export class Lane {
  /** What its members have in common. */
  readonly kind: LaneKind;
  readonly #order: LaneOrder;
  readonly #all: HandleHeap;
  #byPartition: Map<string, HandleHeap> | undefined;

  /** An empty lane of an index, with what all its lanes share. */
  constructor(order: LaneOrder, kind: LaneKind) {
    this.kind = kind;
    this.#order = order;
    this.#all = new HandleHeap({ ties: order.members, places: order.places });
  }

  /** How many members it holds. */
  get size(): number {
    return this.#all.size;
  }

  /** The time of a member. */
  timeOf(handle: number): number {
    return this.#all.timeOf(handle);
  }

  /** Whether it holds a member, over all partitions and in its own. */
  has(handle: number): boolean {
    if (!this.#all.has(handle)) return false;
    if (this.#byPartition === undefined) return true;
    return this.#byPartition.get(this.#order.members.partitionOf(handle))?.has(handle) === true;
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    yield* this.#all.members();
    for (const heap of this.#byPartition?.values() ?? []) yield* heap.members();
  }

  /** Adds a member. */
  add(handle: number, timeMs: number): void {
    this.#all.add(handle, timeMs);
    if (this.#byPartition !== undefined) this.#addToPartition(this.#byPartition, handle, timeMs);
  }

  /** Removes a member. */
  remove(handle: number): void {
    this.#all.remove(handle);
    if (this.#byPartition === undefined) return;
    const partitionKey = this.#order.members.partitionOf(handle);
    const heap = this.#byPartition.get(partitionKey)!;
    heap.remove(handle);
    if (heap.size === 0) this.#byPartition.delete(partitionKey);
    if (this.#all.size === 0) this.#byPartition = undefined;
  }

  /** The heaps that hold the members of some partitions, or of all if none are named; none is empty. */
  heaps(partitionKeys: readonly string[] | null): HandleHeap[] {
    if (this.#all.size === 0) return [];
    if (partitionKeys === null) return [this.#all];
    this.#byPartition ??= this.#divide();
    const found: HandleHeap[] = [];
    for (const partitionKey of partitionKeys) {
      const heap = this.#byPartition.get(partitionKey);
      if (heap !== undefined) found.push(heap);
    }
    return found;
  }

  #divide(): Map<string, HandleHeap> {
    const byPartition = new Map<string, HandleHeap>();
    for (let place = 0; place < this.#all.size; place++) {
      this.#addToPartition(byPartition, this.#all.at(place), this.#all.timeAt(place));
    }
    return byPartition;
  }

  #addToPartition(
    byPartition: Map<string, HandleHeap>,
    handle: number,
    timeMs: number,
  ): void {
    const { members, partitionPlaces: places } = this.#order;
    const partitionKey = members.partitionOf(handle);
    let heap = byPartition.get(partitionKey);
    if (heap === undefined) {
      byPartition.set(partitionKey, heap = new HandleHeap({ ties: members, places }));
    }
    heap.add(handle, timeMs);
  }
}
