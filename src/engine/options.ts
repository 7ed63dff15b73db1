/**
 * How a store is opened.
 *
 * @module
 */
import { checkBoolean, checkInteger, checkObject, invalid } from "../argument.ts";
import { FlowError } from "../errors.ts";
import type { Directory } from "../files/mod.ts";
import { DEFAULT_COOLING_PLAN, SHARDS_MAX } from "../flow/core/mod.ts";
import { DEFAULT_LIMITS, type FlowLimits } from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";
import { checkMembers } from "../unknown_option.ts";
import {
  type CheckpointOptions,
  type CheckpointPlan,
  DEFAULT_CHECKPOINT_PLAN,
} from "./checkpoints/checkpoint_plan.ts";
import { DEFAULT_MERGE_PLAN, type MergeOptions, type MergePlan } from "./merges/merge_plan.ts";
import { DEFAULT_SWEEP_PLAN, type RetentionOptions, type SweepPlan } from "./upkeep/sweeper.ts";

/** The limits of a store. */
export interface StoreLimits extends FlowLimits {
  /** Claims that may be blocked at once. Default 100,000. */
  readonly waitersMax: number;
  /**
   * Memory in bytes, as `stats().memory` estimates it, from which on new flows are refused with
   * `overloaded`. Default 2 GiB.
   */
  readonly memoryBytesMax: number;
  /**
   * Bytes that were decided and are not on disk, from which on new flows are refused with
   * `overloaded`. Default 64 MiB.
   */
  readonly inFlightBytesMax: number;
  /**
   * With fewer free bytes on the disk new flows are refused with `overloaded`. 0: nobody looks, which
   * is the default, since Deno wants `--allow-sys=statfs` for that, and asks for it in a terminal.
   */
  readonly diskFreeBytesMin: number;
  /**
   * Bytes of a file that holds room on the disk, and gives it back to work that exists when nothing
   * else is left. 0: none. Default 4 MiB in a directory on disk, none in memory and in `files`.
   */
  readonly ballastBytes: number;
  /**
   * With more flows than these in memory, a flow that has ended, or to which nothing happens by
   * itself for ten minutes, is kept there in short: it takes 40 bytes, and is read from the log when
   * somebody asks for it. Default 100,000.
   */
  readonly hotFlowsMax: number;
  /**
   * A segment of the log is followed by another one when it has so many bytes. Default 64 MiB, for a
   * store in `":memory:"` 4 MiB.
   */
  readonly segmentBytesMax: number;
}

/**
 * Where the log is written and synced. `"inline"`: by the thread that calls the store. `"thread"`: by
 * one of its own; where there can be none, or with files in memory, the store does not open.
 * `"auto"`: inline at first, and by a thread of its own if there is more to write and there can be
 * one. A store with one shard then still writes what is short inline, as long as the disk takes less
 * than half a millisecond for it and the isolate has little else to do.
 */
export type LogChoice = "auto" | "thread" | "inline";

/** How to open a store. */
export interface OpenOptions {
  /** The directory; created if missing. `":memory:"`: nothing is kept. Not with `files`. */
  readonly dir?: string | undefined;
  /** The directory as an object: a simulated disk, a memory that outlives the store. */
  readonly files?: Directory | undefined;
  /**
   * How many logs the store has, 1 to 16, each with the flows of its partitions. Fixed when the store
   * is created; a store that exists takes no other number. Default: what is there, 1 for a new one.
   */
  readonly shards?: number | undefined;
  /** Clock, alarms and randomness. Default: the machine's. */
  readonly time?: Time | undefined;
  /** How flows and keys are removed that are over. Default: in the background, every minute. */
  readonly retention?: RetentionOptions | undefined;
  /** How segments are merged, so that the log does not grow for ever. Default: in the background. */
  readonly merge?: MergeOptions | undefined;
  /** When checkpoints are written, so that opening need not read all of the log. Default: in the background. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<StoreLimits> | undefined;
  /** Where the log is written. Default `"auto"`. */
  readonly log?: LogChoice | undefined;
}

/** The limits of a store that is opened without any. */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  ...DEFAULT_LIMITS,
  waitersMax: 100_000,
  memoryBytesMax: 2_048 * 1_048_576,
  inFlightBytesMax: 64 * 1_048_576,
  diskFreeBytesMin: 0,
  ballastBytes: 0,
  hotFlowsMax: DEFAULT_COOLING_PLAN.hotFlowsMax,
  segmentBytesMax: 64 * 1_048_576,
};

/** The name of a directory that is none. */
export const MEMORY = ":memory:";

/** What the ballast takes up on a disk: some 20,000 ends of flows, one by one. */
const BALLAST_BYTES = 4 * 1_048_576;

/** In memory room is dearer than on a disk, and merging costs no reads: a log is kept small there. */
const MEMORY_SEGMENT_BYTES = 4 * 1_048_576;
const MEMORY_KEEP_BYTES = 16 * 1_048_576;

/** The most bytes of one frame of the log: what one command writes must fit into one frame. */
export const FRAME_BYTES_MAX: number = 8 * 1_048_576;

/** What limits may be, where that is not just any whole number from 1 on. */
const RANGES: { readonly [Name in keyof StoreLimits]?: readonly [min: number, max: number] } = {
  commandBytesMax: [1, FRAME_BYTES_MAX],
  diskFreeBytesMin: [0, Number.MAX_SAFE_INTEGER],
  ballastBytes: [0, 1 << 30],
  hotFlowsMax: [0, Number.MAX_SAFE_INTEGER],
  // With its header and the control block of its flow it still has to fit.
  valueInlineBytesMax: [1, FRAME_BYTES_MAX / 2],
  // A key has to fit into a record beside its value.
  kvKeyBytesMax: [1, 65_536],
  // Below it a segment would hold hardly more than its own head; above it the offset of a record
  // would not fit into 32 bits, with a frame to spare.
  segmentBytesMax: [65_536, 1 << 30],
};

const OPTION_NAMES = [
  ...["dir", "files", "shards", "time", "retention", "merge", "checkpoints", "limits", "log"],
];

const LOG_CHOICES: readonly unknown[] = ["auto", "thread", "inline"] satisfies LogChoice[];

/** A year: an interval beyond it is no interval. */
const INTERVAL_MS_MAX = 365 * 86_400_000;

/** Checks options; a text is a directory. */
export function checkOptions(given: string | OpenOptions): OpenOptions {
  const options = typeof given === "string" ? { dir: given } : given;
  if (typeof options !== "object" || options === null || options instanceof URL) {
    throw invalid("options", options, 'a path, or an object such as { dir: "./data" }');
  }
  checkMembers("", options, OPTION_NAMES);
  const { dir, files, shards, time, limits, log = "auto" } = options;
  if ((dir === undefined) === (files === undefined)) {
    throw invalid("dir", dir, 'a path such as "./data", or left out beside files');
  }
  if (dir !== undefined && dir !== MEMORY && !isPath(dir)) {
    throw invalid("dir", dir, 'a path, or ":memory:"');
  }
  if (files !== undefined && typeof files?.lock !== "function") {
    throw invalid("files", files, "a Directory");
  }
  if (shards !== undefined) checkInteger("shards", shards, 1, SHARDS_MAX);
  if (time !== undefined && typeof time?.defer !== "function") {
    throw invalid("time", time, "a Time, such as manualTime()");
  }
  if (!LOG_CHOICES.includes(log)) throw invalid("log", log, '"auto", "thread" or "inline"');
  if (log === "thread" && !isOnDisk(options)) {
    throw invalid("log", log, 'used with a real directory; "auto" takes any');
  }
  if (limits !== undefined) checkObject("limits", limits);
  return options;
}

/** Whether it is a path, and nothing that would make a directory of a strange name. */
export function isPath(given: unknown): given is string {
  return typeof given === "string" && given !== "" && given !== MEMORY &&
    !given.startsWith("file:");
}

/** Whether a store is in a directory of the operating system that it opens itself. */
export function isOnDisk({ dir }: OpenOptions): boolean {
  return dir !== undefined && dir !== MEMORY;
}

/** The limits that options ask for. */
export function checkLimits(options: OpenOptions): StoreLimits {
  const { limits: given = {} } = options;
  checkMembers("limits.", given, Object.keys(DEFAULT_STORE_LIMITS));
  const limits = { ...DEFAULT_STORE_LIMITS };
  if (isOnDisk(options)) limits.ballastBytes = BALLAST_BYTES;
  if (options.dir === MEMORY) limits.segmentBytesMax = MEMORY_SEGMENT_BYTES;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const [min, max] = RANGES[name as keyof StoreLimits] ?? [1, Number.MAX_SAFE_INTEGER];
    limits[name as keyof FlowLimits] = checkInteger(`limits.${name}`, value, min, max);
  }
  return limits;
}

/** Refuses a limit that nobody could keep: how much is free has to be known for it. */
export function checkDiskFree({ diskFreeBytesMin }: StoreLimits, directory: Directory): void {
  if (diskFreeBytesMin === 0 || directory.freeBytes() !== undefined) return;
  const field = "limits.diskFreeBytesMin";
  const message =
    `${field} is ${diskFreeBytesMin}, but the system does not say how many bytes are ` +
    `free in "${directory.path}": on Deno it wants --allow-sys=statfs; elsewhere leave the limit out`;
  throw new FlowError("invalid_argument", message, { details: { field, value: diskFreeBytesMin } });
}

/** How and when flows are removed whose retention is over. */
export function checkRetention(given: RetentionOptions = {}): SweepPlan {
  checkObject("retention", given);
  checkMembers("retention.", given, Object.keys(DEFAULT_SWEEP_PLAN));
  const { sweep = DEFAULT_SWEEP_PLAN.sweep, intervalMs = DEFAULT_SWEEP_PLAN.intervalMs } = given;
  checkBoolean("retention.sweep", sweep);
  checkInteger("retention.intervalMs", intervalMs, 1, INTERVAL_MS_MAX);
  return { sweep, intervalMs };
}

/** How and when segments are merged. */
export function checkMerge({ dir, merge: given = {} }: OpenOptions): MergePlan {
  checkObject("merge", given);
  checkMembers("merge.", given, Object.keys(DEFAULT_MERGE_PLAN));
  const ofPlace = dir === MEMORY ? MEMORY_KEEP_BYTES : DEFAULT_MERGE_PLAN.keepBytes;
  const { auto = DEFAULT_MERGE_PLAN.auto, keepBytes = ofPlace } = given;
  checkBoolean("merge.auto", auto);
  checkInteger("merge.keepBytes", keepBytes, 0, Number.MAX_SAFE_INTEGER);
  return { auto, keepBytes };
}

/** When checkpoints are written. */
export function checkCheckpoints(given: CheckpointOptions = {}): CheckpointPlan {
  checkObject("checkpoints", given);
  checkMembers("checkpoints.", given, ["auto", "logBytes"]);
  const { auto = DEFAULT_CHECKPOINT_PLAN.auto, logBytes = DEFAULT_CHECKPOINT_PLAN.logBytes } =
    given;
  checkBoolean("checkpoints.auto", auto);
  checkInteger("checkpoints.logBytes", logBytes, 1, Number.MAX_SAFE_INTEGER);
  return { ...DEFAULT_CHECKPOINT_PLAN, auto, logBytes };
}

/** Refuses to open a store with another number of shards than it has. */
export function checkShards(wanted: number | undefined, actual: number): void {
  if (wanted === undefined || wanted === actual) return;
  const message =
    `shards is ${wanted}, but the store was created with ${actual}: leave it out, or ` +
    "copy the flows into a new store";
  throw new FlowError("invalid_argument", message, {
    details: { field: "shards", value: wanted, actual },
  });
}
