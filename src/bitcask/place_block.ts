/**
 * Some records that follow one another, ready to be looked up.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { columnBytesMax, NUMBER_BYTES_MAX, type NumberColumns } from "./number_columns.ts";

/**
 * The most records of a block. Twice as many would take a tenth of a byte less for each, and finding
 * one of them would take twice as long.
 */
const BLOCK_COUNT = 128;

/** The most bytes of a packed block. */
export const BLOCK_BYTES_MAX: number = 2 * NUMBER_BYTES_MAX + 3 * columnBytesMax(BLOCK_COUNT);

/** What there is in a packed block besides offsets. */
const GAPS = 1;
const LINKS = 2;

/** LSNs, places and predecessors of up to 128 records. */
export class PlaceBlock {
  #count = 0;
  /** The LSN of the first record. */
  #firstLsn = 0;
  /** Whether LSNs have gaps, as they have only where a merge was. If not, ranks say nothing. */
  #hasGaps = false;
  /** Whether any record is strung behind another. If not, the column of these says nothing. */
  #hasLinks = false;
  /** By record: how far its LSN is above the first one. */
  readonly #ranks = new Float64Array(BLOCK_COUNT);
  /** By record: where it stands. */
  readonly #offsets = new Float64Array(BLOCK_COUNT);
  /** By record: the LSN of the one it is strung behind, or 0. */
  readonly #previous = new Float64Array(BLOCK_COUNT);

  /** Bytes that it takes. */
  get bytes(): number {
    return 3 * this.#offsets.byteLength;
  }

  /** Whether it has no record. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether a record at an offset can be added: there is room, and it stands behind the others. */
  takes(offset: number): boolean {
    const count = this.#count;
    return count < BLOCK_COUNT && (count === 0 || this.#offsets[count - 1]! < offset);
  }

  /** The LSN of the first record. */
  get firstLsn(): number {
    return this.#firstLsn;
  }

  /** Forgets all records. */
  clear(): void {
    this.#count = 0;
    this.#hasGaps = this.#hasLinks = false;
  }

  /** Adds a record that it takes. LSNs ascend. */
  append(lsn: number, offset: number): void {
    if (!(offset >= 1 && offset <= 0xffff_ffff)) {
      invariant(false, `no place in a segment for LSN ${lsn}: ${offset}`);
    }
    const count = this.#count;
    if (count === 0) this.#firstLsn = lsn;
    const rank = lsn - this.#firstLsn;
    if (rank !== count) this.#hasGaps = true;
    this.#ranks[count] = rank;
    this.#offsets[count] = offset;
    this.#previous[count] = 0;
    this.#count = count + 1;
  }

  /** Strings a record behind an earlier one. */
  link(lsn: number, previousLsn: number): void {
    const index = this.#indexOf(lsn);
    if (index < 0) invariant(false, `LSN ${lsn} cannot follow ${previousLsn} any more`);
    this.#previous[index] = previousLsn;
    this.#hasLinks = true;
  }

  /** Where a record stands, 0 if it is not here. */
  find(lsn: number): number {
    const index = this.#indexOf(lsn);
    return index < 0 ? 0 : this.#offsets[index]!;
  }

  /** The record before this one in its chain, 0 if it is the first, or is not here. */
  previous(lsn: number): number {
    const index = this.#hasLinks ? this.#indexOf(lsn) : -1;
    return index < 0 ? 0 : this.#previous[index]!;
  }

  /** Writes all records but the first LSN. There is one at least, and they are no use any more. */
  pack(columns: NumberColumns): void {
    const count = this.#count;
    columns.write(count);
    columns.write((this.#hasGaps ? GAPS : 0) + (this.#hasLinks ? LINKS : 0));
    columns.write(this.#offsets[0]!);
    columns.writeColumn(toSteps(this.#offsets, count), count);
    if (this.#hasGaps) columns.writeColumn(toSteps(this.#ranks, count), count);
    if (!this.#hasLinks) return;
    // What the claims of one batch are strung behind stands as far from one another.
    const previous = this.#previous;
    let before = this.#firstLsn;
    for (let index = 0; index < count; index++) {
      const lsn = previous[index]!;
      if (lsn === 0) continue;
      previous[index] = 1 + zigzag(lsn - before);
      before = lsn;
    }
    columns.writeColumn(previous, count);
  }

  /** Takes the records that were packed in the place of what is there. */
  unpack(columns: NumberColumns, firstLsn: number): void {
    const count = this.#count = columns.read();
    const parts = columns.read();
    const firstOffset = columns.read();
    this.#firstLsn = firstLsn;
    this.#hasGaps = (parts & GAPS) !== 0;
    this.#hasLinks = (parts & LINKS) !== 0;
    columns.readColumn(this.#offsets, count);
    fromSteps(this.#offsets, count, firstOffset);
    if (this.#hasGaps) {
      columns.readColumn(this.#ranks, count);
      fromSteps(this.#ranks, count, 0);
    }
    if (!this.#hasLinks) return;
    const previous = this.#previous;
    columns.readColumn(previous, count);
    let before = firstLsn;
    for (let index = 0; index < count; index++) {
      const step = previous[index]!;
      if (step !== 0) previous[index] = before += zagzig(step - 1);
    }
  }

  #indexOf(lsn: number): number {
    const rank = lsn - this.#firstLsn;
    if (!this.#hasGaps) return rank >= 0 && rank < this.#count ? rank : -1;
    const ranks = this.#ranks;
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = ranks[middle]!;
      if (found === rank) return middle;
      if (found < rank) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** Puts in the place of ascending numbers how much each of them is above the one before. */
function toSteps(numbers: Float64Array, count: number): Float64Array {
  for (let index = count - 1; index > 0; index--) numbers[index]! -= numbers[index - 1]!;
  // The first one stands elsewhere, and is like the others here.
  numbers[0] = count > 1 ? numbers[1]! : 0;
  return numbers;
}

/** Puts ascending numbers in the place of how much each of them is above the one before. */
function fromSteps(steps: Float64Array, count: number, first: number): void {
  let number = steps[0] = first;
  for (let index = 1; index < count; index++) steps[index] = number += steps[index]!;
}

/** Whole numbers of both signs as those that have none. */
function zigzag(number: number): number {
  return number < 0 ? -2 * number - 1 : 2 * number;
}

function zagzig(number: number): number {
  const half = Math.floor(number / 2);
  return 2 * half === number ? half : -half - 1;
}
