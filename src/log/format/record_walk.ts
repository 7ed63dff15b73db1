/**
 * Going over the records of a frame.
 *
 * @module
 */

import { DecodeError } from "../../codec/mod.ts";
import { FlowError } from "../../errors.ts";
import { corrupt } from "../file_fault.ts";
import type { BodyPlace, CommittedFrame } from "../log.ts";
import {
  checkRecord,
  fixedLengthAt,
  isKnownType,
  isSkippableAt,
  type LogRecord,
  lsnAt,
  placeError,
  recordAt,
  typeAt,
} from "./record.ts";
import { segmentName } from "./segment.ts";

/** A record that was checked, where it stands among others. */
export interface RecordSpan {
  /** Bytes that it is among. */
  readonly bytes: Uint8Array;
  /** The offset of its first byte. */
  readonly start: number;
  /** The offset behind its last byte. */
  readonly end: number;
  /** One of {@linkcode RecordType}, or of a later version. */
  readonly type: number;
  /** Bytes of the fixed part. */
  readonly fixedLength: number;
}

/**
 * The records of a frame one by one, without an object for each: it stands on the one that `next()` has
 * come to. Those that this version does not know are among them, if they may be left out.
 */
export class RecordWalk implements RecordSpan {
  readonly bytes: Uint8Array;
  readonly #frame: CommittedFrame;
  #start = 0;
  #end = 0;
  #lsn: number;
  #count = 0;

  /** Stands before the first record. */
  constructor(frame: CommittedFrame) {
    this.#frame = frame;
    this.#lsn = frame.base.lsn;
    this.bytes = frame.body;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  get type(): number {
    return typeAt(this.bytes, this.#start);
  }

  get fixedLength(): number {
    return fixedLengthAt(this.bytes, this.#start);
  }

  /** The LSN of the record. */
  get lsn(): number {
    return this.#lsn;
  }

  /** Whether this version knows the record, and does not only copy it. */
  get isKnown(): boolean {
    return isKnownType(this.type);
  }

  /** Where the record stands. */
  get place(): BodyPlace {
    const { segment, offset } = this.#frame.place;
    return { segment, offset: offset + this.#start };
  }

  /** The record, as views. */
  record(): LogRecord {
    return recordAt(this.bytes, this.#start, this.#end);
  }

  /**
   * Goes on to the next record. Returns whether there is one.
   *
   * @throws {FlowError} `corrupt` if the body is not what its frame says; `newer_format` for a record
   * that this version would have to know.
   */
  next(): boolean {
    const { bytes } = this;
    this.#start = this.#end;
    if (this.#count === this.#frame.count) {
      if (this.#end === bytes.length) return false;
      const { segment, offset } = this.place;
      const message = `${bytes.length - this.#end} bytes follow the last record of a frame`;
      throw corrupt(message, { file: segmentName(segment), offset });
    }
    this.#count += 1;
    try {
      this.#end = checkRecord(bytes, this.#start);
      this.#checkLsn(lsnAt(bytes, this.#start));
    } catch (error) {
      throw error instanceof DecodeError ? placeError(this.place, error) : error;
    }
    if (!this.isKnown && !isSkippableAt(bytes, this.#start)) throw this.#newer();
    return true;
  }

  #checkLsn(lsn: number): void {
    const before = this.#lsn;
    const { isMerged, end } = this.#frame;
    this.#lsn = lsn;
    if (!isMerged && lsn !== before + 1) {
      throw new DecodeError(`LSN ${lsn} stands where ${before + 1} should`);
    }
    if (isMerged && (lsn <= before || lsn > end.lsn)) {
      throw new DecodeError(`LSN ${lsn} is not between ${before + 1} and ${end.lsn}`);
    }
  }

  #newer(): FlowError {
    const { lsn, type, place: { segment, offset } } = this;
    const file = segmentName(segment);
    return new FlowError(
      "newer_format",
      `The record with LSN ${lsn} has the unknown type ${type}, in the file "${file}" at ${offset}`,
      { details: { file, offset, lsn, type } },
    );
  }
}

/**
 * The records of a frame, each with where it stands. One that this version does not know is left out
 * if it says that it may be.
 *
 * @throws {FlowError} As `next()` of a {@linkcode RecordWalk}.
 */
export function* recordsOf(
  frame: CommittedFrame,
): Generator<{ readonly record: LogRecord; readonly place: BodyPlace }> {
  const walk = new RecordWalk(frame);
  while (walk.next()) if (walk.isKnown) yield { record: walk.record(), place: walk.place };
}
