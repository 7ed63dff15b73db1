/**
 * Where a place in the log is in a copied segment.
 *
 * @module
 */

import { isSamePosition } from "../format/position.ts";
import { SEGMENT_HEAD_BYTES } from "../format/segment.ts";
import type { LogPosition } from "../log.ts";
import type { SegmentEntry } from "../manifest/manifest_state.ts";
import type { FileWindow } from "../segments/file_window.ts";
import { FrameFlaw, walkFrames } from "../segments/reader.ts";

/** After so many bytes of frames others may have their turn. */
const STEP_BYTES = 1 << 20;

/**
 * Looks through the frames of a segment up to a place, a piece at a time. Returns the offset of that.
 *
 * @throws {FrameFlaw} If a frame up to there is not what was written.
 */
export function* placeInSegment(
  window: FileWindow,
  entry: SegmentEntry,
  end: LogPosition,
): Generator<void, number> {
  if (isSamePosition(entry.base, end)) return SEGMENT_HEAD_BYTES;
  let stepAt = STEP_BYTES;
  for (const frame of walkFrames(window, entry)) {
    if (isSamePosition(frame.end, end)) return frame.nextOffset;
    if (frame.nextOffset < stepAt) continue;
    stepAt = frame.nextOffset + STEP_BYTES;
    yield;
  }
  throw new FrameFlaw(window.size, "The segment ends too soon");
}
