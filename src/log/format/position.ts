/**
 * Places between frames, and the chain that ties a frame to all that came before it.
 *
 * @module
 */

import { ByteWriter, crc32 } from "../../codec/mod.ts";
import type { Frame, LogPosition } from "../log.ts";

/** A frame as it was committed. */
export const FRAME_KIND_RECORDS = 1;

/** What a merge has kept of several frames. */
export const FRAME_KIND_MERGED = 2;

/** What the chain is the checksum of, 41 bytes; there is one such place for all frames. */
const chained = new ByteWriter(41);

/** The place before the first frame of a log. */
export const logStart: LogPosition = { index: 0, lsn: 0, chain: 0 };

/** What the chain covers of a frame, besides the place it stands on. */
export interface ChainedFacts {
  /** The highest command time, in milliseconds. */
  readonly timeMs: number;
  /** Number of records. */
  readonly count: number;
  /** Bytes of the body. */
  readonly bodyLength: number;
  /** Checksum of the body. */
  readonly bodyCrc: number;
}

/** The place after a frame. */
export function endOfFrame(frame: Frame): LogPosition {
  return positionAfter(frame.base, {
    timeMs: frame.timeMs,
    count: frame.count,
    bodyLength: frame.body.length,
    bodyCrc: bodyCrcOf(frame),
  });
}

/** The checksum of a frame's body. */
export function bodyCrcOf({ body, bodyCrc }: Frame): number {
  return bodyCrc ?? crc32(body);
}

/** The place after a frame whose body has been summed up already. */
export function positionAfter(base: LogPosition, facts: ChainedFacts): LogPosition {
  const index = base.index + 1;
  chained.reset();
  chained.u32(facts.bodyCrc);
  chained.u32(facts.bodyLength);
  chained.u53(index);
  chained.u53(base.lsn + 1);
  chained.f64(facts.timeMs);
  chained.u32(facts.count);
  chained.u32(base.chain);
  chained.u8(FRAME_KIND_RECORDS);
  return { index, lsn: base.lsn + facts.count, chain: chained.crc32(0) };
}

/** Whether two places are the same. */
export function isSamePosition(one: LogPosition, two: LogPosition): boolean {
  return one.index === two.index && one.lsn === two.lsn && one.chain === two.chain;
}
