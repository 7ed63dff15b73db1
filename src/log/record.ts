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
  crc32,
  DecodeError,
  putU16,
  putU32,
  putU48,
  putU8,
  u32At,
} from "../codec/mod.ts";
import { FlowError } from "../errors.ts";
import { corrupt } from "./file_fault.ts";
import type { BodyPlace, CommittedFrame, Log } from "./log.ts";
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

/** Where the length of the fixed part stands in the header. */
const FIXED_LENGTH_AT = 10;

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
  putU8(view, start + 8, head.type);
  putU8(view, start + 9, head.isSkippable === true ? SKIPPABLE : 0);
  putU8(view, start + FIXED_LENGTH_AT, head.fixedLength);
  putU8(view, start + 11, 0);
  putU48(view, start + 12, head.lsn);
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
  // By hand and not by a reader: every record goes through here when a store opens.
  if (bytes.length < RECORD_HEADER_BYTES) throw new DecodeError("The record's header is cut short");
  const length = u32At(bytes, 0);
  if (length < RECORD_HEADER_BYTES || length > bytes.length) {
    throw new DecodeError(`A record of ${length} bytes does not fit into ${bytes.length}`);
  }
  const record = bytes.subarray(0, length);
  if (crc32(record.subarray(8)) !== u32At(bytes, 4)) throw new DecodeError("The record is damaged");
  const flags = bytes[9]!;
  if (flags > SKIPPABLE || bytes[11] !== 0 || bytes[18] !== 0 || bytes[19] !== 0) {
    throw new DecodeError("The record's header has unknown flags");
  }
  const lsn = u32At(bytes, 12) + (bytes[16]! + bytes[17]! * 0x100) * 0x1_0000_0000;
  const fixedLength = fixedLengthAt(bytes, 0);
  const restStart = RECORD_HEADER_BYTES + fixedLength;
  if (restStart > length) throw new DecodeError("The record is shorter than its fixed part");
  return {
    type: bytes[8]!,
    lsn,
    fixedLength,
    isSkippable: flags === SKIPPABLE,
    bytes: record,
    fixed: record.subarray(RECORD_HEADER_BYTES, restStart),
    rest: record.subarray(restStart),
  };
}

/** How to read the records of a frame. */
export interface RecordsOptions {
  /** Whether to give out also records that this version does not know, if they may be left out. */
  readonly unknown?: boolean;
}

/**
 * The records of a frame, each with where it stands. One that this version does not know is left out
 * if it says that it may be.
 *
 * @throws {FlowError} `corrupt` if the body is not what its frame says; `newer_format` for a record
 * that this version would have to know.
 */
export function* recordsOf(
  frame: CommittedFrame,
  { unknown = false }: RecordsOptions = {},
): Generator<{ readonly record: LogRecord; readonly place: BodyPlace }> {
  const { base, end, body, count, place: { segment, offset: start }, isMerged } = frame;
  let at = 0;
  let lsn = base.lsn;
  for (let position = 1; position <= count; position++) {
    const place = { segment, offset: start + at };
    const record = isMerged
      ? decodeBetween(place, body.subarray(at), lsn, end.lsn)
      : decodeAt(place, body.subarray(at), lsn + 1);
    lsn = record.lsn;
    at += record.bytes.length;
    if (mayBeRead(record, place) || unknown) yield { record, place };
  }
  if (at === body.length) return;
  throw corrupt(`${body.length - at} bytes follow the last record of a frame`, {
    file: segmentName(segment),
    offset: start + at,
  });
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

/** Whether this version knows a record, and does not only copy it. */
export function isKnown({ type }: Pick<LogRecord, "type">): boolean {
  return type >= 1 && type <= TYPE_MAX;
}

function mayBeRead(record: LogRecord, { segment, offset }: BodyPlace): boolean {
  const { type, isSkippable, lsn } = record;
  if (isKnown(record)) return true;
  if (isSkippable) return false;
  const file = segmentName(segment);
  throw new FlowError(
    "newer_format",
    `The record with LSN ${lsn} has the unknown type ${type}, in the file "${file}" at ${offset}`,
    { details: { file, offset, lsn, type } },
  );
}

function decodeAt(place: BodyPlace, bytes: Uint8Array, lsn: number): LogRecord {
  try {
    return decodeRecord(bytes, lsn);
  } catch (error) {
    if (error instanceof DecodeError) throw placeError(place, error);
    throw error;
  }
}

/** The record at a place, whose LSN is above one and not above another. */
function decodeBetween(
  place: BodyPlace,
  bytes: Uint8Array,
  lsnBefore: number,
  lsnMax: number,
): LogRecord {
  try {
    const record = decodeAnyRecord(bytes);
    if (record.lsn > lsnBefore && record.lsn <= lsnMax) return record;
    throw new DecodeError(`LSN ${record.lsn} is not between ${lsnBefore + 1} and ${lsnMax}`);
  } catch (error) {
    if (error instanceof DecodeError) throw placeError(place, error);
    throw error;
  }
}

function placeError({ segment, offset }: BodyPlace, cause: DecodeError): FlowError {
  return corrupt(cause.message, { file: segmentName(segment), offset }, cause);
}
