/**
 * The store in this process: every command of the contract, handed to the shards that it concerns.
 *
 * @module
 */
import type { Lock } from "../files/mod.ts";
import type * as flow from "../flow/mod.ts";
import {
  type ClaimCommand,
  type Command,
  parseByCorrelation,
  parseByParent,
  parseByRoot,
  parseCancel,
  parseCancelMany,
  parseClaimDue,
  parseComplete,
  parseCompleteMany,
  type ParseContext,
  parseCreate,
  parseCreateMany,
  parseEvents,
  parseExtendLease,
  parseFail,
  parseFailMany,
  parseFailures,
  parseGet,
  parseHistory,
  parseInfo,
  parseLeaseWatch,
  parseList,
  parsePolicyGet,
  parsePolicySet,
  parseReclaim,
  parseRetentionCleanup,
  parseRetry,
  parseRetryMany,
  parseRewind,
  parseSignal,
  parseSpawn,
  parseStuck,
  parseTerminals,
  parseTransition,
  parseTransitionMany,
  parseValueMget,
  parseValuePut,
  readLineage,
  readPolicy,
  readValues,
  type RetentionCleanupCommand,
  valuePlace,
} from "../flow/core/mod.ts";
import type { Time } from "../time/mod.ts";
import { applyAtomic } from "./atomic.ts";
import { toldHere } from "./caller.ts";
import { healthOf, type StoreHealth } from "./health.ts";
import { flowVerdict, historyVerdict, verdictOn } from "./verdict.ts";
import { FeedStream } from "./event_stream.ts";
import { applyCommand } from "./dispatch.ts";
import { EmbeddedKv } from "./kv_store.ts";
import type { Compaction, CompactOptions } from "./merger.ts";
import { ENDED, LISTED } from "./searching.ts";
import type { Shards } from "./shards.ts";
import { Spread } from "./spread.ts";
import { statsOf, type StoreStats } from "./stats.ts";
import type { Store } from "./store.ts";
import { type Parse, type Read, TypeQueries, type TypeQuery } from "./type_queries.ts";

/** What a store is made of. */
export interface EmbeddedStoreParts {
  /** The shards. */
  readonly shards: Shards;
  /** The time of the shards. */
  readonly time: Time;
  /** What arguments are checked against. */
  readonly parse: ParseContext;
  /** The lock of the directory. */
  readonly lock: Lock;
  /** Copies the store; see `Store.backup()`. */
  readonly backup: Store["backup"];
  /** Looks through the store; see `Store.verify()`. */
  readonly verify: Store["verify"];
}

/** A store over one shard or several. */
export class EmbeddedStore implements Store {
  /** The clock that commands happen by. */
  readonly time: Time;
  /** The keys. */
  readonly kv: flow.KvStore;
  readonly backup: Store["backup"];
  readonly verify: Store["verify"];
  readonly #shards: Shards;
  readonly #parse: ParseContext;
  readonly #queries: TypeQueries;
  readonly #lock: Lock;
  #closed: Promise<void> | undefined;

  constructor({ shards, time, parse, lock, backup, verify }: EmbeddedStoreParts) {
    this.time = time;
    this.backup = backup;
    this.verify = verify;
    this.#shards = shards;
    this.#parse = parse;
    this.#queries = new TypeQueries(shards);
    this.#lock = lock;
    this.kv = new EmbeddedKv({ shards, parse });
  }

  create(id: string, options: flow.CreateOptions): Promise<flow.FlowRecord> {
    return this.#command(parseCreate, id, options);
  }

  createMany<const O extends flow.CreateManyOptions>(
    items: readonly (string | flow.CreateItem)[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseCreateMany, items, options);
  }

  claimDue(type: string, options: flow.ClaimOptions): Promise<flow.FlowRecord[]> {
    return this.#claim(parseClaimDue, type, options);
  }

  reclaim(type: string, options: flow.ReclaimOptions): Promise<flow.FlowRecord[]> {
    return this.#claim(parseReclaim, type, options);
  }

  extendLease(flow: flow.FlowRef, options: flow.ExtendLeaseOptions): Promise<flow.FlowRecord> {
    return this.#command(parseExtendLease, flow, options);
  }

  complete(flow: flow.FlowRef, options: flow.CompleteOptions): Promise<flow.FlowRecord> {
    return this.#command(parseComplete, flow, options);
  }

  completeMany<const O extends flow.CompleteManyOptions>(
    items: readonly flow.CompleteItem[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseCompleteMany, items, options);
  }

  transition(flow: flow.FlowRef, options: flow.TransitionOptions): Promise<flow.FlowRecord> {
    return this.#command(parseTransition, flow, options);
  }

  transitionMany<const O extends flow.TransitionManyOptions>(
    items: readonly flow.TransitionItem[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseTransitionMany, items, options);
  }

  retry(flow: flow.FlowRef, options: flow.RetryOptions): Promise<flow.FlowRecord> {
    return this.#command(parseRetry, flow, options);
  }

  retryMany<const O extends flow.RetryManyOptions>(
    items: readonly flow.RetryItem[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseRetryMany, items, options);
  }

  fail(flow: flow.FlowRef, options: flow.FailOptions): Promise<flow.FlowRecord> {
    return this.#command(parseFail, flow, options);
  }

  failMany<const O extends flow.FailManyOptions>(
    items: readonly flow.FailItem[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseFailMany, items, options);
  }

  cancel(flow: flow.FlowRef, options?: flow.CancelOptions): Promise<flow.FlowRecord> {
    return this.#command(parseCancel, flow, options);
  }

  cancelMany<const O extends flow.CancelManyOptions>(
    items: readonly flow.CancelItem[],
    options?: O,
  ): Promise<flow.Many<O>> {
    return this.#command(parseCancelMany, items, options);
  }

  async spawnChildren(
    parent: flow.FlowRef,
    children: readonly (string | flow.ChildItem)[],
    options: flow.SpawnChildrenOptions,
  ): Promise<flow.FlowRecord> {
    const command = parseSpawn(parent, children, options, this.#parse);
    return await applyCommand(this.#shards, command);
  }

  signal(flow: flow.FlowRef, options: flow.SignalOptions): Promise<flow.FlowRecord> {
    return this.#command(parseSignal, flow, options);
  }

  valuePut(value: unknown, options?: flow.ValuePutOptions): Promise<flow.StoredValue> {
    return this.#command(parseValuePut, value, options);
  }

  async valueMget(refs: readonly string[]): Promise<unknown[]> {
    const query = parseValueMget(refs, undefined, this.#parse);
    const { all } = this.#shards;
    const named = new Set(query.lsns.map((number) => valuePlace(number ?? 0).shard));
    const on = all.length === 1 ? all : all.filter(({ number }) => named.has(number));
    return await this.#shards.call(() => verdictOn(this.#shards, readValues(query), on));
  }

  rewind(flow: flow.FlowRef, options: flow.RewindOptions): Promise<flow.FlowRecord> {
    return this.#command(parseRewind, flow, options);
  }

  async get(flow: flow.FlowRef, options?: flow.GetOptions): Promise<flow.FlowRecord | null> {
    const query = parseGet(flow, options, this.#parse);
    const on = this.#shards.router.shardsFor(query.target);
    return await this.#shards.call(() => flowVerdict(this.#shards, query, on), () => on);
  }

  async history(
    flow: flow.FlowRef,
    options?: flow.HistoryOptions,
  ): Promise<flow.HistoryEvent[]> {
    const query = parseHistory(flow, options, this.#parse);
    const on = this.#shards.router.shardsFor(query.target);
    return await this.#shards.call(() => historyVerdict(this.#shards, query, on), () => on);
  }

  // Rows or a page of them: the contract's overloads say for whom it is which.
  async list(type: string, options?: flow.ListOptions): Promise<never> {
    return await this.#queries.rows(LISTED, parseList(type, options, this.#parse));
  }

  async terminals(type: string, options?: flow.TerminalsOptions): Promise<never> {
    return await this.#queries.rows(ENDED, parseTerminals(type, options, this.#parse));
  }

  async failures(type: string, options?: flow.FailuresOptions): Promise<never> {
    return await this.#queries.rows(ENDED, parseFailures(type, options, this.#parse));
  }

  byParent(id: string, options?: flow.ByParentOptions): Promise<never> {
    return this.#query(parseByParent, readLineage, id, options);
  }

  byRoot(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#query(parseByRoot, readLineage, id, options);
  }

  byCorrelation(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#query(parseByCorrelation, readLineage, id, options);
  }

  async info(type: string, options?: flow.InfoOptions): Promise<flow.FlowInfo> {
    return await this.#queries.info(parseInfo(type, options, this.#parse));
  }

  async stuck(type: string, options?: flow.StuckOptions): Promise<flow.FlowRecord[]> {
    return await this.#queries.stuck(parseStuck(type, options, this.#parse));
  }

  async retentionCleanup(
    options?: flow.RetentionCleanupOptions,
  ): Promise<flow.RetentionCleanup> {
    const command: RetentionCleanupCommand = parseRetentionCleanup(options, this.#parse);
    const spread = new Spread(this.#shards, this.#shards.all, command);
    return await this.#shards.call(() => verdictOn(this.#shards, spread.apply(), spread.on));
  }

  policySet(type: string, policy: flow.PolicySetOptions): Promise<flow.ResolvedPolicy> {
    return this.#command(parsePolicySet, type, policy);
  }

  async policyGet(
    type: string,
    options?: flow.PolicyGetOptions,
  ): Promise<flow.ResolvedPolicy> {
    const query = parsePolicyGet(type, options, this.#parse);
    const { first } = this.#shards.router;
    return await this.#shards.call(() =>
      verdictOn(this.#shards, readPolicy(first.state.flows, query), [first])
    );
  }

  watchLease(flow: flow.FlowRef, options: flow.LeaseWatchOptions): () => void {
    const { target, ...watch } = parseLeaseWatch(flow, options, this.#parse);
    return this.#shards.leases.watch(target, watch);
  }

  events(options?: flow.EventsOptions): flow.EventStream {
    const query = parseEvents(options, this.#parse);
    const { all, router } = this.#shards;
    const feeds = all.map(({ feed }) => feed);
    return new FeedStream(query, { feeds, hash: router.first.state.flows.hash, time: this.time });
  }

  atomic<const Steps extends readonly flow.AtomicStep<flow.AtomicResult>[]>(
    partitionKey: string,
    build: (tx: flow.AtomicCommands) => Steps,
    options?: flow.AtomicOptions,
  ): Promise<flow.AtomicResults<Steps>>;
  atomic(
    partitionKey: string,
    build: (tx: flow.AtomicCommands) => void,
    options?: flow.AtomicOptions,
  ): Promise<flow.AtomicResult[]>;
  atomic(
    partitionKey: string,
    build: (tx: flow.AtomicCommands) => unknown,
    options?: flow.AtomicOptions,
  ): Promise<flow.AtomicResult[]> {
    const parts = { shards: this.#shards, parse: this.#parse };
    return applyAtomic({ partitionKey, build, options }, parts);
  }

  stats(): StoreStats {
    return statsOf(this.#shards);
  }

  health(): StoreHealth {
    return healthOf(this.#shards);
  }

  compact(options?: CompactOptions): Promise<Compaction> {
    return this.#shards.merger.compact(options);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shards.close().finally(() => this.#lock.release());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #command<T>(parse: Parse<Command>, subject: unknown, options?: unknown): Promise<T> {
    const command = parse(subject, options, this.#parse);
    try {
      return await applyCommand(this.#shards, command);
    } catch (error) {
      throw toldHere(error);
    }
  }

  async #claim(
    parse: Parse<ClaimCommand>,
    type: string,
    options: unknown,
  ): Promise<flow.FlowRecord[]> {
    const command = parse(type, options, this.#parse);
    command.signal?.throwIfAborted();
    return await this.#shards.claim(command, (reply, on) => verdictOn(this.#shards, reply, on));
  }

  /** A query that sees more than one flow. */
  async #query<Query extends TypeQuery, T>(
    parse: Parse<Query>,
    read: Read<Query>,
    subject: unknown,
    options: unknown,
  ): Promise<T> {
    return await this.#queries.answer<Query, T>(read, parse(subject, options, this.#parse));
  }
}
