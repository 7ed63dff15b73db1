/**
 * What flows are for life, packed.
 *
 * @module
 */
import {
  ByteReader,
  type ByteSpan,
  ByteWriter,
  copySpan,
  setU32,
  type StreamReader,
  u32At,
} from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { BodyEffect } from "../effect.ts";
import {
  BODY_FIXED_BYTES,
  BODY_KEY_BYTES,
  readIdentity,
  typeOfLoner,
  writeBodyFixed,
  writeBodyRest,
} from "../encoding/body.ts";
import { type NameIds, nameIds } from "../encoding/names.ts";
import type { Identity } from "../flow.ts";
import type { Dictionary } from "./dictionary.ts";

/** Blocks begin at multiples of this, in bytes. */
const UNIT_BYTES = 16;

/** Blocks share pieces of so many units: 64 KiB. A larger block has a piece of its own. */
const PIECE_BITS = 12;
const PIECE_UNITS = 1 << PIECE_BITS;

/** A rank is five bytes of an id, plus 1; 0 is below all of them, and this above. */
const RANK_END = 256 ** 5 + 1;

/** Before the body of a block stands its length. */
const LENGTH_BYTES = 4;

/** What a flow has in common with others for life. */
export type Ties = Pick<
  Identity,
  "type" | "parentFlowId" | "rootFlowId" | "correlationId" | "membership"
>;

const NO_TIES = { parentFlowId: null, rootFlowId: null, correlationId: null, membership: null };

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Identities as the bytes of their BODY records, in a few large arrays: millions of small objects
 * would be looked at by the collector again and again. A block is named by a number. Blocks that are
 * given back are used again for identities of about the same size.
 */
export class IdentityArena {
  readonly #dictionary: Dictionary;
  readonly #names: NameIds;
  readonly #writer = new ByteWriter();
  readonly #pieces: Uint8Array[] = [];
  /** Free blocks by their size in units, plus 1; each names the next one in its first bytes. */
  readonly #free: number[] = [];
  /** The first unit that no block has had yet, and the end of its piece. */
  #nextUnit = 0;
  #endUnit = 0;
  #fixedBytes = 0;

  /**
   * An empty arena.
   *
   * @param dictionary The names of types.
   */
  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
    this.#names = nameIds(dictionary, []);
  }

  /**
   * Keeps an identity. Returns the number of its block.
   *
   * @param body What its BODY record says, if that is at hand. Default: it is written once more.
   */
  add(effect: Pick<BodyEffect, "key" | "identity">, body = this.#bodyOf(effect)): number {
    const isAlike = this.#fixedBytes === 0 || this.#fixedBytes === BODY_FIXED_BYTES;
    invariant(isAlike, "bodies begin alike");
    this.#fixedBytes = BODY_FIXED_BYTES;
    const length = LENGTH_BYTES + body.end - body.start;
    const block = this.#take(unitsOf(length));
    const piece = this.#pieceOf(block);
    const at = offsetOf(block);
    setU32(piece, at, length);
    copySpan(body, piece, at + LENGTH_BYTES);
    return block;
  }

  /** The identity in a block. */
  read(block: number): Identity {
    const piece = this.#pieceOf(block);
    const start = offsetOf(block);
    const end = start + u32At(piece, start);
    const fixed = new ByteReader(piece, { start: start + LENGTH_BYTES + BODY_KEY_BYTES, end });
    // Read by itself only if another version knows more than this one.
    const rest = this.#fixedBytes === BODY_FIXED_BYTES
      ? fixed
      : new ByteReader(piece, { start: this.#idAt(block), end });
    return readIdentity(fixed, rest, this.#dictionary);
  }

  /** What indexes want of the identity in a block. */
  ties(block: number): Ties {
    const type = typeOfLoner(
      this.#pieceOf(block),
      offsetOf(block) + LENGTH_BYTES,
      this.#dictionary,
    );
    return type === undefined ? this.read(block) : { ...NO_TIES, type };
  }

  /** Whether the identity in a block has this id and partition. */
  matches(block: number, partitionKey: string, id: string): boolean {
    const piece = this.#pieceOf(block);
    const at = this.#idAt(block);
    return isText(piece, at, id) && isText(piece, afterText(piece, at), partitionKey);
  }

  /** Whether the identity in a block has this id. */
  hasId(block: number, id: string): boolean {
    return isText(this.#pieceOf(block), this.#idAt(block), id);
  }

  /** The id of the identity in a block. */
  idOf(block: number): string {
    return textAt(this.#pieceOf(block), this.#idAt(block));
  }

  /** The partition of the identity in a block. */
  partitionOf(block: number): string {
    const piece = this.#pieceOf(block);
    return textAt(piece, afterText(piece, this.#idAt(block)));
  }

  /** Whether the identity in a block is in a partition. */
  isIn(block: number, partitionKey: string): boolean {
    const piece = this.#pieceOf(block);
    return isText(piece, afterText(piece, this.#idAt(block)), partitionKey);
  }

  /** Orders two identities by id, then by partition, bytewise. */
  compare(a: number, b: number): number {
    const pieceA = this.#pieceOf(a);
    const pieceB = this.#pieceOf(b);
    const atA = this.#idAt(a);
    const atB = this.#idAt(b);
    return compareTexts(pieceA, atA, pieceB, atB) ||
      compareTexts(pieceA, afterText(pieceA, atA), pieceB, afterText(pieceB, atB));
  }

  /**
   * A number that orders ids as `compare()` does, wherever it differs: the bytes after a prefix. Ids
   * that do not begin with it stand before all that do, or after them.
   */
  rank(block: number, prefix: Uint8Array): number {
    const piece = this.#pieceOf(block);
    const start = this.#idAt(block) + 4;
    const length = u32At(piece, start - 4);
    for (let index = 0; index < prefix.length; index++) {
      const byte = index < length ? piece[start + index]! : -1;
      if (byte !== prefix[index]) return byte < prefix[index]! ? 0 : RANK_END;
    }
    const at = start + prefix.length;
    const end = start + length;
    const low = (byteAt(piece, at + 1, end) << 24) | (byteAt(piece, at + 2, end) << 16) |
      (byteAt(piece, at + 3, end) << 8) | byteAt(piece, at + 4, end);
    return byteAt(piece, at, end) * 0x1_0000_0000 + (low >>> 0) + 1;
  }

  /** What the ids in blocks begin with, all of them. */
  prefixOf(blocks: readonly number[]): Uint8Array {
    let prefix: Uint8Array | undefined;
    for (const block of blocks) {
      const piece = this.#pieceOf(block);
      const start = this.#idAt(block) + 4;
      const id = piece.subarray(start, start + u32At(piece, start - 4));
      prefix = prefix === undefined ? id.slice() : commonPrefix(prefix, id);
    }
    return prefix ?? new Uint8Array(0);
  }

  /** The bytes of a block, as a view. */
  save(block: number): Uint8Array {
    const piece = this.#pieceOf(block);
    const start = offsetOf(block);
    return piece.subarray(start, start + u32At(piece, start));
  }

  /** Keeps so many bytes that were saved. Returns the number of their block. */
  load(stream: StreamReader, length: number): number {
    const block = this.#take(unitsOf(length));
    stream.into(this.#pieceOf(block), offsetOf(block), length);
    return block;
  }

  /** Bytes that all bodies begin with; 0: there has not been one. */
  get fixedBytes(): number {
    return this.#fixedBytes;
  }

  /** Only before anything is loaded. */
  set fixedBytes(bytes: number) {
    this.#fixedBytes = bytes;
  }

  /** Gives a block back. */
  delete(block: number): void {
    const piece = this.#pieceOf(block);
    const start = offsetOf(block);
    const units = unitsOf(u32At(piece, start));
    setU32(piece, start, this.#free[units] ?? 0);
    this.#free[units] = block + 1;
  }

  #bodyOf({ key, identity }: Pick<BodyEffect, "key" | "identity">): ByteSpan {
    const writer = this.#writer;
    const effect: BodyEffect = { kind: "body", key, identity };
    writer.reset();
    writeBodyFixed(writer, effect, this.#names);
    writeBodyRest(writer, effect);
    return { bytes: writer.buffer, start: 0, end: writer.length };
  }

  #take(units: number): number {
    const free = (this.#free[units] ?? 0) - 1;
    if (free >= 0) {
      this.#free[units] = u32At(this.#pieceOf(free), offsetOf(free));
      return free;
    }
    if (units > PIECE_UNITS) {
      this.#pieces.push(new Uint8Array(units * UNIT_BYTES));
      return (this.#pieces.length - 1) * PIECE_UNITS;
    }
    if (this.#nextUnit + units > this.#endUnit) {
      this.#pieces.push(new Uint8Array(PIECE_UNITS * UNIT_BYTES));
      this.#endUnit = this.#pieces.length * PIECE_UNITS;
      this.#nextUnit = this.#endUnit - PIECE_UNITS;
    }
    const block = this.#nextUnit;
    this.#nextUnit += units;
    return block;
  }

  #pieceOf(block: number): Uint8Array {
    const piece = this.#pieces[block >>> PIECE_BITS];
    if (piece === undefined) invariant(false, `no identity has the block ${block}`);
    return piece;
  }

  /** Where the rest of a body begins: with the id, which the partition follows. */
  #idAt(block: number): number {
    return offsetOf(block) + LENGTH_BYTES + this.#fixedBytes;
  }
}

/** A byte of a text that ends before `end`, behind which there are zeros. */
function byteAt(piece: Uint8Array, at: number, end: number): number {
  return at < end ? piece[at]! : 0;
}

function commonPrefix(a: Uint8Array, b: Uint8Array): Uint8Array {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.subarray(0, length);
}

function unitsOf(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES);
}

/** Where a block begins in its piece. */
function offsetOf(block: number): number {
  return (block & (PIECE_UNITS - 1)) * UNIT_BYTES;
}

/** Where the text ends that begins with its length at `at`. */
function afterText(piece: Uint8Array, at: number): number {
  return at + 4 + u32At(piece, at);
}

function textAt(piece: Uint8Array, at: number): string {
  return decoder.decode(piece.subarray(at + 4, afterText(piece, at)));
}

function isText(piece: Uint8Array, at: number, text: string): boolean {
  const length = u32At(piece, at);
  // A text with as many bytes as characters has one byte for each.
  if (length !== text.length) return length > text.length && textAt(piece, at) === text;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80 || piece[at + 4 + index] !== unit) return false;
  }
  return true;
}

function compareTexts(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  const lengthA = u32At(a, atA);
  const lengthB = u32At(b, atB);
  const end = Math.min(lengthA, lengthB) + 4;
  for (let index = 4; index < end; index++) {
    const difference = a[atA + index]! - b[atB + index]!;
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
