/**
 * Reading a log back while it is open.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { type FileHandle, readFully } from "../files/mod.ts";
import { invariant } from "../invariant.ts";
import { corrupt, failed, guarded } from "./file_fault.ts";
import { FileWindow } from "./file_window.ts";
import type { CommittedFrame, LogPosition } from "./log.ts";
import type { Manifest } from "./manifest.ts";
import type { SegmentEntry } from "./manifest_state.ts";
import { isSamePosition } from "./position.ts";
import { FrameFlaw, walkFrames } from "./reader.ts";
import { SEGMENT_HEAD_BYTES, segmentName } from "./segment.ts";
import type { SegmentFiles } from "./segment_files.ts";
import type { SegmentWriter } from "./writer.ts";

/** Where a reader finds things. */
export interface LogReaderOptions {
  /** Which segments there are. */
  readonly manifest: Manifest;
  /** The shard whose log is read. */
  readonly shard: number;
  /** Files of sealed segments. */
  readonly files: SegmentFiles;
  /** The open segment, as it is at the moment. */
  readonly tail: () => SegmentWriter;
}

/** How far a segment goes. */
interface Extent {
  readonly entry: SegmentEntry;
  readonly name: string;
  readonly end: LogPosition;
  readonly size: number;
  readonly file: FileHandle;
}

/** Reads frames in order, and bytes by place. */
export class LogReader {
  readonly #options: LogReaderOptions;
  /** Segments by id, as of a generation of the manifest. */
  #byId: ReadonlyMap<number, SegmentEntry> = new Map();
  #generation = 0;

  /** A reader of a log that was opened. */
  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** The frames above `afterIndex`, those included that are appended meanwhile. */
  *frames(afterIndex: number): Generator<CommittedFrame> {
    let index = afterIndex;
    while (index < this.#options.tail().end.index) {
      const entry = this.#entries().findLast(({ base }) => base.index <= index);
      if (entry === undefined) {
        throw new FlowError(
          "invalid_argument",
          `The log does not reach back to frame ${index + 1}`,
        );
      }
      for (const frame of this.#framesOf(entry)) {
        if (frame.end.index <= index) continue;
        index = frame.end.index;
        yield frame;
      }
    }
  }

  /** A copy of bytes of a segment. */
  bytes(segment: number, offset: number, length: number): Uint8Array {
    const entry = this.#entry(segment);
    if (entry === undefined) {
      throw corrupt("There is no such segment", { file: segmentName(segment), offset });
    }
    const { name, file, size } = this.#extent(entry);
    if (offset < SEGMENT_HEAD_BYTES || offset + length > size) {
      throw corrupt(`No frame has ${length} bytes here`, { file: name, offset });
    }
    const bytes = new Uint8Array(length);
    const count = guarded(
      `The segment "${name}" cannot be read`,
      () => readFully(file, bytes, { at: offset }),
    );
    if (count === length) return bytes;
    throw corrupt("The segment is cut short", { file: name, offset: offset + count });
  }

  *#framesOf(entry: SegmentEntry): Generator<CommittedFrame> {
    const { name, end, size, file } = this.#extent(entry);
    const frames = walkFrames(new FileWindow(file, size), entry);
    let last = entry.base;
    for (let next = advance(frames, name); next !== undefined; next = advance(frames, name)) {
      last = next.end;
      yield next;
    }
    if (isSamePosition(last, end)) return;
    throw corrupt(`The segment ends with frame ${last.index} and not as it did when it was left`, {
      file: name,
      offset: size,
    });
  }

  #entries(): readonly SegmentEntry[] {
    return this.#options.manifest.segmentsOf(this.#options.shard);
  }

  #entry(id: number): SegmentEntry | undefined {
    const { generation } = this.#options.manifest;
    if (this.#generation !== generation) {
      this.#byId = new Map(this.#entries().map((entry) => [entry.id, entry]));
      this.#generation = generation;
    }
    return this.#byId.get(id);
  }

  #extent(entry: SegmentEntry): Extent {
    const { files, tail } = this.#options;
    const name = segmentName(entry.id);
    const { entry: { id }, end, size, file } = tail();
    if (entry.id === id) return { entry, name, end, size, file };
    invariant(entry.sealed !== undefined, "Only the segment that is written to is not sealed");
    return { entry, name, ...entry.sealed, file: files.get(entry) };
  }
}

function advance(frames: Generator<CommittedFrame>, file: string): CommittedFrame | undefined {
  try {
    const next = frames.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    if (error instanceof FrameFlaw) throw corrupt(error.message, { file, offset: error.offset });
    throw failed(`The segment "${file}" cannot be read`, error);
  }
}
