/**
 * The frames that are ahead of the log.
 *
 * @module
 */
import { endOfFrame, type Frame, type Log, type LogPosition } from "../../log/mod.ts";
import { OpenFrame } from "./open_frame.ts";

/** A frame that the log has not answered. */
export interface SubmittedFrame {
  readonly frame: Frame;
  /** Its records, for whoever needs one before the log can give it out. */
  readonly records: OpenFrame;
  /** When it was handed over, in monotonic milliseconds. */
  readonly submittedAtMs: number;
}

/**
 * Memory beyond this is given back after use, in bytes, unless its frame has needed a good part of it.
 * Frames of some megabytes that follow each other take two thirds of the time with memory that is there.
 */
const SPARE_BYTES_MAX = 4 << 20;
const NEEDED_SHARE = 1 / 4;

/** The frame that is being written to, and those that are on their way to the log. */
export class FramesAhead {
  readonly #log: Log;
  #submitted: SubmittedFrame[] = [];
  #open: OpenFrame | undefined;
  /** The memory of a frame that the log has answered, for the next one: pages that are there. */
  #spare: Uint8Array | undefined;
  #onDrained: () => void = () => {};

  /**
   * No frames ahead.
   *
   * @param log Where the frames go.
   */
  constructor(log: Log) {
    this.#log = log;
  }

  /** The frame that is being written to, if there is one. */
  get open(): OpenFrame | undefined {
    return this.#open;
  }

  /** When the oldest frame was handed over that the log has not answered; undefined: there is none. */
  get oldestSubmittedAtMs(): number | undefined {
    return this.#submitted[0]?.submittedAtMs;
  }

  /** How many frames the log has not answered. */
  get submittedCount(): number {
    return this.#submitted.length;
  }

  /** Bytes of records that the log has not answered. */
  get bytes(): number {
    return this.#submitted.reduce((sum, { records }) => sum + records.length, 0) +
      (this.#open?.length ?? 0);
  }

  /** The LSN that the next record will have. */
  get nextLsn(): number {
    if (this.#open !== undefined) return this.#open.nextLsn;
    const last = this.#submitted.at(-1)?.frame;
    return (last === undefined ? this.#log.end.lsn : last.base.lsn + last.count) + 1;
  }

  /** The frame to write to. Opening one may start a segment, and so may throw what the log throws. */
  opened(): OpenFrame {
    if (this.#open !== undefined) return this.#open;
    this.#open = new OpenFrame(this.#base(), this.#log.nextPlace(), this.#spare);
    this.#spare = undefined;
    return this.#open;
  }

  /** Closes the frame that is being written to: what is to be handed to the log at this time. */
  close(nowMs: number): Frame | undefined {
    const records = this.#open;
    if (records === undefined) return undefined;
    const frame = records.close();
    this.#open = undefined;
    this.#submitted.push({ frame, records, submittedAtMs: nowMs });
    return frame;
  }

  /** Drops the open frame if nothing has come into it. Returns whether there was one. */
  dropEmpty(): boolean {
    if (this.#open?.count !== 0) return false;
    this.#open = undefined;
    return true;
  }

  /** Forgets the frame that was to be answered next, and returns it; undefined: it is another. */
  answered(frame: Frame): SubmittedFrame | undefined {
    if (this.#submitted[0]?.frame !== frame) return undefined;
    const answered = this.#submitted.shift();
    const { memory, length } = answered!.records;
    const isKept = memory.length <= SPARE_BYTES_MAX || length >= NEEDED_SHARE * memory.length;
    if (isKept) this.#spare = memory;
    if (this.#submitted.length === 0) this.#onDrained();
    return answered;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#open = undefined;
    this.#submitted = [];
    this.#onDrained();
  }

  /** Resolves when the log has answered all that it was given, or when they are forgotten. */
  drained(): Promise<void> {
    if (this.#submitted.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained = resolve);
  }

  /** A copy of bytes that stand in the log, or that will once these frames are there. */
  readBytes(segment: number, offset: number, length: number, lengthMax?: number): Uint8Array {
    for (const { records } of this.#submitted) {
      const bytes = records.readBytes(segment, offset, length);
      if (bytes !== undefined) return bytes;
    }
    return this.#open?.readBytes(segment, offset, length) ??
      this.#log.readBytes(segment, offset, length, lengthMax);
  }

  /** The place in the log where the next frame goes. The log has summed up what it has answered. */
  #base(): LogPosition {
    const last = this.#submitted.at(-1)?.frame;
    return last === undefined ? this.#log.end : endOfFrame(last);
  }
}
