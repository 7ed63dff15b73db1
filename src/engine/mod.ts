/**
 * The store in this process.
 *
 * @module
 */

export { openStore } from "./open_store.ts";
export {
  type Backup,
  type BackupOptions,
  type BackupProgress,
  type RestoreOptions,
  restoreStore,
} from "./backup.ts";
export type { DiskStats, OverloadReason } from "./calls/admission.ts";
export type { HealthProblem, HealthProblemCode, StoreHealth } from "./health/health.ts";
export type { LatencySummary } from "./health/latencies.ts";
export type { MemoryStats } from "./health/load.ts";
export type { CommitStats, LogStats, ShardStats, StoreStats } from "./health/stats.ts";
export type { LogChoice, OpenOptions, StoreLimits } from "./options.ts";
export type { LogMode } from "../log/mod.ts";
export type { CompactProgress } from "./merges/merge_pace.ts";
export type { Compaction, CompactOptions, MergeStats } from "./merges/merger.ts";
export type { CheckpointOptions } from "./checkpoints/checkpoint_plan.ts";
export type { CheckpointStats } from "./checkpoints/checkpointer.ts";
export type { MergeOptions } from "./merges/merge_plan.ts";
export type { RetentionOptions } from "./upkeep/sweeper.ts";
export type { Damage, Verification } from "./verify/damage_report.ts";
export type { LongWorkOptions } from "./turns/long_work.ts";
export type { VerifyOptions, VerifyProgress } from "./verify/verify.ts";
export type { Store } from "./store.ts";
