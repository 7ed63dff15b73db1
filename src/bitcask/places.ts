/**
 * Where the records of one segment stand in it, and which record of the same flow came before each.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../codec/mod.ts";
import { invariant } from "../invariant.ts";
import { LsnArray } from "./lsn_array.ts";

/** Records of one segment, by LSN. */
export interface Places {
  /** Bytes that it takes. */
  readonly bytes: number;
  /** Whether a merge has left gaps. */
  readonly isMerged: boolean;
  /** Writes all places. */
  save(stream: StreamWriter): void;
  /** Reads all places; there are none yet. */
  load(stream: StreamReader): void;
  /** Whether a record is near enough to the first one to stand here. */
  takes(lsn: number): boolean;
  /** Notes where the next record stands. LSNs ascend. */
  append(lsn: number, offset: number): void;
  /** Strings a record behind an earlier one. */
  link(lsn: number, previousLsn: number): void;
  /** Where a record stands, 0 if there is none. */
  find(lsn: number): number;
  /** The record before this one in its chain, 0 if it is the first. */
  previous(lsn: number): number;
}

/** In the place of a distance: it is too long for 32 bits, and stands elsewhere. */
const FAR = 0xffff_ffff;

/**
 * Records whose predecessors are further away than 32 bits can say. With merges LSNs go on for ever,
 * and a flow may rest for as long as it likes.
 */
class FarLinks {
  readonly #previous = new Map<number, number>();

  /** Bytes that they take, about. */
  get bytes(): number {
    return 48 * this.#previous.size;
  }

  save(stream: StreamWriter): void {
    stream.u32(this.#previous.size);
    for (const [lsn, previousLsn] of this.#previous) {
      stream.f64(lsn);
      stream.f64(previousLsn);
    }
  }

  load(stream: StreamReader): void {
    for (let count = stream.u32(); count > 0; count--) {
      const lsn = stream.f64();
      this.#previous.set(lsn, stream.f64());
    }
  }

  /** What to note as the distance of a record from the one before it. */
  note(lsn: number, previousLsn: number): number {
    const distance = lsn - previousLsn;
    if (distance < FAR) return distance;
    this.#previous.set(lsn, previousLsn);
    return FAR;
  }

  /** The record before one, by the distance that was noted. */
  previous(lsn: number, distance: number): number {
    if (distance === 0) return 0;
    return distance === FAR ? this.#previous.get(lsn)! : lsn - distance;
  }
}

/** Places of a segment in which LSNs are dense: eight bytes a record. */
export class DensePlaces implements Places {
  readonly isMerged = false;
  readonly #beforeLsn: number;
  readonly #offsets = new LsnArray();
  readonly #distances = new LsnArray();
  readonly #far = new FarLinks();

  /** @param firstLsn The first record that may come. */
  constructor(firstLsn: number) {
    this.#beforeLsn = firstLsn - 1;
  }

  get bytes(): number {
    return this.#offsets.bytes + this.#distances.bytes + this.#far.bytes;
  }

  save(stream: StreamWriter): void {
    this.#offsets.save(stream);
    this.#distances.save(stream);
    this.#far.save(stream);
  }

  load(stream: StreamReader): void {
    this.#offsets.load(stream);
    this.#distances.load(stream);
    this.#far.load(stream);
  }

  takes(): boolean {
    return true;
  }

  append(lsn: number, offset: number): void {
    this.#offsets.set(lsn - this.#beforeLsn, offset);
  }

  link(lsn: number, previousLsn: number): void {
    this.#distances.set(lsn - this.#beforeLsn, this.#far.note(lsn, previousLsn));
  }

  find(lsn: number): number {
    return this.#offsets.get(lsn - this.#beforeLsn);
  }

  previous(lsn: number): number {
    return this.#far.previous(lsn, this.#distances.get(lsn - this.#beforeLsn));
  }
}

/** Records that sparse places begin with room for. */
const SPARSE_COUNT = 256;

/** Places of a segment in which a merge has left gaps: twelve bytes for each record that is there. */
export class SparsePlaces implements Places {
  readonly isMerged = true;
  readonly #firstLsn: number;
  /** LSNs, less the first one; ascending. */
  #lsns = new Uint32Array(SPARSE_COUNT);
  #offsets = new Uint32Array(SPARSE_COUNT);
  #distances = new Uint32Array(SPARSE_COUNT);
  readonly #far = new FarLinks();
  #count = 0;

  /** @param firstLsn The first record that may come. */
  constructor(firstLsn: number) {
    this.#firstLsn = firstLsn;
  }

  get bytes(): number {
    return 3 * this.#lsns.byteLength + this.#far.bytes;
  }

  save(stream: StreamWriter): void {
    const count = this.#count;
    stream.u32(count);
    for (const numbers of [this.#lsns, this.#offsets, this.#distances]) {
      stream.numbers(numbers.subarray(0, count));
    }
    this.#far.save(stream);
  }

  load(stream: StreamReader): void {
    const count = this.#count = stream.u32();
    this.#lsns = new Uint32Array(Math.max(count, SPARSE_COUNT));
    this.#offsets = new Uint32Array(this.#lsns.length);
    this.#distances = new Uint32Array(this.#lsns.length);
    for (const numbers of [this.#lsns, this.#offsets, this.#distances]) {
      stream.numbers(numbers.subarray(0, count));
    }
    this.#far.load(stream);
  }

  takes(lsn: number): boolean {
    return lsn - this.#firstLsn <= 0xffff_ffff;
  }

  append(lsn: number, offset: number): void {
    const relative = lsn - this.#firstLsn;
    if (!(relative <= 0xffff_ffff && offset <= 0xffff_ffff)) {
      invariant(false, `no u32 for LSN ${lsn}: ${relative}, ${offset}`);
    }
    if (this.#count === this.#lsns.length) this.#grow();
    this.#lsns[this.#count] = relative;
    this.#offsets[this.#count] = offset;
    this.#count += 1;
  }

  link(lsn: number, previousLsn: number): void {
    const index = this.#indexOf(lsn);
    if (index < 0) invariant(false, `LSN ${lsn} cannot follow ${previousLsn}`);
    this.#distances[index] = this.#far.note(lsn, previousLsn);
  }

  find(lsn: number): number {
    const index = this.#indexOf(lsn);
    return index < 0 ? 0 : this.#offsets[index]!;
  }

  previous(lsn: number): number {
    const index = this.#indexOf(lsn);
    return index < 0 ? 0 : this.#far.previous(lsn, this.#distances[index]!);
  }

  #grow(): void {
    const length = 2 * this.#lsns.length;
    this.#lsns = grown(this.#lsns, length);
    this.#offsets = grown(this.#offsets, length);
    this.#distances = grown(this.#distances, length);
  }

  #indexOf(lsn: number): number {
    const relative = lsn - this.#firstLsn;
    let low = 0;
    let high = this.#count - 1;
    // Most look for what came last.
    if (high >= 0 && this.#lsns[high] === relative) return high;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#lsns[middle]!;
      if (found === relative) return middle;
      if (found < relative) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

function grown(numbers: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length);
  longer.set(numbers);
  return longer;
}
