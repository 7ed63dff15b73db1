/**
 * Arrays of numbers that grow without ever moving what they hold.
 *
 * An array that doubles stops everything for as long as it takes to copy millions of numbers; these
 * add one piece.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

/** Numbers of one piece, as a power of two: small enough for a store with three flows in it. */
const PIECE_BITS = 12;
const PIECE_COUNT = 1 << PIECE_BITS;
const PLACE_MASK = PIECE_COUNT - 1;

/** Numbers from 0 to 2^32 − 1. What was never set is 0. */
export class LongUint32Array {
  readonly #pieces: Uint32Array[] = [];

  /** The number at an index. */
  get(index: number): number {
    const piece = this.#pieces[index >>> PIECE_BITS];
    return piece === undefined ? 0 : piece[index & PLACE_MASK]!;
  }

  /** Sets the number at an index. */
  set(index: number, value: number): void {
    const piece = this.#pieces[index >>> PIECE_BITS] ?? this.#grow(index);
    piece[index & PLACE_MASK] = value;
  }

  #grow(index: number): Uint32Array {
    checkIndex(index);
    const pieces = this.#pieces;
    while (pieces.length <= index >>> PIECE_BITS) pieces.push(new Uint32Array(PIECE_COUNT));
    return pieces[index >>> PIECE_BITS]!;
  }
}

/** Numbers with a fraction. What was never set is 0. */
export class LongFloat64Array {
  readonly #pieces: Float64Array[] = [];

  /** The number at an index. */
  get(index: number): number {
    const piece = this.#pieces[index >>> PIECE_BITS];
    return piece === undefined ? 0 : piece[index & PLACE_MASK]!;
  }

  /** Sets the number at an index. */
  set(index: number, value: number): void {
    const piece = this.#pieces[index >>> PIECE_BITS] ?? this.#grow(index);
    piece[index & PLACE_MASK] = value;
  }

  #grow(index: number): Float64Array {
    checkIndex(index);
    const pieces = this.#pieces;
    while (pieces.length <= index >>> PIECE_BITS) pieces.push(new Float64Array(PIECE_COUNT));
    return pieces[index >>> PIECE_BITS]!;
  }
}

function checkIndex(index: number): void {
  if (index >= 0 && index <= 0xffff_ffff && Number.isInteger(index)) return;
  invariant(false, `${index} is no index of a long array`);
}
