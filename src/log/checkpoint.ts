/**
 * Files that spare reading the log from its beginning.
 *
 * A checkpoint says what somebody has made of the log up to a place. It is never needed: whatever is
 * wrong with it, the log says the same.
 *
 * @module
 */

import { crc32, DecodeError, StreamReader, StreamWriter } from "../codec/mod.ts";
import { type Directory, type FileHandle, readFully, withFile, writeFully } from "../files/mod.ts";
import { decodeDocument, encodeDocument } from "./document.ts";
import { magic } from "./header.ts";
import type { FrameEnd } from "./log.ts";
import { parsePosition } from "./manifest_state.ts";

const MAGIC = magic("FCCK");

/** The head has so many bytes; what it does not need is zero. */
const HEAD_BYTES = 65_536;

/** What follows is written and checked in blocks of so many bytes at most, each behind its length and CRC. */
const BLOCK_BYTES = 1 << 20;
const BLOCK_HEADER_BYTES = 8;

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
  /** The ids of the segments up to that frame, in order. */
  readonly segments: readonly number[];
}

/** The name of a shard's checkpoint. */
export function checkpointName(shard: number): string {
  return `CHECKPOINT.${shard}`;
}

/**
 * Writes a checkpoint in the place of the one before. Without its head, which comes last, it is none.
 * Throws whatever the files throw.
 */
export function writeCheckpoint(
  directory: Directory,
  facts: CheckpointFacts,
  write: (stream: StreamWriter) => void,
): void {
  const headOf = (size: number): Uint8Array => encodeDocument({ ...facts, size }, { magic: MAGIC });
  if (headOf(Number.MAX_SAFE_INTEGER).length > HEAD_BYTES) {
    throw new Error(`A checkpoint has no room for the names of ${facts.segments.length} segments`);
  }
  const file = directory.open(checkpointName(facts.shard), { create: true });
  try {
    file.truncate(0);
    // Until the head is there, nothing on the disk may look like one.
    file.flush();
    let at = HEAD_BYTES;
    const put = (bytes: Uint8Array): void => {
      for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
        at += writeBlock(file, bytes.subarray(from, from + BLOCK_BYTES), at);
      }
    };
    const buffered = new BlockBuffer(put);
    const stream = new StreamWriter((bytes) => buffered.add(bytes));
    write(stream);
    stream.flush();
    buffered.flush();
    file.flush();
    writeFully(file, headOf(at), { at: 0 });
    file.flush();
    directory.sync();
  } finally {
    file.close();
  }
}

/**
 * Reads a checkpoint. Returns undefined if there is none, or none of this version.
 *
 * @param read Makes something of it. Throws `DecodeError` for bytes that are damaged.
 * @throws {DecodeError} If it is damaged. Throws whatever the files throw.
 */
export function readCheckpoint<Result>(
  directory: Directory,
  { dbId, shard, version }: Pick<CheckpointFacts, "dbId" | "shard" | "version">,
  read: (facts: CheckpointFacts, stream: StreamReader) => Result,
): Result | undefined {
  const name = checkpointName(shard);
  if (!directory.list().includes(name)) return undefined;
  return withFile(directory, name, (file) => {
    const head = new Uint8Array(HEAD_BYTES);
    readFully(file, head, { at: 0 });
    const facts = decodeDocument(head, {
      magic: MAGIC,
      file: name,
      readFields: () => undefined,
      parse: parseFacts,
    })?.body;
    const isThis = facts?.dbId === dbId && facts.shard === shard && facts.version === version;
    if (!isThis) return undefined;
    let at = HEAD_BYTES;
    const next = (): Uint8Array | undefined => {
      if (at === facts.size) return undefined;
      const block = readBlock(file, at);
      at += BLOCK_HEADER_BYTES + block.length;
      return block;
    };
    return read(facts, new StreamReader(next));
  });
}

/** Removes a checkpoint that is no use any more, if that is possible. */
export function removeCheckpoint(directory: Directory, shard: number): void {
  try {
    directory.remove(checkpointName(shard));
  } catch {
    // It says itself what it belongs to.
  }
}

/** Collects small pieces into whole blocks. */
class BlockBuffer {
  readonly #put: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(BLOCK_BYTES);
  #length = 0;

  constructor(put: (bytes: Uint8Array) => void) {
    this.#put = put;
  }

  add(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BLOCK_BYTES) this.flush();
    if (bytes.length > BLOCK_BYTES) return this.#put(bytes);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  flush(): void {
    if (this.#length > 0) this.#put(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }
}

function writeBlock(file: FileHandle, bytes: Uint8Array, at: number): number {
  const header = new DataView(new ArrayBuffer(BLOCK_HEADER_BYTES));
  header.setUint32(0, bytes.length, true);
  header.setUint32(4, crc32(bytes), true);
  writeFully(file, new Uint8Array(header.buffer), { at });
  writeFully(file, bytes, { at: at + BLOCK_HEADER_BYTES });
  return BLOCK_HEADER_BYTES + bytes.length;
}

function readBlock(file: FileHandle, at: number): Uint8Array {
  const header = new Uint8Array(BLOCK_HEADER_BYTES);
  readFully(file, header, { at });
  const view = new DataView(header.buffer);
  const length = view.getUint32(0, true);
  if (length === 0 || length > BLOCK_BYTES) throw new DecodeError("The block is damaged");
  const bytes = new Uint8Array(length);
  const count = readFully(file, bytes, { at: at + BLOCK_HEADER_BYTES });
  if (count < length || crc32(bytes) !== view.getUint32(4, true)) {
    throw new DecodeError("The block is damaged");
  }
  return bytes;
}

function parseFacts(value: unknown): CheckpointFacts & { readonly size: number } {
  const facts = value as CheckpointFacts & { readonly size: number };
  const { end: { end, segment, endOffset }, segments, dbId, shard, version, size } = facts;
  return {
    ...{ dbId, shard, version, size },
    end: { end: parsePosition(end), segment, endOffset },
    segments: [...segments],
  };
}
