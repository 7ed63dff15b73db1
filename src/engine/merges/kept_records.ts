/**
 * Records that a merge keeps, on their way to the disk.
 *
 * @module
 */
import { ByteWriter } from "../../codec/mod.ts";
import { LongFloat64Array, LongUint32Array } from "../../index/mod.ts";
import type { CommittedFrame, LogPosition, MergedFrame, RecordSpan } from "../../log/mod.ts";

/**
 * Collects records, frame by frame, into a frame that stands for several. What is kept of the frame
 * that is being read is not part of it before that has ended.
 */
export class KeptRecords {
  #base: LogPosition;
  #end: LogPosition;
  #timeMs = 0;
  /** How many records there are of frames that have ended, and how many bytes they have. */
  #count = 0;
  #length = 0;
  /** How many records there are. */
  #allCount = 0;
  /** By record: its LSN, and where it begins in the body. */
  readonly #lsns = new LongFloat64Array();
  readonly #offsets = new LongUint32Array();
  readonly #body = new ByteWriter();

  /** @param base The place before the first frame. */
  constructor(base: LogPosition) {
    this.#base = base;
    this.#end = base;
  }

  /** How many records of frames that have ended it holds. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of these. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of all records, those of a frame included that has not ended. */
  get allLength(): number {
    return this.#body.length;
  }

  /** Whether it stands for any frames. */
  get coversFrames(): boolean {
    return this.#end !== this.#base;
  }

  /** The LSN of a record. */
  lsnOf(index: number): number {
    return this.#lsns.get(index);
  }

  /** Where a record begins in the body, in bytes. */
  offsetOf(index: number): number {
    return this.#offsets.get(index);
  }

  /** Keeps the next record. */
  keep(lsn: number, { bytes, start, end }: RecordSpan): void {
    this.#lsns.set(this.#allCount, lsn);
    this.#offsets.set(this.#allCount, this.#body.length);
    this.#allCount += 1;
    this.#body.raw(bytes.subarray(start, end));
  }

  /** The frame has ended that the last records are of. */
  endFrame({ end, timeMs }: Pick<CommittedFrame, "end" | "timeMs">): void {
    this.#count = this.#allCount;
    this.#length = this.#body.length;
    this.#end = end;
    this.#timeMs = Math.max(this.#timeMs, timeMs);
  }

  /** The frame that stands for all that have ended. Good until more is kept. */
  frame(): MergedFrame {
    const body = this.#body.bytes().subarray(0, this.#length);
    return { base: this.#base, end: this.#end, timeMs: this.#timeMs, count: this.#count, body };
  }

  /** Begins again behind the frames that it stood for, with what was kept since. */
  clear(): void {
    const [count, length] = [this.#count, this.#length];
    this.#allCount -= count;
    for (let index = 0; index < this.#allCount; index++) {
      this.#lsns.set(index, this.#lsns.get(count + index));
      this.#offsets.set(index, this.#offsets.get(count + index) - length);
    }
    const rest = this.#body.bytes(length);
    this.#body.reset();
    this.#body.raw(rest);
    this.#base = this.#end;
    this.#count = this.#length = this.#timeMs = 0;
  }
}
