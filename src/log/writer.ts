/**
 * The open segment of a log: one write and one sync a frame.
 *
 * @module
 */

import { ByteWriter } from "../codec/mod.ts";
import { fileErrorCode, type FileHandle, writeFully } from "../files/mod.ts";
import { encodeFrame } from "./frame.ts";
import type { Frame, LogPosition } from "./log.ts";
import type { SegmentEntry } from "./manifest_state.ts";
import { encodeEvidence, EVIDENCE_OFFSET, SEGMENT_HEAD_BYTES } from "./segment.ts";
import type { NewSegment } from "./segment_creation.ts";

/** Buffers beyond this are given back after use, in bytes. */
const KEPT_BYTES_MAX = 4 << 20;

/** Where writing goes on. */
export interface SegmentWriterOptions {
  /** The segment. */
  readonly entry: SegmentEntry;
  /** Its file; the writer closes it. */
  readonly file: FileHandle;
  /** Number of this opening. */
  readonly epoch: number;
  /** The place after its last frame. */
  readonly end: LogPosition;
  /** Size of the file, in bytes. */
  readonly size: number;
  /** All records up to this LSN are proved durable by what is on the disk. */
  readonly provedLsn: number;
}

/** Whether the operating system says that there is no room. */
export function isNoSpace(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Appends frames. After any throw nothing may be written any more, by this writer or another. */
export class SegmentWriter {
  /** The segment. */
  readonly entry: SegmentEntry;
  /** Its file. */
  readonly file: FileHandle;
  readonly #epoch: number;
  #end: LogPosition;
  #size: number;
  #provedLsn: number;
  #buffer = new ByteWriter();

  /** Goes on where the options say. */
  constructor({ entry, file, epoch, end, size, provedLsn }: SegmentWriterOptions) {
    this.entry = entry;
    this.file = file;
    this.#epoch = epoch;
    this.#end = end;
    this.#size = size;
    this.#provedLsn = provedLsn;
  }

  /** The place after the last frame. */
  get end(): LogPosition {
    return this.#end;
  }

  /** Size of the file, which is where the next frame will stand, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Writes and syncs a frame. Returns whether there was room for it: if not, nothing was written. */
  append(frame: Frame): boolean {
    const buffer = this.#buffer;
    buffer.reset();
    const end = encodeFrame(buffer, frame, {
      salt: this.entry.salt,
      durableLsn: this.#end.lsn,
      epoch: this.#epoch,
    });
    const bytes = buffer.bytes();
    if (!this.#write(bytes, this.#size)) return false;
    this.file.flush();
    this.#size += bytes.length;
    this.#end = end;
    if (bytes.length > KEPT_BYTES_MAX) this.#buffer = new ByteWriter();
    return true;
  }

  /**
   * Writes and syncs evidence for all that was appended, unless what is there proves it already.
   * Returns whether it is proved now: if not, there was no room and nothing was written.
   */
  mark(): boolean {
    if (this.#provedLsn >= this.#end.lsn) return true;
    const evidence = encodeEvidence({
      salt: this.entry.salt,
      durableLsn: this.#end.lsn,
      epoch: this.#epoch,
    });
    if (!this.#write(evidence, EVIDENCE_OFFSET)) return false;
    this.file.flush();
    this.#provedLsn = this.#end.lsn;
    return true;
  }

  /** A writer for the segment after this one, whose header proves all before it. */
  continuedIn(next: NewSegment): SegmentWriter {
    const end = this.#end;
    return new SegmentWriter({
      ...next,
      epoch: this.#epoch,
      end,
      size: SEGMENT_HEAD_BYTES,
      provedLsn: end.lsn,
    });
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }

  /** Returns false if there is no room and nothing was written; throws if anything else fails. */
  #write(bytes: Uint8Array, at: number): boolean {
    let done: number;
    try {
      done = this.file.write(bytes, { at });
    } catch (error) {
      if (isNoSpace(error)) return false;
      throw error;
    }
    if (done < bytes.length) writeFully(this.file, bytes.subarray(done), { at: at + done });
    return true;
  }
}
