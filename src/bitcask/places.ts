/**
 * Where the records of one segment stand in it, and which record of the same flow came before each.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../codec/mod.ts";
import { invariant } from "../invariant.ts";
import { NumberColumns } from "./number_columns.ts";
import { BLOCK_BYTES_MAX, PlaceBlock } from "./place_block.ts";

/** Bytes of packed blocks that are kept in one piece, as a power of two: far more than one can have. */
const PIECE_BITS = 14;
const PIECE_BYTES = 1 << PIECE_BITS;

/** Blocks that there is room for at first. */
const FIRST_COUNT = 16;

/** Where blocks are packed and unpacked, for any number of places. */
export class Workbench {
  readonly columns: NumberColumns = new NumberColumns();
  /** A block that is being packed. */
  readonly packed: Uint8Array = new Uint8Array(BLOCK_BYTES_MAX);
  /** The block that was unpacked last: who asks for one record often asks for one close by. */
  readonly unpacked: PlaceBlock = new PlaceBlock();
  /** Whose block that is; undefined: nobody's. */
  owner: Places | undefined;
  /** Which of his blocks. */
  index = 0;

  /** Bytes that it takes. */
  get bytes(): number {
    return this.packed.length + this.unpacked.bytes;
  }

  /** Forgets what is on it. */
  clear(): void {
    this.owner = undefined;
  }
}

/**
 * Places of records whose LSNs ascend: about a byte for each. The newest ones are as they came; those
 * before are packed, block by block, and a block is unpacked when somebody asks for one of them.
 */
export class Places {
  readonly #bench: Workbench;
  #newest: PlaceBlock | undefined;
  /** The packed blocks one after the other. None goes from one piece to the next. */
  readonly #pieces: Uint8Array[] = [];
  /** Bytes of all pieces. */
  #pieceBytes = 0;
  /** Bytes of the last piece that are taken. */
  #length = 0;
  #blockCount = 0;
  /** By block: the LSN of its first record, and where it stands in the pieces. */
  #firstLsns = new Float64Array(FIRST_COUNT);
  #starts = new Uint32Array(FIRST_COUNT);

  /** @param bench Where blocks are packed and unpacked. */
  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#pieceBytes + this.#firstLsns.byteLength + this.#starts.byteLength +
      (this.#newest?.bytes ?? 0);
  }

  /** Notes where the next record stands. LSNs ascend. */
  append(lsn: number, offset: number): void {
    const newest = this.#newest ??= new PlaceBlock();
    if (!newest.takes(offset)) this.#pack(newest);
    newest.append(lsn, offset);
  }

  /** Strings a record behind an earlier one, as long as no record has been appended after it. */
  link(lsn: number, previousLsn: number): void {
    if (this.#newest === undefined) invariant(false, `LSN ${lsn} was packed without a link`);
    this.#newest.link(lsn, previousLsn);
  }

  /** Where a record stands, 0 if there is none. */
  find(lsn: number): number {
    return this.#blockOf(lsn)?.find(lsn) ?? 0;
  }

  /** The record before this one in its chain, 0 if it is the first. */
  previous(lsn: number): number {
    return this.#blockOf(lsn)?.previous(lsn) ?? 0;
  }

  /** Takes no more room than is needed, for no records come for a while. */
  trim(): void {
    if (this.#newest === undefined && this.#starts.length === this.#blockCount) return;
    if (this.#newest !== undefined) this.#pack(this.#newest);
    this.#newest = undefined;
    const count = this.#blockCount;
    this.#firstLsns = this.#firstLsns.slice(0, count);
    this.#starts = this.#starts.slice(0, count);
    const last = this.#pieces.pop();
    if (last === undefined) return;
    this.#pieceBytes -= last.length;
    this.#addPiece(last.slice(0, this.#length));
  }

  /** Writes all places that there are now, a few in each step. Others may come meanwhile. */
  save(stream: StreamWriter): Generator<void> {
    // What was packed is never changed, and what comes now goes to another piece.
    this.trim();
    return saving([...this.#pieces], { firstLsns: this.#firstLsns, starts: this.#starts }, stream);
  }

  /** Reads all places; there are none yet. */
  load(stream: StreamReader): void {
    const count = this.#blockCount = stream.u32();
    this.#firstLsns = new Float64Array(count);
    this.#starts = new Uint32Array(count);
    stream.numbers(this.#firstLsns);
    stream.numbers(this.#starts);
    for (let left = stream.u32(); left > 0; left--) {
      const piece = new Uint8Array(stream.u32());
      stream.fill(piece);
      this.#addPiece(piece);
    }
    this.#length = this.#pieces.at(-1)?.length ?? 0;
  }

  #pack(block: PlaceBlock): void {
    if (block.isEmpty) return;
    const { columns, packed } = this.#bench;
    const { firstLsn } = block;
    columns.goTo(packed, 0);
    block.pack(columns);
    block.clear();
    const length = columns.offset;
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#length + length > piece.length) {
      this.#addPiece(piece = new Uint8Array(PIECE_BYTES));
      this.#length = 0;
    }
    piece.set(packed.subarray(0, length), this.#length);
    this.#note(firstLsn, (this.#pieces.length - 1) * PIECE_BYTES + this.#length);
    this.#length += length;
  }

  #addPiece(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
  }

  #note(firstLsn: number, start: number): void {
    const index = this.#blockCount++;
    if (index >= this.#starts.length) {
      const length = Math.max(FIRST_COUNT, 2 * index);
      const [firstLsns, starts] = [this.#firstLsns, this.#starts];
      this.#firstLsns = new Float64Array(length);
      this.#firstLsns.set(firstLsns);
      this.#starts = new Uint32Array(length);
      this.#starts.set(starts);
    }
    this.#firstLsns[index] = firstLsn;
    this.#starts[index] = start;
  }

  /** The block that would hold a record. */
  #blockOf(lsn: number): PlaceBlock | undefined {
    const newest = this.#newest;
    if (newest !== undefined && !newest.isEmpty && newest.firstLsn <= lsn) return newest;
    const firstLsns = this.#firstLsns;
    let low = 0;
    let high = this.#blockCount - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (firstLsns[middle]! <= lsn) low = middle + 1;
      else high = middle - 1;
    }
    return high < 0 ? undefined : this.#unpack(high);
  }

  #unpack(index: number): PlaceBlock {
    const bench = this.#bench;
    const { columns, unpacked } = bench;
    if (bench.owner === this && bench.index === index) return unpacked;
    const start = this.#starts[index]!;
    columns.goTo(this.#pieces[start >>> PIECE_BITS]!, start & (PIECE_BYTES - 1));
    unpacked.unpack(columns, this.#firstLsns[index]!);
    bench.owner = this;
    bench.index = index;
    return unpacked;
  }
}

function* saving(
  pieces: readonly Uint8Array[],
  { firstLsns, starts }: { readonly firstLsns: Float64Array; readonly starts: Uint32Array },
  stream: StreamWriter,
): Generator<void> {
  stream.u32(starts.length);
  stream.numbers(firstLsns);
  stream.numbers(starts);
  stream.u32(pieces.length);
  for (const piece of pieces) {
    yield;
    stream.u32(piece.length);
    stream.raw(piece);
  }
}
