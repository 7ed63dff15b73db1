/**
 * Records that a merge keeps, on their way to the disk.
 *
 * @module
 */
import { ByteWriter } from "../codec/mod.ts";
import type { CommittedFrame, LogPosition, LogRecord, MergedFrame } from "../log/mod.ts";

/** Where a record begins in the frame that is collected. */
export interface KeptRecord {
  /** Its LSN. */
  readonly lsn: number;
  /** Its offset in the body, in bytes. */
  readonly offset: number;
}

/** Collects records into a frame that stands for several. */
export class KeptRecords {
  #base: LogPosition;
  #end: LogPosition;
  #timeMs = 0;
  #records: KeptRecord[] = [];
  readonly #body = new ByteWriter();

  /** @param base The place before the first frame. */
  constructor(base: LogPosition) {
    this.#base = base;
    this.#end = base;
  }

  /** Bytes of the records. */
  get length(): number {
    return this.#body.length;
  }

  /** Whether it stands for any frames. */
  get coversFrames(): boolean {
    return this.#end !== this.#base;
  }

  /** The records. */
  get records(): readonly KeptRecord[] {
    return this.#records;
  }

  /** Adds what is kept of the next frame. */
  add({ end, timeMs }: CommittedFrame, records: readonly LogRecord[]): void {
    for (const { lsn, bytes } of records) {
      this.#records.push({ lsn, offset: this.#body.length });
      this.#body.raw(bytes);
    }
    this.#end = end;
    this.#timeMs = Math.max(this.#timeMs, timeMs);
  }

  /** The frame that stands for all that were added. Good until more is added. */
  frame(): MergedFrame {
    const { length: count } = this.#records;
    const body = this.#body.bytes();
    return { base: this.#base, end: this.#end, timeMs: this.#timeMs, count, body };
  }

  /** Begins again behind the frames that it stood for. */
  clear(): void {
    this.#base = this.#end;
    this.#timeMs = 0;
    this.#records = [];
    this.#body.reset();
  }
}
