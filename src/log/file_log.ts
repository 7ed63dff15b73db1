/**
 * A log in the files of a directory.
 *
 * It knows what is to be written where, and in which order; `SegmentIo` writes and syncs it, in this
 * isolate or in a thread. One thing is written at a time, and whatever is written stands on what is
 * durable. A thread is handed the next frame while it writes the last one; everything else waits until
 * nothing is under way.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import { closeAll } from "../files/mod.ts";
import { failed } from "./file_fault.ts";
import { isSamePosition } from "./format/position.ts";
import type {
  BodyPlace,
  CommittedFrame,
  Frame,
  FrameEnd,
  Log,
  LogLimits,
  LogOutcome,
  LogPosition,
  VoidReason,
} from "./log.ts";
import { LogReader } from "./log_reader.ts";
import { FileSegments } from "./segments.ts";
import type { SegmentSource } from "./segments/segment_creation.ts";
import type { SegmentFiles } from "./segments/segment_files.ts";
import { FrameLine, type PlacedFrame, type SegmentRoom } from "./writing/frame_line.ts";
import { SegmentChange } from "./writing/segment_change.ts";
import type { IoResult, LogMode, SegmentIo } from "./writing/segment_io.ts";
import { SideWork } from "./writing/side_work.ts";
import type { SegmentWriter } from "./writing/writer.ts";

/** What an opened log is made of. */
export interface FileLogParts extends SegmentSource {
  /** Files of sealed segments. */
  readonly files: SegmentFiles;
  /** The open segment. */
  readonly writer: SegmentWriter;
  /** Does the writes and the syncs. */
  readonly io: SegmentIo;
  /** Size from which on a segment is rolled, in bytes. */
  readonly segmentBytesMax: number;
  /** The most bytes of one frame's body. */
  readonly frameBytesMax: number;
  /** The least bytes of the body of a frame that is handed over behind another. */
  readonly behindBytesMin: number;
}

/** The file log. */
export class FileLog implements Log {
  readonly segments: FileSegments;
  readonly #parts: FileLogParts;
  readonly #reader: LogReader;
  readonly #beside = new SideWork();
  readonly #change: SegmentChange;
  /** Made once: they are asked for at every command. */
  readonly #inlineLimits: LogLimits;
  readonly #threadLimits: LogLimits;
  #writer: SegmentWriter;
  readonly #line: FrameLine;
  /** Whether something is done that is not a frame, and stands alone. */
  #isBusy = false;
  /** Frames that the I/O has not answered, also those that were let go of. */
  #writingCount = 0;
  /** Whether evidence is to be written once there is nothing else to do. */
  #isMarkDue = false;
  #listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
  #lostListener: (cause: unknown) => void = () => {};
  #failure: FlowError | undefined;
  #isClosed = false;
  #ended: void | Promise<void> = undefined;
  #onIdle: () => void = () => {};

  /** A log whose end has been recovered. */
  constructor(parts: FileLogParts) {
    this.#parts = parts;
    this.#writer = parts.writer;
    this.#line = new FrameLine(roomOf(parts.writer));
    const { frameBytesMax, behindBytesMin } = parts;
    this.#inlineLimits = { frameBytesMax, behindBytesMin, inFlightMax: 1, inline: true };
    this.#threadLimits = { frameBytesMax, behindBytesMin, inFlightMax: 2, inline: false };
    this.#reader = new LogReader({ ...parts, tail: () => this.#writer });
    this.#change = new SegmentChange(parts, {
      isFree: () => this.#isFree && this.#goesOn,
      hasFailed: () => this.#failure !== undefined,
      perform: (act, then) => this.#perform(act, then),
      fail: (cause) => this.#fail(cause),
    });
    this.segments = new FileSegments({
      ...parts,
      reader: this.#reader,
      tail: () => this.#writer,
      roll: () => this.#rollSoon(),
      refusal: () => this.#change.refusal,
      returnPlace: () => this.#returnPlace(),
      whenFree: (act) => this.#writeBeside(act),
      fail: (cause) => this.#fail(cause),
    });
    parts.io.onFailed((cause) => {
      this.#fail(cause);
      this.#work();
    });
  }

  get limits(): LogLimits {
    return this.mode.kind === "inline" ? this.#inlineLimits : this.#threadLimits;
  }

  get mode(): LogMode {
    return this.#parts.io.mode;
  }

  get end(): LogPosition {
    return this.#writer.end;
  }

  nextPlace(): BodyPlace {
    this.#checkUsable();
    const { segment, size } = this.#line.next;
    const isFull = this.#beside.wantsRoll || size >= this.#parts.segmentBytesMax;
    if (segment === this.#writer.entry.id && isFull) {
      this.#planRoll();
      this.#checkUsable();
    }
    return this.#line.givePlace();
  }

  submit(frame: Frame): void {
    this.#checkUsable();
    this.#line.add(frame);
    this.#work();
  }

  onSettled(listener: (frame: Frame, outcome: LogOutcome) => void): void {
    this.#listener = listener;
  }

  onLost(listener: (cause: unknown) => void): void {
    this.#lostListener = listener;
  }

  *read(after: number | FrameEnd): Generator<CommittedFrame> {
    this.#checkUsable();
    for (const frame of this.#reader.frames(after)) {
      yield frame;
      this.#checkUsable();
    }
  }

  readBytes(segment: number, offset: number, length: number, lengthMax?: number): Uint8Array {
    this.#checkUsable();
    return this.#reader.bytes(segment, offset, { length, lengthMax });
  }

  mark(): void {
    if (!this.#goesOn) return;
    this.#isMarkDue = true;
    this.#work();
  }

  close(): void | Promise<void> {
    if (this.#isClosed) return this.#ended;
    this.#isClosed = true;
    this.#isMarkDue = true;
    const failure = this.#failure;
    const idle = new Promise<void>((resolve) => this.#onIdle = resolve);
    this.#work();
    const end = (): void | Promise<void> => this.#end(failure);
    return this.#ended = this.#isFree ? end() : idle.then(end);
  }

  /** Whether nothing is under way. */
  get #isFree(): boolean {
    return !this.#isBusy && this.#writingCount === 0;
  }

  /** Whether it is open and has not failed. */
  get #goesOn(): boolean {
    return !this.#isClosed && this.#failure === undefined;
  }

  /** Does one thing after the other, until none is left or the next one has to wait for the I/O. */
  #work(): void {
    while (this.#step()) {
      // What was over at once has called this from within: then the next step finds little or nothing.
    }
    if (this.#isClosed && this.#isFree) this.#onIdle();
  }

  /** Does the first of these that there is to do. Returns whether there was one. */
  #step(): boolean {
    const { waiting } = this.#line;
    if (!this.#isFree) {
      if (waiting === undefined || !this.#goesBehind(waiting)) return false;
      this.#append(waiting.frame);
      return true;
    }
    if (this.#isClosed) this.#beside.end(closed());
    // Only here, where everybody has heard of the last frame: a failure is the next one's.
    if (this.#change.isDue && this.#goesOn) this.#makeNext();
    else if (this.#beside.isDue(waiting !== undefined)) this.#workBeside();
    else if (waiting !== undefined) this.#write(waiting);
    else if (this.#beside.wantsRoll && !this.#line.isPlaceGiven) this.#rollIdle();
    else if (this.#isMarkDue) this.#mark();
    else return false;
    return true;
  }

  /** Whether a frame can be handed over behind others, and nothing else has to come in between. */
  #goesBehind({ frame, segment }: PlacedFrame): boolean {
    const { writingCount } = this.#line;
    // With none of them being written, something else is done, or frames that were let go of are yet to
    // be skipped: the next one takes their place.
    if (writingCount === 0 || writingCount >= this.#parts.io.writesMax) return false;
    if (this.#change.isDue || this.#beside.isDue(true)) return false;
    return segment === this.#writer.entry.id && this.#objectionTo(frame) === undefined;
  }

  /** Writes the frame that waits, if it can be written, to the segment that it goes to. */
  #write({ frame, segment }: PlacedFrame): void {
    const why = this.#objectionTo(frame);
    if (why !== undefined) this.#void(why);
    else if (segment !== this.#writer.entry.id) this.#roll();
    else this.#append(frame);
  }

  /** Hands the frame that waits to the I/O. */
  #append(frame: Frame): void {
    this.#line.begin();
    this.#writingCount += 1;
    this.#writer.append(frame, (result) => {
      this.#writingCount -= 1;
      if (result.kind === "failed") this.#fail(result.cause);
      // Or it was let go of, with one that it stood on.
      else if (this.#line.first === frame) this.#appended(frame, result.kind === "done");
      this.#work();
    });
  }

  #appended(frame: Frame, hasRoom: boolean): void {
    if (!hasRoom) return this.#void("no_space");
    this.#line.shift();
    this.#beside.framePassed();
    this.#change.framePassed(this.#writer, this.#beside.wantsRoll);
    this.#listener(frame, { kind: "committed", end: this.#writer.end });
  }

  /** Has something written when no frame waits, or after a few of them. */
  #writeBeside(act: (done: (result: IoResult) => void) => void): Promise<boolean> {
    this.#checkUsable();
    const done = this.#beside.add(act);
    this.#work();
    return done;
  }

  #workBeside(): void {
    this.#perform((done) => this.#beside.begin(done), (room) => this.#beside.finish(room));
  }

  #returnPlace(): void {
    this.#line.returnPlace();
    if (this.#beside.wantsRoll) this.#work();
  }

  #rollSoon(): Promise<void> {
    this.#checkUsable();
    if (isSamePosition(this.#writer.entry.base, this.end)) return Promise.resolve();
    const rolled = this.#beside.roll();
    this.#work();
    return rolled;
  }

  /** Lets the I/O do something. What comes of it is known before this returns, or later. */
  #perform(
    act: (done: (result: IoResult) => void) => void,
    then: (hasRoom: boolean) => void,
  ): void {
    this.#isBusy = true;
    act((result) => {
      this.#isBusy = false;
      if (result.kind === "failed") this.#fail(result.cause);
      else then(result.kind === "done");
      this.#work();
    });
  }

  #objectionTo({ base, body }: Frame): VoidReason | undefined {
    if (body.length > this.#parts.frameBytesMax) return "too_large";
    return isSamePosition(base, this.#writer.nextBase) ? undefined : "moved";
  }

  /** The first frame is not in the log, and with it those that stand on it. */
  #void(why: VoidReason): void {
    const [first, ...others] = this.#line.clear();
    this.#line.goOn(roomOf(this.#writer));
    this.#line.returnPlace();
    this.#beside.endRolls();
    if (first !== undefined) this.#listener(first, { kind: "void", why });
    for (const frame of others) this.#listener(frame, { kind: "void", why: "moved" });
  }

  /** Makes the next segment. Without room for one nobody waits for it any more. */
  #makeNext(): void {
    this.#change.make(() => this.#beside.endRolls());
  }

  /** Lets the next frame go to a new segment. Without room for one it stays, however large. */
  #planRoll(): void {
    this.#makeNext();
    const { room } = this.#change;
    if (room !== undefined) this.#line.goOn(room);
  }

  /** Goes on in a new segment although no frame needs it. */
  #rollIdle(): void {
    const { room } = this.#change;
    if (room === undefined) return this.#makeNext();
    this.#line.goOn(room);
    this.#roll();
  }

  /** Goes on in the next segment. */
  #roll(): void {
    this.#change.begin(this.#writer, (next) => {
      this.#beside.endRolls();
      if (next === undefined) {
        // Whoever was told of a place in it, and brings its frame to it, tries again.
        if (this.#line.first === undefined && this.#line.isPlaceGiven) return;
        this.#change.drop();
        return this.#void("no_space");
      }
      this.#writer = next;
    });
  }

  #mark(): void {
    this.#isMarkDue = false;
    if (this.#failure !== undefined || this.#writer.isProved) return;
    // Without room there is no evidence, and the frames are durable all the same.
    this.#perform((done) => this.#writer.mark(done), () => {});
  }

  /** What cannot be closed keeps nothing else open: whoever closes the log hears of it in the end. */
  #closeFiles(): void {
    // After a failure nobody can know whether the manifest lists it.
    const leaves = this.#failure !== undefined;
    const merge = { close: () => this.segments.end(leaves) };
    const next = { close: () => this.#change.drop() };
    try {
      closeAll([merge, next, this.#writer, this.#parts.files]);
    } catch (error) {
      this.#failure ??= failed("The files of the log cannot be closed", error);
    }
  }

  /** Closes the files and ends the I/O. Throws or rejects if the log has failed since closing began. */
  #end(failure: FlowError | undefined): void | Promise<void> {
    const tell = (): void => {
      if (this.#failure !== failure) throw this.#failure;
    };
    this.#closeFiles();
    const ended = this.#parts.io.close();
    if (ended === undefined) return tell();
    return ended.catch((cause) => {
      this.#failure ??= failed("The files of the log cannot be closed", cause);
    }).then(tell);
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) {
      throw new FlowError("store_failed", "The log has failed", { cause: this.#failure });
    }
    if (this.#isClosed) throw closed();
  }

  /** Nothing is written any more, and whoever waits hears that nobody knows what is on the disk. */
  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = failed("The log cannot be written", cause);
    const lost = this.#line.clear();
    for (const frame of lost) this.#listener(frame, { kind: "lost", cause });
    if (lost.length === 0) this.#lostListener(cause);
    this.#beside.end(this.#failure);
  }
}

/** Where the next frame goes when none is under way. */
function roomOf({ entry, size }: SegmentWriter): SegmentRoom {
  return { segment: entry.id, size };
}

function closed(): FlowError {
  return new FlowError("store_closed", "The log is closed");
}
