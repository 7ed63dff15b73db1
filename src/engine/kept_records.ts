/**
 * Records that a merge keeps, on their way to the disk.
 *
 * @module
 */
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
  #pieces: Uint8Array[] = [];
  #records: KeptRecord[] = [];
  #length = 0;

  /** @param base The place before the first frame. */
  constructor(base: LogPosition) {
    this.#base = base;
    this.#end = base;
  }

  /** Bytes of the records. */
  get length(): number {
    return this.#length;
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
      this.#records.push({ lsn, offset: this.#length });
      this.#pieces.push(bytes);
      this.#length += bytes.length;
    }
    this.#end = end;
    this.#timeMs = Math.max(this.#timeMs, timeMs);
  }

  /** The frame that stands for all that were added. */
  frame(): MergedFrame {
    const body = new Uint8Array(this.#length);
    let length = 0;
    for (const piece of this.#pieces) {
      body.set(piece, length);
      length += piece.length;
    }
    const { length: count } = this.#records;
    return { base: this.#base, end: this.#end, timeMs: this.#timeMs, count, body };
  }

  /** Begins again behind the frames that it stood for. */
  clear(): void {
    this.#base = this.#end;
    this.#timeMs = 0;
    this.#pieces = [];
    this.#records = [];
    this.#length = 0;
  }
}
