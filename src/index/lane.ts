/**
 * Members of one kind in the order of their times, over all partitions and by partition.
 *
 * @module
 */
import { type Before, HandleHeap } from "./handle_heap.ts";
import type { Members } from "./members.ts";

/** What all lanes of an index share. */
export interface LaneOrder {
  /** The order of the members. */
  readonly before: Before;
  /** The identities of the members. */
  readonly members: Members;
  /** The place of every handle in the heap over all partitions. */
  readonly places: number[];
  /** The place of every handle in the heap of its partition. */
  readonly partitionPlaces: number[];
}

/**
 * One lane. The heaps by partition exist from the first time that somebody asks for a partition:
 * with a partition per member they cost more than the members themselves, and many never ask.
 */
export class Lane {
  readonly #order: LaneOrder;
  readonly #all: HandleHeap;
  #byPartition: Map<string, HandleHeap> | undefined;

  /** An empty lane of an index, with what all its lanes share. */
  constructor(order: LaneOrder) {
    this.#order = order;
    this.#all = new HandleHeap(order.before, order.places);
  }

  /** How many members it holds. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds a member. */
  add(handle: number): void {
    this.#all.add(handle);
    if (this.#byPartition !== undefined) this.#addToPartition(this.#byPartition, handle);
  }

  /** Removes a member. */
  remove(handle: number): void {
    this.#all.remove(handle);
    if (this.#byPartition === undefined) return;
    const partitionKey = this.#order.members.partitionOf(handle);
    const heap = this.#byPartition.get(partitionKey)!;
    heap.remove(handle);
    if (heap.size === 0) this.#byPartition.delete(partitionKey);
  }

  /** The heaps that hold the members of some partitions, or of all if none are named. */
  heaps(partitionKeys: readonly string[] | null): HandleHeap[] {
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
      this.#addToPartition(byPartition, this.#all.at(place)!);
    }
    return byPartition;
  }

  #addToPartition(byPartition: Map<string, HandleHeap>, handle: number): void {
    const partitionKey = this.#order.members.partitionOf(handle);
    let heap = byPartition.get(partitionKey);
    if (heap === undefined) {
      heap = new HandleHeap(this.#order.before, this.#order.partitionPlaces);
      byPartition.set(partitionKey, heap);
    }
    heap.add(handle);
  }
}
