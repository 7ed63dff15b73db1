/**
 * What the nodes of a heap hold, packed.
 *
 * @module
 */
import { invariant } from "../invariant.ts";

/** Words of a node: the time, the rank, the handle. */
const TIME = 0;
const TIME_AND_RANK = 1;
const RANK = 2;
const HANDLE = 3;
const NODE_BITS = 2;

/**
 * The node with the number 0 stands here, so that the four below a node stand side by side in one
 * line of the processor's cache: a way down the heap costs one way to memory for each step.
 */
const FIRST_PLACE = 3;

/** Nodes of one piece, as a power of two. */
const PIECE_BITS = 10;
const PLACE_MASK = (1 << PIECE_BITS) - 1;
const PIECE_WORDS = 1 << (PIECE_BITS + NODE_BITS);

/** Words of the first piece at first, since most heaps stay small. It doubles until it is whole. */
const FIRST_WORDS = 32;

/** Of the 53 bits of a time, so many stand in the second word, above what the rank has there. */
const TIME_LOW_COUNT = 2 ** 21;
const RANK_HIGH_BITS = 11;
const RANK_HIGH_COUNT = 1 << RANK_HIGH_BITS;

const WORD_COUNT = 2 ** 32;

/** The highest rank. */
export const RANK_MAX: number = RANK_HIGH_COUNT * WORD_COUNT - 1;

/**
 * Nodes of sixteen bytes in arrays that never move. Times are whole milliseconds, and with the ranks
 * they are packed so that three words in a row are in the order of both.
 */
export class HeapNodes {
  readonly #pieces: Uint32Array[] = [];

  /** The handle of a node. */
  handleAt(index: number): number {
    const place = FIRST_PLACE + index;
    return this.#pieces[place >>> PIECE_BITS]![wordsAt(place) + HANDLE]!;
  }

  /** The time of a node. */
  timeAt(index: number): number {
    const place = FIRST_PLACE + index;
    const piece = this.#pieces[place >>> PIECE_BITS]!;
    const at = wordsAt(place);
    return piece[at + TIME]! * TIME_LOW_COUNT + (piece[at + TIME_AND_RANK]! >>> RANK_HIGH_BITS);
  }

  /** How many of the first `count` nodes are not after a time. */
  countUntil(timeMs: number, count: number): number {
    // A time as it is packed, with the highest rank: whoever is after that is after the time.
    const timeHigh = Math.floor(timeMs / TIME_LOW_COUNT);
    const timeLow = (timeMs - timeHigh * TIME_LOW_COUNT + 1) * RANK_HIGH_COUNT;
    const end = FIRST_PLACE + count;
    let found = 0;
    for (let place = FIRST_PLACE; place < end;) {
      const piece = this.#pieces[place >>> PIECE_BITS]!;
      const pieceEnd = Math.min(end, (place | PLACE_MASK) + 1);
      for (; place < pieceEnd; place++) {
        const at = wordsAt(place);
        const high = piece[at + TIME]!;
        if (high < timeHigh || (high === timeHigh && piece[at + TIME_AND_RANK]! < timeLow)) found++;
      }
    }
    return found;
  }

  /** Below 0, 0 or above 0, as a node stands before, with or after another by time and rank. */
  compare(a: number, b: number): number {
    const placeA = FIRST_PLACE + a;
    const placeB = FIRST_PLACE + b;
    const pieceA = this.#pieces[placeA >>> PIECE_BITS]!;
    const pieceB = this.#pieces[placeB >>> PIECE_BITS]!;
    const atA = wordsAt(placeA);
    const atB = wordsAt(placeB);
    return pieceA[atA + TIME]! - pieceB[atB + TIME]! ||
      pieceA[atA + TIME_AND_RANK]! - pieceB[atB + TIME_AND_RANK]! ||
      pieceA[atA + RANK]! - pieceB[atB + RANK]!;
  }

  /** Puts a node where there may be none yet. Its rank is set after that. */
  set(index: number, handle: number, timeMs: number): void {
    const place = FIRST_PLACE + index;
    const piece = this.#pieceFor(place);
    const at = wordsAt(place);
    const timeHigh = Math.floor(timeMs / TIME_LOW_COUNT);
    const timeLow = timeMs - timeHigh * TIME_LOW_COUNT;
    // Also if it is not a number, or has a fraction.
    if (timeHigh >>> 0 !== timeHigh || (timeLow | 0) !== timeLow) {
      invariant(false, `${timeMs} is no time`);
    }
    piece[at + TIME] = timeHigh;
    piece[at + TIME_AND_RANK] = timeLow << RANK_HIGH_BITS;
    piece[at + HANDLE] = handle;
  }

  /** Gives a node another rank. */
  setRank(index: number, rank: number): void {
    const rankLow = rank >>> 0;
    const rankHigh = (rank - rankLow) / WORD_COUNT;
    if ((rankHigh & (RANK_HIGH_COUNT - 1)) !== rankHigh) invariant(false, `${rank} is no rank`);
    const place = FIRST_PLACE + index;
    const piece = this.#pieces[place >>> PIECE_BITS]!;
    const at = wordsAt(place);
    piece[at + TIME_AND_RANK] = (piece[at + TIME_AND_RANK]! & -RANK_HIGH_COUNT) | rankHigh;
    piece[at + RANK] = rankLow;
  }

  /** Puts another handle in the place of the one that a node has. */
  setHandle(index: number, handle: number): void {
    const place = FIRST_PLACE + index;
    this.#pieces[place >>> PIECE_BITS]![wordsAt(place) + HANDLE] = handle;
  }

  /** Copies a node. Returns its handle. */
  copy(from: number, to: number): number {
    const placeFrom = FIRST_PLACE + from;
    const placeTo = FIRST_PLACE + to;
    const source = this.#pieces[placeFrom >>> PIECE_BITS]!;
    const target = this.#pieces[placeTo >>> PIECE_BITS]!;
    const atFrom = wordsAt(placeFrom);
    const atTo = wordsAt(placeTo);
    target[atTo + TIME] = source[atFrom + TIME]!;
    target[atTo + TIME_AND_RANK] = source[atFrom + TIME_AND_RANK]!;
    target[atTo + RANK] = source[atFrom + RANK]!;
    return target[atTo + HANDLE] = source[atFrom + HANDLE]!;
  }

  /** Gives back what lies well behind the first `count` nodes. */
  shrink(count: number): void {
    const kept = ((FIRST_PLACE + count) >>> PIECE_BITS) + 2;
    if (this.#pieces.length > kept) this.#pieces.length = kept;
  }

  #pieceFor(place: number): Uint32Array {
    const piece = this.#pieces[place >>> PIECE_BITS];
    return piece !== undefined && wordsAt(place) < piece.length ? piece : this.#grow(place);
  }

  /** Nodes come one after the other. */
  #grow(place: number): Uint32Array {
    const pieces = this.#pieces;
    const before = pieces[place >>> PIECE_BITS];
    const length = place > PLACE_MASK ? PIECE_WORDS : 2 * (before?.length ?? FIRST_WORDS / 2);
    const piece = new Uint32Array(length);
    if (before !== undefined) piece.set(before);
    return pieces[place >>> PIECE_BITS] = piece;
  }
}

/** Where a node begins in its piece. */
function wordsAt(place: number): number {
  return (place & PLACE_MASK) << NODE_BITS;
}
