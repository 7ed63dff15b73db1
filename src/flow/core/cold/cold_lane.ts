/**
 * The cold flows of one type in one state.
 *
 * @module
 */
import { BLOCK_BITS, type ColdBlock } from "./cold_block.ts";

/** What the flows of a lane have in common. */
export interface LaneKind {
  /** The type. */
  readonly type: string;
  /** The state. */
  readonly state: string;
}

/** A place in a lane. */
export interface LanePlace {
  /** The block. */
  readonly block: ColdBlock;
  /** The place in the block. */
  readonly place: number;
}

/** Cold flows in the order of their last change: every new one has changed after all others. */
export class ColdLane implements LaneKind {
  readonly type: string;
  readonly state: string;
  /** Its blocks, in order. */
  readonly blocks: ColdBlock[] = [];
  /** How many flows there are. */
  size = 0;
  /** How many of them wait for a time, and are not brought back. */
  asleepCount = 0;
  /** The LSN of the flow that came last, 0 before the first. */
  lastLsn = 0;

  /** An empty lane. */
  constructor({ type, state }: LaneKind) {
    this.type = type;
    this.state = state;
  }

  /** Yields the places of flows, from one on in the direction of the walk. Nothing may change. */
  *places(rev: boolean, from?: LanePlace): Generator<LanePlace> {
    const step = rev ? -1 : 1;
    const first = rev ? this.blocks.length - 1 : 0;
    let at = from === undefined ? first : this.blocks.indexOf(from.block);
    for (; at >= 0 && at < this.blocks.length; at += step) {
      const block = this.blocks[at]!;
      let place = rev ? block.end - 1 : 0;
      if (block === from?.block) place = from.place;
      for (; place >= 0 && place < block.end; place += step) {
        if (block.has(place)) yield { block, place };
      }
    }
  }

  /**
   * The first place of all whose flow `isBeyond()`, undefined if none is. Whoever stands behind one
   * that is, is so, too. Few are asked.
   */
  search(isBeyond: (place: LanePlace) => boolean): LanePlace | undefined {
    const { blocks } = this;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = lastOf(blocks[middle]!);
      if (isBeyond({ block: blocks[middle]!, place: last })) high = middle;
      else low = middle + 1;
    }
    const block = blocks[low];
    if (block === undefined) return undefined;
    const places: number[] = [];
    for (let place = 0; place < block.end; place++) if (block.has(place)) places.push(place);
    let from = 0;
    let to = places.length - 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (isBeyond({ block, place: places[middle]! })) to = middle;
      else from = middle + 1;
    }
    return { block, place: places[from]! };
  }
}

/** The last place with a flow; no block is empty. */
function lastOf(block: ColdBlock): number {
  let place = block.end - 1;
  while (!block.has(place)) place--;
  return place;
}

/** The places of the flows of a block. */
export function* placesOf(block: ColdBlock): Generator<LanePlace> {
  for (let place = 0; place < block.end; place++) if (block.has(place)) yield { block, place };
}

/** The number of a seat. */
export function seatOf({ block, place }: LanePlace): number {
  return block.number * (1 << BLOCK_BITS) + place;
}
