/**
 * Members in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { firstIndex } from "./binary_search.ts";
import { LongUint32Array } from "./long_array.ts";
import type { IndexedMember } from "./members.ts";

const HOLE = 0xffff_ffff;

/** The most places of a block, as a power of two: what happens to one takes microseconds. */
const BLOCK_BITS = 9;
const BLOCK_PLACES = 1 << BLOCK_BITS;

/** A place has its block's number in 32 bits, too. Every sequence has a block at least. */
const BLOCKS_MAX = 2 ** (32 - BLOCK_BITS);

/** Most sequences of relatives are short: a block has room for so many first. */
const FIRST_PLACES = 8;

/** A block that has only so many members left closes its holes, and then again at every half of it. */
const FEW_COUNT = BLOCK_PLACES >>> 2;

/** Members that changed at the same instant. */
export interface Run {
  /** The instant. */
  readonly timeMs: number;
  /** The members. Costs as much as there are, so it is asked for only when it is their turn. */
  handles(): number[];
}

/**
 * Members that changed one after the other. They stand in typed arrays, which no collector looks
 * through: with five million members its longest pause was 18 ms beside lists of numbers.
 */
interface Block {
  /** The sequence that it is part of. */
  readonly sequence: ChangeSequence;
  /** The number by which members know it. */
  readonly number: number;
  /** Goes up from block to block of a sequence. */
  readonly rank: number;
  /** The members, and holes where there were some. */
  handles: Uint32Array;
  /** When they changed. */
  timesMs: Float64Array;
  /** How many places are in use, holes included. */
  count: number;
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
    invariant(number < BLOCKS_MAX, "There are too many sequences of changes");
    const block: Block = {
      ...{ sequence, number, rank, count: 0, size: 0 },
      handles: new Uint32Array(FIRST_PLACES),
      timesMs: new Float64Array(FIRST_PLACES),
    };
    this.#blocks[number] = block;
    return block;
  }

  /** Forgets a block. */
  delete({ number }: Block): void {
    this.#blocks[number] = undefined;
    this.#free.push(number);
  }

  /** Puts a member at the end of a block that is not full. */
  append(block: Block, handle: number, timeMs: number): void {
    const place = block.count++;
    if (place === block.handles.length) grow(block);
    block.handles[place] = handle;
    block.timesMs[place] = timeMs;
    block.size++;
    this.#places.set(handle, block.number * BLOCK_PLACES + place);
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
    const place = this.#placeOf(handle);
    if (block === undefined || place >= block.count) return undefined;
    return block.handles[place] === handle ? block : undefined;
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
    if (block === undefined || block.count === BLOCK_PLACES) block = this.#extend(block);
    this.#places.append(block, handle, timeMs);
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
      const block = this.#blocks[at]!;
      for (let place = 0; place < block.count; place++) {
        const handle = block.handles[place]!;
        if (handle === HOLE) continue;
        const timeMs = block.timesMs[place]!;
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
      const block = this.#blocks[at]!;
      const { handles, timesMs } = block;
      for (let place = seek(block, timeMs); place < block.count; place++) {
        if (timesMs[place] !== timeMs) return found;
        if (handles[place] !== HOLE) found.push(handles[place]!);
      }
    }
    return found;
  }

  /** The first instant after an instant at which a member changed. */
  #nextMs(afterMs: number): number {
    for (let at = this.#seekBlock(afterMs + 1); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!;
      const { handles, timesMs } = block;
      for (let place = seek(block, afterMs + 1); place < block.count; place++) {
        if (handles[place] !== HOLE) return timesMs[place]!;
      }
    }
    return Infinity;
  }

  /** The last instant before an instant at which a member changed. */
  #previousMs(beforeMs: number): number {
    for (let at = Math.min(this.#seekBlock(beforeMs), this.#blocks.length - 1); at >= 0; at--) {
      const block = this.#blocks[at]!;
      const { handles, timesMs } = block;
      for (let place = seek(block, beforeMs) - 1; place >= 0; place--) {
        if (handles[place] !== HOLE) return timesMs[place]!;
      }
    }
    return -Infinity;
  }

  /** The first block that ends at or after an instant. */
  #seekBlock(fromMs: number): number {
    return firstIndex(this.#blocks.length, (at) => {
      const { timesMs, count } = this.#blocks[at]!;
      return timesMs[count - 1]! - fromMs;
    });
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
    for (let place = 0; place < block.count; place++) {
      this.#places.append(before, block.handles[place]!, block.timesMs[place]!);
    }
    this.#drop(block);
  }

  #close(block: Block): void {
    const { handles, timesMs, count } = block;
    block.count = 0;
    block.size = 0;
    for (let place = 0; place < count; place++) {
      const handle = handles[place]!;
      if (handle !== HOLE) this.#places.append(block, handle, timesMs[place]!);
    }
  }

  #drop(block: Block): void {
    this.#blocks.splice(this.#indexOf(block), 1);
    this.#places.delete(block);
  }

  #indexOf({ rank }: Block): number {
    return firstIndex(this.#blocks.length, (at) => this.#blocks[at]!.rank - rank);
  }
}

/** Gives a block room for four times as many members. */
function grow(block: Block): void {
  const { handles, timesMs } = block;
  const places = Math.min(4 * handles.length, BLOCK_PLACES);
  block.handles = new Uint32Array(places);
  block.handles.set(handles);
  block.timesMs = new Float64Array(places);
  block.timesMs.set(timesMs);
}

/** The first place at or after an instant. */
function seek({ timesMs, count }: Block, fromMs: number): number {
  return firstIndex(count, (place) => timesMs[place]! - fromMs);
}
