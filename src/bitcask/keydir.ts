/**
 * Where records stand on this node, and how the events of one flow are strung together.
 *
 * Effects name records by LSN and never by place, so that they mean the same on every node. The
 * keydir is this node's private answer to "where is it". It is rebuilt from the log and costs
 * eight bytes a record.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import type { BodyPlace } from "../log/mod.ts";
import { LsnArray } from "./lsn_array.ts";

/** The first record of a run of records that stand in one segment. */
interface Run {
  readonly firstLsn: number;
  readonly segment: number;
}

/** Finds records by LSN. */
export class Keydir {
  readonly #runs: Run[] = [];
  readonly #offsets = new LsnArray();
  readonly #distances = new LsnArray();
  #lastLsn = 0;
  #lastSegment = -1;

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#offsets.bytes + this.#distances.bytes;
  }

  /**
   * Notes where the next record stands. Records come in the order of their LSNs. A gap is a record
   * that this version does not know and may leave out; nothing refers to it.
   */
  append(lsn: number, segment: number, offset: number): void {
    // Not the message as an argument: it would be made for every record.
    if (lsn <= this.#lastLsn) invariant(false, `LSN ${lsn} does not follow ${this.#lastLsn}`);
    this.#lastLsn = lsn;
    if (segment !== this.#lastSegment) {
      this.#runs.push({ firstLsn: lsn, segment });
      this.#lastSegment = segment;
    }
    this.#offsets.set(lsn, offset);
  }

  /** Strings a record behind an earlier one of the same flow. */
  link(lsn: number, previousLsn: number): void {
    if (previousLsn >= lsn || lsn > this.#lastLsn) {
      invariant(false, `LSN ${lsn} cannot follow ${previousLsn}`);
    }
    this.#distances.set(lsn, lsn - previousLsn);
  }

  /** Whether there is a record with this LSN. */
  has(lsn: number): boolean {
    return lsn >= 1 && lsn <= this.#lastLsn && this.#offsets.get(lsn) > 0;
  }

  /** Where the record stands. */
  find(lsn: number): BodyPlace {
    if (lsn < 1 || lsn > this.#lastLsn) {
      invariant(false, `LSN ${lsn} is not between 1 and ${this.#lastLsn}`);
    }
    const offset = this.#offsets.get(lsn);
    // No record stands at 0, where the segment has its head.
    if (offset === 0) invariant(false, `LSN ${lsn} was left out`);
    return { segment: this.#segmentOf(lsn), offset };
  }

  /** The record before this one in its chain, 0 if it is the first. */
  previous(lsn: number): number {
    const distance = this.#distances.get(lsn);
    return distance === 0 ? 0 : lsn - distance;
  }

  #segmentOf(lsn: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#runs[middle]!.firstLsn <= lsn) low = middle;
      else high = middle - 1;
    }
    return this.#runs[low]!.segment;
  }
}
