/**
 * Frames of a segment in their order, each checked against all that came before it.
 *
 * @module
 */

import { crc32, DecodeError } from "../../codec/mod.ts";
import {
  COVERAGE_BYTES,
  decodeCoverage,
  decodeFrameHeader,
  frameBytes,
  type FrameHeader,
} from "../format/frame.ts";
import { HEADER_BYTES } from "../format/header.ts";
import { positionAfter } from "../format/position.ts";
import { SEGMENT_HEAD_BYTES } from "../format/segment.ts";
import type { CommittedFrame, LogPosition } from "../log.ts";
import type { FileWindow } from "./file_window.ts";

/** Which frames are expected. */
export interface Expected {
  /** Id of the segment. */
  readonly id: number;
  /** Salt of the segment. */
  readonly salt: number;
  /** The place that the first frame stands on. */
  readonly base: LogPosition;
  /** Whether its frames are merged ones. Default false. */
  readonly merged?: boolean;
}

/** A frame with what this store knows about it. */
export interface StoredFrame extends CommittedFrame {
  /** Where its header stands, in bytes. */
  readonly offset: number;
  /** Where the next frame stands, in bytes. */
  readonly nextOffset: number;
  /** What it says about the records before it. */
  readonly durableLsn: number;
  /** Number of the opening that wrote it. */
  readonly epoch: number;
}

/** There is no frame where one was expected, or not the one. */
export class FrameFlaw extends Error {
  /** Always `"FrameFlaw"`. */
  override readonly name = "FrameFlaw";
  /** Where in the segment, in bytes. */
  readonly offset: number;

  /**
   * @param offset Where in the segment, in bytes.
   * @param message What is wrong, in sentence case.
   */
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/**
 * The frames of a segment, up to where the window ends. A frame that is damaged, cut short or not
 * the next one throws a {@linkcode FrameFlaw}.
 *
 * @param startOffset Where the first of them stands, in bytes. Default: where frames begin.
 */
export function* walkFrames(
  window: FileWindow,
  expected: Expected,
  startOffset: number = SEGMENT_HEAD_BYTES,
): Generator<StoredFrame> {
  let base = expected.base;
  let offset = startOffset;
  let epoch = 1;
  while (offset < window.size) {
    const frame = readFrame(window, offset, { ...expected, base, epoch });
    yield frame;
    ({ end: base, nextOffset: offset, epoch } = frame);
  }
}

function readFrame(
  window: FileWindow,
  offset: number,
  expected: Expected & { readonly epoch: number },
): StoredFrame {
  const headerBytes = window.view(offset, HEADER_BYTES);
  const header = headerBytes && decodeFrameHeader(headerBytes);
  if (header === undefined) throw new FrameFlaw(offset, "There is no whole frame header");
  const objection = objectionTo(header, expected);
  if (objection !== undefined) throw new FrameFlaw(offset, objection);
  const bytes = window.view(offset, frameBytes(header.bodyLength));
  if (bytes === undefined) throw new FrameFlaw(offset, "The frame is cut short");
  const bodyEnd = HEADER_BYTES + header.bodyLength;
  const body = bytes.subarray(HEADER_BYTES, bodyEnd);
  if (crc32(body) !== header.bodyCrc) throw new FrameFlaw(offset, "The frame's body is damaged");
  if (bytes.subarray(bodyEnd).some((byte) => byte !== 0)) {
    throw new FrameFlaw(offset, "The frame's padding is damaged");
  }
  const { timeMs, count, durableLsn, epoch, isMerged } = header;
  const recordsAt = isMerged ? COVERAGE_BYTES : 0;
  return {
    base: expected.base,
    timeMs,
    count,
    body: body.subarray(recordsAt),
    end: isMerged ? endOfMerged(offset, header, body) : positionAfter(expected.base, header),
    place: { segment: expected.id, offset: offset + HEADER_BYTES + recordsAt },
    isMerged,
    offset,
    nextOffset: offset + bytes.length,
    durableLsn,
    epoch,
  };
}

/** The place after a merged frame: it says so itself, and its checksum vouches for it. */
function endOfMerged(
  offset: number,
  { index, firstLsn, count }: FrameHeader,
  body: Uint8Array,
): LogPosition {
  try {
    const end = decodeCoverage(body);
    if (end.index >= index && end.lsn >= firstLsn - 1 + count) return end;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw new FrameFlaw(offset, "The merged frame does not say where it ends");
}

/** Why a header that is whole is not the next one. */
function objectionTo(
  header: FrameHeader,
  { salt, base, epoch, merged = false }: Expected & { readonly epoch: number },
): string | undefined {
  if (header.salt !== salt) return "The frame belongs to another segment";
  if (header.isMerged !== merged) return "The frame is of another kind than the segment";
  if (header.index !== base.index + 1) {
    return `Frame ${header.index} stands where ${base.index + 1} should`;
  }
  if (header.firstLsn !== base.lsn + 1) {
    return `LSN ${header.firstLsn} stands where ${base.lsn + 1} should`;
  }
  if (header.chainBefore !== base.chain) return "The frame does not continue the chain";
  if (header.epoch < epoch) return `Epoch ${header.epoch} comes after ${epoch}`;
  return undefined;
}
