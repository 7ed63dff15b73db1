/**
 * What opening a store spares itself, if the store was closed in peace.
 *
 * @module
 */
import { CHECKPOINT_VERSION, loadState, saveState } from "../flow/core/mod.ts";
import type { Directory } from "../files/mod.ts";
import {
  type CheckpointFacts,
  checkpointName,
  isSamePosition,
  type Log,
  type Manifest,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from "../log/mod.ts";
import type { LogTally, SavedTally } from "./log_tally.ts";
import type { ShardState } from "./shard_state.ts";

/** Reading so many records takes longer than a tenth of a second: less is not worth a file. */
const RECORDS_MIN = 50_000;

/** How checkpoints are made. */
export interface CheckpointsOptions {
  /** Where the store is. */
  readonly directory: Directory;
  /** Its manifest. */
  readonly manifest: Manifest;
  /** With fewer records since the last checkpoint there is no other one. Default 50,000. */
  readonly recordsMin?: number;
}

/** Writes and reads the checkpoints of a store. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** By shard: up to which record the last checkpoint goes. */
  readonly #lsns: number[] = [];
  /** By shard: whether its state was made of a checkpoint. */
  readonly #isLoaded: boolean[] = [];

  /** @param options How they are made. */
  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /**
   * Fills a state that is empty with what a checkpoint knows. Returns whether it did: if not, the
   * state may have anything in it. Whatever is wrong with a checkpoint, the log says the same.
   */
  load(shard: number, log: Log, state: ShardState): boolean {
    const { directory, manifest } = this.#options;
    const key = { dbId: manifest.state.dbId, shard, version: CHECKPOINT_VERSION };
    this.#isLoaded[shard] = false;
    try {
      const isLoaded = readCheckpoint(directory, key, (facts, stream) => {
        if (!isOf(facts, log)) return false;
        const { tally, timeMs } = stream.json<Beside>();
        state.keydir.load(stream);
        loadState(state.flows, stream, shard === 0);
        if (!stream.isAtEnd) return false;
        state.resume(tally, timeMs);
        return true;
      }) ?? false;
      if (!isLoaded) return this.reject(shard);
      this.#lsns[shard] = state.read.end!.end.lsn;
      return this.#isLoaded[shard] = true;
    } catch {
      return this.reject(shard);
    }
  }

  /** What is there is no use, so it need not take up room: the state is made of the log. */
  reject(shard: number): false {
    const { directory } = this.#options;
    this.#lsns[shard] = 0;
    if (directory.list().includes(checkpointName(shard))) removeCheckpoint(directory, shard);
    return this.#isLoaded[shard] = false;
  }

  /** The places have changed: the last checkpoint is no use any more. */
  forget(shard: number): void {
    this.#lsns[shard] = 0;
  }

  /**
   * Writes a checkpoint of a state to which nothing is added any more, and which is all in the log. A
   * store is closed properly also if that does not work.
   *
   * @param tally What the log holds.
   */
  save(shard: number, log: Log, state: ShardState, tally: LogTally): void {
    const { directory, manifest, recordsMin = RECORDS_MIN } = this.#options;
    const { end } = tally;
    const newCount = log.end.lsn - (this.#lsns[shard] ?? 0);
    if (end === undefined || !isSamePosition(end.end, log.end) || newCount < recordsMin) return;
    // Only the log tells which links are left, and merges keep what is linked: from one checkpoint to
    // the next, links would stay for ever.
    const isOutlived = this.#isLoaded[shard] === true && this.#lsns[shard] === 0;
    if (isOutlived && state.flows.links.notedCount > 0) return removeCheckpoint(directory, shard);
    const { dbId } = manifest.state;
    const segments = log.segments.list.map(({ id }) => id);
    try {
      writeCheckpoint(
        directory,
        { dbId, shard, version: CHECKPOINT_VERSION, end, segments },
        (stream) => {
          const beside: Beside = { tally: tally.save(), timeMs: state.timeMs };
          stream.json(beside);
          state.keydir.save(stream);
          saveState(state.flows, stream);
        },
      );
    } catch {
      removeCheckpoint(directory, shard);
    }
  }
}

/** What is written beside the state of flows. */
interface Beside {
  readonly tally: SavedTally;
  readonly timeMs: number;
}

/** Whether the log still has everything in the places where a checkpoint knows it to be. */
function isOf({ end: { end }, segments }: CheckpointFacts, log: Log): boolean {
  const { list } = log.segments;
  return end.index <= log.end.index &&
    (end.index < log.end.index || isSamePosition(end, log.end)) &&
    segments.length <= list.length && segments.every((id, index) => list[index]!.id === id);
}
