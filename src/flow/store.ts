/**
 * The contract between the SDK and whatever keeps the flows.
 *
 * @module
 */
import type { Time } from "../time/mod.ts";
import type { BatchOutcome } from "./batch.ts";
import type { ChildItem, SpawnChildrenOptions } from "./children.ts";
import type {
  CancelItem,
  CancelManyOptions,
  CancelOptions,
  ClaimOptions,
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
import type { LeaseWatchOptions } from "./lease.ts";
import type { PolicyGetOptions, PolicySetOptions, ResolvedPolicy } from "./policy.ts";
import type {
  ByParentOptions,
  FailuresOptions,
  FlowInfo,
  GetOptions,
  HistoryOptions,
  InfoOptions,
  LineageOptions,
  ListOptions,
  Page,
  StuckOptions,
  TerminalsOptions,
} from "./queries.ts";
import type { FlowRecord, FlowRef, HistoryEvent } from "./record.ts";
import type { RetentionCleanup, RetentionCleanupOptions } from "./retention.ts";
import type { StoredValue, ValuePutOptions } from "./values.ts";

/** The result of a `*Many` command: records, or one outcome per item if `independent` is true. */
export type Many<O> = O extends { readonly independent: true } ? BatchOutcome[] : FlowRecord[];

/**
 * A place where flows live: one method per command.
 *
 * Every promise resolves only once what it shows is on disk. Failures reject with a `FlowError` and
 * change nothing; of a batch over several shards a `FlowBatchError` says what was applied. Commands of
 * one partition apply in the order in which they were called.
 */
export interface FlowStore {
  /** The store's own clock, where it has one; workers then use it for their waits. */
  readonly time?: Time | undefined;
  /**
   * Where a store can tell at once that somebody takes a lease away: watches over one until it is
   * lost, or until what this returns is called. Without it, holders hear of it when they extend the
   * lease.
   */
  watchLease?(flow: FlowRef, options: LeaseWatchOptions): () => void;
  /**
   * Where a store can tell that a program defines a type twice: hears of every definition that is
   * bound to it, as by `workflow()`. Nothing of it is durable, so the next version of a program may
   * have other states.
   *
   * Throws `definition_conflict` if the same open store has heard of another definition of the type.
   *
   * @param type The workflow type.
   * @param outline What the definition says, a fact each, in any order: two definitions that say the
   *   same are one.
   */
  define?(type: string, outline: readonly string[]): void;

  /** Creates a flow. */
  create(id: string, options: CreateOptions): Promise<FlowRecord>;
  /**
   * Creates up to 1,000 flows in one command. As every command over many it is all or nothing, in a
   * store of several shards in each of them, and rejects with a `FlowBatchError`; with
   * `independent: true` it resolves to one outcome per item.
   */
  createMany<const O extends CreateManyOptions>(
    items: readonly (string | CreateItem)[],
    options?: O,
  ): Promise<Many<O>>;
  /** Leases due flows of a type to a worker. Nothing due: an empty array, after `blockMs` if given. */
  claimDue(type: string, options: ClaimOptions): Promise<FlowRecord[]>;
  /** Leases flows whose lease has expired. */
  reclaim(type: string, options: ReclaimOptions): Promise<FlowRecord[]>;
  /** Makes the lease last `leaseMs` from now. */
  extendLease(flow: FlowRef, options: ExtendLeaseOptions): Promise<FlowRecord>;
  /** Ends a leased flow well. */
  complete(flow: FlowRef, options: CompleteOptions): Promise<FlowRecord>;
  /** Ends up to 1,000 leased flows well. */
  completeMany<const O extends CompleteManyOptions>(
    items: readonly CompleteItem[],
    options?: O,
  ): Promise<Many<O>>;
  /** Moves a flow to another state and gives up its lease. */
  transition(flow: FlowRef, options: TransitionOptions): Promise<FlowRecord>;
  /** Moves up to 1,000 flows. */
  transitionMany<const O extends TransitionManyOptions>(
    items: readonly TransitionItem[],
    options?: O,
  ): Promise<Many<O>>;
  /** Gives a leased flow back to run again later, or to end when its retries are spent. */
  retry(flow: FlowRef, options: RetryOptions): Promise<FlowRecord>;
  /** Gives up to 1,000 leased flows back. */
  retryMany<const O extends RetryManyOptions>(
    items: readonly RetryItem[],
    options?: O,
  ): Promise<Many<O>>;
  /** Ends a leased flow badly. */
  fail(flow: FlowRef, options: FailOptions): Promise<FlowRecord>;
  /** Ends up to 1,000 leased flows badly. */
  failMany<const O extends FailManyOptions>(
    items: readonly FailItem[],
    options?: O,
  ): Promise<Many<O>>;
  /** Ends a flow that is no longer wanted. */
  cancel(flow: FlowRef, options?: CancelOptions): Promise<FlowRecord>;
  /** Ends up to 1,000 flows that are no longer wanted. */
  cancelMany<const O extends CancelManyOptions>(
    items: readonly CancelItem[],
    options?: O,
  ): Promise<Many<O>>;
  /**
   * Creates 1 to 1,000 children of a flow as one group, and has the flow wait for them, all in one
   * atomic command. Resolves to the parent's record. The parent gives up its lease and is not due
   * until the group is decided: then it goes to `success` or `failure`, in the same command as the
   * end of the child that decided it.
   *
   * Children may be in any partition. Of those that are in another shard of the store than the parent,
   * ends are counted a moment later, and so is their cancellation; whatever breaks in between, it
   * happens, and once.
   *
   * Rejects with `group_conflict` if the parent has a group of that name from another request;
   * `wrong_state`, `stale_lease`, or `parent_terminal` if the parent has ended; `wait_state_required`;
   * `child_is_parent`, `duplicate_id`, `already_exists` or `idempotency_conflict` for a child.
   */
  spawnChildren(
    parent: FlowRef,
    children: readonly (string | ChildItem)[],
    options: SpawnChildrenOptions,
  ): Promise<FlowRecord>;
  /**
   * Puts a flow that nobody holds back to where it was after an event: its state, priority, attempts,
   * due time, payload, result and error. History is not rewritten, but goes on with `rewound`; the
   * fencing number goes up. A flow that has ended can be claimed again.
   *
   * Rejects with `rewind_leased` while the flow is leased, also by a lease that is over;
   * `rewind_family` if it has a parent or has spawned children; `wrong_state`;
   * `rewind_event_not_found` if the flow has no such event, or does not keep it any more;
   * `rewind_event_unusable` if that event had leased the flow.
   */
  rewind(flow: FlowRef, options: RewindOptions): Promise<FlowRecord>;
  /**
   * Tells a flow something from outside, and may send it to another state. Also for flows that are
   * leased, parked or, without `transitionTo`, ended: then the record is kept for its whole
   * retention again.
   */
  signal(flow: FlowRef, options: SignalOptions): Promise<FlowRecord>;
  /**
   * Stores a value: any JSON value or bytes. Under a name of a flow, whoever holds its lease, or for
   * whichever flows link it.
   */
  valuePut(value: unknown, options?: ValuePutOptions): Promise<StoredValue>;
  /**
   * Reads up to 1,000 stored values by their references, in order; null for one that there is not,
   * or not any more.
   */
  valueMget(refs: readonly string[]): Promise<unknown[]>;

  /** Reads a flow; null if there is none. */
  get(flow: FlowRef, options?: GetOptions): Promise<FlowRecord | null>;
  /**
   * Reads what happened to a flow, oldest first; empty if there is none. Of all events that the flow
   * keeps (`historyMaxEvents`), the newest `count` that pass the filters.
   */
  history(flow: FlowRef, options?: HistoryOptions): Promise<HistoryEvent[]>;
  /** Reads flows of a type in the order of their last change, a page at a time. */
  list(
    type: string,
    options: ListOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows of a type in the order of their last change. */
  list(type: string, options?: ListOptions): Promise<FlowRecord[]>;
  /** Reads flows of a type that have ended, in the order in which they did, a page at a time. */
  terminals(
    type: string,
    options: TerminalsOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows of a type that have ended, in the order in which they did. */
  terminals(type: string, options?: TerminalsOptions): Promise<FlowRecord[]>;
  /** The same as `terminals()` for flows that have failed, a page at a time. */
  failures(
    type: string,
    options: FailuresOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** The same as `terminals()` for flows that have failed. */
  failures(type: string, options?: FailuresOptions): Promise<FlowRecord[]>;
  /** Reads the children of a flow in the order of their last change, a page at a time. */
  byParent(
    id: string,
    options: ByParentOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /**
   * Reads the children of a flow, spawned or created with its id as `parentFlowId`, in the order of
   * their last change. There need not be such a flow.
   */
  byParent(id: string, options?: ByParentOptions): Promise<FlowRecord[]>;
  /** Reads a flow and all that descend from it, a page at a time. */
  byRoot(
    id: string,
    options: LineageOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads a flow without ancestors and all that descend from it, in the order of their last change. */
  byRoot(id: string, options?: LineageOptions): Promise<FlowRecord[]>;
  /** Reads the flows that have a correlation id, a page at a time. */
  byCorrelation(
    id: string,
    options: LineageOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads the flows that have a correlation id, in the order of their last change. */
  byCorrelation(id: string, options?: LineageOptions): Promise<FlowRecord[]>;
  /** Reads the types of which there are flows, in the order of their names. */
  types(): Promise<string[]>;
  /** Counts flows of a type. */
  info(type: string, options?: InfoOptions): Promise<FlowInfo>;
  /** Reads flows whose lease has expired, the longest expired first, a page at a time. */
  stuck(
    type: string,
    options: StuckOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows whose lease has expired, the longest expired first. */
  stuck(type: string, options?: StuckOptions): Promise<FlowRecord[]>;

  /**
   * Removes flows whose retention is over, with their records, history and values, and keys whose time
   * is over, those first that are over longest. None goes before its time. Nobody has to call it to
   * get an id back or to be rid of old rows, since all of them read as absent everywhere; it frees what
   * they hold.
   */
  retentionCleanup(options?: RetentionCleanupOptions): Promise<RetentionCleanup>;

  /** Replaces the policy of a type. */
  policySet(type: string, policy: PolicySetOptions): Promise<ResolvedPolicy>;
  /** Reads the policy of a type. */
  policyGet(type: string, options?: PolicyGetOptions): Promise<ResolvedPolicy>;
}
