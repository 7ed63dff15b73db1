/**
 * Durable workflows and queues as a library, for Deno, Bun and Node. One directory, no server.
 *
 * `openStore()` opens the place where flows live. `workflow()` says what states they go through, and
 * what each state carries. A worker, by `runOnce()` or `startWorker()`, claims flows that are due,
 * runs your code, and says what happens next: `ok`, `error`, `retry`, `transition`, `complete`,
 * `fail`. Every promise resolves only once what it shows is on disk.
 *
 * @example
 * ```ts
 * import { complete, ok, openStore, retryOr, type, workflow } from "@flowcask/flowcask";
 *
 * // ":memory:" forgets everything at the end; openStore({ dir: "./data" }) does not.
 * await using store = await openStore(":memory:");
 *
 * const email = workflow({
 *   type: "email",
 *   store,
 *   initialState: "queued",
 *   states: {
 *     queued: {
 *       payload: type<string>(),
 *       leaseMs: 30_000,
 *       onOk: complete(),
 *       onError: retryOr("failed"),
 *     },
 *     failed: {},
 *   },
 * });
 *
 * await email.create({ id: "email-1", payload: "welcome:user-1" });
 *
 * await email.runOnce("queued", {
 *   worker: "worker-1",
 *   handler: (job) => ok(`sent ${job.payload}`),
 * });
 *
 * for (const { event, state } of await email.history("email-1")) console.log(event, state);
 * ```
 *
 * @module
 */
export {
  type FieldFacts,
  type FileFacts,
  FlowError,
  type FlowErrorCode,
  type FlowErrorDetails,
  type FlowErrorFacts,
  type FlowErrorOptions,
  type FlowErrorParts,
  type FlowFacts,
  type FlowPlaceFacts,
  type FlowStateFacts,
  type FlowTypeFacts,
  isFlowError,
  type LimitFacts,
} from "./src/errors.ts";
export type {
  Backup,
  BackupOptions,
  BackupProgress,
  CheckpointOptions,
  CheckpointStats,
  CommitStats,
  Compaction,
  CompactOptions,
  CompactProgress,
  Damage,
  DiskStats,
  HealthProblem,
  HealthProblemCode,
  LatencySummary,
  LogChoice,
  LogMode,
  LogStats,
  LongWorkOptions,
  MemoryStats,
  MergeOptions,
  MergeStats,
  OpenOptions,
  OverloadReason,
  RestoreOptions,
  RetentionOptions,
  ShardStats,
  Store,
  StoreHealth,
  StoreLimits,
  StoreStats,
  Verification,
  VerifyOptions,
  VerifyProgress,
} from "./src/engine/mod.ts";
export type {
  Directory,
  FileHandle,
  FilePosition,
  Lock,
  LockOwner,
  OpenOptions as FileOpenOptions,
} from "./src/files/mod.ts";
export * from "./src/flow/mod.ts";
export { openStore, restoreStore } from "./src/open_store.ts";
export type { Alarm, AlarmOptions, Clock, Random, Time } from "./src/time/mod.ts";
export * from "./src/workflow/mod.ts";
