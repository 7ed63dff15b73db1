/**
 * Members of one kind in the order of their times, over all partitions and by partition.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { HandleHeap } from "./handle_heap.ts";
import type { LongUint32Array } from "./long_array.ts";
import type { IndexedMember } from "./members.ts";
import { PartitionOrder, type PartitionParts } from "./partition_order.ts";

/** The highest handle that arrays can have a place for. */
const HANDLE_MAX = 0xffff_ffff;

/** Adding a member to its partition takes as long as looking at so many handles. */
const STEPS_PER_MEMBER = 64;

/** What all lanes of an index share. */
export interface LaneOrder extends PartitionParts {
  /** The number of the lane of every handle. */
  readonly laneNumbers: LongUint32Array;
  /** The place of every handle in the heap over all partitions. */
  readonly places: LongUint32Array;
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
 * One lane. It is divided by partition when somebody asks for a partition for the first time, since
 * many never ask: the members with the lowest handles first, so that it is known of each whether it
 * was its turn yet.
 */
export class Lane {
  /** What its members have in common. */
  readonly kind: LaneKind;
  readonly #order: LaneOrder;
  readonly #all: HandleHeap;
  #byPartition: PartitionOrder | undefined;
  /** The members with handles below this are divided by partition. */
  #dividedEnd = 0;
  readonly #timeOf = (handle: number): number => this.#all.timeOf(handle);

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
    return this.#all.has(handle) &&
      (handle >= this.#dividedEnd || this.#byPartition!.has(handle));
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    yield* this.#all.members();
    if (this.#byPartition !== undefined) yield* this.#byPartition.members();
  }

  /** Adds a member. */
  add(handle: number, timeMs: number): void {
    this.#all.add(handle, timeMs);
    if (handle < this.#dividedEnd) this.#byPartition!.add(handle, this.#timeOf);
  }

  /** Removes a member. */
  remove(handle: number): void {
    this.#all.remove(handle);
    if (handle < this.#dividedEnd) this.#byPartition!.remove(handle);
  }

  /** The heaps that hold the members of some partitions, or of all if none are named; none is empty. */
  heaps(partitionKeys: readonly string[] | null): HandleHeap[] {
    if (this.#all.size === 0) return [];
    if (partitionKeys === null) return [this.#all];
    this.divide(Infinity);
    const found: HandleHeap[] = [];
    for (const partitionKey of partitionKeys) {
      const heap = this.#byPartition!.heap(partitionKey, this.#timeOf);
      if (heap !== undefined) found.push(heap);
    }
    return found;
  }

  /** The earliest time of a member of some partitions, or of all; `Infinity` if there is none. */
  earliestMs(partitionKeys: readonly string[] | null): number {
    if (partitionKeys === null) return this.#all.size === 0 ? Infinity : this.#all.timeAt(0);
    return Math.min(...this.heaps(partitionKeys).map((heap) => heap.timeAt(0)));
  }

  /**
   * Goes on with dividing its members by partition, for so many steps: a step is a look at a handle.
   * Returns how many are left; if none are, it is not done.
   */
  divide(steps: number): number {
    const { kind: { number } } = this;
    const { laneNumbers } = this.#order;
    const byPartition = this.#byPartition ??= new PartitionOrder(this.#order, number);
    let left = steps;
    let handle = this.#dividedEnd;
    for (; byPartition.size < this.#all.size && left > 0; handle++) {
      if (handle > HANDLE_MAX) invariant(false, "The lane has members that do not know of it");
      left--;
      if (laneNumbers.get(handle) !== number) continue;
      byPartition.add(handle, this.#timeOf);
      left -= STEPS_PER_MEMBER;
    }
    const isDone = byPartition.size === this.#all.size;
    // Whatever comes from now on is divided at once.
    this.#dividedEnd = isDone ? Infinity : handle;
    return isDone ? Math.max(left, 1) : 0;
  }
}
