/**
 * Frames on their way into a log, and where they go.
 *
 * @module
 */

import { frameBytes } from "../format/frame.ts";
import { HEADER_BYTES } from "../format/header.ts";
import type { BodyPlace, Frame } from "../log.ts";

/** A segment, and how much of it is taken. */
export interface SegmentRoom {
  /** Its id. */
  readonly segment: number;
  /** Bytes up to where the next frame goes. */
  readonly size: number;
}

/** A frame and the segment that it goes to. */
export interface PlacedFrame {
  /** The frame. */
  readonly frame: Frame;
  /** The id of the segment. */
  readonly segment: number;
}

/** Frames that are not settled, in order; the first ones may be being written. */
export class FrameLine {
  #frames: PlacedFrame[] = [];
  #writingCount = 0;
  /** Behind all that were submitted. */
  #next: SegmentRoom;
  /** Whether a frame may have been told where it goes that has not come yet. */
  #isPlaceGiven = false;

  /** @param next Where the first frame goes. */
  constructor(next: SegmentRoom) {
    this.#next = next;
  }

  /** The frame that is settled before all others, if there is one. */
  get first(): Frame | undefined {
    return this.#frames[0]?.frame;
  }

  /** The frame that is to be written before all others, if there is one. */
  get waiting(): PlacedFrame | undefined {
    return this.#frames[this.#writingCount];
  }

  /** How many are being written. */
  get writingCount(): number {
    return this.#writingCount;
  }

  /** Where the next frame goes. */
  get next(): SegmentRoom {
    return this.#next;
  }

  /** Whether somebody has been told where the next frame goes, and counts on it. */
  get isPlaceGiven(): boolean {
    return this.#isPlaceGiven;
  }

  /** Tells where the body of the next frame goes. */
  givePlace(): BodyPlace {
    this.#isPlaceGiven = true;
    return { segment: this.#next.segment, offset: this.#next.size + HEADER_BYTES };
  }

  /** No frame comes to the place that was given. */
  returnPlace(): void {
    this.#isPlaceGiven = false;
  }

  /** Lets a frame wait, at the place that was given. */
  add(frame: Frame): void {
    const { segment, size } = this.#next;
    this.#frames.push({ frame, segment });
    this.#isPlaceGiven = false;
    this.#next = { segment, size: size + frameBytes(frame.body.length) };
  }

  /** The frame that waited is being written. */
  begin(): void {
    this.#writingCount += 1;
  }

  /** The first frame is written. */
  shift(): void {
    this.#frames.shift();
    this.#writingCount -= 1;
  }

  /** Lets the next frame go elsewhere. */
  goOn(next: SegmentRoom): void {
    this.#next = next;
  }

  /** Takes all frames out, in order: none of them is written any more. */
  clear(): readonly Frame[] {
    const frames = this.#frames.map(({ frame }) => frame);
    this.#frames = [];
    this.#writingCount = 0;
    return frames;
  }
}
