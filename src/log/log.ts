/**
 * The contract of a replication log: what the engine needs, and nothing about how it is kept.
 *
 * The engine decides ahead of the log and hands it frames of effects. The log answers each frame
 * exactly once: it is in, it is not in and never will be, or this process cannot know.
 *
 * @module
 */

import type { FlowError } from "../errors.ts";
import type { MergedFrame } from "./format/frame.ts";
import type { LogMode } from "./writing/segment_io.ts";
import type { SideFile } from "./writing/side_file.ts";

/** A place in the log between two frames: what a frame stands on. */
export interface LogPosition {
  /** The index of the last frame before this place; 0 before the first frame. */
  readonly index: number;
  /** The LSN of the last record before this place; 0 before the first record. */
  readonly lsn: number;
  /** The chain CRC after that frame; ties a frame to all that came before it. */
  readonly chain: number;
}

/** A batch of records: the unit of atomicity, of one write and of one sync. */
export interface Frame {
  /** Where the frame was decided. It applies there or nowhere. */
  readonly base: LogPosition;
  /** The highest command time in the frame, in milliseconds. */
  readonly timeMs: number;
  /** How many records the body holds; their LSNs are `base.lsn + 1` and up, without gaps. */
  readonly count: number;
  /**
   * The encoded records. Not changed from submission until the log has answered; a log that needs
   * them for longer copies them.
   */
  readonly body: Uint8Array;
  /** The checksum of the body, from whoever needs it before the log does. Default: the log sums up. */
  readonly bodyCrc?: number;
}

/** Where the bytes of a frame's body stand on this node. Never part of an effect. */
export interface BodyPlace {
  /** The id of the segment. */
  readonly segment: number;
  /** The offset of the body's first byte in the segment file, in bytes. */
  readonly offset: number;
}

/** A frame that is in the log. */
export interface CommittedFrame extends Frame {
  /** The place after the frame. */
  readonly end: LogPosition;
  /** Where the body stands on this node. */
  readonly place: BodyPlace;
  /**
   * Whether it is what a merge has kept of several frames. Its records have gaps in their LSNs, and
   * there may be none.
   */
  readonly isMerged: boolean;
}

/** Behind a frame: where reading goes on without looking for the frame. */
export interface FrameEnd {
  /** The place in the log. */
  readonly end: LogPosition;
  /** The id of the frame's segment. */
  readonly segment: number;
  /** Where the frame ends in the segment, in bytes. */
  readonly endOffset: number;
}

/** Why a frame is certainly not in the log. */
export type VoidReason = "moved" | "no_space" | "too_large" | "denied" | "sealed";

/** The one answer to a submitted frame. */
export type LogOutcome =
  | {
    /** The frame is durable. */
    readonly kind: "committed";
    /** The place after the frame. */
    readonly end: LogPosition;
  }
  | {
    /** The frame is not in the log and never will be. */
    readonly kind: "void";
    /** Why. */
    readonly why: VoidReason;
  }
  | {
    /** This process cannot know; the log is poisoned. */
    readonly kind: "lost";
    /** What went wrong. */
    readonly cause: unknown;
  };

/** What a log can take. */
export interface LogLimits {
  /** The most bytes of one frame's body. */
  readonly frameBytesMax: number;
  /** How many frames may be submitted and not settled. */
  readonly inFlightMax: number;
  /**
   * From which size of its body on a frame is better submitted behind one that is not settled, in
   * bytes. Less had better wait and grow.
   */
  readonly behindBytesMin: number;
  /** Whether `submit` does the write and the sync itself, before it returns. It may come to an end. */
  readonly inline: boolean;
}

/** One file of the log. */
export interface Segment {
  /** Its id. */
  readonly id: number;
  /** Its size, in bytes. */
  readonly bytes: number;
  /** Whether nothing is written to it any more. */
  readonly isSealed: boolean;
  /** The last record that it holds or stands for; `Infinity` if it is not sealed. */
  readonly lastLsn: number;
  /** Whether it holds what a merge has kept. */
  readonly isMerged: boolean;
  /**
   * The id of the last segment by which it was decided what it holds, if that is another one: whoever
   * merges it merges all up to that one.
   */
  readonly lastOfMerge?: number | undefined;
}

/** What a merge has done. */
export interface Merged {
  /** How many segments there are now in the place of its inputs. */
  readonly segmentCount: number;
  /** Their bytes. */
  readonly bytes: number;
}

/**
 * Puts one segment in the place of several, or a few if it would be too large for one, with less in
 * them. All of it waits its turn behind the frames of callers, and until it is published nothing has
 * changed.
 */
export interface Merge {
  /** The place before the first frame. */
  readonly base: LogPosition;
  /** The place after the last frame. */
  readonly end: LogPosition;
  /** Whether the log begins with it. */
  readonly isFirst: boolean;
  /** How many segments it replaces. */
  readonly segmentCount: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** All frames, in order, each good until the next is asked for; can be read any number of times. */
  frames(): Iterable<CommittedFrame>;
  /**
   * Writes what is kept of the next frames. Resolves to where the records stand; rejects if there is
   * no room (`overloaded`), or if the log ends.
   */
  write(frame: MergedFrame): Promise<BodyPlace>;
  /** Lets what was written be the log, once it is all that is kept. */
  publish(): Merged;
  /** Removes the files of what it has replaced, a little in each step. */
  removeReplaced(): Iterable<void>;
  /** Gives up, or if it has been published, removes at once what is left of what it has replaced. */
  abandon(): void;
}

/** The files that a log is kept in. */
export interface Segments {
  /** All of them, in order. */
  readonly list: readonly Segment[];
  /**
   * The place from which on the log has every frame as it was committed. Before it there is what
   * merges have kept.
   */
  readonly wholeFrom: LogPosition;
  /** Why the system let no new one be made the last time one was due; undefined: it did. */
  readonly refusal: string | undefined;
  /**
   * Goes on in a new segment as soon as no frame is on its way or has its place in this one. Resolves
   * when it does, when there is no room for it, or when the log ends. A log without a frame in its
   * open segment stays where it is.
   */
  roll(): Promise<void>;
  /**
   * Why the file that is written to is not what others find by its name, as it was left. Undefined: it
   * is, as far as can be seen.
   */
  findLoss(): FlowError | undefined;
  /** No frame comes to the place that was given last: whoever waits for one need not wait any more. */
  returnPlace(): void;
  /**
   * Begins to merge sealed segments that follow one another. One merge at a time: another one that
   * is under way is given up.
   *
   * @param ids The segments, in order.
   * @param until The index of the last frame by which it is decided what is kept. Default: none comes
   *   behind the segments.
   */
  merge(ids: readonly number[], until?: number): Merge;
  /**
   * Creates a file beside the segments, to be written when no frame of a caller waits, or after a few
   * of them. Throws whatever the directory throws.
   */
  createBeside(name: string): SideFile;
}

/** A replication log, open for one writer. */
export interface Log {
  /** What this log can take. */
  readonly limits: LogLimits;
  /** Where frames are written and synced at the moment. */
  readonly mode: LogMode;
  /** The files that it is kept in. */
  readonly segments: Segments;
  /** The place after the last committed frame. */
  readonly end: LogPosition;
  /**
   * Where the body of the next frame will stand, given the sizes of the frames that were submitted
   * and are not settled. Calling it may start a new segment, so it may do I/O; a failure here has
   * touched no frame and throws.
   */
  nextPlace(): BodyPlace;
  /** Hands over a frame. Its outcome comes through `onSettled`, in the order of submission. */
  submit(frame: Frame): void;
  /** Sets the one listener for outcomes. It may be called from within `submit`. */
  onSettled(listener: (frame: Frame, outcome: LogOutcome) => void): void;
  /**
   * Sets the one listener for a failure that strikes while no frame is on its way. Nothing works any
   * more after it, as after a frame that is lost.
   */
  onLost(listener: (cause: unknown) => void): void;
  /**
   * Reads the committed frames after an index, in order; or, which spares looking for it, after a
   * frame that was read or written before. Throws `log_trimmed` if the next one is no longer kept.
   */
  read(after: number | FrameEnd): Iterable<CommittedFrame>;
  /**
   * Copies committed bytes of a body out of a segment. Checks only that they are there.
   *
   * @param lengthMax So many are welcome, for whoever does not know yet how many there are: it may be
   * that fewer are copied, but never fewer than `length`. Default: `length`.
   */
  readBytes(segment: number, offset: number, length: number, lengthMax?: number): Uint8Array;
  /**
   * Writes evidence that everything committed is durable, if the last frame is not covered yet.
   * The engine calls it when it has been idle for a while. A failure comes through `onLost`;
   * a log that has failed does nothing.
   */
  mark(): void;
  /**
   * Waits for what is under way, writes the evidence and closes the files: at once, if the log works
   * inline, or by the time the promise resolves. Closing twice is harmless.
   */
  close(): void | Promise<void>;
}
