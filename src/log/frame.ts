/**
 * Frames as bytes.
 *
 * @module
 */

import { type ByteReader, ByteWriter, crc32 } from "../codec/mod.ts";
import { invariant } from "../invariant.ts";
import { decodeHeader, HEADER_BYTES, magic, sealHeader } from "./header.ts";
import type { CommittedFrame, Frame, FrameEnd, LogPosition } from "./log.ts";
import { FRAME_KIND_RECORDS, positionAfter } from "./position.ts";

const MAGIC = magic("FCFR");

/** The fields of a frame's header. */
export interface FrameHeader {
  /** Bytes of the body. */
  readonly bodyLength: number;
  /** Checksum of the body. */
  readonly bodyCrc: number;
  /** Salt of the segment it was written to. */
  readonly salt: number;
  /** LSN of the first record. */
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
export function frameEnd(frame: Pick<CommittedFrame, "body" | "end" | "place">): FrameEnd {
  const { body, end, place: { segment, offset } } = frame;
  return { end, segment, endOffset: offset - HEADER_BYTES + frameBytes(body.length) };
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
  const bodyCrc = crc32(body);
  const header = new ByteWriter(HEADER_BYTES);
  header.u32(MAGIC);
  header.u32(body.length);
  header.u32(bodyCrc);
  header.u32(stamp.salt);
  header.u53(base.lsn + 1);
  header.u53(stamp.durableLsn);
  header.u32(stamp.epoch);
  header.u32(base.chain);
  header.u32(count);
  header.u48(base.index + 1);
  header.u8(FRAME_KIND_RECORDS);
  header.u8(0);
  header.f64(timeMs);
  sealHeader(header);
  bytes.set(header.bytes());
  bytes.set(body, HEADER_BYTES);
  bytes.fill(0, HEADER_BYTES + body.length);
  return positionAfter(base, { timeMs, count, bodyLength: body.length, bodyCrc });
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
  const isCanonical = kind === FRAME_KIND_RECORDS && flags === 0 &&
    header.bodyLength > 0 && header.count > 0 && header.index > 0 && header.epoch > 0 &&
    header.durableLsn < header.firstLsn &&
    Number.isSafeInteger(timeMs) && timeMs >= 0 && !Object.is(timeMs, -0);
  return isCanonical ? { ...header, timeMs } : undefined;
}
