/**
 * Frames as bytes.
 *
 * @module
 */

import { ByteReader, ByteWriter, crc32 } from "../../codec/mod.ts";
import { invariant } from "../../invariant.ts";
import type { CommittedFrame, Frame, FrameEnd, LogPosition } from "../log.ts";
import { decodeHeader, HEADER_BYTES, magic, sealHeader } from "./header.ts";
import {
  bodyCrcOf,
  type ChainedFacts,
  FRAME_KIND_MERGED,
  FRAME_KIND_RECORDS,
  positionAfter,
} from "./position.ts";

const MAGIC = magic("FCFR");

/** What the body of a merged frame begins with: the place after the last frame it stands for. */
export const COVERAGE_BYTES = 24;

/** What a merge has kept of frames that follow one another: it begins and ends where they did. */
export interface MergedFrame {
  /** The place before the first of them. */
  readonly base: LogPosition;
  /** The place after the last of them. */
  readonly end: LogPosition;
  /** The highest command time in them, in milliseconds. */
  readonly timeMs: number;
  /** How many records were kept. */
  readonly count: number;
  /** The records, as they were. */
  readonly body: Uint8Array;
}

/** The fields of a frame's header. */
export interface FrameHeader {
  /** Bytes of the body. */
  readonly bodyLength: number;
  /** Checksum of the body. */
  readonly bodyCrc: number;
  /** Salt of the segment it was written to. */
  readonly salt: number;
  /** LSN of the first record; of a merged frame, of the first that it stands for. */
  readonly firstLsn: number;
  /** All records up to this LSN were durable when the frame was written. */
  readonly durableLsn: number;
  /** Number of the opening that wrote it. */
  readonly epoch: number;
  /** Chain after the frame before. */
  readonly chainBefore: number;
  /** Number of records. */
  readonly count: number;
  /** Index of the frame. */
  readonly index: number;
  /** Whether it holds what a merge has kept. */
  readonly isMerged: boolean;
  /** Highest command time, in milliseconds. */
  readonly timeMs: number;
}

/** What a store adds to a frame. */
export interface FrameStamp {
  /** Salt of the segment. */
  readonly salt: number;
  /** All records up to this LSN are durable. */
  readonly durableLsn: number;
  /** Number of this opening. */
  readonly epoch: number;
}

/** Bytes that a frame with such a body takes in the segment. */
export function frameBytes(bodyLength: number): number {
  return Math.ceil((HEADER_BYTES + bodyLength) / HEADER_BYTES) * HEADER_BYTES;
}

/** Where reading goes on behind a frame. */
export function frameEnd(
  frame: Pick<CommittedFrame, "body" | "end" | "place" | "isMerged">,
): FrameEnd {
  const { body, end, place: { segment, offset }, isMerged } = frame;
  const coverage = isMerged ? COVERAGE_BYTES : 0;
  const start = offset - coverage - HEADER_BYTES;
  return { end, segment, endOffset: start + frameBytes(coverage + body.length) };
}

/**
 * Puts a frame with its padding into `bytes`, which have exactly the length that it takes. Returns
 * the place after it.
 */
export function encodeFrame(bytes: Uint8Array, frame: Frame, stamp: FrameStamp): LogPosition {
  const { base, body, count, timeMs } = frame;
  invariant(count > 0 && body.length > 0, "A frame has records");
  invariant(Number.isSafeInteger(timeMs) && timeMs >= 0, `${timeMs} is a time in milliseconds`);
  invariant(bytes.length === frameBytes(body.length), "A frame fills what it is put into");
  const bodyCrc = bodyCrcOf(frame);
  const facts = { timeMs, count, bodyLength: body.length, bodyCrc };
  bytes.set(frameHeader({ ...facts, base, kind: FRAME_KIND_RECORDS }, stamp));
  bytes.set(body, HEADER_BYTES);
  bytes.fill(0, HEADER_BYTES + body.length);
  return positionAfter(base, facts);
}

/** Bytes that a merged frame takes in the segment. */
export function mergedFrameBytes(bodyLength: number): number {
  return frameBytes(COVERAGE_BYTES + bodyLength);
}

/** Puts a merged frame with its padding into `bytes`, which have exactly the length that it takes. */
export function encodeMergedFrame(
  bytes: Uint8Array,
  frame: MergedFrame,
  stamp: Pick<FrameStamp, "salt" | "epoch">,
): void {
  const { base, end, body, count, timeMs } = frame;
  invariant(end.index > base.index, "A merged frame stands for frames");
  invariant(bytes.length === mergedFrameBytes(body.length), "A frame fills what it is put into");
  const bodyLength = COVERAGE_BYTES + body.length;
  const bodyEnd = HEADER_BYTES + bodyLength;
  bytes.set(encodeCoverage(end), HEADER_BYTES);
  bytes.set(body, HEADER_BYTES + COVERAGE_BYTES);
  bytes.fill(0, bodyEnd);
  const bodyCrc = crc32(bytes.subarray(HEADER_BYTES, bodyEnd));
  const facts = { timeMs, count, bodyLength, bodyCrc, base, kind: FRAME_KIND_MERGED };
  bytes.set(frameHeader(facts, { ...stamp, durableLsn: base.lsn }));
}

/**
 * The place after a merged frame, which its body begins with.
 *
 * @throws {DecodeError} if there is none.
 */
export function decodeCoverage(body: Uint8Array): LogPosition {
  const fields = new ByteReader(body.subarray(0, COVERAGE_BYTES));
  const end = { index: fields.u53(), lsn: fields.u53(), chain: fields.u32() };
  fields.zeros(4);
  return end;
}

function encodeCoverage({ index, lsn, chain }: LogPosition): Uint8Array {
  const writer = new ByteWriter(COVERAGE_BYTES);
  writer.u53(index);
  writer.u53(lsn);
  writer.u32(chain);
  writer.zeros(4);
  return writer.bytes();
}

/** The header of a frame, until the next one is made. */
const header = new ByteWriter(HEADER_BYTES);

function frameHeader(
  { base, bodyLength, bodyCrc, count, timeMs, kind }:
    & ChainedFacts
    & { readonly base: LogPosition; readonly kind: number },
  { salt, durableLsn, epoch }: FrameStamp,
): Uint8Array {
  header.reset();
  header.u32(MAGIC);
  header.u32(bodyLength);
  header.u32(bodyCrc);
  header.u32(salt);
  header.u53(base.lsn + 1);
  header.u53(durableLsn);
  header.u32(epoch);
  header.u32(base.chain);
  header.u32(count);
  header.u48(base.index + 1);
  header.u8(kind);
  header.u8(0);
  header.f64(timeMs);
  sealHeader(header);
  return header.bytes();
}

/** The header that `bytes` begin with, if they begin with one that an encoder could have made. */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  return decodeHeader(bytes, MAGIC, readFrameHeader);
}

function readFrameHeader(fields: ByteReader): FrameHeader | undefined {
  const header = {
    bodyLength: fields.u32(),
    bodyCrc: fields.u32(),
    salt: fields.u32(),
    firstLsn: fields.u53(),
    durableLsn: fields.u53(),
    epoch: fields.u32(),
    chainBefore: fields.u32(),
    count: fields.u32(),
    index: fields.u48(),
  };
  const kind = fields.u8();
  const flags = fields.u8();
  const timeMs = fields.f64();
  const isMerged = kind === FRAME_KIND_MERGED;
  const isKnown = isMerged || (kind === FRAME_KIND_RECORDS && header.count > 0);
  const isCanonical = isKnown && flags === 0 &&
    header.bodyLength > (isMerged ? COVERAGE_BYTES - 1 : 0) && header.index > 0 &&
    header.epoch > 0 && header.durableLsn < header.firstLsn &&
    Number.isSafeInteger(timeMs) && timeMs >= 0 && !Object.is(timeMs, -0);
  return isCanonical ? { ...header, isMerged, timeMs } : undefined;
}
