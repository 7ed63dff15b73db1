/**
 * The open segment of a log: one write and one sync a frame.
 *
 * @module
 */

import type { FlowError } from "../../errors.ts";
import { type Directory, type FileHandle, readFully } from "../../files/mod.ts";
import { encodeFrame, frameBytes } from "../format/frame.ts";
import {
  encodeEvidence,
  EVIDENCE_OFFSET,
  SEGMENT_HEAD_BYTES,
  segmentName,
} from "../format/segment.ts";
import type { Frame, LogPosition } from "../log.ts";
import type { SegmentEntry } from "../manifest/manifest_state.ts";
import { lostFile, shortness } from "../segments/lost_files.ts";
import type { NewSegment } from "../segments/segment_creation.ts";
import type { IoResult, SegmentFile, SegmentIo } from "./segment_io.ts";

/** So much of the end of a file tells whether it is still there: the last frame has that much at least. */
const SEEN_BYTES = 64;

/** Some bytes of a file. */
interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Where writing goes on. */
export interface SegmentWriterOptions {
  /** The segment. */
  readonly entry: SegmentEntry;
  /** Its file; the writer closes it. */
  readonly file: FileHandle;
  /** Does the writes and the syncs. */
  readonly io: SegmentIo;
  /** Number of this opening. */
  readonly epoch: number;
  /** The place after its last frame. */
  readonly end: LogPosition;
  /** Size of the file, in bytes. */
  readonly size: number;
  /** All records up to this LSN are proved durable by what is on the disk. */
  readonly provedLsn: number;
}

/**
 * Appends frames. One that follows another may be handed over before that is durable, if the I/O takes
 * it: it is written only if the other one is. After anything has failed nothing may be written any
 * more, by this writer or another.
 */
export class SegmentWriter {
  /** The segment. */
  readonly entry: SegmentEntry;
  /** Its file. */
  readonly file: FileHandle;
  readonly #target: SegmentFile;
  readonly #io: SegmentIo;
  readonly #epoch: number;
  #end: LogPosition;
  #size: number;
  /** The same behind the frames that were handed over. */
  #nextBase: LogPosition;
  #nextAt: number;
  #provedLsn: number;
  /** What stood at its end when somebody looked last. */
  #seen: Piece = { at: SEGMENT_HEAD_BYTES, bytes: new Uint8Array(0) };

  /** Goes on where the options say. */
  constructor({ entry, file, io, epoch, end, size, provedLsn }: SegmentWriterOptions) {
    this.entry = entry;
    this.file = file;
    this.#target = { name: segmentName(entry.id), file };
    this.#io = io;
    this.#epoch = epoch;
    this.#end = this.#nextBase = end;
    this.#size = this.#nextAt = size;
    this.#provedLsn = provedLsn;
  }

  /** The place after the last frame. */
  get end(): LogPosition {
    return this.#end;
  }

  /** The place after the last frame that was handed over: what the next one stands on. */
  get nextBase(): LogPosition {
    return this.#nextBase;
  }

  /** Size of the file up to the end of the last frame, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether what is on the disk proves that all of it is durable. */
  get isProved(): boolean {
    return this.#provedLsn >= this.#end.lsn;
  }

  /** Why its file is not what others find by its name, as it was left; undefined: it is. */
  findLoss(directory: Pick<Directory, "path">): FlowError | undefined {
    const what = this.file.isInPlace()
      ? shortness(this.file.getSize(), this.#size) ?? this.#change()
      : "was removed, or replaced by another file";
    return what === undefined ? undefined : lostFile(directory, this.#target.name, what);
  }

  /**
   * What has happened to what was its end when it was looked at last; undefined: nothing. A file that
   * was cut short gets long again with the next write.
   */
  #change(): string | undefined {
    const { at, bytes } = this.#seen;
    const isAsBefore = this.#read(at, bytes.length).every((byte, index) => byte === bytes[index]);
    const next = Math.max(SEGMENT_HEAD_BYTES, this.#size - SEEN_BYTES);
    this.#seen = { at: next, bytes: this.#read(next, this.#size - next) };
    return isAsBefore ? undefined : `was cut off or overwritten at ${at} bytes or before`;
  }

  #read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    readFully(this.file, bytes, { at });
    return bytes;
  }

  /** Writes and syncs a frame. */
  append(frame: Frame, done: (result: IoResult) => void): void {
    const length = frameBytes(frame.body.length);
    // By the time it is written, all before it is durable.
    const stamp = { salt: this.entry.salt, durableLsn: frame.base.lsn, epoch: this.#epoch };
    const at = this.#nextAt;
    let end = this.#nextBase;
    const fill = (bytes: Uint8Array): void => {
      end = this.#nextBase = encodeFrame(bytes, frame, stamp);
      this.#nextAt = at + length;
    };
    this.#io.write(this.#target, { at, length, fill }, (result) => {
      if (result.kind === "done") {
        this.#size = at + length;
        this.#end = end;
      } else {
        this.#nextAt = this.#size;
        this.#nextBase = this.#end;
      }
      done(result);
    });
  }

  /** Writes and syncs evidence for all that was appended. */
  mark(done: (result: IoResult) => void): void {
    const { salt } = this.entry;
    const durableLsn = this.#end.lsn;
    const evidence = encodeEvidence({ salt, durableLsn, epoch: this.#epoch });
    const fill = (bytes: Uint8Array): void => bytes.set(evidence);
    const write = { at: EVIDENCE_OFFSET, length: evidence.length, fill };
    this.#io.write(this.#target, write, (result) => {
      if (result.kind === "done") this.#provedLsn = durableLsn;
      done(result);
    });
  }

  /** A writer for the segment after this one, whose header proves all before it. */
  continuedIn(next: NewSegment): SegmentWriter {
    const end = this.#end;
    return new SegmentWriter({
      ...next,
      io: this.#io,
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
}
