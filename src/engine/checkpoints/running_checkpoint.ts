/**
 * A checkpoint that is being written.
 *
 * @module
 */
import type { Savings } from "../../flow/core/mod.ts";
import {
  type CheckpointFacts,
  CheckpointWriter,
  type FrameEnd,
  type Log,
  type Segment,
  type SideFile,
} from "../../log/mod.ts";
import type { LogTally, SavedTally } from "../shard/log_tally.ts";
import { BESIDE_PART, type ShardState } from "../shard/shard_state.ts";

/** So many bytes are written and synced at once: a frame that comes meanwhile has to wait. */
const WRITE_BYTES = 1 << 20;

/** With so many bytes in memory nothing is collected until they are written. */
const KEPT_BYTES_MAX = 8 << 20;

/** A segment that a checkpoint stands on. */
export type SavedSegment = Pick<Segment, "id" | "bytes">;

/** What is written beside the state of a shard. */
export interface Beside {
  /** What the log held. */
  readonly tally: SavedTally;
  /** The highest command time in it. */
  readonly timeMs: number;
  /** Its segments up to the frame, in order. */
  readonly segments: readonly SavedSegment[];
  /** Whether merges may have dropped flows whose links are still in the state. */
  readonly isOutlived: boolean;
}

/** Facts about a place in the log, once it is settled up to there. */
export type SettledFacts = Pick<CheckpointFacts, "end"> & Omit<Beside, "isOutlived">;

/** A checkpoint is not wanted any more. */
export class GivenUp extends Error {}

/** What a checkpoint is made of. */
export interface RunningCheckpointParts {
  /** The log of the shard. */
  readonly log: Log;
  /** Its state; no command is in the middle of changing it, and it ends with a frame. */
  readonly state: ShardState;
  /** The newest record that there is. */
  readonly lsn: number;
  /** Where it is written. */
  readonly file: SideFile;
  /** What it belongs to. */
  readonly of: Pick<CheckpointFacts, "dbId" | "shard" | "version">;
}

/** A checkpoint that was written. */
export interface WrittenCheckpoint {
  /** The name of its file. */
  readonly name: string;
  /** The frame up to which the log is in it. */
  readonly end: FrameEnd;
  /** Bytes that the log had up to there. */
  readonly logBytes: number;
  /** Its own bytes. */
  readonly bytes: number;
}

/** How it is written. */
export interface CheckpointPace {
  /** So many bytes are collected in one slice. */
  readonly sliceBytes: number;
  /** So many steps are done in one slice at most, also if they have little to write. */
  readonly sliceSteps: number;
  /** Lets others have their turn between two slices. */
  readonly rest: () => Promise<void>;
}

/**
 * The state as it was after a frame, on its way into a file. The log may not have that frame yet:
 * until it does nobody knows where it ends, and so there is no head that could be written.
 */
export class RunningCheckpoint {
  /** The newest record that is in it. */
  readonly lsn: number;
  readonly #parts: RunningCheckpointParts;
  readonly #writer: CheckpointWriter;
  readonly #savings: Savings;
  readonly #segments: readonly number[];
  readonly #settled = Promise.withResolvers<SettledFacts>();
  #writing: Promise<void> | undefined;
  /** What has gone wrong with what was written out. */
  #failure: unknown;
  #isSettled = false;
  #isOver = false;

  /** Begins. What the state is now is what will be in the file. */
  constructor(parts: RunningCheckpointParts) {
    const { log, state, lsn, file } = parts;
    this.#parts = parts;
    this.lsn = lsn;
    this.#writer = new CheckpointWriter(file);
    this.#segments = log.segments.list.map(({ id }) => id);
    this.#savings = state.save((part) => this.#writer.streamOf(part), lsn);
    // Whoever waits for it hears of its end in another way, too.
    this.#settled.promise.catch(() => {});
  }

  /** The name of its file. */
  get name(): string {
    return this.#parts.file.name;
  }

  /** The id of the segment with its last record, or of one before it while that is not known. */
  get segment(): number {
    return this.#segments.at(-1)!;
  }

  /** The log has settled frames, up to one. */
  settled(tally: LogTally, timeMs: number): void {
    const { end } = tally;
    if (this.#isSettled || this.#isOver || end?.end.lsn !== this.lsn) return;
    this.#isSettled = true;
    const { list } = this.#parts.log.segments;
    // Since it was begun the log may have gone on in new segments, and the frame is in the last one.
    const first = list.findIndex(({ id }) => id === this.#segments[0]);
    const found = list.findIndex(({ id }) => id === end.segment);
    // Or a merge has taken it along. Then nothing came behind it, and the open segment is empty.
    const last = found < 0 ? list.length - 2 : found;
    const { id: segment, bytes } = list[last]!;
    this.#settled.resolve({
      end: { ...end, segment, endOffset: found < 0 ? bytes : end.endOffset },
      segments: list.slice(first, last + 1).map(({ id, bytes }) => ({ id, bytes })),
      tally: tally.save(),
      timeMs,
    });
  }

  /** Segments have been replaced, up to a record. Returns whether it is still of use. */
  outlives(lastLsn: number): boolean {
    // Which segments it stands on is not known before it is settled.
    return this.#isSettled && lastLsn < this.lsn;
  }

  /** Writes all of it. Rejects with what went wrong, or if it was given up. */
  async write(
    { sliceBytes, sliceSteps, rest }: CheckpointPace,
    isOutlived: () => boolean,
  ): Promise<WrittenCheckpoint> {
    try {
      for (let goesOn = true; goesOn;) {
        goesOn = this.#collect(sliceBytes, sliceSteps);
        if (this.#writer.keptBytes >= WRITE_BYTES) this.#writeOut();
        if (this.#writer.keptBytes >= KEPT_BYTES_MAX) await this.#writing;
        await rest();
        this.#check();
      }
      await this.#writing;
      this.#check();
      const { end, ...facts } = await this.#settled.promise;
      const beside: Beside = { ...facts, isOutlived: isOutlived() };
      this.#writer.streamOf(BESIDE_PART).json(beside);
      await this.#writer.finish({ ...this.#parts.of, end }, WRITE_BYTES);
      this.#check();
      this.#isOver = true;
      this.#parts.file.close();
      return {
        name: this.name,
        end,
        logBytes: facts.tally.bytes,
        bytes: this.#writer.writtenBytes,
      };
    } catch (error) {
      // Whatever went wrong afterwards did so because of that.
      if (this.#isOver) throw new GivenUp();
      this.abandon();
      throw error;
    }
  }

  /** Gives up. Does nothing if it is over. */
  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#savings.end();
    this.#parts.file.remove();
    this.#settled.reject(new GivenUp());
  }

  /** Has written what was collected, unless that is being done. */
  #writeOut(): void {
    this.#writing ??= this.#writer.writeOut(WRITE_BYTES)
      .catch((error) => void (this.#failure ??= error))
      .then(() => this.#writing = undefined);
  }

  /** Collects what one slice writes. Returns whether something is left. */
  #collect(sliceBytes: number, sliceSteps: number): boolean {
    const { keptBytes } = this.#writer;
    for (let steps = 0; steps < sliceSteps; steps++) {
      if (this.#writer.keptBytes - keptBytes >= sliceBytes) break;
      if (!this.#savings.step()) return false;
    }
    return true;
  }

  #check(): void {
    if (this.#isOver) throw new GivenUp();
    if (this.#failure !== undefined) throw this.#failure;
  }
}
