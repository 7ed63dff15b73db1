/**
 * How much a log holds, and where.
 *
 * @module
 */
import type { FrameEnd } from "../../log/mod.ts";

/** Between two signposts there are so many bytes, and one frame: what is read in a millisecond. */
const SIGNPOST_BYTES = 1 << 20;

/** Segments that others have taken the place of. */
export interface MergedSegments {
  /** The last record by which it was decided what is left of them: it may come behind them. */
  readonly lastLsn: number;
  /** How many there were. */
  readonly segmentCount: number;
  /** Bytes of what is there now. */
  readonly bytes: number;
  /** How many bytes fewer that are. */
  readonly savedBytes: number;
}

/** A tally as it is written down. */
export interface SavedTally {
  /** Frames not far from one another. */
  readonly signposts: readonly FrameEnd[];
  /** Where the next one is due. */
  readonly signpostBytes: number;
  /** Bytes. */
  readonly bytes: number;
  /** Segments with frames in them. */
  readonly segments: number;
  /** The last frame; null: there is none. */
  readonly last: FrameEnd | null;
}

/** Counts what a log holds, frame by frame, from its beginning. */
export class LogTally {
  #signposts: FrameEnd[] = [];
  /** Where the next one is due. */
  #signpostBytes = SIGNPOST_BYTES;
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

  /**
   * A frame not far from a record, none of which comes after it: from there the record is found
   * without reading the log from its beginning. Undefined: the beginning is not far.
   */
  signpost(lsn: number): FrameEnd | undefined {
    return this.#signposts.findLast(({ end }) => end.lsn <= lsn);
  }

  /** Others have taken the place of segments, up to an LSN: nothing leads into those any more. */
  merged({ lastLsn, segmentCount, savedBytes }: Omit<MergedSegments, "bytes">): void {
    this.#signposts = this.#signposts.filter(({ end }) => end.lsn > lastLsn);
    this.#segments -= segmentCount;
    this.#bytes -= savedBytes;
    this.#signpostBytes -= savedBytes;
  }

  /** All of it, as it is now: it may be written later. */
  save(): SavedTally {
    return {
      signposts: [...this.#signposts],
      signpostBytes: this.#signpostBytes,
      bytes: this.#bytes,
      segments: this.#segments,
      last: this.#last ?? null,
    };
  }

  /** Takes what was saved; nothing has been counted yet. */
  load({ signposts, signpostBytes, bytes, segments, last }: SavedTally): void {
    this.#signposts = [...signposts];
    this.#signpostBytes = signpostBytes;
    this.#bytes = bytes;
    this.#segments = segments;
    this.#last = last ?? undefined;
  }

  /** Adds the frame after the last one. */
  add(end: FrameEnd): void {
    const isSameSegment = this.#last?.segment === end.segment;
    if (!isSameSegment) this.#segments += 1;
    this.#bytes += end.endOffset - (isSameSegment ? this.#last!.endOffset : 0);
    this.#last = end;
    if (this.#bytes < this.#signpostBytes) return;
    this.#signposts.push(end);
    this.#signpostBytes = this.#bytes + SIGNPOST_BYTES;
  }
}
