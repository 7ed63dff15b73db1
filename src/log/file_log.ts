/**
 * A log in the files of a directory, written and synced in the caller's thread.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { failed } from "./file_fault.ts";
import { HEADER_BYTES } from "./header.ts";
import type {
  BodyPlace,
  CommittedFrame,
  Frame,
  FrameEnd,
  Log,
  LogLimits,
  LogOutcome,
  LogPosition,
} from "./log.ts";
import { LogReader } from "./log_reader.ts";
import { isSamePosition } from "./position.ts";
import { createSegment, type NewSegment, type SegmentSource } from "./segment_creation.ts";
import type { SegmentFiles } from "./segment_files.ts";
import { isNoSpace, type SegmentWriter } from "./writer.ts";

/** What an opened log is made of. */
export interface FileLogParts extends SegmentSource {
  /** Files of sealed segments. */
  readonly files: SegmentFiles;
  /** The open segment. */
  readonly writer: SegmentWriter;
  /** Size from which on a segment is rolled, in bytes. */
  readonly segmentBytesMax: number;
  /** The most bytes of one frame's body. */
  readonly frameBytesMax: number;
}

/** The file log. Settles every frame before `submit()` returns. */
export class FileLog implements Log {
  readonly limits: LogLimits;
  readonly #parts: FileLogParts;
  readonly #reader: LogReader;
  #writer: SegmentWriter;
  #listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
  #failure: FlowError | undefined;
  #isClosed = false;

  /** A log whose end has been recovered. */
  constructor(parts: FileLogParts) {
    this.#parts = parts;
    this.#writer = parts.writer;
    this.#reader = new LogReader({ ...parts, tail: () => this.#writer });
    this.limits = { frameBytesMax: parts.frameBytesMax, inFlightMax: 1, inline: true };
  }

  get end(): LogPosition {
    return this.#writer.end;
  }

  nextPlace(): BodyPlace {
    this.#checkUsable();
    if (this.#writer.size >= this.#parts.segmentBytesMax) this.#roll();
    return { segment: this.#writer.entry.id, offset: this.#writer.size + HEADER_BYTES };
  }

  submit(frame: Frame): void {
    this.#checkUsable();
    this.#listener(frame, this.#append(frame));
  }

  onSettled(listener: (frame: Frame, outcome: LogOutcome) => void): void {
    this.#listener = listener;
  }

  *read(after: number | FrameEnd): Generator<CommittedFrame> {
    this.#checkUsable();
    for (const frame of this.#reader.frames(after)) {
      yield frame;
      this.#checkUsable();
    }
  }

  readBytes(segment: number, offset: number, length: number): Uint8Array {
    this.#checkUsable();
    return this.#reader.bytes(segment, offset, length);
  }

  mark(): void {
    this.#checkUsable();
    try {
      // Without room there is no evidence, and the frames are durable all the same.
      this.#writer.mark();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    try {
      if (this.#failure === undefined) this.mark();
    } finally {
      this.#isClosed = true;
      this.#writer.close();
      this.#parts.files.close();
    }
  }

  #append(frame: Frame): LogOutcome {
    if (frame.body.length > this.limits.frameBytesMax) return { kind: "void", why: "too_large" };
    if (!isSamePosition(frame.base, this.end)) return { kind: "void", why: "moved" };
    try {
      if (!this.#writer.append(frame)) return { kind: "void", why: "no_space" };
      return { kind: "committed", end: this.end };
    } catch (cause) {
      this.#fail(cause);
      return { kind: "lost", cause };
    }
  }

  /** Goes on in a new segment. Without room for one it goes on in the old one, however large. */
  #roll(): void {
    let next: NewSegment | undefined;
    try {
      next = this.#createSegment();
      if (next === undefined) return;
      this.#list(next);
    } catch (error) {
      next?.file.close();
      throw this.#fail(error);
    }
    const sealed = this.#writer;
    this.#writer = sealed.continuedIn(next);
    sealed.close();
  }

  #createSegment(): NewSegment | undefined {
    try {
      return createSegment(this.#parts, this.end);
    } catch (error) {
      if (isNoSpace(error)) return undefined;
      throw error;
    }
  }

  /** Seals the present segment and lists the new one, in one generation of the manifest. */
  #list({ entry }: NewSegment): void {
    const { manifest } = this.#parts;
    const { size, end, entry: { id } } = this.#writer;
    const segments = manifest.state.segments
      .map((segment) => segment.id === id ? { ...segment, sealed: { end, size } } : segment);
    manifest.publish({ segments: [...segments, entry], nextSegment: entry.id + 1 });
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) {
      throw new FlowError("store_failed", "The log has failed", { cause: this.#failure });
    }
    if (this.#isClosed) throw new FlowError("store_closed", "The log is closed");
  }

  #fail(error: unknown): FlowError {
    this.#failure = failed("The log cannot be written", error);
    return this.#failure;
  }
}
