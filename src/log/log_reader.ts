/**
 * Reading a log back while it is open.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { type FileHandle, readFully } from "../files/mod.ts";
import { invariant } from "../invariant.ts";
import { corrupt, type DamagePlace, failed, guarded } from "./file_fault.ts";
import { isSamePosition } from "./format/position.ts";
import { SEGMENT_HEAD_BYTES, segmentName } from "./format/segment.ts";
import type { CommittedFrame, FrameEnd, LogPosition } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { SegmentEntry } from "./manifest/manifest_state.ts";
import { FileWindow, type WindowMemory } from "./segments/file_window.ts";
import { FrameFlaw, type StoredFrame, walkFrames } from "./segments/reader.ts";
import type { SegmentFiles } from "./segments/segment_files.ts";
import type { SegmentWriter } from "./writing/writer.ts";

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

/** Which frames of a segment are read, and where to. */
interface FrameRange {
  /** Those that come after one. Default: all. */
  readonly from?: FrameEnd | undefined;
  readonly memory?: WindowMemory;
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

  /** The frames after an index or a frame, those included that are appended meanwhile. */
  *frames(after: number | FrameEnd): Generator<CommittedFrame> {
    let stand = typeof after === "number" ? undefined : after;
    let index = typeof after === "number" ? after : after.end.index;
    while (index < this.#options.tail().end.index) {
      const entry = this.#entryAfter(index);
      if (stand?.end.index === entry.base.index && !isSamePosition(stand.end, entry.base)) {
        throw corrupt("The segment does not continue the log that was read so far", {
          file: segmentName(entry.id),
          offset: 0,
        });
      }
      for (const frame of this.#framesOf(entry, stand)) {
        stand = { end: frame.end, segment: entry.id, endOffset: frame.nextOffset };
        if (frame.end.index <= index) continue;
        index = frame.end.index;
        yield frame;
      }
    }
  }

  /** A copy of bytes of a segment; see `Log.readBytes()`. */
  bytes(
    segment: number,
    offset: number,
    { length, lengthMax = length }: {
      readonly length: number;
      readonly lengthMax?: number | undefined;
    },
  ): Uint8Array {
    const entry = this.#entry(segment);
    if (entry === undefined) {
      throw corrupt("There is no such segment", { file: segmentName(segment), offset });
    }
    const { name, file, size } = this.#extent(entry);
    if (offset < SEGMENT_HEAD_BYTES || offset + length > size) {
      throw corrupt(`No frame has ${length} bytes here`, { file: name, offset });
    }
    const count = Math.max(length, Math.min(lengthMax, size - offset));
    const bytes = guarded(
      `The segment "${name}" cannot be read`,
      () =>
        (count > length ? attempt(file, offset, count) : undefined) ?? read(file, offset, length),
      { file: name, offset },
    );
    if (bytes.length >= length) return bytes;
    throw corrupt("The segment is cut short", { file: name, offset: offset + bytes.length });
  }

  /**
   * All frames of a sealed segment, for somebody who takes his time.
   *
   * @param memory Where they are read to. The body of a frame is good until the next one is asked for.
   */
  *framesOf(entry: SegmentEntry, memory: WindowMemory): Generator<StoredFrame> {
    yield* this.#framesOfSealed(entry, { memory });
  }

  /** The frames of a segment, or those of them that come after where a reader stands. */
  *#framesOf(entry: SegmentEntry, stand: FrameEnd | undefined): Generator<StoredFrame> {
    const from = stand?.segment === entry.id ? stand : undefined;
    const { tail } = this.#options;
    if (entry.id === tail().entry.id) yield* framesIn(this.#extent(entry), { from });
    else yield* this.#framesOfSealed(entry, { from });
  }

  /** Of a file of its own: those that are kept open are closed when others are read meanwhile. */
  *#framesOfSealed(entry: SegmentEntry, range: FrameRange): Generator<StoredFrame> {
    invariant(entry.sealed !== undefined, "What is read slowly does not grow");
    const name = segmentName(entry.id);
    const file = this.#options.files.open(entry);
    try {
      yield* framesIn({ entry, name, ...entry.sealed, file }, range);
    } finally {
      file.close();
    }
  }

  /** The segment that holds the frame after an index. */
  #entryAfter(index: number): SegmentEntry {
    const entries = this.#entries();
    const entry = entries.findLast(({ base }) => base.index <= index);
    if (entry !== undefined) return entry;
    const first = (entries[0]?.base.index ?? 0) + 1;
    throw new FlowError(
      "log_trimmed",
      `Frame ${index + 1} of the log is no longer kept, the first one that is there is ${first}`,
      { details: { first } },
    );
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

/** As many bytes of a file as are wanted, or as there are. */
function read(file: FileHandle, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const count = readFully(file, bytes, { at });
  return count === length ? bytes : bytes.subarray(0, count);
}

/** The same if all of it can be read: some of it may be no business of who asks. */
function attempt(file: FileHandle, at: number, length: number): Uint8Array | undefined {
  try {
    return read(file, at, length);
  } catch {
    return undefined;
  }
}

/** The frames of a segment, or those of them that come after one. */
function* framesIn(
  { entry, name, end, size, file }: Extent,
  { from, memory }: FrameRange,
): Generator<StoredFrame> {
  const window = new FileWindow(file, size, memory);
  let last = from?.end ?? entry.base;
  const frames = walkFrames(window, { ...entry, base: last }, from?.endOffset);
  const place = { file: name, offset: from?.endOffset ?? SEGMENT_HEAD_BYTES };
  for (let next = advance(frames, place); next !== undefined; next = advance(frames, place)) {
    last = next.end;
    place.offset = next.nextOffset;
    yield next;
  }
  if (isSamePosition(last, end)) return;
  throw corrupt(`The segment ends with frame ${last.index} and not as it did when it was left`, {
    file: name,
    offset: size,
  });
}

function advance(frames: Generator<StoredFrame>, place: DamagePlace): StoredFrame | undefined {
  const { file } = place;
  try {
    const next = frames.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    if (error instanceof FrameFlaw) throw corrupt(error.message, { file, offset: error.offset });
    throw failed(`The segment "${file}" cannot be read`, error, place);
  }
}
