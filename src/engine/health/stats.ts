/**
 * What a store holds and how it does, in numbers.
 *
 * @module
 */
import type { LogMode } from "../../log/mod.ts";
import type { DiskStats } from "../calls/admission.ts";
import type { CheckpointStats } from "../checkpoints/checkpointer.ts";
import { segmentBytes } from "../merges/merge_plan.ts";
import type { MergeStats } from "../merges/merger.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { Latencies, type LatencySummary } from "./latencies.ts";
import { memoryOf, type MemoryStats } from "./load.ts";

/** A log, or several together. */
export interface LogStats {
  /** Whether frames are written by a thread of their own, or why not; of several, why one is not. */
  readonly mode: LogMode;
  /** Bytes of segments. */
  readonly bytes: number;
  /**
   * Bytes of those among them that merges have written: all that was wanted when they did. What is not
   * wanted is in the others, or has become so since.
   */
  readonly mergedBytes: number;
  /** Segments. */
  readonly segments: number;
  /** Records that were ever committed, those included that merges have left out since. */
  readonly records: number;
  /** What was committed since the store was opened. */
  readonly commits: CommitStats;
}

/** Commits since a store was opened: one write and one sync each. */
export interface CommitStats {
  /** How many. */
  readonly count: number;
  /** Records of one commit, on average; 0 before the first one. */
  readonly recordsMean: number;
  /**
   * How long they took, from the hand-over of a frame to the end of its sync. A large one may wait for
   * the one before.
   */
  readonly latency: LatencySummary;
}

/** One shard of a store. */
export interface ShardStats {
  /** Its number. */
  readonly shard: number;
  /** Flows that it keeps in memory. */
  readonly flows: number;
  /** Bytes that were decided and are not on disk. */
  readonly inFlightBytes: number;
  /** Its log. */
  readonly log: LogStats;
  /** How many of its records need not be read by the next opening: those in its checkpoint. */
  readonly checkpointRecords: number;
}

/** What a store holds and how it does, at one moment. */
export interface StoreStats {
  /** How long ago the store was opened, in milliseconds. */
  readonly openForMs: number;
  /** Flows in memory, with those that have ended and are still kept. */
  readonly flows: number;
  /** Claims that wait for a flow. */
  readonly waitingClaims: number;
  /** Calls that wait for the disk. */
  readonly pendingCalls: number;
  /** Memory by part, in bytes. */
  readonly memory: MemoryStats;
  /** The disk. */
  readonly disk: DiskStats;
  /** All logs together. */
  readonly log: LogStats;
  /** Merges of segments since the store was opened. */
  readonly merges: MergeStats;
  /** Checkpoints since the store was opened. */
  readonly checkpoints: CheckpointStats;
  /** Each shard. */
  readonly shards: readonly ShardStats[];
}

/** The numbers of a store. Costs as much as there are shards and segments, whatever is in them. */
export function statsOf(shards: Shards): StoreStats {
  const { all, waiters, admission, vitals: { openForMs, pendingCount } } = shards;
  return {
    openForMs,
    flows: all.reduce((sum, { state }) => sum + state.flows.table.size, 0),
    waitingClaims: waiters.count,
    pendingCalls: pendingCount,
    memory: memoryOf(all),
    disk: admission.disk,
    log: logStatsOf(all),
    merges: shards.upkeep.merger.stats,
    checkpoints: shards.upkeep.checkpointer.stats,
    shards: all.map((shard) => ({
      shard: shard.number,
      flows: shard.state.flows.table.size,
      inFlightBytes: shard.inFlightBytes,
      log: logStatsOf([shard]),
      checkpointRecords: shards.upkeep.checkpointer.lsnOf(shard),
    })),
  };
}

function logStatsOf(shards: readonly Shard[]): LogStats {
  const latencies = new Latencies();
  let bytes = 0;
  let mergedBytes = 0;
  let segments = 0;
  let records = 0;
  let newRecords = 0;
  for (const { meter, segments: { list } } of shards) {
    mergedBytes += segmentBytes(list.filter(({ isMerged }) => isMerged));
    latencies.merge(meter.latencies.counts);
    bytes += meter.log.bytes;
    segments += meter.log.segments;
    records += meter.log.end?.end.lsn ?? 0;
    newRecords += meter.recordCount;
  }
  const latency = latencies.summary();
  const { count } = latency;
  const inline = shards.map(({ logMode }) => logMode).find(({ kind }) => kind === "inline");
  return {
    mode: inline === undefined ? { kind: "thread" } : { ...inline },
    bytes,
    mergedBytes,
    segments,
    records,
    commits: { count, recordsMean: count === 0 ? 0 : newRecords / count, latency },
  };
}
