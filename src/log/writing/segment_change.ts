/**
 * Going on in a new segment.
 *
 * @module
 */

import { invariant } from "../../invariant.ts";
import { SEGMENT_HEAD_BYTES } from "../format/segment.ts";
import { listNext, nextSegment, type SegmentSource } from "../segments/segment_creation.ts";
import type { SegmentRoom } from "./frame_line.ts";
import { Reservation, type ReservedFile } from "./reservation.ts";
import type { IoResult, SegmentIo } from "./segment_io.ts";
import type { SegmentWriter } from "./writer.ts";

/** What new segments are made of, and when. */
export interface SegmentChangeParts extends SegmentSource {
  /** Does the writes and the syncs. */
  readonly io: SegmentIo;
  /** Size from which on a segment is full, in bytes. */
  readonly segmentBytesMax: number;
}

/** The log whose segments change. */
export interface SegmentChangeHost {
  /** Whether something can be done now: nothing else is, and the log goes on. */
  isFree(): boolean;
  /** Whether nobody can know what is on the disk. */
  hasFailed(): boolean;
  /** Lets the I/O do something; then hears whether there was room. */
  perform(
    act: (done: (result: IoResult) => void) => void,
    then: (hasRoom: boolean) => void,
  ): void;
  /** Nothing is written any more. */
  fail(cause: unknown): void;
}

/** Makes the next segment before it is needed, and begins it when it is. */
export class SegmentChange {
  readonly #parts: SegmentChangeParts;
  readonly #host: SegmentChangeHost;
  readonly #reservation: Reservation;
  #isDue = false;

  /** No segment is at hand. */
  constructor(parts: SegmentChangeParts, host: SegmentChangeHost) {
    this.#parts = parts;
    this.#host = host;
    this.#reservation = new Reservation(parts);
  }

  /** Where the first frame of the next segment goes; undefined: there is none. */
  get room(): SegmentRoom | undefined {
    const { ready } = this.#reservation;
    return ready === undefined ? undefined : { segment: ready.id, size: SEGMENT_HEAD_BYTES };
  }

  /** Why the system let no segment be made the last time one was due; undefined: it did. */
  get refusal(): string | undefined {
    return this.#reservation.refusal;
  }

  /**
   * A frame was written. In a thread the next segment is made while there is still room in this one,
   * and as soon as somebody waits for it: it may be that there is always a frame under way.
   *
   * @param isWanted Whether somebody waits for a new segment, however small this one is.
   */
  framePassed({ size }: SegmentWriter, isWanted: boolean): void {
    const { io: { mode }, segmentBytesMax } = this.#parts;
    this.#isDue = mode.kind !== "inline" && this.#reservation.file === undefined &&
      (isWanted || size >= segmentBytesMax - segmentBytesMax / 8);
  }

  /** Whether the next segment is to be made before anything else. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /**
   * Makes the next segment, unless there is one.
   *
   * @param noRoom Called if there is none, for its head, its name, or a manifest that lists it.
   */
  make(noRoom: () => void): void {
    // Whoever asks while a frame is under way does not take its turn away.
    if (!this.#host.isFree()) return;
    this.#isDue = false;
    if (this.#reservation.file !== undefined) return;
    let file: ReservedFile | undefined;
    try {
      file = this.#reservation.make();
    } catch (error) {
      return this.#host.fail(error);
    }
    if (file === undefined) return noRoom();
    const reserve = (done: (result: IoResult) => void): void =>
      this.#parts.io.reserve(file, (result) => {
        // Nothing has been entrusted to the file yet.
        const isRefused = result.kind === "failed" && this.#reservation.isRefused(result.cause);
        done(isRefused ? { kind: "no_space" } : result);
      });
    this.#host.perform(reserve, (hasRoom) => {
      if (hasRoom) return void (file.isReady = true);
      this.drop();
      noRoom();
    });
  }

  /**
   * Writes the head of the next segment, and lists it in the place of the one that is open, which is
   * closed once somebody goes on in the new one.
   *
   * @param then Called with what writes the new one; undefined: there was no room, and it waits.
   */
  begin(writer: SegmentWriter, then: (next: SegmentWriter | undefined) => void): void {
    const reserved = this.#reservation.ready;
    invariant(reserved !== undefined, "A frame goes to a segment that is there");
    const { entry, head } = nextSegment(this.#parts, reserved.id, writer.end);
    const fill = (bytes: Uint8Array): void => bytes.set(head);
    const write = { at: 0, length: head.length, fill };
    this.#host.perform((done) => this.#parts.io.write(reserved, write, done), (hasRoom) => {
      if (!hasRoom) return then(undefined);
      try {
        // Nobody who opens the directory would find what the manifest then says of it.
        const loss = writer.findLoss(this.#parts.directory);
        if (loss !== undefined) throw loss;
        listNext(this.#parts.manifest, writer, entry);
        this.#reservation.take();
        then(writer.continuedIn({ entry, file: reserved.file }));
        writer.close();
      } catch (error) {
        // Nothing lists the segment then, as if there had been no room for its head.
        if (this.#reservation.isRefused(error)) return then(undefined);
        this.#host.fail(error);
      }
    });
  }

  /** Lets go of the segment that was made. */
  drop(): void {
    // After a failure nobody can know whether the manifest lists it.
    this.#reservation.drop(this.#host.hasFailed());
  }
}
