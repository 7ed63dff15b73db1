/**
 * How much a log holds.
 *
 * @module
 */
import type { FrameEnd } from "../log/mod.ts";

/** Counts what a log holds, frame by frame, from its beginning. */
export class LogTally {
  #bytes = 0;
  #segments = 0;
  #last: FrameEnd | undefined;

  /** Bytes of its segments, up to the last frame of each. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Segments with frames in them. */
  get segments(): number {
    return this.#segments;
  }

  /** Frames. */
  get frames(): number {
    return this.#last?.end.index ?? 0;
  }

  /** Behind the last frame; undefined: there is none. */
  get end(): FrameEnd | undefined {
    return this.#last;
  }

  /** Adds the frame after the last one. */
  add(end: FrameEnd): void {
    const isSameSegment = this.#last?.segment === end.segment;
    if (!isSameSegment) this.#segments += 1;
    this.#bytes += end.endOffset - (isSameSegment ? this.#last!.endOffset : 0);
    this.#last = end;
  }
}
