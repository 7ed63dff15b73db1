/**
 * Members in the order of their last change.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { firstIndex } from "./binary_search.ts";
import { type Block, BLOCK_PLACES, type ChangePlaces, HOLE } from "./change_places.ts";
import type { IndexedMember } from "./members.ts";

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
export interface Stretch {
  /** What it is told from other stretches by, as long as there is any of its members. */
  readonly block: unknown;
  /** Goes up from one stretch to the next. */
  readonly rank: number;
  /** It has had the same members since as long as this is the same. */
  readonly version: number;
  /** The members. Costs as much as there are: some hundreds at most. */
  handles(): number[];
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
        const handle = this.#places.handleAt(block, place);
        if (handle === HOLE) continue;
        const timeMs = this.#places.timeAt(block, place);
        yield { handle, isInOrder: timeMs >= lastMs };
        lastMs = timeMs;
      }
    }
  }

  /** Yields all members in stretches, from a rank on. Nothing may change meanwhile. */
  *stretches(fromRank: number): Generator<Stretch> {
    const first = firstIndex(this.#blocks.length, (at) => this.#blocks[at]!.rank - fromRank);
    for (let at = first; at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!;
      const { rank, version } = block;
      yield { block, rank, version, handles: () => this.#handlesIn(block) };
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

  #handlesIn(block: Block): number[] {
    const handles: number[] = [];
    for (let place = 0; place < block.count; place++) {
      const handle = this.#places.handleAt(block, place);
      if (handle !== HOLE) handles.push(handle);
    }
    return handles;
  }

  /** The members that changed at an instant. */
  #handlesAt(timeMs: number): number[] {
    const found: number[] = [];
    for (let at = this.#seekBlock(timeMs); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!;
      for (let place = this.#seek(block, timeMs); place < block.count; place++) {
        if (this.#places.timeAt(block, place) !== timeMs) return found;
        const handle = this.#places.handleAt(block, place);
        if (handle !== HOLE) found.push(handle);
      }
    }
    return found;
  }

  /** The first instant after an instant at which a member changed. */
  #nextMs(afterMs: number): number {
    for (let at = this.#seekBlock(afterMs + 1); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!;
      for (let place = this.#seek(block, afterMs + 1); place < block.count; place++) {
        if (!this.#isHole(block, place)) return this.#places.timeAt(block, place);
      }
    }
    return Infinity;
  }

  /** The last instant before an instant at which a member changed. */
  #previousMs(beforeMs: number): number {
    for (let at = Math.min(this.#seekBlock(beforeMs), this.#blocks.length - 1); at >= 0; at--) {
      const block = this.#blocks[at]!;
      for (let place = this.#seek(block, beforeMs) - 1; place >= 0; place--) {
        if (!this.#isHole(block, place)) return this.#places.timeAt(block, place);
      }
    }
    return -Infinity;
  }

  /** The first block that ends at or after an instant. */
  #seekBlock(fromMs: number): number {
    return firstIndex(this.#blocks.length, (at) => {
      const block = this.#blocks[at]!;
      return this.#places.timeAt(block, block.count - 1) - fromMs;
    });
  }

  /** The first place of a block that is at or after an instant. */
  #seek(block: Block, fromMs: number): number {
    return firstIndex(block.count, (place) => this.#places.timeAt(block, place) - fromMs);
  }

  #isHole(block: Block, place: number): boolean {
    return this.#places.handleAt(block, place) === HOLE;
  }

  /** A block with room at the end, behind one that has none. */
  #extend(last: Block | undefined): Block {
    if (last !== undefined && last.size < BLOCK_PLACES >>> 1) {
      this.#places.close(last);
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
    this.#places.close(block);
    if (before === undefined || before.size + block.size > BLOCK_PLACES >>> 1) return;
    this.#places.close(before);
    for (let place = 0; place < block.count; place++) {
      const handle = this.#places.handleAt(block, place);
      this.#places.append(before, handle, this.#places.timeAt(block, place));
    }
    this.#drop(block);
  }

  #drop(block: Block): void {
    this.#blocks.splice(this.#indexOf(block), 1);
    this.#places.delete(block);
  }

  #indexOf({ rank }: Block): number {
    return firstIndex(this.#blocks.length, (at) => this.#blocks[at]!.rank - rank);
  }
}
