/**
 * A workflow as its users hold it: one method per command, typed by the definition.
 *
 * @module
 */
import type {
  CancelOptions,
  ChildItem,
  CommandOptions,
  ExtendLeaseOptions,
  FlowRecord,
  FlowStore,
  Guard,
  Many,
  PolicySetOptions,
  ResolvedPolicy,
  RewindOptions,
  RUNNING,
  SignalOptions,
  TerminalState,
} from "../flow/mod.ts";
import { systemTime, Uuids } from "../time/mod.ts";
import { BoundWorkflow } from "./bound_workflow.ts";
import type {
  Claimed,
  ClaimStates,
  JobClaimOptions,
  JobReclaimOptions,
  StateChoice,
} from "./claim.ts";
import type { CreateAttributes, CreateBatchOptions } from "./create.ts";
import type { CheckedDefinition, WorkflowDefinition } from "./definition/definition.ts";
import { checkedDefinition } from "./definition/definition_check.ts";
import type {
  FailureOptions,
  MovePayload,
  OkArgs,
  OkOptions,
  OptionalFirst,
  PayloadIn,
} from "./definition/payload.ts";
import type { Eventually } from "./definition/schema.ts";
import type { CheckedStates, LiveName, Name } from "./definition/state.ts";
import type { FlowName } from "./flow_name.ts";
import { type ChildAttributes, childItem } from "./jobs/child.ts";
import type { DefaultWaitState, FanoutOptions } from "./jobs/fanout.ts";
import type { JobHandler } from "./jobs/handler.ts";
import type { Job, Lease } from "./jobs/job.ts";
import type { AgainOptions, EndOptions, MoveOptions } from "./jobs/outcome.ts";
import type {
  HandleOptions,
  RunOptions,
  RunResult,
  RunStatesOptions,
  SettledJob,
} from "./jobs/run_options.ts";
import type { CheckStatesOptions, StateReport } from "./state_report.ts";
import type { WorkflowQueries } from "./workflow_queries.ts";

/** A workflow without a store. */
export interface UnboundWorkflow<
  T extends string,
  P extends readonly string[],
  S,
  I extends LiveName<S>,
> {
  /** The workflow type. */
  readonly type: T;
  /** The definition with its defaults filled in. */
  readonly definition: CheckedDefinition;
  /**
   * What a flow of this workflow is as a child of another one, for `fanout()` and `spawnChildren()`.
   * Give it an id if the fan-out may have to be sent again.
   *
   * Throws `invalid_argument` as `create()` does. A promise only if the schema of the child's state
   * is asynchronous; whoever takes children takes those, too.
   */
  child(attributes: ChildAttributes<P, S, I>): Eventually<ChildItem>;
  /**
   * The same workflow on a store. Throws `definition_conflict` if the type has another definition
   * there.
   */
  on(store: FlowStore): Workflow<T, P, S, I>;
}

/**
 * The states of a workflow, for the types of what stands outside its definition.
 *
 * @example
 * ```ts
 * import { type Handler, ok, type StatesOf, type, workflow } from "@flowcask/flowcask";
 *
 * const email = workflow({
 *   type: "email",
 *   initialState: "queued",
 *   states: { queued: { payload: type<{ to: string }>() } },
 * });
 * const send: Handler<StatesOf<typeof email>, "queued"> = (job) => ok(`sent to ${job.payload.to}`);
 * ```
 */
export type StatesOf<W> = W extends UnboundWorkflow<infer _T, infer _P, infer S, infer _I> ? S
  : never;

/** A job, or a record that is leased. */
export type LeasedFlow = Lease | FlowRecord;

/** Where a flow is said to be, and who has it: what a job and a record know of themselves. */
export interface FlowPosition {
  /** The state the flow must be in. May be left out for a record, which knows its own. */
  readonly from?: string | undefined;
  /** The fencing number of the flow. May be left out for a record. */
  readonly fencingToken?: number | undefined;
  /** The lease token, if the flow is leased. May be left out for a record. */
  readonly leaseToken?: string | undefined;
}

/** Options of `transition()` for a flow that is not a job. */
export interface FlowMoveOptions extends MoveOptions, FlowPosition {
  /** The reference of a stored value, as the payload; no schema looks at it. */
  readonly payloadRef?: string | undefined;
}

/**
 * A state that a flow of the workflow may be seen in. `"waiting_children"` is where it waits for its
 * children if `waitState` names no other one.
 */
export type ShownState<S> = Name<S> | TerminalState | typeof RUNNING | DefaultWaitState;

/** Options of `signal()`. */
export interface FlowSignalOptions<S> extends Omit<SignalOptions, "ifState" | "transitionTo"> {
  /**
   * The state or states the flow must be in, else `state_mismatch`; `"running"` while it is leased.
   * Needed with `transitionTo`.
   */
  readonly ifState?: ShownState<S> | readonly ShownState<S>[] | undefined;
  /** The declared state to go to, taking the lease away. Absent: stay. */
  readonly transitionTo?: LiveName<S> | undefined;
}

/** Options of `installPolicy()`: what holds for the whole type, beside what the states declare. */
export interface InstallPolicyOptions extends Omit<PolicySetOptions, "states"> {}

/**
 * A workflow on a store. Every method sends exactly one command, apart from `checkStates()`, and none
 * repeats a write.
 *
 * @typeParam T The workflow type.
 * @typeParam P The partition fields.
 * @typeParam S The states.
 * @typeParam I The initial state.
 */
export interface Workflow<
  T extends string,
  P extends readonly string[],
  S,
  I extends LiveName<S>,
> extends UnboundWorkflow<T, P, S, I>, WorkflowQueries<P, S> {
  /** The store. */
  readonly store: FlowStore;

  /**
   * Creates a flow in the initial state, or in another declared one.
   *
   * Rejects with `already_exists`, with `idempotency_conflict`, or with `invalid_argument` if the
   * payload does not fit the schema of its state.
   */
  create(attributes: CreateAttributes<P, S, I>, options?: CommandOptions): Promise<FlowRecord>;
  /**
   * Creates up to 1,000 flows in one command: see `FlowStore.createMany()`. A payload that does not
   * fit refuses them all.
   */
  createMany<const O extends CreateBatchOptions>(
    items: readonly CreateAttributes<P, S, I>[],
    options?: O,
  ): Promise<Many<O>>;

  /**
   * Spawns up to 1,000 children as one group and lets the flow wait for them, in one atomic command:
   * see `FlowStore.spawnChildren()`. A job or a record knows its state, lease and fencing number; for
   * an id they have to be among the options. In a handler, `return fanout(children, options)` is the
   * same; after a call of this method it returns `noReply`. With no children there is no group: the
   * flow is sent to `onAllOk`, for which an id says `from`, too.
   */
  spawnChildren<const W extends string = string>(
    parent: LeasedFlow | FlowName<P>,
    children: readonly Eventually<ChildItem>[],
    options: FanoutOptions<Name<S> | TerminalState, W> & FlowPosition,
  ): Promise<FlowRecord>;
  /** The same as `spawnChildren()`. */
  fanout<const W extends string = string>(
    parent: LeasedFlow | FlowName<P>,
    children: readonly Eventually<ChildItem>[],
    options: FanoutOptions<Name<S> | TerminalState, W> & FlowPosition,
  ): Promise<FlowRecord>;

  /** Leases due flows of one or several states to a worker. Nothing due: an empty list. */
  claimDue<const C extends ClaimStates<S>, Asked extends boolean | undefined = undefined>(
    state: C,
    options: JobClaimOptions<P, Asked>,
  ): Promise<Job<S, Claimed<S, C>, Asked>[]>;
  /** Leases due flows to a worker, of every declared state unless `state` is given. */
  claimDue<const C extends ClaimStates<S> = "any", Asked extends boolean | undefined = undefined>(
    options: JobClaimOptions<P, Asked> & StateChoice<C>,
  ): Promise<Job<S, Claimed<S, C>, Asked>[]>;
  /** Leases flows whose lease has expired, of one logical state or, by `"running"`, of every one. */
  reclaim(
    state: LiveName<S> | typeof RUNNING,
    options: JobReclaimOptions<P, boolean | undefined>,
  ): Promise<FlowRecord[]>;
  /** Leases flows whose lease has expired. */
  reclaim(
    options:
      & JobReclaimOptions<P, boolean | undefined>
      & StateChoice<LiveName<S> | typeof RUNNING>,
  ): Promise<FlowRecord[]>;
  /** The same as `reclaim()`, as jobs. */
  reclaimOnce<
    const C extends LiveName<S> | typeof RUNNING,
    Asked extends boolean | undefined = undefined,
  >(
    state: C,
    options: JobReclaimOptions<P, Asked>,
  ): Promise<Job<S, Reclaimed<S, C>, Asked>[]>;
  /** The same as `reclaim()`, as jobs. */
  reclaimOnce<
    const C extends LiveName<S> | typeof RUNNING = typeof RUNNING,
    Asked extends boolean | undefined = undefined,
  >(
    options: JobReclaimOptions<P, Asked> & StateChoice<C>,
  ): Promise<Job<S, Reclaimed<S, C>, Asked>[]>;
  /**
   * Claims once, runs the handler of every job, all at the same time, and does what they say.
   * Resolves to one entry per job; a job whose outcome is refused costs the others nothing. Nobody
   * extends the leases, as a worker does: a handler has `leaseMs`, or calls `extendLease()` itself.
   */
  runOnce<const C extends ClaimStates<S>, Asked extends boolean | undefined = undefined>(
    state: C,
    options: RunOptions<P, S, C, Asked>,
  ): Promise<RunResult<Job<S, Claimed<S, C>, Asked>>[]>;
  /** The same, with the states among the options or as the names of `handlers`. */
  runOnce<const C extends ClaimStates<S> = "any", Asked extends boolean | undefined = undefined>(
    options: RunStatesOptions<P, S, C, Asked>,
  ): Promise<RunResult<Job<S, Claimed<S, C>, Asked>>[]>;

  /**
   * Does what the state's `onOk` says. Rejects with `wrong_state` if the job's state is not
   * declared, with `invalid_argument` if the payload does not fit the schema of the next state.
   */
  ok<const J extends Lease<LiveName<S>>>(
    job: J,
    ...args: OkArgs<S, J["state"], [options?: OkOptions<S, J["state"]>]>
  ): Promise<FlowRecord>;
  /** Does what the state's `onError` says. Rejects with `wrong_state` as `ok()` does. */
  error<const J extends Lease<LiveName<S>>>(
    job: J,
    reason?: unknown,
    options?: FailureOptions<S, J["state"]>,
  ): Promise<FlowRecord>;
  /** Runs a handler for a job that was claimed before, and does what it says. */
  handle<J extends Job<S, LiveName<S>, boolean | undefined>>(
    job: J,
    handler: JobHandler<S, J>,
    options?: HandleOptions,
  ): Promise<SettledJob<J>>;
  /** Sends a job to a declared state. The payload may be left out where the present one fits. */
  transition<const J extends Lease<LiveName<S>>, const To extends LiveName<S>>(
    job: J,
    to: To,
    ...args: OptionalFirst<MovePayload<S, J["state"], To>, [options?: MoveOptions]>
  ): Promise<FlowRecord>;
  /**
   * Sends any flow to a declared state. A record knows its state and fencing number; for an id they
   * have to be among the options.
   */
  transition<const To extends LiveName<S>>(
    flow: FlowName<P>,
    to: To,
    payload: PayloadIn<S[To]> | undefined,
    options?: FlowMoveOptions,
  ): Promise<FlowRecord>;
  /** Ends a leased flow well, whatever its state's `onOk` is. */
  complete(flow: LeasedFlow, result?: unknown, options?: EndOptions): Promise<FlowRecord>;
  /** Runs a leased flow again later, under its state's retry policy whatever `onError` is. */
  retry(flow: LeasedFlow, reason?: unknown, options?: AgainOptions): Promise<FlowRecord>;
  /** Ends a leased flow badly, whatever its state's `onError` is. */
  fail(flow: LeasedFlow, reason?: unknown, options?: EndOptions): Promise<FlowRecord>;
  /** Makes a lease last `leaseMs` from now. Default: the state's. */
  extendLease(
    flow: LeasedFlow,
    options?: Omit<ExtendLeaseOptions, keyof Guard>,
  ): Promise<FlowRecord>;
  /** Ends a flow that is no longer wanted, whoever holds it. */
  cancel(flow: FlowName<P>, options?: CancelOptions): Promise<FlowRecord>;
  /**
   * Puts a flow that nobody holds back to where it was after an event of its history, also one that
   * has ended: see `FlowStore.rewind()`.
   */
  rewind(flow: FlowName<P>, options: RewindOptions): Promise<FlowRecord>;

  /**
   * Tells a flow something from outside, and may send it to another declared state: an approval, an
   * answer that has arrived. Needs no lease. A payload stays as it is.
   */
  signal(flow: FlowName<P>, options: FlowSignalOptions<S>): Promise<FlowRecord>;

  /**
   * Replaces the stored policy of the type by what the states declare. Whatever nobody declares has
   * the store's defaults then. The commands of a workflow say by themselves what its states declare, so
   * this is for those who work without one: `store.claimDue()`, `store.retry()`.
   */
  installPolicy(options?: InstallPolicyOptions): Promise<ResolvedPolicy>;
  /**
   * Looks, before work begins, for live flows in states that this definition does not declare: what
   * another version of the code has left behind, and no worker of this one will ever claim.
   *
   * Rejects with `definition_conflict` if there are any and `onUnserved` is `"refuse"`.
   *
   * @example
   * ```ts
   * import { openStore, workflow } from "@flowcask/flowcask";
   *
   * await using store = await openStore(":memory:");
   * await store.create("job-1", { type: "job", state: "resizing" });
   *
   * const job = workflow({ type: "job", store, initialState: "cropping", states: { cropping: {} } });
   * const { unserved } = await job.checkStates();
   * console.log(unserved); // [{ state: "resizing", count: 1, …, ids: ["job-1"] }]
   * ```
   */
  checkStates(options?: CheckStatesOptions): Promise<StateReport>;
}

/** The states that the jobs of a takeover may have been claimed from. */
export type Reclaimed<S, C> = C extends typeof RUNNING ? LiveName<S> : Extract<C, LiveName<S>>;

/**
 * Defines a workflow: its states, what leads from one to another, and the payload of each.
 *
 * Throws `invalid_argument` if the definition is not sound: it names the field, the value and what
 * would do. Throws `definition_conflict` if the type has another definition on the store, one that
 * says something else about states, where they lead, or partitions; what is the same, or differs in
 * schemas, times and retries only, may be said as often as one likes.
 *
 * With a store the result is a {@linkcode Workflow}, without one an {@linkcode UnboundWorkflow}, which
 * can be a constant of a module.
 *
 * @example
 * ```ts
 * import { complete, ok, openStore, retryOr, type, workflow } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * const email = workflow({
 *   type: "email",
 *   store,
 *   initialState: "queued",
 *   states: {
 *     queued: { payload: type<{ to: string }>(), onOk: complete(), onError: retryOr("failed") },
 *     failed: {},
 *   },
 * });
 *
 * await email.create({ id: "email-1", payload: { to: "ada@example.com" } });
 * await email.runOnce("queued", { worker: "worker-1", handler: (job) => ok(job.payload.to) });
 * console.log((await email.get("email-1"))?.state); // completed
 * ```
 */
export function workflow<
  const T extends string,
  const S extends CheckedStates<S>,
  const P extends readonly string[] = readonly [],
  I extends LiveName<S> = LiveName<S>,
  B extends FlowStore | undefined = undefined,
>(
  definition: WorkflowDefinition<T, P, S, I, B>,
): B extends FlowStore ? Workflow<T, P, S, I> : UnboundWorkflow<T, P, S, I> {
  const checked = checkedDefinition(definition);
  const { store } = definition;
  let ids: Uuids | undefined;
  const unbound = {
    type: checked.type,
    definition: checked,
    child: (attributes: object) =>
      childItem(checked, attributes, () => (ids ??= new Uuids(systemTime())).next()),
    on: (other: FlowStore) => new BoundWorkflow(checked, other),
  };
  return (store === undefined ? unbound : unbound.on(store)) as never;
}
