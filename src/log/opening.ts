/**
 * Opening logs: look, judge, repair, and only then serve.
 *
 * @module
 */

import type { Directory } from "../files/mod.ts";
import type { Random } from "../time/mod.ts";
import { guarded } from "./file_fault.ts";
import { FileLog, type FileLogParts } from "./file_log.ts";
import { logStart } from "./format/position.ts";
import { SEGMENT_HEAD_BYTES } from "./format/segment.ts";
import type { Log } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { SegmentEntry } from "./manifest/manifest_state.ts";
import { type RecoverySteps, recoverySteps, type TailSurvey } from "./recovery.ts";
import {
  createSegment,
  freeSegmentId,
  type NewSegment,
  type SegmentSource,
} from "./segments/segment_creation.ts";
import { SegmentFiles } from "./segments/segment_files.ts";
import { findStrays, removeStrays, type Strays } from "./segments/strays.ts";
import { InlineIo } from "./writing/inline_io.ts";
import type { SegmentIo } from "./writing/segment_io.ts";
import { SegmentWriter } from "./writing/writer.ts";

/** Size from which on a segment is rolled, unless another is asked for. */
const SEGMENT_BYTES_MAX = 64 << 20;

/** The most bytes of a frame, unless another limit is asked for. */
const FRAME_BYTES_MAX = 8 << 20;

/** A sync takes as long as writing so many bytes: a frame with less had better grow, and share one. */
const BEHIND_BYTES_MIN = 64 << 10;

/** Which logs to open, and how. */
export interface FileLogsOptions {
  /** Where the store is. The caller holds its lock. */
  readonly directory: Directory;
  /** The store's manifest. */
  readonly manifest: Manifest;
  /** For the salts of segments. */
  readonly random: Random;
  /** The shards whose logs they are. Default: all. */
  readonly shards?: readonly number[];
  /**
   * Size from which on a segment is rolled, in bytes. Default 64 MiB. It is looked at before a frame
   * is opened, so a segment may be longer by a few frames.
   */
  readonly segmentBytesMax?: number;
  /** The most bytes of one frame's body. Default 8 MiB. */
  readonly frameBytesMax?: number;
  /** See `LogLimits`. Default 64 KiB. */
  readonly behindBytesMin?: number;
  /** Writes and syncs the segments of a shard. Inline while logs are opened. Default: always. */
  readonly io?: (shard: number) => SegmentIo;
}

/** Which log to open, and how. */
export interface FileLogOptions extends Omit<FileLogsOptions, "shards"> {
  /** The shard whose log it is. Default 0. */
  readonly shard?: number;
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
export function openFileLog(options: FileLogOptions, steps?: RecoverySteps): Log {
  const { shard = 0, ...others } = options;
  const [log] = openFileLogs({ ...others, shards: [shard] }, steps);
  return log!;
}

/**
 * Opens the logs of several shards in one generation of the manifest. If one of them is refused, all
 * of them stay as they were found.
 *
 * @throws {FlowError} As `openFileLog()` does.
 */
export function openFileLogs(
  options: FileLogsOptions,
  steps: RecoverySteps = recoverySteps,
): Log[] {
  const { segmentBytesMax = SEGMENT_BYTES_MAX, frameBytesMax = FRAME_BYTES_MAX } = options;
  const { behindBytesMin = BEHIND_BYTES_MIN } = options;
  const limits = { segmentBytesMax, frameBytesMax, behindBytesMin };
  const { directory, manifest, random, shards = [...Array(manifest.shardCount).keys()] } = options;
  const { io = () => new InlineIo(directory, "Nobody asked for a thread") } = options;
  return guarded(`The log in "${directory.path}" cannot be opened`, () => {
    const openings = shards.map((shard) =>
      new Opening({ directory, manifest, random, shard }, { io: io(shard), steps })
    );
    try {
      for (const opening of openings) opening.look();
      for (const opening of openings) opening.repair();
      const epoch = begin(openings);
      return openings.map((opening) => new FileLog({ ...opening.finish(epoch), ...limits }));
    } catch (error) {
      for (const opening of openings) opening.abandon();
      throw error;
    }
  });
}

/**
 * Publishes the generation of an opening: what is new and what is no longer there. Returns the
 * epoch, above all that were ever seen.
 */
function begin(openings: readonly Opening[]): number {
  const [{ source: { directory, manifest }, strays }] = openings as [Opening];
  const { state } = manifest;
  const epoch = Math.max(state.epoch, ...openings.map(({ epoch }) => epoch)) + 1;
  const created = openings.flatMap(({ created }) => created ?? []);
  removeStrays(directory, strays.expired);
  // What is new may fit all the same, and a store on a full disk has to open, so that work can end.
  manifest.makeRoom(created.length + strays.quarantine.length);
  manifest.publish({
    ...created.length === 0 ? {} : { segments: [...state.segments, ...created] },
    epoch,
    nextSegment: freeSegmentId({ directory, manifest }),
    quarantine: strays.quarantine,
  });
  return epoch;
}

/** One opening of a log: everything is looked at before anything is written. */
class Opening {
  readonly source: SegmentSource;
  readonly strays: Strays;
  /** A segment that the manifest does not list yet. */
  created: SegmentEntry | undefined;
  /** The highest number of an opening that left a trace in the log. */
  epoch = 0;
  readonly #files: SegmentFiles;
  readonly #io: SegmentIo;
  readonly #steps: RecoverySteps;
  #tail: NewSegment | undefined;
  #survey: TailSurvey | undefined;

  constructor(
    source: SegmentSource,
    { io, steps }: { readonly io: SegmentIo; readonly steps: RecoverySteps },
  ) {
    const { directory, manifest } = source;
    this.source = source;
    this.#files = new SegmentFiles(directory, manifest.state.dbId);
    this.#io = io;
    this.#steps = steps;
    this.strays = findStrays(source);
  }

  /** Finds the end of the log, if there is one, and changes nothing. */
  look(): void {
    const { manifest, shard } = this.source;
    const segments = manifest.segmentsOf(shard);
    for (const entry of segments) this.#files.open(entry).close();
    const entry = segments.at(-1);
    if (entry === undefined) return;
    const file = this.#files.open(entry);
    this.#tail = { entry, file };
    this.#survey = this.#surveyed(this.#tail);
    this.epoch = this.#survey.epoch;
    this.#steps.judge(this.#survey);
  }

  /** Makes the end durable, or a segment to begin with. */
  repair(): void {
    if (this.#tail !== undefined && this.#survey !== undefined) {
      this.#steps.repair(this.#tail.file, this.#survey);
    } else {
      this.#tail = createSegment(this.source, logStart);
      this.created = this.#tail.entry;
    }
  }

  /** What the log goes on with, once the manifest knows of it. */
  finish(
    epoch: number,
  ): Omit<FileLogParts, "segmentBytesMax" | "frameBytesMax" | "behindBytesMin"> {
    const { entry, file } = this.#tail!;
    const { end = entry.base, endOffset: size = SEGMENT_HEAD_BYTES } = this.#survey ?? {};
    // Evidence that was read may be in the page cache only, so it does not count.
    const provedLsn = entry.base.lsn;
    const io = this.#io;
    const writer = new SegmentWriter({ entry, file, io, epoch, end, size, provedLsn });
    if (this.#survey !== undefined) this.#steps.prove(writer);
    return { ...this.source, files: this.#files, writer, io };
  }

  /** Leaves no file open. */
  abandon(): void {
    this.#tail?.file.close();
  }

  /** What the tail says about itself, and what strays say about it. */
  #surveyed({ entry, file }: NewSegment): TailSurvey {
    const survey = this.#steps.survey(file, entry);
    return {
      ...survey,
      evidenceLsn: Math.max(survey.evidenceLsn, this.strays.evidenceLsn),
    };
  }
}
