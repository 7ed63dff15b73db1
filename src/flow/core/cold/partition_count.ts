/**
 * Counting the cold flows of a partition.
 *
 * @module
 */
import { isTerminalState } from "../../mod.ts";
import { isForgotten } from "../flow.ts";
import { type ColdBlock, secondOf, startOf } from "./cold_block.ts";
import type { ColdFlows } from "./cold_flows.ts";
import { type ColdLane, placesOf, seatOf } from "./cold_lane.ts";

/** So many blocks are looked through in one slice: a fraction of a millisecond if nobody is in them. */
const SLICE_BLOCKS = 128;

/** With so many bodies read a slice is over: a millisecond, and what is left of the block. */
const SLICE_READS = 256;

/** Which cold flows are counted. */
export interface Counted {
  /** Of this type. */
  readonly type: string;
  /** Of this partition. */
  readonly key: string;
  /** The hash of the partition. */
  readonly hash: number;
}

/** How many flows of a block are in the partition. */
interface BlockCount {
  /** The block has not changed since as long as this is its version. */
  readonly version: number;
  /** Those that are listed. */
  readonly listed: number;
  /** Those that wait for a time. */
  readonly asleep: number;
  /** From then on there may be fewer: somebody's retention is over. */
  readonly untilMs: number;
}

/** How many flows of a lane are in the partition. */
export interface LaneCount {
  /** Their state. */
  readonly state: string;
  /** Those that are listed. */
  readonly listed: number;
  /** Those that wait for a time, and are in no index that says so. */
  readonly asleep: number;
}

/**
 * A count of the cold flows of a type in a partition, which takes reading the body of each of them. So
 * it is made block by block, and what has changed meanwhile is counted again.
 */
export class PartitionCount {
  readonly #cold: ColdFlows;
  readonly #counted: Counted;
  readonly #counts = new Map<ColdBlock, BlockCount>();
  /** Bodies that were read in the present slice. */
  #reads = 0;

  /** Nothing is counted yet. */
  constructor(cold: ColdFlows, counted: Counted) {
    this.#cold = cold;
    this.#counted = counted;
  }

  /** Counts some of what was never counted. Returns whether all was, once at least. */
  slice(nowMs: number): boolean {
    this.#reads = 0;
    let blocks = 0;
    for (const lane of this.#lanes()) {
      for (const block of lane.blocks) {
        if (this.#counts.has(block)) continue;
        if (blocks++ === SLICE_BLOCKS || this.#reads >= SLICE_READS) return false;
        this.#count(lane, block, nowMs);
      }
    }
    return true;
  }

  /** How many there are now: what was not counted, or has changed since, is counted at once. */
  now(nowMs: number): LaneCount[] {
    return [...this.#lanes()].map((lane) => {
      let listed = 0;
      let asleep = 0;
      for (const block of lane.blocks) {
        const known = this.#counts.get(block);
        const isRight = known?.version === block.version && nowMs < known.untilMs;
        const count = isRight ? known : this.#count(lane, block, nowMs);
        listed += count.listed;
        asleep += count.asleep;
      }
      return { state: lane.state, listed, asleep };
    });
  }

  #lanes(): Iterable<ColdLane> {
    return this.#cold.lanes(this.#counted.type);
  }

  #count(lane: ColdLane, block: ColdBlock, nowMs: number): BlockCount {
    const { hash } = this.#counted;
    const haveEnded = isTerminalState(lane.state);
    const { version } = block;
    let listed = 0;
    let asleep = 0;
    let untilMs = Infinity;
    for (const at of placesOf(block)) {
      const { place } = at;
      if (!block.mayBeIn(place, hash) || !this.#isInPartition(block, place)) continue;
      const endMs = haveEnded ? block.briefOf(place).wakeMs : null;
      // Of the end of a retention the seat knows the second.
      const isAboutOver = endMs !== null && endMs <= startOf(secondOf(nowMs));
      if (isAboutOver && isForgotten(this.#cold.read(seatOf(at)).control, nowMs)) continue;
      if (endMs !== null) untilMs = Math.min(untilMs, isAboutOver ? nowMs : endMs);
      listed++;
      if (!haveEnded && block.isAsleep(place)) asleep++;
    }
    const count = { version, listed, asleep, untilMs };
    this.#counts.set(block, count);
    return count;
  }

  #isInPartition(block: ColdBlock, place: number): boolean {
    this.#reads++;
    const { identity } = this.#cold.records.body(block.bodyLsnOf(place));
    return identity.partitionKey === this.#counted.key;
  }
}
