/**
 * Members in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { firstIndex } from "./binary_search.ts";
import { LongUint32Array } from "./long_array.ts";
import type { IndexedMember } from "./members.ts";

const HOLE = -1;

/** The most places of a block, as a power of two: what happens to one takes microseconds. */
const BLOCK_BITS = 8;
const BLOCK_PLACES = 1 << BLOCK_BITS;

/** A block that has only so many members left closes its holes, and then again at every half of it. */
const FEW_COUNT = BLOCK_PLACES >>> 2;

/** Members that changed at the same instant. */
export interface Run {
  /** The instant. */
  readonly timeMs: number;
  /** The members. Costs as much as there are, so it is asked for only when it is their turn. */
  handles(): number[];
}

/** Members that changed one after the other. */
interface Block {
  /** The sequence that it is part of. */
  readonly sequence: ChangeSequence;
  /** The number by which members know it. */
  readonly number: number;
  /** Goes up from block to block of a sequence. */
  readonly rank: number;
  /** The members, and holes where there were some. */
  readonly handles: number[];
  /** When they changed. */
  readonly timesMs: number[];
  /** How many members there are. */
  size: number;
}

/** Where every member stands that is in one of several sequences of disjoint members. */
export class ChangePlaces {
  /** The number of the block and the place in it, by handle. */
  readonly #places = new LongUint32Array();
  readonly #blocks: (Block | undefined)[] = [];
  readonly #free: number[] = [];

  /** A new block of a sequence. */
  add(sequence: ChangeSequence, rank: number): Block {
    const number = this.#free.pop() ?? this.#blocks.length;
    const block = { sequence, number, rank, handles: [], timesMs: [], size: 0 };
    this.#blocks[number] = block;
    return block;
  }

  /** Forgets a block. */
  delete({ number }: Block): void {
    this.#blocks[number] = undefined;
    this.#free.push(number);
  }

  /** Notes where a member stands. */
  set(handle: number, { number }: Block, place: number): void {
    this.#places.set(handle, number * BLOCK_PLACES + place);
  }

  /** The sequence that a member is in, undefined if it is in none. */
  sequenceOf(handle: number): ChangeSequence | undefined {
    return this.#blockOf(handle)?.sequence;
  }

  /** When a member changed, undefined if it is in no sequence. */
  timeOf(handle: number): number | undefined {
    return this.#blockOf(handle)?.timesMs[this.#placeOf(handle)];
  }

  /** Makes a hole where a member stands. Returns its block. */
  vacate(handle: number): Block {
    const block = this.#blockOf(handle);
    // Not the message as an argument: it would be made every time.
    if (block === undefined) invariant(false, `handle ${handle} is in no sequence`);
    block.handles[this.#placeOf(handle)] = HOLE;
    block.size--;
    return block;
  }

  #blockOf(handle: number): Block | undefined {
    const block = this.#blocks[this.#places.get(handle) >>> BLOCK_BITS];
    return block?.handles[this.#placeOf(handle)] === handle ? block : undefined;
  }

  /** The place in its block of a member that is in one. */
  #placeOf(handle: number): number {
    return this.#places.get(handle) & (BLOCK_PLACES - 1);
  }
}

/**
 * A list that grows at its end, since time never runs backwards, and is left in its middle. It is
 * made of blocks, so that neither its growth nor the holes that it gets are ever much at a time.
 */
export class ChangeSequence {
  readonly #places: ChangePlaces;
  readonly #blocks: Block[] = [];
  #size = 0;
  #lastMs = 0;

  /**
   * An empty sequence.
   *
   * @param places Where members stand; shared by sequences of disjoint members.
   */
  constructor(places: ChangePlaces) {
    this.#places = places;
  }

  /** How many members it holds. */
  get size(): number {
    return this.#size;
  }

  /** Adds a member that has changed now. */
  append(handle: number, timeMs: number): void {
    // Not the message as an argument: it would be made every time.
    if (timeMs < this.#lastMs) invariant(false, `change at ${timeMs} comes too late`);
    this.#lastMs = timeMs;
    let block = this.#blocks.at(-1);
    if (block === undefined || block.handles.length === BLOCK_PLACES) block = this.#extend(block);
    this.#places.set(handle, block, block.handles.length);
    block.handles.push(handle);
    block.timesMs.push(timeMs);
    block.size++;
    this.#size++;
  }

  /** Removes a member. */
  remove(handle: number): void {
    const block = this.#places.vacate(handle);
    this.#size--;
    const { size } = block;
    if (size === 0) this.#drop(block);
    else if (size <= FEW_COUNT && (size & (size - 1)) === 0) this.#join(block);
  }

  /** When a member changed, undefined if it is in another sequence or in none. */
  timeOf(handle: number): number | undefined {
    const isHere = this.#places.sequenceOf(handle) === this;
    return isHere ? this.#places.timeOf(handle) : undefined;
  }

  /** Yields the members. The sequence may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    let lastMs = 0;
    for (let at = 0; at < this.#blocks.length; at++) {
      const { handles, timesMs } = this.#blocks[at]!;
      for (let place = 0; place < handles.length; place++) {
        const handle = handles[place]!;
        if (handle === HOLE) continue;
        const timeMs = timesMs[place]!;
        yield { handle, isInOrder: timeMs >= lastMs };
        lastMs = timeMs;
      }
    }
  }

  /** Yields the instants at or after an instant at which members changed, in order. */
  *runs(fromMs: number): Generator<Run> {
    let timeMs = fromMs - 1;
    while ((timeMs = this.#nextMs(timeMs)) !== Infinity) yield this.#runAt(timeMs);
  }

  /** The same backwards: instants at or before an instant, the latest first. */
  *runsBack(toMs: number): Generator<Run> {
    let timeMs = toMs + 1;
    while ((timeMs = this.#previousMs(timeMs)) !== -Infinity) yield this.#runAt(timeMs);
  }

  #runAt(timeMs: number): Run {
    return { timeMs, handles: () => this.#handlesAt(timeMs) };
  }

  /** The members that changed at an instant. */
  #handlesAt(timeMs: number): number[] {
    const found: number[] = [];
    for (let at = this.#seekBlock(timeMs); at < this.#blocks.length; at++) {
      const { handles, timesMs } = this.#blocks[at]!;
      for (let place = seek(timesMs, timeMs); place < timesMs.length; place++) {
        if (timesMs[place] !== timeMs) return found;
        if (handles[place] !== HOLE) found.push(handles[place]!);
      }
    }
    return found;
  }

  /** The first instant after an instant at which a member changed. */
  #nextMs(afterMs: number): number {
    for (let at = this.#seekBlock(afterMs + 1); at < this.#blocks.length; at++) {
      const { handles, timesMs } = this.#blocks[at]!;
      for (let place = seek(timesMs, afterMs + 1); place < timesMs.length; place++) {
        if (handles[place] !== HOLE) return timesMs[place]!;
      }
    }
    return Infinity;
  }

  /** The last instant before an instant at which a member changed. */
  #previousMs(beforeMs: number): number {
    for (let at = Math.min(this.#seekBlock(beforeMs), this.#blocks.length - 1); at >= 0; at--) {
      const { handles, timesMs } = this.#blocks[at]!;
      for (let place = seek(timesMs, beforeMs) - 1; place >= 0; place--) {
        if (handles[place] !== HOLE) return timesMs[place]!;
      }
    }
    return -Infinity;
  }

  /** The first block that ends at or after an instant. */
  #seekBlock(fromMs: number): number {
    return firstIndex(this.#blocks.length, (at) => this.#blocks[at]!.timesMs.at(-1)! - fromMs);
  }

  /** A block with room at the end, behind one that has none. */
  #extend(last: Block | undefined): Block {
    if (last !== undefined && last.size < BLOCK_PLACES >>> 1) {
      this.#close(last);
      return last;
    }
    const block = this.#places.add(this, last === undefined ? 0 : last.rank + 1);
    this.#blocks.push(block);
    return block;
  }

  /** Closes the holes of a block that has few members left, and joins it to the one before it. */
  #join(block: Block): void {
    const at = this.#indexOf(block);
    const before = this.#blocks[at - 1];
    this.#close(block);
    if (before === undefined || before.size + block.size > BLOCK_PLACES >>> 1) return;
    this.#close(before);
    for (const [index, handle] of block.handles.entries()) {
      this.#places.set(handle, before, before.handles.length);
      before.handles.push(handle);
      before.timesMs.push(block.timesMs[index]!);
    }
    before.size += block.size;
    this.#drop(block);
  }

  #close(block: Block): void {
    const { handles, timesMs } = block;
    let count = 0;
    for (let place = 0; place < handles.length; place++) {
      const handle = handles[place]!;
      if (handle === HOLE) continue;
      handles[count] = handle;
      timesMs[count] = timesMs[place]!;
      this.#places.set(handle, block, count++);
    }
    handles.length = count;
    timesMs.length = count;
  }

  #drop(block: Block): void {
    this.#blocks.splice(this.#indexOf(block), 1);
    this.#places.delete(block);
  }

  #indexOf({ rank }: Block): number {
    return firstIndex(this.#blocks.length, (at) => this.#blocks[at]!.rank - rank);
  }
}

/** The first place at or after an instant. */
function seek(timesMs: readonly number[], fromMs: number): number {
  return firstIndex(timesMs.length, (place) => timesMs[place]! - fromMs);
}
