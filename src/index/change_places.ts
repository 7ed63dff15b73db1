/**
 * Where members stand that are in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import type { ChangeSequence } from "./change_sequence.ts";
import { LongFloat64Array, LongUint32Array } from "./long_array.ts";

/** Stands where a member has left. */
export const HOLE = 0xffff_ffff;

/** The most places of a block: what happens to one takes microseconds. */
export const BLOCK_PLACES = 512;

/** Most sequences of relatives are short: a block has so many places first, and four times as many next. */
const FIRST_PLACES = 8;
const FIRST_BITS = 3;
const GROWTH = 4;

/** Members that changed one after the other. */
export interface Block {
  /** The sequence that it is part of. */
  readonly sequence: ChangeSequence;
  /** The number by which places know it. */
  readonly number: number;
  /** Goes up from block to block of a sequence. */
  readonly rank: number;
  /** Its first place. */
  start: number;
  /** How many places it has. */
  capacity: number;
  /** How many of them are in use, holes included. */
  count: number;
  /** How many members there are. */
  size: number;
  /** Goes up whenever a member comes or leaves. */
  version: number;
}

/**
 * Places of members of several sequences that have no member in common. They are columns of numbers, and
 * a block has a range of them: with millions of flows a collector looked through lists and objects
 * of millions of numbers, and its longest pause was 18 ms.
 */
export class ChangePlaces {
  /** The member at a place, or a hole where there was one. */
  readonly #handles = new LongUint32Array();
  /** When it changed. */
  readonly #timesMs = new LongFloat64Array();
  /** The number of the block that a place is in, by its first bits. */
  readonly #blockNumbers = new LongUint32Array();
  /** The place of a member, by handle; 0: none. */
  readonly #places = new LongUint32Array();
  readonly #blocks: (Block | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** First places of ranges that are free, by how many they have. */
  readonly #freeRanges = new Map<number, number[]>();
  /** The first place that no block ever had. */
  #end = FIRST_PLACES;

  /** A new block of a sequence. */
  add(sequence: ChangeSequence, rank: number): Block {
    const number = this.#freeNumbers.pop() ?? this.#blocks.length;
    const capacity = FIRST_PLACES;
    const block = { sequence, number, rank, start: 0, capacity, count: 0, size: 0, version: 0 };
    this.#take(block);
    return this.#blocks[number] = block;
  }

  /** Forgets a block that has no members. */
  delete(block: Block): void {
    this.#blocks[block.number] = undefined;
    this.#freeNumbers.push(block.number);
    this.#free(block.start, block.capacity);
  }

  /** Puts a member at the end of a block that is not full. */
  append(block: Block, handle: number, timeMs: number): void {
    if (block.count === block.capacity) this.#grow(block);
    this.#put(block.start + block.count++, handle, timeMs);
    block.size++;
    block.version++;
  }

  /** The member that stands in a block, or a hole. */
  handleAt({ start }: Block, index: number): number {
    return this.#handles.get(start + index);
  }

  /** When the member changed that stands in a block, or the one that has left. */
  timeAt({ start }: Block, index: number): number {
    return this.#timesMs.get(start + index);
  }

  /** The sequence that a member is in, undefined if it is in none. */
  sequenceOf(handle: number): ChangeSequence | undefined {
    return this.#blockOf(handle)?.sequence;
  }

  /** When a member changed that is in a sequence. */
  timeOf(handle: number): number {
    return this.#timesMs.get(this.#places.get(handle));
  }

  /** Makes a hole where a member stands. Returns its block. */
  vacate(handle: number): Block {
    const block = this.#blockOf(handle);
    // Not the message as an argument: it would be made every time.
    if (block === undefined) invariant(false, `handle ${handle} is in no sequence`);
    this.#handles.set(this.#places.get(handle), HOLE);
    block.size--;
    block.version++;
    return block;
  }

  /** Closes the holes of a block. */
  close(block: Block): void {
    this.#move(block, block.start);
  }

  #blockOf(handle: number): Block | undefined {
    const place = this.#places.get(handle);
    if (place === 0 || this.#handles.get(place) !== handle) return undefined;
    return this.#blocks[this.#blockNumbers.get(place >>> FIRST_BITS)];
  }

  #put(place: number, handle: number, timeMs: number): void {
    this.#handles.set(place, handle);
    this.#timesMs.set(place, timeMs);
    this.#places.set(handle, place);
  }

  /** Moves a block to where it has more places. */
  #grow(block: Block): void {
    const { start, capacity } = block;
    block.capacity = Math.min(GROWTH * capacity, BLOCK_PLACES);
    this.#take(block);
    this.#move(block, start);
    this.#free(start, capacity);
  }

  /** Moves the members of a block from where they stand to its own places, without their holes. */
  #move(block: Block, from: number): void {
    const end = from + block.count;
    block.count = 0;
    for (let place = from; place < end; place++) {
      const handle = this.#handles.get(place);
      if (handle === HOLE) continue;
      this.#put(block.start + block.count++, handle, this.#timesMs.get(place));
    }
  }

  /** Gives a block a range of places. */
  #take(block: Block): void {
    const { capacity, number } = block;
    block.start = this.#freeRanges.get(capacity)?.pop() ?? this.#end;
    if (block.start === this.#end) {
      this.#end += capacity;
      invariant(this.#end <= HOLE, "There are no places left for more changes");
    }
    const first = block.start >>> FIRST_BITS;
    for (let index = 0; index < capacity >>> FIRST_BITS; index++) {
      this.#blockNumbers.set(first + index, number);
    }
  }

  #free(start: number, capacity: number): void {
    const ranges = this.#freeRanges.get(capacity);
    if (ranges === undefined) this.#freeRanges.set(capacity, [start]);
    else ranges.push(start);
  }
}
