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
export type { DiskStats, OverloadReason } from "./admission.ts";
export type { HealthProblem, HealthProblemCode, StoreHealth } from "./health.ts";
export type { LatencySummary } from "./latencies.ts";
export type { MemoryStats } from "./load.ts";
export type { CommitStats, LogStats, ShardStats, StoreStats } from "./stats.ts";
export type { LogChoice, OpenOptions, StoreLimits } from "./options.ts";
export type { LogMode } from "../log/mod.ts";
export type { CompactProgress } from "./merge_pace.ts";
export type { Compaction, CompactOptions, MergeStats } from "./merger.ts";
export type { CheckpointOptions } from "./checkpoint_plan.ts";
export type { CheckpointStats } from "./checkpointer.ts";
export type { MergeOptions } from "./merge_plan.ts";
export type { RetentionOptions } from "./sweeper.ts";
export type { Damage, Verification } from "./damage_report.ts";
export type { LongWorkOptions } from "./long_work.ts";
export type { VerifyOptions, VerifyProgress } from "./verify.ts";
export type { Store } from "./store.ts";
