/**
 * Opening a log: look, judge, repair, and only then serve.
 *
 * @module
 */

import type { Directory, FileHandle } from "../files/mod.ts";
import type { Random } from "../time/mod.ts";
import { guarded } from "./file_fault.ts";
import { FileLog } from "./file_log.ts";
import type { Log } from "./log.ts";
import type { Manifest } from "./manifest.ts";
import type { ManifestState, SegmentEntry } from "./manifest_state.ts";
import { logStart } from "./position.ts";
import { type RecoverySteps, recoverySteps, type TailSurvey } from "./recovery.ts";
import { SEGMENT_HEAD_BYTES } from "./segment.ts";
import {
  createSegment,
  freeSegmentId,
  type NewSegment,
  type SegmentSource,
} from "./segment_creation.ts";
import { SegmentFiles } from "./segment_files.ts";
import { findStrays, removeStrays, type Strays } from "./strays.ts";
import { SegmentWriter } from "./writer.ts";

/** Size from which on a segment is rolled, unless another is asked for. */
const SEGMENT_BYTES_MAX = 64 << 20;

/** The most bytes of a frame, unless another limit is asked for. */
const FRAME_BYTES_MAX = 8 << 20;

/** Which log to open, and how. */
export interface FileLogOptions {
  /** Where the store is. The caller holds its lock. */
  readonly directory: Directory;
  /** The store's manifest. */
  readonly manifest: Manifest;
  /** For the salts of segments. */
  readonly random: Random;
  /** The shard whose log it is. Default 0. */
  readonly shard?: number;
  /**
   * Size from which on a segment is rolled, in bytes. Default 64 MiB. It is looked at before a frame
   * is written, so a segment may be longer by one frame.
   */
  readonly segmentBytesMax?: number;
  /** The most bytes of one frame's body. Default 8 MiB. */
  readonly frameBytesMax?: number;
}

/**
 * Opens the log of a shard and recovers its end. A log that is refused stays as it was found.
 *
 * @param options Which log, and how.
 * @param steps What recovery does; for tests that leave something out.
 *
 * @throws {FlowError} `corrupt` if records that were durable cannot be read any more; `newer_format`
 * for files of a newer version; `store_failed` if files cannot be read or written.
 */
export function openFileLog(options: FileLogOptions, steps: RecoverySteps = recoverySteps): Log {
  const {
    shard = 0,
    segmentBytesMax = SEGMENT_BYTES_MAX,
    frameBytesMax = FRAME_BYTES_MAX,
    directory,
    manifest,
    random,
  } = options;
  return guarded(`The log in "${directory.path}" cannot be opened`, () => {
    const files = new SegmentFiles(directory, manifest.state.dbId);
    const source = { directory, manifest, random, shard };
    const writer = new Opening(source, files, steps).run();
    return new FileLog({ ...source, files, writer, segmentBytesMax, frameBytesMax });
  });
}

/** One opening: everything is looked at before anything is written. */
class Opening {
  readonly #source: SegmentSource;
  readonly #files: SegmentFiles;
  readonly #steps: RecoverySteps;
  readonly #strays: Strays;

  constructor(source: SegmentSource, files: SegmentFiles, steps: RecoverySteps) {
    this.#source = source;
    this.#files = files;
    this.#steps = steps;
    this.#strays = findStrays(source);
  }

  /** Goes on after the last good frame, or starts a log. */
  run(): SegmentWriter {
    const { manifest, shard } = this.#source;
    const segments = manifest.segmentsOf(shard);
    for (const entry of segments) this.#files.open(entry).close();
    const tail = segments.at(-1);
    if (tail !== undefined) return this.#recover({ entry: tail, file: this.#files.open(tail) });
    return this.#start(createSegment(this.#source, logStart));
  }

  #start({ entry, file }: NewSegment): SegmentWriter {
    return closedOnError(file, () => {
      const { segments } = this.#source.manifest.state;
      const epoch = this.#begin({ segments: [...segments, entry] });
      const { base } = entry;
      const size = SEGMENT_HEAD_BYTES;
      return new SegmentWriter({ entry, file, epoch, end: base, size, provedLsn: base.lsn });
    });
  }

  #recover({ entry, file }: NewSegment): SegmentWriter {
    return closedOnError(file, () => {
      const survey = this.#survey(file, entry);
      this.#steps.judge(survey);
      this.#steps.repair(file, survey);
      const epoch = this.#begin({ epoch: survey.epoch });
      const { end, endOffset: size } = survey;
      // Evidence that was read may be in the page cache only, so it does not count.
      const provedLsn = entry.base.lsn;
      const writer = new SegmentWriter({ entry, file, epoch, end, size, provedLsn });
      this.#steps.prove(writer);
      return writer;
    });
  }

  /** What the tail says about itself, and what strays say about it. */
  #survey(file: FileHandle, entry: SegmentEntry): TailSurvey {
    const survey = this.#steps.survey(file, entry);
    return {
      ...survey,
      evidenceLsn: Math.max(survey.evidenceLsn, this.#strays.evidenceLsn),
    };
  }

  /** Publishes the generation of this opening. Returns the epoch, above all that were ever seen. */
  #begin(change: Partial<ManifestState>): number {
    const { directory, manifest } = this.#source;
    const epoch = Math.max(manifest.state.epoch, change.epoch ?? 0) + 1;
    removeStrays(directory, this.#strays.expired);
    manifest.publish({
      ...change,
      epoch,
      nextSegment: freeSegmentId(this.#source),
      quarantine: this.#strays.quarantine,
    });
    return epoch;
  }
}

function closedOnError<Result>(file: FileHandle, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    file.close();
    throw error;
  }
}
