/**
 * The frame that commands are being written to.
 *
 * @module
 */
import { crc32 } from "../../codec/mod.ts";
import { invariant } from "../../invariant.ts";
import type { BodyPlace, Frame, LogPosition } from "../../log/mod.ts";

/** The least that is made for records, in bytes. */
const FIRST_BYTES = 4_096;

const NO_BYTES: Readonly<Uint8Array> = new Uint8Array(0);

/** Collects the records of commands until the log has room for them. */
export class OpenFrame {
  /** Where the frame stands in the log. */
  readonly base: LogPosition;
  /** Where its body will stand on this node. */
  readonly place: BodyPlace;
  #bytes: Uint8Array;
  #length = 0;
  #count = 0;
  #timeMs = 0;

  /**
   * Opens a frame at a place in the log.
   *
   * @param memory Where its records are collected as long as there is room, whatever is in there.
   */
  constructor(base: LogPosition, place: BodyPlace, memory: Uint8Array = NO_BYTES) {
    this.base = base;
    this.place = place;
    this.#bytes = memory;
  }

  /** Where its records are. For another frame, once nobody asks for this one. */
  get memory(): Uint8Array {
    return this.#bytes;
  }

  /** How many records it holds. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes its records have. */
  get length(): number {
    return this.#length;
  }

  /** The LSN that the next record will have. */
  get nextLsn(): number {
    return this.base.lsn + this.#count + 1;
  }

  /**
   * Adds `count` records of a command that happens at `timeMs`. Returns the offset in the segment at
   * which the first of them will stand.
   */
  append(records: Uint8Array, count: number, timeMs: number): number {
    const offset = this.#length;
    this.#reserve(records.length);
    this.#bytes.set(records, offset);
    this.#length += records.length;
    this.#count += count;
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    return this.place.offset + offset;
  }

  /** The frame as it goes to the log. Nothing is added to it any more. */
  close(): Frame {
    invariant(this.#count > 0, "an empty frame is not submitted");
    const body = this.#bytes.subarray(0, this.#length);
    // Once for the log, and for the frame that will stand on this one.
    const bodyCrc = crc32(body);
    return { base: this.base, timeMs: this.#timeMs, count: this.#count, body, bodyCrc };
  }

  /** A copy of what will stand at a place of this node; undefined if that is not in this frame. */
  readBytes(segment: number, offset: number, length: number): Uint8Array | undefined {
    const start = offset - this.place.offset;
    const isHere = segment === this.place.segment && start >= 0 && start + length <= this.#length;
    return isHere ? this.#bytes.slice(start, start + length) : undefined;
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(FIRST_BYTES, needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
