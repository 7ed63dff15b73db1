/**
 * What tells how the shards of a store do.
 *
 * @module
 */

/** Times and counts of shards at one moment. */
export interface Vitals {
  /** How long ago they were opened, in milliseconds. */
  readonly openForMs: number;
  /** Calls that wait for the disk. */
  readonly pendingCount: number;
  /** For how long the oldest commit has been under way, in milliseconds; 0 if none is. */
  readonly oldestCommitMs: number;
  /** How far shard time is ahead of the wall clock, in milliseconds. */
  readonly clockAheadMs: number;
  /** The least time between two sweeps, in milliseconds; `Infinity` if nobody sweeps. */
  readonly sweepIntervalMs: number;
}
