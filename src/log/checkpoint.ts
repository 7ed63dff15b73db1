/**
 * Files that spare reading the log from its beginning.
 *
 * A checkpoint says what somebody has made of the log up to a place. It is never needed: whatever is
 * wrong with it, the log says the same.
 *
 * @module
 */

import { crc32, DecodeError, STREAM_BYTES, StreamReader, StreamWriter } from "../codec/mod.ts";
import { type Directory, type FileHandle, readFully, withFile } from "../files/mod.ts";
import { invariant } from "../invariant.ts";
import { decodeDocument, encodeDocument } from "./format/document.ts";
import { magic } from "./format/header.ts";
import type { FrameEnd } from "./log.ts";
import { parsePosition } from "./manifest/manifest_state.ts";
import type { SideFile } from "./writing/side_file.ts";

const MAGIC = magic("FCCK");

/** The head has so many bytes; what it does not need is zero. */
const HEAD_BYTES = 65_536;

/** What follows is written and checked in blocks of so many bytes at most. */
const BLOCK_BYTES = 1 << 20;

/**
 * In front of a block stand its length, its CRC, its part and its number in that; the CRC covers those,
 * too. With the number nobody reads a part in which a block is missing, before a CRC tells why.
 */
const BLOCK_HEADER_BYTES = 16;
const PART_AT = 8;
const NUMBER_AT = 12;

/** Most blocks are about as long as what streams collect. */
const USUAL_BYTES = BLOCK_HEADER_BYTES + STREAM_BYTES;

/** What a checkpoint belongs to. */
export interface CheckpointFacts {
  /** The store, in hexadecimal. */
  readonly dbId: string;
  /** The shard. */
  readonly shard: number;
  /** The version of what is in it; another one is no use. */
  readonly version: number;
  /** The frame up to which the log is in it. */
  readonly end: FrameEnd;
}

/** The facts of a checkpoint that was read. */
export interface ReadFacts extends CheckpointFacts {
  /** Where its file ends. */
  readonly size: number;
  /** Bytes of what is in it. */
  readonly contentBytes: number;
}

/** A file with a name like that of a checkpoint. */
export interface CheckpointName {
  /** The name. */
  readonly name: string;
  /** Goes up from one checkpoint of a shard to the next. */
  readonly number: number;
}

/** The name of a checkpoint of a shard. */
export function checkpointName(shard: number, number: number): string {
  return `CHECKPOINT.${shard}.${number}`;
}

/** The checkpoints of a shard, the newest first. One without a number is of an older version. */
export function checkpointsIn(directory: Directory, shard: number): CheckpointName[] {
  return directory.list().flatMap((name) => {
    const [, of, number = "0"] = /^CHECKPOINT\.(\d+)(?:\.(\d+))?$/.exec(name) ?? [];
    return of === String(shard) ? [{ name, number: Number(number) }] : [];
  }).sort((a, b) => b.number - a.number);
}

/**
 * Writes a checkpoint, part by part, each in pieces that may alternate. What it is given is kept in
 * memory until somebody has it written out. Without its head, which comes last, it is none.
 */
export class CheckpointWriter {
  readonly #file: SideFile;
  readonly #streams = new Map<number, StreamWriter>();
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  /** Memory of blocks that were written out, for others: that of each would wait for the collector. */
  readonly #free: ArrayBuffer[] = [];
  #keptBytes = 0;
  #size = HEAD_BYTES;
  #isReserved = false;

  /** @param file Where it goes; nothing is in it. */
  constructor(file: SideFile) {
    this.#file = file;
  }

  /** Bytes that are kept in memory. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Bytes that were written out. */
  get writtenBytes(): number {
    return this.#size - HEAD_BYTES;
  }

  /** The stream of a part, from 0 on. */
  streamOf(part: number): StreamWriter {
    let stream = this.#streams.get(part);
    if (stream === undefined) {
      let count = 0;
      stream = new StreamWriter((bytes) => count = this.#add(part, count, bytes));
      this.#streams.set(part, stream);
    }
    return stream;
  }

  /** Writes out what is kept, so many bytes at once at most. Rejects with whatever the file says. */
  async writeOut(bytesMax: number): Promise<void> {
    if (!this.#isReserved) await this.#file.reserve();
    this.#isReserved = true;
    while (this.#blocks.length > 0) await this.#writeSome(bytesMax);
  }

  /** Writes out all that is left, and the head. Rejects with whatever the file says. */
  async finish(facts: CheckpointFacts, bytesMax: number): Promise<void> {
    for (const stream of this.#streams.values()) stream.flush();
    await this.writeOut(bytesMax);
    const head = encodeDocument({ ...facts, size: this.#size }, { magic: MAGIC });
    invariant(head.length <= HEAD_BYTES, "What a head says does not grow with the store");
    // What is in front of the first block is zero up to here, or was never written.
    const fill = (bytes: Uint8Array): void => bytes.set(head);
    this.#free.length = 0;
    await this.#file.write({ at: 0, length: head.length, fill });
  }

  async #writeSome(bytesMax: number): Promise<void> {
    let length = 0;
    let count = 0;
    do length += this.#blocks[count++]!.length; while (
      count < this.#blocks.length && length + this.#blocks[count]!.length <= bytesMax
    );
    const blocks = this.#blocks.splice(0, count);
    const at = this.#size;
    this.#size += length;
    this.#keptBytes -= length;
    const fill = (bytes: Uint8Array): void => {
      let offset = 0;
      for (const block of blocks) {
        bytes.set(block, offset);
        offset += block.length;
      }
    };
    await this.#file.write({ at, length, fill });
    for (const { buffer } of blocks) {
      if (buffer.byteLength === USUAL_BYTES) this.#free.push(buffer);
    }
  }

  /** Keeps a piece of a part that has so many blocks. Returns how many it has then. */
  #add(part: number, count: number, bytes: Uint8Array): number {
    let number = count;
    for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
      const content = bytes.subarray(from, from + BLOCK_BYTES);
      const block = this.#blockFor(content.length);
      fillBlock(block, { part, number: number++, content });
      this.#blocks.push(block);
      this.#keptBytes += block.length;
    }
    return number;
  }

  /** A block for so many bytes, whatever is in there. */
  #blockFor(bytes: number): Uint8Array<ArrayBuffer> {
    const length = BLOCK_HEADER_BYTES + bytes;
    // The last ones of their parts may be very small, and those of large arrays are larger.
    const isUsual = length > USUAL_BYTES / 2 && length <= USUAL_BYTES;
    if (!isUsual) return new Uint8Array(length);
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(USUAL_BYTES), 0, length);
  }
}

/** What is in a block. */
interface BlockContent {
  readonly part: number;
  readonly number: number;
  readonly content: Uint8Array;
}

/** Where a block stands. */
interface BlockPlace {
  readonly at: number;
  readonly length: number;
}

/**
 * Reads a checkpoint. Returns undefined if it is none, or none of this version.
 *
 * @param read Makes something of it; it has to read every part to its end. Throws `DecodeError` for
 *   bytes that are damaged.
 * @throws {DecodeError} If it is damaged. Throws whatever the files throw.
 */
export function readCheckpoint<Result>(
  directory: Directory,
  { name, ...of }: Pick<CheckpointFacts, "dbId" | "shard" | "version"> & { readonly name: string },
  read: (facts: ReadFacts, streamOf: (part: number) => StreamReader) => Result,
): Result | undefined {
  return withFile(directory, name, (file) => {
    const head = new Uint8Array(HEAD_BYTES);
    readFully(file, head, { at: 0 });
    const facts = decodeDocument(head, {
      magic: MAGIC,
      file: name,
      readFields: () => undefined,
      parse: parseFacts,
    })?.body;
    const isThis = facts?.dbId === of.dbId && facts.shard === of.shard &&
      facts.version === of.version;
    if (!isThis) return undefined;
    const parts = blocksOf(file, facts.size);
    let left = 0;
    for (const blocks of parts.values()) left += blocks.length;
    const result = read(facts, (part) => {
      const blocks = (parts.get(part) ?? []).values();
      // Whoever reads wants the last block beside this one, and none of those before.
      let [memory, before] = [new Uint8Array(0), new Uint8Array(0)];
      return new StreamReader(() => {
        const { value: place } = blocks.next();
        if (place === undefined) return undefined;
        left -= 1;
        [memory, before] = [before, memory];
        const length = BLOCK_HEADER_BYTES + place.length;
        if (memory.length < length) memory = new Uint8Array(length);
        return readBlock(file, place, memory);
      });
    });
    // A block that was not read was not checked either.
    if (left > 0) throw new DecodeError("There are blocks that nobody wants");
    return result;
  });
}

/**
 * Makes a checkpoint durable that was read: it may be in the page cache only. Throws whatever the files
 * throw.
 */
export function proveCheckpoint(directory: Directory, name: string): void {
  withFile(directory, name, (file) => file.flush());
}

function fillBlock(
  block: Uint8Array<ArrayBuffer>,
  { part, number, content }: BlockContent,
): void {
  const view = new DataView(block.buffer);
  block.set(content, BLOCK_HEADER_BYTES);
  view.setUint32(0, content.length, true);
  view.setUint32(PART_AT, part, true);
  view.setUint32(NUMBER_AT, number, true);
  view.setUint32(4, crc32(block.subarray(PART_AT)), true);
}

/** Where the blocks of each part stand. */
function blocksOf(file: FileHandle, size: number): Map<number, BlockPlace[]> {
  const parts = new Map<number, BlockPlace[]>();
  const header = new Uint8Array(BLOCK_HEADER_BYTES);
  const view = new DataView(header.buffer);
  for (let at = HEAD_BYTES; at < size;) {
    const count = readFully(file, header, { at });
    const length = view.getUint32(0, true);
    if (count < header.length || length === 0 || length > BLOCK_BYTES) {
      throw new DecodeError("The block is damaged");
    }
    const part = view.getUint32(PART_AT, true);
    const blocks = parts.get(part) ?? [];
    if (view.getUint32(NUMBER_AT, true) !== blocks.length) {
      throw new DecodeError("A block is missing");
    }
    if (blocks.length === 0) parts.set(part, blocks);
    blocks.push({ at, length });
    at += BLOCK_HEADER_BYTES + length;
  }
  return parts;
}

/** Reads a block into memory that has room for it. */
function readBlock(
  file: FileHandle,
  { at, length }: BlockPlace,
  memory: Uint8Array<ArrayBuffer>,
): Uint8Array {
  const block = memory.subarray(0, BLOCK_HEADER_BYTES + length);
  const count = readFully(file, block, { at });
  const crc = new DataView(block.buffer).getUint32(4, true);
  if (count < block.length || crc32(block.subarray(PART_AT)) !== crc) {
    throw new DecodeError("The block is damaged");
  }
  return block.subarray(BLOCK_HEADER_BYTES);
}

function parseFacts(value: unknown): ReadFacts {
  const facts = value as ReadFacts;
  const { end: { end, segment, endOffset }, dbId, shard, version, size } = facts;
  return {
    ...{ dbId, shard, version, size, contentBytes: size - HEAD_BYTES },
    end: { end: parsePosition(end), segment, endOffset },
  };
}
