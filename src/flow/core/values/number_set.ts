/**
 * Sets of LSNs.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../../../codec/mod.ts";
import { CopiedMap } from "../../../index/mod.ts";

/** Numbers of one piece. Small, so that a number far from all others costs little. */
const PIECE_COUNT = 1 << 10;

/** Whole numbers from 0 to 2^53 − 1, of which many stand close together: a bit for each. */
export class NumberSet {
  readonly #pieces = new CopiedMap<number, Uint32Array>();
  /** The piece that was looked at last: the next number is mostly in it, too. */
  #piece: Uint32Array | undefined;
  #pieceNumber = -1;

  /** Whether a number is in the set. */
  has(number: number): boolean {
    const pieceNumber = Math.floor(number / PIECE_COUNT);
    const piece = this.#find(pieceNumber);
    const place = number - pieceNumber * PIECE_COUNT;
    return piece !== undefined && (piece[place >>> 5]! & (1 << (place & 31))) !== 0;
  }

  /** Puts a number into the set. */
  add(number: number): void {
    const pieceNumber = Math.floor(number / PIECE_COUNT);
    this.#pieces.changes(pieceNumber);
    const piece = this.#find(pieceNumber) ?? this.#create(pieceNumber);
    const place = number - pieceNumber * PIECE_COUNT;
    piece[place >>> 5]! |= 1 << (place & 31);
  }

  /** All numbers, in no order. */
  *[Symbol.iterator](): Generator<number> {
    for (const [pieceNumber, piece] of this.#pieces) yield* numbersIn(pieceNumber, piece);
  }

  /** Writes all numbers that there are now, a few in each step; see `Saving`. */
  save(stream: StreamWriter): Generator<void> {
    return this.#pieces.copy((pieceNumber, piece) => {
      stream.f64(pieceNumber);
      stream.numbers(piece);
    });
  }

  /** Yields numbers that were saved, in no order. */
  static *saved(stream: StreamReader): Generator<number> {
    const piece = new Uint32Array(PIECE_COUNT / 32);
    while (!stream.isAtEnd) {
      const pieceNumber = stream.f64();
      stream.numbers(piece);
      yield* numbersIn(pieceNumber, piece);
    }
  }

  #find(pieceNumber: number): Uint32Array | undefined {
    if (pieceNumber === this.#pieceNumber) return this.#piece;
    this.#pieceNumber = pieceNumber;
    return this.#piece = this.#pieces.get(pieceNumber);
  }

  #create(pieceNumber: number): Uint32Array {
    const piece = new Uint32Array(PIECE_COUNT / 32);
    this.#pieces.set(pieceNumber, piece);
    this.#pieceNumber = pieceNumber;
    return this.#piece = piece;
  }
}

function* numbersIn(pieceNumber: number, piece: Uint32Array): Generator<number> {
  for (let place = 0; place < PIECE_COUNT; place++) {
    if (piece[place >>> 5]! & (1 << (place & 31))) yield pieceNumber * PIECE_COUNT + place;
  }
}
