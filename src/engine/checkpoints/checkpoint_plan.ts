/**
 * When a checkpoint is worth writing.
 *
 * @module
 */
import type { LogTally } from "../shard/log_tally.ts";
import type { LastCheckpoint } from "./checkpoints.ts";

/** How and when checkpoints are written. */
export interface CheckpointOptions {
  /** Whether to write checkpoints while the store works, and not only when it closes. Default true. */
  readonly auto?: boolean | undefined;
  /**
   * After so many bytes of log a shard gets the next one; later if the last one was larger than that.
   * Default 64 MiB.
   */
  readonly logBytes?: number | undefined;
}

/** Checkpoint options, all of them, and what is no option. */
export interface CheckpointPlan {
  /** Whether to write checkpoints while the store works. */
  readonly auto: boolean;
  /** After so many bytes of log there is another one. */
  readonly logBytes: number;
  /** After so many records as well. */
  readonly logRecords: number;
  /**
   * The log has to grow by so many times what the last checkpoint took: with 1, writing checkpoints
   * takes as much as writing the log at most.
   */
  readonly growth: number;
  /** With fewer records since the last one there is no other one when the store closes. */
  readonly closingRecords: number;
  /** So many bytes are collected at once while the store works. */
  readonly sliceBytes: number;
  /** So many steps are done at once at most: each writes some kilobytes, or looks at 64 flows. */
  readonly sliceSteps: number;
}

/**
 * Checkpoints of a store that is opened without any options about them. Reading half a million
 * records, or 64 MiB of small ones, takes somewhat less than a second; 50,000 take a tenth.
 */
export const DEFAULT_CHECKPOINT_PLAN: CheckpointPlan = {
  auto: true,
  logBytes: 64 * 1_048_576,
  logRecords: 500_000,
  growth: 1,
  closingRecords: 50_000,
  sliceBytes: 256 << 10,
  sliceSteps: 64,
};

/** Finding out where records stand that a merge has kept takes about so much less than reading others. */
const MERGED_SHARE = 1 / 4;

/** What counts of a checkpoint for the next one. */
export type CheckpointSizes = Omit<LastCheckpoint, "name" | "segment">;

/**
 * Whether opening a store would have so much to read that another checkpoint is worth it.
 *
 * @param share Or so large a share of that.
 */
export function isCheckpointDue(
  { lsn, logBytes, mergedBytes, bytes }: CheckpointSizes,
  log: Pick<LogTally, "bytes" | "end">,
  plan: CheckpointPlan,
  share = 1,
): boolean {
  const newBytes = log.bytes - logBytes + MERGED_SHARE * mergedBytes;
  const newRecords = (log.end?.end.lsn ?? 0) - lsn;
  const isMuch = newBytes >= share * plan.logBytes || newRecords >= share * plan.logRecords;
  return isMuch && newBytes >= share * plan.growth * bytes;
}
