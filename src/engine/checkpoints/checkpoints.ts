/**
 * What opening a store spares itself.
 *
 * @module
 */
import type { Directory } from "../../files/mod.ts";
import { CHECKPOINT_VERSION } from "../../flow/core/mod.ts";
import {
  type CheckpointFacts,
  checkpointName,
  checkpointsIn,
  type FrameEnd,
  isSamePosition,
  type Log,
  type Manifest,
  proveCheckpoint,
  readCheckpoint,
  removeIfPossible,
  removeInSteps,
} from "../../log/mod.ts";
import type { MergedSegments } from "../shard/log_tally.ts";
import { BESIDE_PART, type ShardState } from "../shard/shard_state.ts";
import { bytesAfter, replacedRuns, takeOver } from "./replaced_runs.ts";
import { type Beside, RunningCheckpoint, type WrittenCheckpoint } from "./running_checkpoint.ts";

/** How checkpoints are made. */
export interface CheckpointsOptions {
  /** Where the store is. */
  readonly directory: Directory;
  /** Its manifest. */
  readonly manifest: Manifest;
}

/** The newest checkpoint of a shard. */
export interface LastCheckpoint {
  /** The name of its file. */
  readonly name: string;
  /** The newest record that is in it; 0: there is no checkpoint. */
  readonly lsn: number;
  /** The segment with that record. */
  readonly segment: number;
  /** Bytes of the log up to it. */
  readonly logBytes: number;
  /** Bytes of segments that merges have written since. */
  readonly mergedBytes: number;
  /** Its own bytes. */
  readonly bytes: number;
}

const NO_CHECKPOINT: LastCheckpoint = {
  name: "",
  lsn: 0,
  segment: 0,
  logBytes: 0,
  mergedBytes: 0,
  bytes: 0,
};

/** What is known about the checkpoints of a shard. */
interface Known {
  last: LastCheckpoint;
  /** The highest number that one was given. */
  number: number;
  /** Whether there was a checkpoint, which a merge has made useless. */
  isMissed: boolean;
  /** Whether the state was made of a checkpoint. */
  isLoaded: boolean;
  /** Whether merges may have dropped flows whose links are still in the state. */
  isOutlived: boolean;
  /**
   * What merges have written and saved since the checkpoint was begun that is under way, in bytes, and
   * the last record by which they have decided what is left.
   */
  sinceBegun: MergesSince;
}

/** What merges have done to a log. */
type MergesSince = Pick<MergedSegments, "bytes" | "savedBytes" | "lastLsn">;

const NO_MERGES: MergesSince = { bytes: 0, savedBytes: 0, lastLsn: 0 };

/** What is known when a state is made of the log. */
const NOTHING = {
  last: NO_CHECKPOINT,
  isMissed: false,
  isLoaded: false,
  isOutlived: false,
  sinceBegun: NO_MERGES,
};

/** A log and the state above it. */
interface LogAndState {
  readonly log: Log;
  readonly state: ShardState;
}

/** Writes and reads the checkpoints of a store. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #known: Known[] = [];

  /** @param options How they are made. */
  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** The newest checkpoint of a shard. */
  last(shard: number): LastCheckpoint {
    return this.#of(shard).last;
  }

  /** The names of the checkpoints that a shard might be opened from, the best one first. */
  candidates(shard: number): string[] {
    const found = checkpointsIn(this.#options.directory, shard);
    const { number } = this.#of(shard);
    this.#known[shard] = { ...NOTHING, number: Math.max(number, found[0]?.number ?? 0) };
    return found.map(({ name }) => name);
  }

  /**
   * Fills a state that is empty with what a checkpoint knows. Returns whether it did: if not, the
   * state may have anything in it. Whatever is wrong with a checkpoint, the log says the same.
   */
  load(shard: number, name: string, on: LogAndState): boolean {
    const { directory, manifest } = this.#options;
    const { log, state } = on;
    const of = { name, dbId: manifest.state.dbId, shard, version: CHECKPOINT_VERSION };
    try {
      return readCheckpoint(directory, of, (facts, streamOf) => {
        if (!isReached(facts, log)) return false;
        const { tally, timeMs, segments, isOutlived } = streamOf(BESIDE_PART).json<Beside>();
        const before = { ids: segments.map(({ id }) => id), endIndex: facts.end.end.index };
        const runs = replacedRuns(before, manifest.segmentsOf(shard));
        if (runs === undefined) return false;
        state.load(streamOf, shard === 0);
        state.resume(tally, timeMs);
        for (const run of runs) takeOver(run, segments.map(({ bytes }) => bytes), on);
        const known = this.#of(shard);
        known.isLoaded = true;
        known.isOutlived = isOutlived || runs.length > 0;
        known.last = lastOf(facts.end, {
          ...{ name, logBytes: state.read.bytes, bytes: facts.contentBytes },
          mergedBytes: runs.reduce((sum, run) => sum + bytesAfter(run), 0),
        });
        return true;
      }) ?? false;
    } catch {
      return false;
    }
  }

  /** A state was made of a checkpoint: others are no use any more. */
  accept(shard: number, name: string): void {
    const { directory } = this.#options;
    try {
      proveCheckpoint(directory, name);
      this.#removeAllBut(shard, name);
    } catch {
      // Then there are more than one until the next.
    }
  }

  /** A checkpoint is no use: what is known of it is forgotten. It stays until there is a state. */
  reject(shard: number): void {
    this.#known[shard] = { ...this.#of(shard), ...NOTHING };
  }

  /**
   * Segments have been replaced by others. A checkpoint that ends behind all that it was decided by what
   * is left of them is still of use.
   */
  merged(shard: number, { lastLsn, bytes, savedBytes }: MergedSegments): void {
    const known = this.#of(shard);
    known.isOutlived = known.isLoaded;
    const { last, sinceBegun } = known;
    known.sinceBegun = {
      bytes: sinceBegun.bytes + bytes,
      savedBytes: sinceBegun.savedBytes + savedBytes,
      lastLsn: Math.max(sinceBegun.lastLsn, lastLsn),
    };
    if (lastLsn >= last.lsn) {
      if (last.lsn === 0) return;
      known.last = NO_CHECKPOINT;
      known.isMissed = true;
      removeIfPossible(this.#options.directory, last.name);
      return;
    }
    const mergedBytes = last.mergedBytes + bytes;
    known.last = { ...last, logBytes: last.logBytes - savedBytes, mergedBytes };
  }

  /**
   * Begins a checkpoint of a state as it is now, which no command is in the middle of changing.
   *
   * @param lsn The newest record that there is; a frame ends with it.
   */
  begin(shard: number, lsn: number, on: LogAndState): RunningCheckpoint {
    const known = this.#of(shard);
    known.sinceBegun = NO_MERGES;
    const file = on.log.segments.createBeside(checkpointName(shard, ++known.number));
    const { dbId } = this.#options.manifest.state;
    return new RunningCheckpoint({
      ...on,
      lsn,
      file,
      of: { dbId, shard, version: CHECKPOINT_VERSION },
    });
  }

  /** Whether there was a checkpoint, which a merge has made useless: the next one is due. */
  isMissed(shard: number): boolean {
    return this.#of(shard).isMissed;
  }

  /** Whether merges may have dropped flows whose links are still in the state. */
  isOutlived(shard: number): boolean {
    return this.#of(shard).isOutlived;
  }

  /** A checkpoint was written. Returns whether it is of use. */
  published(
    shard: number,
    { name, end, logBytes, bytes }: WrittenCheckpoint,
  ): boolean {
    const known = this.#of(shard);
    const { bytes: mergedBytes, savedBytes, lastLsn } = known.sinceBegun;
    // A merge may have come between its last byte and this, and nobody was left to be told to give up.
    const isOfUse = lastLsn < end.end.lsn;
    known.last = isOfUse
      ? lastOf(end, { name, bytes, mergedBytes, logBytes: logBytes - savedBytes })
      : NO_CHECKPOINT;
    known.isMissed = !isOfUse;
    return isOfUse;
  }

  /** Removes all but the last that is of use, a little at a time. */
  async removeOthers(shard: number, rest: () => Promise<void>): Promise<void> {
    const { directory } = this.#options;
    const { name } = this.#of(shard).last;
    for (const other of checkpointsIn(directory, shard)) {
      if (other.name === name) continue;
      for (const _ of removeInSteps(directory, other.name, 0)) await rest();
    }
  }

  /** Lets the next opening read the log, if that is possible. */
  discard(shard: number): void {
    this.#of(shard).last = NO_CHECKPOINT;
    try {
      this.#removeAllBut(shard, undefined);
    } catch {
      // Then it finds out by itself what they are worth.
    }
  }

  #removeAllBut(shard: number, kept: string | undefined): void {
    const { directory } = this.#options;
    for (const { name } of checkpointsIn(directory, shard)) {
      if (name !== kept) removeIfPossible(directory, name);
    }
  }

  #of(shard: number): Known {
    return this.#known[shard] ??= { ...NOTHING, number: 0 };
  }
}

function lastOf(
  { end, segment }: FrameEnd,
  rest: Omit<LastCheckpoint, "lsn" | "segment">,
): LastCheckpoint {
  return { lsn: end.lsn, segment, ...rest };
}

/** Whether the log has the frame up to which a checkpoint goes. */
function isReached({ end: { end } }: CheckpointFacts, log: Log): boolean {
  return end.index < log.end.index || isSamePosition(end, log.end);
}
