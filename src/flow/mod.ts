/**
 * What a store of flows promises: records, commands, policies, limits, and the store itself.
 *
 * Types and a few small facts, so that everything above may depend on it, also where there is no
 * file system. What keeps the promise is in `core/`.
 *
 * @module
 */

export {
  type AtomicCommands,
  type AtomicKv,
  type AtomicOptions,
  type AtomicPartOptions,
  type AtomicResult,
  type AtomicResults,
  type AtomicStep,
  FlowAtomicError,
} from "./atomic.ts";
export { type BatchOutcome, FlowBatchError } from "./batch.ts";
export type {
  ChildCounts,
  ChildFailurePolicy,
  ChildGroup,
  ChildItem,
  ChildWait,
  GroupResolution,
  ParentClosedPolicy,
  SpawnChildrenOptions,
} from "./children.ts";
export type {
  BatchOptions,
  CancelItem,
  CancelManyOptions,
  CancelOptions,
  ClaimOptions,
  CommandOptions,
  CompleteItem,
  CompleteManyOptions,
  CompleteOptions,
  CreateItem,
  CreateManyOptions,
  CreateOptions,
  ExtendLeaseOptions,
  FailItem,
  FailManyOptions,
  FailOptions,
  Guard,
  ItemRef,
  LostLeasePolicy,
  ReclaimOptions,
  RetryItem,
  RetryManyOptions,
  RetryOptions,
  RewindOptions,
  SignalOptions,
  TransitionItem,
  TransitionManyOptions,
  TransitionOptions,
} from "./commands.ts";
export type { EventsOptions, EventStream, StoreEvent } from "./events.ts";
export type { LeaseWatchOptions } from "./lease.ts";
export {
  KV_PARTITION,
  type KvDeleteOptions,
  type KvEntry,
  type KvListOptions,
  type KvOptions,
  type KvRecord,
  type KvSetOptions,
  type KvStore,
} from "./kv.ts";
export { DEFAULT_LIMITS, type FlowLimits } from "./limits.ts";
export type {
  Backoff,
  BackoffKind,
  PolicyGetOptions,
  PolicySetOptions,
  ResolvedPolicy,
  ResolvedStatePolicy,
  RetentionPolicy,
  RetryPolicy,
  StatePolicy,
  TypePolicy,
} from "./policy.ts";
export type {
  ByParentOptions,
  FailuresOptions,
  FlowInfo,
  GetOptions,
  HistoryOptions,
  InfoOptions,
  LineageOptions,
  ListOptions,
  Page,
  QueryOptions,
  RowsOptions,
  StuckOptions,
  TerminalsOptions,
} from "./queries.ts";
export type {
  Attributes,
  FlowEventName,
  FlowRecord,
  FlowRef,
  HistoryEvent,
  Priority,
  RetryFacts,
  ShownValues,
  TerminalState,
} from "./record.ts";
export type { RetentionCleanup, RetentionCleanupOptions } from "./retention.ts";
export { isReservedName, isTerminalState, RUNNING } from "./state_name.ts";
export type { FlowStore, Many } from "./store.ts";
export type {
  NamedValueOptions,
  StoredValue,
  ValueChangeOptions,
  ValuePutOptions,
  ValueRef,
  ValueSelection,
} from "./values.ts";
