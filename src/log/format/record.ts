/**
 * Records: the framing that every entry of the log has, and the registry of their types.
 *
 * A record carries its own checksum and LSN, so that one that is read by its place alone proves that
 * it is whole and that it is the one that was meant.
 *
 * @module
 */

import {
  type ByteWriter,
  crc32Between,
  DecodeError,
  putU16,
  putU32,
  putU48,
  putU8,
  u32At,
  u48At,
} from "../../codec/mod.ts";
import type { FlowError } from "../../errors.ts";
import { corrupt } from "../file_fault.ts";
import type { BodyPlace, Log } from "../log.ts";
import { segmentName } from "./segment.ts";

/** Bytes before the fixed part of a record. */
export const RECORD_HEADER_BYTES = 20;

/** What a record can be. Numbers are for ever; a new meaning gets a new one. */
export const RecordType = {
  /** The control block of a flow after a command, with the event. */
  CTRL: 1,
  /** Identity and texts of a flow. */
  BODY: 2,
  /** A payload, result or error. */
  VALUE: 3,
  /** A piece of a value that is too large for one record. */
  VALUE_PART: 4,
  /** The end of a flow's retention. */
  DEL: 5,
  /** Counters and policy of a group of children. */
  GROUP: 6,
  /** A key and its value. */
  KV: 7,
  /** The end of a key. */
  KVDEL: 8,
  /** The policy of a type. */
  POLICY: 9,
  /** A signal that was received under a key. */
  SIGNALKEY: 10,
  /** A name and the number that stands for it. */
  DICT: 11,
  /** Children that another shard has asked for. */
  PREPARED: 12,
  /** Whether they come to be. */
  DECISION: 13,
  /** News for another shard. */
  OUTBOX: 14,
  /** The name and request id of a command. */
  COMMAND: 15,
  /** Members and versions. */
  CONFIG: 16,
  /** Who may write. */
  OWNER: 17,
  /** What a flow holds by name. */
  VALUES: 18,
  /** A group whose children are being cancelled, or have been. */
  CLOSING: 19,
  /** How far a shard has come with the news of another one. */
  INBOX: 20,
} as const;

/** So much is read before the length of a record is known: most are shorter, and read at once. */
const READ_BYTES = 1_024;

const SKIPPABLE = 1;

/** Where things stand in the header. */
const TYPE_AT = 8;
const FLAGS_AT = 9;
const FIXED_LENGTH_AT = 10;
const LSN_AT = 12;

/** Types that this version understands or may keep without understanding them. */
const TYPE_MAX = 20;

/** What stands in a record's header. */
export interface RecordHead {
  /** One of {@linkcode RecordType}. */
  readonly type: number;
  /** The record's LSN. */
  readonly lsn: number;
  /** Bytes of the fixed part. */
  readonly fixedLength: number;
  /** Whether a reader that does not know the type may skip it. Default `false`. */
  readonly isSkippable?: boolean;
}

/** A record that was checked. */
export interface LogRecord extends Required<RecordHead> {
  /** The whole record, header included. */
  readonly bytes: Uint8Array;
  /** The fixed part: it may be longer than this version knows, or shorter. */
  readonly fixed: Uint8Array;
  /** What follows the fixed part. */
  readonly rest: Uint8Array;
}

/** Makes room for a record's header. Returns the record's offset, for `endRecord()`. */
export function beginRecord(writer: ByteWriter): number {
  return writer.room(RECORD_HEADER_BYTES);
}

/** Fills in the header of the record that began at `start` and ends here. */
export function endRecord(writer: ByteWriter, start: number, head: RecordHead): void {
  const { view } = writer;
  putU32(view, start, writer.length - start);
  putU8(view, start + TYPE_AT, head.type);
  putU8(view, start + FLAGS_AT, head.isSkippable === true ? SKIPPABLE : 0);
  putU8(view, start + FIXED_LENGTH_AT, head.fixedLength);
  putU8(view, start + 11, 0);
  putU48(view, start + LSN_AT, head.lsn);
  putU16(view, start + 18, 0);
  putU32(view, start + 4, writer.crc32(start + 8));
}

/** How long the fixed part is of the record that begins at `start`. */
export function fixedLengthAt(bytes: Uint8Array, start: number): number {
  return bytes[start + FIXED_LENGTH_AT]!;
}

/**
 * The record that `bytes` begin with. Bytes behind it do not matter.
 *
 * @throws {DecodeError} if it is not whole, or has another LSN.
 */
export function decodeRecord(bytes: Uint8Array, lsn: number): LogRecord {
  const record = decodeAnyRecord(bytes);
  if (record.lsn !== lsn) throw new DecodeError(`LSN ${record.lsn} stands where ${lsn} should`);
  return record;
}

/** The record that `bytes` begin with, whatever its LSN. */
function decodeAnyRecord(bytes: Uint8Array): LogRecord {
  return recordAt(bytes, 0, checkRecord(bytes, 0));
}

/**
 * Checks the record that begins at `start`. Bytes behind it do not matter.
 *
 * @returns Where it ends.
 * @throws {DecodeError} if it is not whole.
 */
export function checkRecord(bytes: Uint8Array, start: number): number {
  // By hand and not by a reader: every record goes through here when a store opens.
  const left = bytes.length - start;
  if (left < RECORD_HEADER_BYTES) throw new DecodeError("The record's header is cut short");
  const length = u32At(bytes, start);
  if (length < RECORD_HEADER_BYTES || length > left) {
    throw new DecodeError(`A record of ${length} bytes does not fit into ${left}`);
  }
  const end = start + length;
  if (crc32Between(bytes, start + 8, end) !== u32At(bytes, start + 4)) {
    throw new DecodeError("The record is damaged");
  }
  const isCanonical = bytes[start + FLAGS_AT]! <= SKIPPABLE && bytes[start + 11] === 0 &&
    bytes[start + 18] === 0 && bytes[start + 19] === 0;
  if (!isCanonical) throw new DecodeError("The record's header has unknown flags");
  if (RECORD_HEADER_BYTES + fixedLengthAt(bytes, start) <= length) return end;
  throw new DecodeError("The record is shorter than its fixed part");
}

/** The record that begins at `start` and ends at `end`. It was checked. */
export function recordAt(bytes: Uint8Array, start: number, end: number): LogRecord {
  const fixedLength = fixedLengthAt(bytes, start);
  const fixedAt = start + RECORD_HEADER_BYTES;
  return {
    type: typeAt(bytes, start),
    lsn: lsnAt(bytes, start),
    fixedLength,
    isSkippable: isSkippableAt(bytes, start),
    bytes: bytes.subarray(start, end),
    fixed: bytes.subarray(fixedAt, fixedAt + fixedLength),
    rest: bytes.subarray(fixedAt + fixedLength, end),
  };
}

/** The type of the record that begins at `start`. */
export function typeAt(bytes: Uint8Array, start: number): number {
  return bytes[start + TYPE_AT]!;
}

/** The LSN of the record that begins at `start`. */
export function lsnAt(bytes: Uint8Array, start: number): number {
  return u48At(bytes, start + LSN_AT);
}

/** Whether whoever does not know the type of the record that begins at `start` may skip it. */
export function isSkippableAt(bytes: Uint8Array, start: number): boolean {
  return bytes[start + FLAGS_AT] === SKIPPABLE;
}

/**
 * The record at a place.
 *
 * @throws {FlowError} `corrupt` if what stands there is damaged or another record; `store_failed` if
 * it cannot be read. Never "not found".
 */
export function readRecord(
  log: Pick<Log, "readBytes">,
  place: BodyPlace,
  lsn: number,
): LogRecord {
  const { segment, offset } = place;
  const begin = log.readBytes(segment, offset, RECORD_HEADER_BYTES, READ_BYTES);
  const length = u32At(begin, 0);
  if (length < RECORD_HEADER_BYTES) {
    throw placeError(place, new DecodeError(`A record has no ${length} bytes`));
  }
  const bytes = length <= begin.length ? begin : log.readBytes(segment, offset, length);
  return decodeAt(place, bytes, lsn);
}

/** Whether this version knows a type of records, and does not only copy those. */
export function isKnownType(type: number): boolean {
  return type >= 1 && type <= TYPE_MAX;
}

function decodeAt(place: BodyPlace, bytes: Uint8Array, lsn: number): LogRecord {
  try {
    return decodeRecord(bytes, lsn);
  } catch (error) {
    if (error instanceof DecodeError) throw placeError(place, error);
    throw error;
  }
}

/** What is wrong with a record where it stands. */
export function placeError({ segment, offset }: BodyPlace, cause: DecodeError): FlowError {
  return corrupt(cause.message, { file: segmentName(segment), offset }, cause);
}
