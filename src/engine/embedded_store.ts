/**
 * The store in this process: every command of the contract, handed to the shard.
 *
 * @module
 */
import type { Lock } from "../files/mod.ts";
import type * as flow from "../flow/mod.ts";
import {
  answer,
  type ClaimCommand,
  type Command,
  type FlowState,
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
  readFlow,
  readHistory,
  readInfo,
  readLineage,
  readList,
  readPolicy,
  readStuck,
  readTerminals,
  readValues,
  type Reply,
} from "../flow/core/mod.ts";
import type { Time } from "../time/mod.ts";
import { applyAtomic } from "./atomic.ts";
import { FeedStream } from "./event_stream.ts";
import { EmbeddedKv } from "./kv_store.ts";
import type { Verdict } from "./pending.ts";
import type { Shard } from "./shard.ts";
import type { Store } from "./store.ts";

/** What a store is made of. */
export interface EmbeddedStoreParts {
  /** The one shard. */
  readonly shard: Shard;
  /** The time of the shard. */
  readonly time: Time;
  /** What arguments are checked against. */
  readonly parse: ParseContext;
  /** The lock of the directory. */
  readonly lock: Lock;
}

/** Checks the arguments of a command or query. */
type Parse<Parsed> = (subject: unknown, options: unknown, context: ParseContext) => Parsed;

/** Answers a query. */
type Read<Query> = (state: FlowState, query: Query, nowMs: number) => Reply;

/** A store over one shard. */
export class EmbeddedStore implements Store {
  /** The clock that commands happen by. */
  readonly time: Time;
  /** The keys. */
  readonly kv: flow.KvStore;
  readonly #shard: Shard;
  readonly #parse: ParseContext;
  readonly #lock: Lock;
  #closed: Promise<void> | undefined;

  /** Puts a store together. */
  constructor({ shard, time, parse, lock }: EmbeddedStoreParts) {
    this.time = time;
    this.#shard = shard;
    this.#parse = parse;
    this.#lock = lock;
    this.kv = new EmbeddedKv({ shardOf: () => shard, parse });
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
    return await this.#shard.call(() => this.#verdict(this.#shard.apply(command)));
  }

  signal(flow: flow.FlowRef, options: flow.SignalOptions): Promise<flow.FlowRecord> {
    return this.#command(parseSignal, flow, options);
  }

  valuePut(value: unknown, options?: flow.ValuePutOptions): Promise<flow.StoredValue> {
    return this.#command(parseValuePut, value, options);
  }

  valueMget(refs: readonly string[]): Promise<unknown[]> {
    return this.#query(parseValueMget, readValues, refs, undefined);
  }

  rewind(flow: flow.FlowRef, options: flow.RewindOptions): Promise<flow.FlowRecord> {
    return this.#command(parseRewind, flow, options);
  }

  async get(flow: flow.FlowRef, options?: flow.GetOptions): Promise<flow.FlowRecord | null> {
    const query = parseGet(flow, options, this.#parse);
    return await this.#shard.call(() => {
      this.#shard.closer.look(query.target);
      return this.#verdict(readFlow(this.#shard.state.flows, query, this.#shard.now()));
    });
  }

  async history(
    flow: flow.FlowRef,
    options?: flow.HistoryOptions,
  ): Promise<flow.HistoryEvent[]> {
    const query = parseHistory(flow, options, this.#parse);
    return await this.#shard.call(() => {
      const nowMs = this.#shard.now();
      const found = this.#shard.closer.look(query.target);
      if (found === undefined) return { waitLsn: this.#shard.headLsn, read: () => [] };
      const headLsn = found.lsn;
      return {
        waitLsn: headLsn,
        read: () => {
          const { records } = this.#shard;
          return readHistory(found, query, records, records.valuesAt({ nowMs, headLsn }));
        },
      };
    });
  }

  // Rows or a page of them: the contract's overloads say for whom it is which.
  list(type: string, options?: flow.ListOptions): Promise<never> {
    return this.#queryAll(parseList, readList, type, options);
  }

  terminals(type: string, options?: flow.TerminalsOptions): Promise<never> {
    return this.#queryAll(parseTerminals, readTerminals, type, options);
  }

  failures(type: string, options?: flow.FailuresOptions): Promise<never> {
    return this.#queryAll(parseFailures, readTerminals, type, options);
  }

  byParent(id: string, options?: flow.ByParentOptions): Promise<never> {
    return this.#queryAll(parseByParent, readLineage, id, options);
  }

  byRoot(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#queryAll(parseByRoot, readLineage, id, options);
  }

  byCorrelation(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#queryAll(parseByCorrelation, readLineage, id, options);
  }

  info(type: string, options?: flow.InfoOptions): Promise<flow.FlowInfo> {
    return this.#queryAll(parseInfo, readInfo, type, options);
  }

  stuck(type: string, options?: flow.StuckOptions): Promise<flow.FlowRecord[]> {
    return this.#queryAll(parseStuck, readStuck, type, options);
  }

  retentionCleanup(options?: flow.RetentionCleanupOptions): Promise<flow.RetentionCleanup> {
    return this.#command((given, _, context) => parseRetentionCleanup(given, context), options);
  }

  policySet(type: string, policy: flow.PolicySetOptions): Promise<flow.ResolvedPolicy> {
    return this.#command(parsePolicySet, type, policy);
  }

  policyGet(type: string, options?: flow.PolicyGetOptions): Promise<flow.ResolvedPolicy> {
    return this.#query(parsePolicyGet, readPolicy, type, options);
  }

  watchLease(flow: flow.FlowRef, options: flow.LeaseWatchOptions): () => void {
    const { target, ...watch } = parseLeaseWatch(flow, options, this.#parse);
    return this.#shard.leases.watch(target, watch);
  }

  events(options?: flow.EventsOptions): flow.EventStream {
    const query = parseEvents(options, this.#parse);
    const { feed, state: { flows } } = this.#shard;
    return new FeedStream(query, { feeds: [feed], hash: flows.hash, time: this.time });
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
    const parts = { shardOf: () => this.#shard, parse: this.#parse };
    return applyAtomic({ partitionKey, build, options }, parts);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shard.close().finally(() => this.#lock.release());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #command<T>(parse: Parse<Command>, subject: unknown, options?: unknown): Promise<T> {
    const command = parse(subject, options, this.#parse);
    return await this.#shard.call(() => this.#verdict<T>(this.#shard.apply(command)));
  }

  async #claim(
    parse: Parse<ClaimCommand>,
    type: string,
    options: unknown,
  ): Promise<flow.FlowRecord[]> {
    const command = parse(type, options, this.#parse);
    command.signal?.throwIfAborted();
    return await this.#shard.claim(command, (reply) => this.#verdict(reply));
  }

  async #query<Query, T>(
    parse: Parse<Query>,
    read: Read<Query>,
    subject: unknown,
    options: unknown,
  ): Promise<T> {
    const query = parse(subject, options, this.#parse);
    return await this.#shard.call(() => this.#read<Query, T>(read, query));
  }

  /** A query that sees more than the flow that it names. */
  async #queryAll<Query, T>(
    parse: Parse<Query>,
    read: Read<Query>,
    subject: unknown,
    options: unknown,
  ): Promise<T> {
    const query = parse(subject, options, this.#parse);
    return await this.#shard.closer.callOnAll(() => this.#read<Query, T>(read, query));
  }

  #read<Query, T>(read: Read<Query>, query: Query): Verdict<T> {
    return this.#verdict(read(this.#shard.state.flows, query, this.#shard.now()));
  }

  /** What a reply says, to be told once nothing in it can be lost any more. */
  #verdict<T>(reply: Reply): Verdict<T> {
    const seen = reply.kind === "flow" ? reply.flow : null;
    const waitLsn = seen?.lsn ?? this.#shard.headLsn;
    const nowMs = this.#shard.now();
    return {
      waitLsn,
      // Every kind of command and query has its kind of reply; the contract's types say which.
      read: () => answer(reply, this.#shard.records.valuesAt({ nowMs, headLsn: waitLsn })) as T,
    };
  }
}
