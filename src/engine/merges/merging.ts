/**
 * Merging segments of a shard, a slice at a time.
 *
 * @module
 */
import { MergedRun } from "../../bitcask/mod.ts";
import {
  type Beyond,
  type Gist,
  GistReader,
  isSameMark,
  type LinkMark,
  type Stretch,
  Survivors,
} from "../../flow/core/mod.ts";
import { type CommittedFrame, type LogPosition, type Merge, RecordWalk } from "../../log/mod.ts";
import type { MergedSegments } from "../shard/log_tally.ts";
import type { Shard } from "../shard/shard.ts";
import { storedError } from "../shard/stored_effect.ts";
import { KeptRecords } from "./kept_records.ts";

/** So many records are looked at in one slice: a tenth of a millisecond, or four if all have a kibibyte. */
const SLICE_RECORDS = 500;

/** How often everything is read. */
export const PASSES = 3;

/** So many bytes are written at once, or one frame. */
const WRITE_BYTES = 1 << 20;

/** What a merge is carried out with. */
export interface MergingOptions {
  /** The shard whose segments they are. */
  readonly shard: Shard;
  /** What lies around the run. */
  readonly beyond: Beyond;
  /** Lets everybody else have a turn when so many bytes were read; rejects if the merge is to end. */
  readonly pause: (bytes: number) => Promise<void>;
  /** Resolves when everybody has been answered who was decided until now; rejects like `pause`. */
  readonly told: () => Promise<void>;
  /** Undefined if segments may be removed; else resolves when it is time to ask again. */
  readonly held: () => Promise<void> | undefined;
}

/** Somebody has linked a value that was to go. */
export class Outdated extends Error {}

/** What has become of the segments. */
export interface Outcome extends MergedSegments {
  /** Bytes before. */
  readonly bytesBefore: number;
}

/**
 * Carries out a merge: reads all records twice to find out which are wanted, and then copies those.
 * Whatever goes wrong before the end leaves everything as it was.
 */
export async function carryOut(merge: Merge, options: MergingOptions): Promise<Outcome> {
  try {
    const merging = new Merging(merge, options);
    await merging.decide();
    return await merging.replace(merge);
  } finally {
    merge.abandon();
  }
}

/** One merge that is under way, or several that are decided about together. */
export class Merging {
  readonly #merge: Merge;
  readonly #options: MergingOptions;
  readonly #survivors: Survivors;
  readonly #gists = new GistReader();
  #timeMs = 0;
  #sliceCount = 0;
  #bytes = 0;
  #linkMark: LinkMark = [];

  /**
   * @param merge Reads what it is decided by.
   * @param stretches Its segments, if they are replaced one by one; see `Survivors`.
   */
  constructor(merge: Merge, options: MergingOptions, stretches?: readonly Stretch[]) {
    const highestMs = (): number => this.#timeMs;
    this.#merge = merge;
    this.#options = options;
    this.#survivors = new Survivors({
      isFirst: merge.isFirst,
      beyond: options.beyond,
      stretches,
      // Known once all records have been noted, and not needed before.
      get timeMs() {
        return highestMs();
      },
    });
  }

  /** Behind the last frame by which it is decided. */
  get until(): LogPosition {
    return this.#merge.end;
  }

  /** Reads all records twice, and knows then which are wanted. */
  async decide(): Promise<void> {
    await this.#read((gist, lsn) => this.#survivors.note(gist, lsn));
    this.#linkMark = this.#options.beyond.linkMark();
    await this.#read((gist, lsn) => this.#survivors.choose(gist, lsn));
  }

  /** Reads them again. Resolves to the bytes of those that are wanted, by segment. */
  async weigh(): Promise<ReadonlyMap<number, number>> {
    const weights = new Map<number, number>();
    for (const frame of this.#merge.frames()) {
      const { place: { segment } } = frame;
      let bytes = weights.get(segment) ?? 0;
      await this.#eachKept(frame, ({ start, end }) => bytes += end - start);
      weights.set(segment, bytes);
    }
    return weights;
  }

  /**
   * Copies what is wanted of all that was decided about, or of some segments of it, and puts it in the
   * place of what there was.
   */
  async replace(merge: Merge): Promise<Outcome> {
    const { told, held, shard, pause } = this.#options;
    const { segmentCount, bytes: bytesBefore } = merge;
    try {
      const run = await this.#copy(merge);
      // An answer that waits for its commit may show what others have replaced since, and reads it then.
      await told();
      while (true) {
        const free = held();
        if (free !== undefined) await free;
        else if (this.#isCurrent) break;
        else await this.#checkLinks();
      }
      // From here on nothing waits: readers find what is kept in its new place at once.
      const { bytes, segmentCount: newCount } = merge.publish();
      const merged = {
        lastLsn: this.until.lsn,
        segmentCount: segmentCount - newCount,
        bytes,
        savedBytes: bytesBefore - bytes,
      };
      shard.merged(run, merged);
      // At once it would be the longest task of all.
      for (const _ of merge.removeReplaced()) await pause(PASSES * bytesBefore);
      return { ...merged, bytesBefore };
    } finally {
      merge.abandon();
    }
  }

  /** Reads nothing more. */
  end(): void {
    this.#merge.abandon();
  }

  /** Writes what is wanted. Returns where it stands. */
  async #copy(merge: Merge): Promise<MergedRun> {
    const run = new MergedRun(this.#options.shard.state.keydir, {
      firstLsn: merge.base.lsn + 1,
      lastLsn: merge.end.lsn,
      keeps: (lsn) => this.#survivors.keeps(lsn),
    });
    const kept = new KeptRecords(merge.base);
    const keep = (record: RecordWalk): void => kept.keep(record.lsn, record);
    const write = (): Promise<void> => this.#write(kept, { merge, run });
    for (const frame of merge.frames()) {
      await this.#eachKept(frame, keep, run);
      // A frame that was written once can be written again, but perhaps not with anything before it.
      if (kept.length > 0 && kept.allLength > WRITE_BYTES) await write();
      kept.endFrame(frame);
      if (kept.length >= WRITE_BYTES) await write();
    }
    if (kept.coversFrames) await write();
    return run;
  }

  /** Whether no link was noted since it was decided what goes, or that was looked through. */
  get #isCurrent(): boolean {
    return isSameMark(this.#options.beyond.linkMark(), this.#linkMark);
  }

  /**
   * Looks whether somebody has linked a value that goes.
   *
   * @throws {Outdated} If so.
   */
  async #checkLinks(): Promise<void> {
    const { beyond, pause } = this.#options;
    const linked = beyond.linkedSince(this.#linkMark);
    this.#linkMark = beyond.linkMark();
    // Without a pause, so that this comes to an end however often somebody links something.
    if (linked?.some((lsn) => this.#survivors.isUnlinked(lsn))) throw new Outdated();
    if (linked !== undefined) return;
    for (const lsn of this.#survivors.unlinked()) {
      if (beyond.isLinked(lsn)) throw new Outdated();
      if (this.#isSliceOver()) await pause(this.#bytes);
    }
  }

  /** Shows all records to somebody. */
  async #read(look: (gist: Gist, lsn: number) => void): Promise<void> {
    for (const frame of this.#merge.frames()) {
      this.#timeMs = Math.max(this.#timeMs, frame.timeMs);
      this.#bytes += frame.body.length;
      const record = new RecordWalk(frame);
      // Not by a function for both passes: frames are small and many, and each would be waited for.
      while (record.next()) {
        if (record.isKnown) look(this.#gistOf(record), record.lsn);
        if (this.#isSliceOver()) await this.#options.pause(this.#bytes);
      }
    }
  }

  /** Goes by the records of a frame that are wanted, a slice at a time. */
  async #eachKept(
    frame: CommittedFrame,
    keep: (record: RecordWalk) => void,
    run?: MergedRun,
  ): Promise<void> {
    this.#bytes += frame.body.length;
    const record = new RecordWalk(frame);
    while (record.next()) {
      const { lsn } = record;
      run?.pass(lsn);
      // What a newer version has left here for itself stays.
      if (this.#survivors.keeps(lsn) || !record.isKnown) keep(record);
      if (this.#isSliceOver()) await this.#options.pause(this.#bytes);
    }
  }

  #gistOf(record: RecordWalk): Gist {
    const { dictionary } = this.#options.shard.state.flows;
    try {
      return this.#gists.of(record, dictionary);
    } catch (cause) {
      throw storedError(cause, record);
    }
  }

  async #write(
    kept: KeptRecords,
    { merge, run }: { readonly merge: Merge; readonly run: MergedRun },
  ): Promise<void> {
    const { segment, offset } = await merge.write(kept.frame());
    for (let index = 0; index < kept.count; index++) {
      run.append(kept.lsnOf(index), segment, offset + kept.offsetOf(index));
    }
    kept.clear();
    await this.#options.pause(this.#bytes);
  }

  #isSliceOver(): boolean {
    this.#sliceCount = (this.#sliceCount + 1) % SLICE_RECORDS;
    return this.#sliceCount === 0;
  }
}
