/**
 * Arrays of numbers that grow without moving what they hold.
 *
 * An array that doubles stops everything for as long as it takes to copy millions of numbers; these
 * add one piece. The two classes say the same twice: engines make that code fast which only ever
 * sees one kind of array.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

/** Numbers of one piece, as a power of two. */
const PIECE_BITS = 12;
const PIECE_COUNT = 1 << PIECE_BITS;
const PLACE_MASK = PIECE_COUNT - 1;

/** Numbers of the first piece at first, since most arrays stay small. It doubles until it is whole. */
const FIRST_COUNT = 16;

/** Numbers from 0 to 2^32 − 1. What was never set is 0. */
export class LongUint32Array {
  readonly #pieces: Uint32Array[] = [];

  /** The number at an index. */
  get(index: number): number {
    const piece = this.#pieces[index >>> PIECE_BITS];
    const place = index & PLACE_MASK;
    // Not `piece[place] ?? 0`: what may be undefined is no plain number to engines.
    return piece !== undefined && place < piece.length ? piece[place]! : 0;
  }

  /** Sets the number at an index. */
  set(index: number, value: number): void {
    const piece = this.#pieces[index >>> PIECE_BITS];
    const place = index & PLACE_MASK;
    if (piece !== undefined && place < piece.length) piece[place] = value;
    else this.#grow(index)[place] = value;
  }

  /** Gives back what lies well behind the first `count` numbers. They are 0 from now on. */
  shrink(count: number): void {
    const kept = (count >>> PIECE_BITS) + 2;
    if (this.#pieces.length > kept) this.#pieces.length = kept;
  }

  #grow(index: number): Uint32Array {
    const pieces = this.#pieces;
    if (isInFirst(index)) {
      const first = new Uint32Array(firstCount(index));
      if (pieces[0] !== undefined) first.set(pieces[0]);
      return pieces[0] = first;
    }
    if (pieces[0] !== undefined && pieces[0].length < PIECE_COUNT) this.#grow(PIECE_COUNT - 1);
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
    const place = index & PLACE_MASK;
    return piece !== undefined && place < piece.length ? piece[place]! : 0;
  }

  /** Sets the number at an index. */
  set(index: number, value: number): void {
    const piece = this.#pieces[index >>> PIECE_BITS];
    const place = index & PLACE_MASK;
    if (piece !== undefined && place < piece.length) piece[place] = value;
    else this.#grow(index)[place] = value;
  }

  /** Gives back what lies well behind the first `count` numbers. They are 0 from now on. */
  shrink(count: number): void {
    const kept = (count >>> PIECE_BITS) + 2;
    if (this.#pieces.length > kept) this.#pieces.length = kept;
  }

  #grow(index: number): Float64Array {
    const pieces = this.#pieces;
    if (isInFirst(index)) {
      const first = new Float64Array(firstCount(index));
      if (pieces[0] !== undefined) first.set(pieces[0]);
      return pieces[0] = first;
    }
    if (pieces[0] !== undefined && pieces[0].length < PIECE_COUNT) this.#grow(PIECE_COUNT - 1);
    while (pieces.length <= index >>> PIECE_BITS) pieces.push(new Float64Array(PIECE_COUNT));
    return pieces[index >>> PIECE_BITS]!;
  }
}

function isInFirst(index: number): boolean {
  if (!(index >= 0 && index <= 0xffff_ffff)) invariant(false, `${index} is no index of an array`);
  return index < PIECE_COUNT;
}

/** How many numbers the first piece has when it is to hold one at an index. */
function firstCount(index: number): number {
  let count = FIRST_COUNT;
  while (count <= index) count *= 2;
  return count;
}
