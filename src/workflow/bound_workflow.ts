/**
 * Sends the commands of a workflow to its store.
 *
 * The types are those of `workflow.ts`; here every call is data, and what the types promise is
 * checked wherever breaking it would go unnoticed.
 *
 * @module
 */
import { checkObject, given, invalid, placed } from "../argument.ts";
import { LEASE_MS, PAYLOAD_BYTES_MAX } from "../bounds.ts";
import {
  type CancelOptions,
  type ChildItem,
  type CommandOptions,
  type CreateItem,
  type CreateManyOptions,
  type ExtendLeaseOptions,
  type FlowRecord,
  type FlowStore,
  type Many,
  type PolicySetOptions,
  type ResolvedPolicy,
  type RewindOptions,
  RUNNING,
  type SignalOptions,
  type SpawnChildrenOptions,
  type TransitionOptions,
} from "../flow/mod.ts";
import { systemTime, type Time, Uuids } from "../time/mod.ts";
import { checkMembers } from "../unknown_option.ts";
import { BEFORE, checkHandler, membersOf, optionsOf } from "./argument.ts";
import { BoundQueries } from "./bound_queries.ts";
import { claimCommand, claimedJob, claimedStates, reclaimCommand } from "./claim.ts";
import { createBatchOptions, type CreateCommand, createCommand, createOptions } from "./create.ts";
import type { StateDefinition } from "./definition/definition.ts";
import { checkedPayload, type Eventually } from "./definition/schema.ts";
import { leaseOf, refOf } from "./flow_name.ts";
import { childItem } from "./jobs/child.ts";
import { groupOptions } from "./jobs/fanout.ts";
import type { Lease } from "./jobs/job.ts";
import { runWatched } from "./jobs/job_signal.ts";
import type { AgainOptions, EndOptions, MoveOptions, Outcome } from "./jobs/outcome.ts";
import {
  isHandled,
  type LooseHandler,
  type LooseJob,
  outcomeOf,
  runnerOf,
  type RunParts,
  saidOf,
  settled,
} from "./jobs/run.ts";
import type { HandleOptions, RunResult, SettledJob } from "./jobs/run_options.ts";
import {
  completeSettlement,
  errorSettlement,
  failSettlement,
  groupSettlement,
  moveTarget,
  type NamedFlow,
  OF_LEASE,
  okSettlement,
  retrySettlement,
  settle,
  type Settlement,
} from "./jobs/settlement.ts";
import { checkedStates, type CheckStatesOptions, type StateReport } from "./state_report.ts";

type Options = Readonly<Record<string, unknown>>;
type Leased = Lease | FlowRecord;

/** What a policy may say besides what the states of the definition say. */
const POLICY_OPTIONS = membersOf<Omit<PolicySetOptions, "states">>({
  retry: true,
  retention: true,
  maxReclaims: true,
  expectedGeneration: true,
});

const HANDLE_OPTIONS = membersOf<HandleOptions>({ onOmitted: true });

/** A workflow on a store. */
export class BoundWorkflow extends BoundQueries {
  #time: Time | undefined;
  #ids: Uuids | undefined;

  on(store: FlowStore): BoundWorkflow {
    return new BoundWorkflow(this.definition, store);
  }

  async create(attributes: object, options?: CommandOptions): Promise<FlowRecord> {
    const common = createOptions(options);
    const command = this.#createCommand(attributes, "");
    const { id, options: made } = command instanceof Promise ? await command : command;
    return await this.store.create(id, { ...made, ...common });
  }

  child(attributes: object): Eventually<ChildItem> {
    return childItem(this.definition, attributes, () => this.#newId());
  }

  async spawnChildren(
    parent: string | object,
    children: readonly Eventually<ChildItem>[],
    options: object,
  ): Promise<FlowRecord> {
    const ref = refOf(this.definition, parent);
    const group = { ...positionOf(parent), ...groupOptions(this.definition, options) };
    const made = groupSettlement(ref as NamedFlow, children, group as SpawnChildrenOptions);
    const settlement = made instanceof Promise ? await made : made;
    if (settlement.command !== "spawnChildren") return await settle(this.store, settlement);
    // Of a group that is there already this makes nothing, and no error: the caller may look.
    return await this.store.spawnChildren(ref, settlement.children, settlement.options);
  }

  async fanout(
    parent: string | object,
    children: readonly Eventually<ChildItem>[],
    options: object,
  ): Promise<FlowRecord> {
    return await this.spawnChildren(parent, children, options);
  }

  async createMany<const O extends CreateManyOptions>(
    items: readonly object[],
    options?: O,
  ): Promise<Many<O>> {
    if (!Array.isArray(items)) throw invalid("items", items, "a list");
    const common = createBatchOptions(options);
    const commands: Eventually<CreateCommand>[] = [];
    try {
      for (const item of items) {
        commands.push(this.#createCommand(item, `items[${commands.length}].`));
      }
    } catch (error) {
      // Others may have been given to an asynchronous schema; what they say has to be listened to.
      await Promise.allSettled(commands);
      throw placed(error);
    }
    const made = commands.some((command) => command instanceof Promise)
      ? await Promise.all(commands).catch((error) => Promise.reject(placed(error)))
      : commands as CreateCommand[];
    return await this.store.createMany(made.map(itemOf), { ...common, type: this.type }) as Many<O>;
  }

  async claimDue(first: unknown, second?: object): Promise<LooseJob[]> {
    const { state, options } = stateAndOptions(first, second);
    return await this.#claim(claimedStates(this.definition, state), options);
  }

  async reclaim(first: unknown, second?: object): Promise<FlowRecord[]> {
    const { state = RUNNING, options } = stateAndOptions(first, second);
    const command = reclaimCommand(this.definition, state as string, options);
    return await this.store.reclaim(this.type, command);
  }

  async reclaimOnce(first: unknown, second?: object): Promise<LooseJob[]> {
    const records = await this.reclaim(first, second);
    return this.#jobs(records, stateAndOptions(first, second).options);
  }

  async runOnce(first: unknown, second?: object): Promise<RunResult<LooseJob>[]> {
    const { state, options } = stateAndOptions(first, second);
    const runner = runnerOf(this.definition, { ...options, state });
    const jobs = await this.#claim(runner.states, runner.rest);
    return await Promise.all(jobs.map(async (job) => {
      try {
        const said = await this.#watched(job, (held) => outcomeOf(runner, held, this.#parts()));
        return await this.#settle(job, said);
      } catch (error) {
        return { job, error };
      }
    }));
  }

  async ok(
    job: Leased,
    value?: unknown,
    options?: EndOptions | MoveOptions,
  ): Promise<FlowRecord> {
    const settlement = okSettlement(this.definition, this.#lease(job), { value, options });
    return await settle(this.store, settlement instanceof Promise ? await settlement : settlement);
  }

  async error(
    job: Leased,
    reason?: unknown,
    options?: AgainOptions | EndOptions,
  ): Promise<FlowRecord> {
    const settlement = errorSettlement(this.definition, this.#lease(job), { reason, options });
    return await settle(this.store, settlement);
  }

  async handle(
    job: LooseJob,
    handler: LooseHandler,
    options?: HandleOptions,
  ): Promise<SettledJob<LooseJob>> {
    checkHandler("handler", handler);
    const { onOmitted, ...others } = optionsOf(options);
    checkMembers("", others, HANDLE_OPTIONS);
    this.#lease(job);
    const { payloadBytesMax } = this.definition.states.get(job.state) ?? {};
    const parts = {
      ...this.#parts(),
      handlesOmitted: isHandled(onOmitted),
      payloadBytesMax: payloadBytesMax ?? PAYLOAD_BYTES_MAX,
    };
    const said = await this.#watched(job, (held) => saidOf(handler, held, parts));
    return await this.#settle(job, said);
  }

  async transition(
    flow: string | object,
    to: string,
    payload?: unknown,
    options?: MoveOptions,
  ): Promise<FlowRecord> {
    const ref = refOf(this.definition, flow);
    const others = optionsOf(options, { to: BEFORE, payload: BEFORE });
    const target = moveTarget(this.definition, to);
    const checked = payload === undefined ? undefined : checkedPayload(target, payload);
    return await this.store.transition(
      ref,
      given({
        ...positionOf(flow),
        ...given(others),
        to,
        payload: checked instanceof Promise ? await checked : checked,
      }) as TransitionOptions,
    );
  }

  async complete(flow: Leased, result?: unknown, options?: EndOptions): Promise<FlowRecord> {
    return await settle(this.store, completeSettlement(this.#lease(flow), { result, options }));
  }

  async retry(flow: Leased, reason?: unknown, options?: AgainOptions): Promise<FlowRecord> {
    const settlement = retrySettlement(this.definition, this.#lease(flow), { reason, options });
    return await settle(this.store, settlement);
  }

  async fail(flow: Leased, reason?: unknown, options?: EndOptions): Promise<FlowRecord> {
    return await settle(this.store, failSettlement(this.#lease(flow), { reason, options }));
  }

  async extendLease(
    flow: Leased,
    options?: Partial<ExtendLeaseOptions>,
  ): Promise<FlowRecord> {
    const { id, partitionKey, state, leaseToken, fencingToken } = this.#lease(flow);
    const leaseMs = this.definition.states.get(state)?.leaseMs ?? LEASE_MS;
    return await this.store.extendLease(
      { id, partitionKey },
      { leaseMs, ...given(optionsOf(options, OF_LEASE)), leaseToken, fencingToken },
    );
  }

  async cancel(flow: string | object, options?: CancelOptions): Promise<FlowRecord> {
    return await this.store.cancel(refOf(this.definition, flow), given(optionsOf(options)));
  }

  async signal(flow: string | object, options: SignalOptions): Promise<FlowRecord> {
    const ref = refOf(this.definition, flow);
    const { transitionTo } = checkObject("options", options) as Partial<SignalOptions>;
    if (transitionTo !== undefined) moveTarget(this.definition, transitionTo, "transitionTo");
    return await this.store.signal(ref, given(options));
  }

  async rewind(flow: string | object, options: RewindOptions): Promise<FlowRecord> {
    return await this.store.rewind(refOf(this.definition, flow), given(optionsOf(options)));
  }

  async installPolicy(options: PolicySetOptions = {}): Promise<ResolvedPolicy> {
    checkMembers("", checkObject("options", options), POLICY_OPTIONS);
    const states = this.definition.liveStates
      .map((name) => [name, this.definition.states.get(name)?.policy ?? {}] as const)
      .filter(([, policy]) => Object.keys(policy).length > 0);
    return await this.store.policySet(this.type, {
      ...given(options),
      states: Object.fromEntries(states),
    });
  }

  async checkStates(options: CheckStatesOptions = {}): Promise<StateReport> {
    return await checkedStates(this.definition, this.store, options);
  }

  #createCommand(attributes: unknown, at: string): Eventually<CreateCommand> {
    return createCommand(this.definition, attributes, { at, newId: () => this.#newId() });
  }

  #newId(): string {
    return (this.#ids ??= new Uuids(this.#ownTime())).next();
  }

  #parts(): RunParts {
    return { definition: this.definition, time: this.#ownTime(), store: this.store };
  }

  #ownTime(): Time {
    return this.#time ??= this.store.time ?? systemTime();
  }

  async #claim(states: readonly StateDefinition[], options: Options): Promise<LooseJob[]> {
    const command = claimCommand(this.definition, states, options);
    return this.#jobs(await this.store.claimDue(this.type, command), options);
  }

  #jobs(records: readonly FlowRecord[], { payload, signal }: Options): LooseJob[] {
    const options = {
      asked: payload as boolean | undefined,
      signal: signal as AbortSignal | undefined ?? new AbortController().signal,
    };
    return records.map((record) => claimedJob(this.definition, record, options));
  }

  #watched(job: LooseJob, run: (held: LooseJob) => Promise<Outcome>): Promise<Outcome> {
    return runWatched(this.store, job, run);
  }

  async #settle(job: LooseJob, said: Outcome): Promise<SettledJob<LooseJob>> {
    const send = (settlement: Settlement): Promise<FlowRecord> => settle(this.store, settlement);
    return { job, ...await settled(this.definition, job, { outcome: said, send }) };
  }

  #lease(flow: Leased): Lease {
    return leaseOf(this.definition, flow);
  }
}

function itemOf({ id, options: { type: _common, ...item } }: CreateCommand): CreateItem {
  return { id, ...item };
}

/** What a claim takes by another name. */
const OF_CLAIM = { states: "state takes a list, too" } as const;

/** The two ways to say which states: as the first argument, or among the options. */
function stateAndOptions(
  first: unknown,
  second: object | undefined,
): { readonly state?: unknown; readonly options: Options } {
  if (second !== undefined || typeof first !== "object" || Array.isArray(first)) {
    const options = optionsOf(checkObject("options", second), { ...OF_CLAIM, state: BEFORE });
    return { state: first, options };
  }
  const { state, ...options } = optionsOf(checkObject("options", first), OF_CLAIM);
  return { state, options };
}

/** Where a job or a record says that its flow is; nothing for an id. */
function positionOf(flow: string | object): Partial<TransitionOptions> {
  if (typeof flow !== "object" || flow === null) return {};
  const { state, runState, leaseToken, fencingToken } = flow as Partial<FlowRecord>;
  return given({
    from: runState ?? state,
    leaseToken: leaseToken ?? undefined,
    fencingToken,
  }) as Partial<TransitionOptions>;
}
