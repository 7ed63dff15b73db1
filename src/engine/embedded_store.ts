/**
 * The store in this process: every command of the contract, handed to the shards that it concerns.
 *
 * @module
 */
import type { Lock } from "../files/mod.ts";
import {
  type ClaimCommand,
  type Command,
  parseCancel,
  parseCancelMany,
  parseClaimDue,
  parseComplete,
  parseCompleteMany,
  type ParseContext,
  parseCreate,
  parseCreateMany,
  parseExtendLease,
  parseFail,
  parseFailMany,
  parsePolicySet,
  parseReclaim,
  parseRetentionCleanup,
  parseRetry,
  parseRetryMany,
  parseRewind,
  parseSignal,
  parseSpawn,
  parseTransition,
  parseTransitionMany,
  parseValuePut,
  type RetentionCleanupCommand,
} from "../flow/core/mod.ts";
import type * as flow from "../flow/mod.ts";
import { applyAtomic } from "./calls/atomic.ts";
import type { Callers } from "./calls/caller.ts";
import { applyCommand } from "./calls/dispatch.ts";
import { Spread } from "./calls/spread.ts";
import { verdictOn } from "./calls/verdict.ts";
import { EmbeddedQueries, type QueryParts } from "./embedded_queries.ts";
import { EmbeddedKv } from "./kv_store.ts";
import type { Compaction, CompactOptions } from "./merges/merger.ts";
import type { Parse } from "./queries/type_queries.ts";
import type { Shards } from "./shards.ts";
import type { Store } from "./store.ts";

/** What a store is made of. */
export interface EmbeddedStoreParts extends QueryParts {
  /** The lock of the directory. */
  readonly lock: Lock;
  /** Copies the store; see `Store.backup()`. */
  readonly backup: Store["backup"];
  /** Looks through the store; see `Store.verify()`. */
  readonly verify: Store["verify"];
}

/** A store over one shard or several. */
export class EmbeddedStore extends EmbeddedQueries implements Store {
  /** The keys. */
  readonly kv: flow.KvStore;
  readonly backup: Store["backup"];
  readonly verify: Store["verify"];
  readonly #shards: Shards;
  readonly #parse: ParseContext;
  readonly #callers: Callers;
  readonly #lock: Lock;
  #closed: Promise<void> | undefined;

  constructor(parts: EmbeddedStoreParts) {
    super(parts);
    const { shards, parse, callers, lock, backup, verify } = parts;
    this.backup = (...call) => callers.told(() => backup(...call));
    this.verify = (...call) => callers.told(() => verify(...call));
    this.#callers = callers;
    this.#shards = shards;
    this.#parse = parse;
    this.#lock = lock;
    this.kv = new EmbeddedKv({ shards, parse, callers });
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

  spawnChildren(
    parent: flow.FlowRef,
    children: readonly (string | flow.ChildItem)[],
    options: flow.SpawnChildrenOptions,
  ): Promise<flow.FlowRecord> {
    return this.#callers.told(() => {
      const command = parseSpawn(parent, children, options, this.#parse);
      return applyCommand<flow.FlowRecord>(this.#shards, command);
    });
  }

  signal(flow: flow.FlowRef, options: flow.SignalOptions): Promise<flow.FlowRecord> {
    return this.#command(parseSignal, flow, options);
  }

  valuePut(value: unknown, options?: flow.ValuePutOptions): Promise<flow.StoredValue> {
    return this.#command(parseValuePut, value, options);
  }

  rewind(flow: flow.FlowRef, options: flow.RewindOptions): Promise<flow.FlowRecord> {
    return this.#command(parseRewind, flow, options);
  }

  retentionCleanup(options?: flow.RetentionCleanupOptions): Promise<flow.RetentionCleanup> {
    return this.#callers.told(() => {
      const command: RetentionCleanupCommand = parseRetentionCleanup(options, this.#parse);
      const spread = new Spread(this.#shards, this.#shards.all, command);
      return this.#shards.call(() => verdictOn(this.#shards, spread.apply(), spread.on));
    });
  }

  policySet(type: string, policy: flow.PolicySetOptions): Promise<flow.ResolvedPolicy> {
    return this.#command(parsePolicySet, type, policy);
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
    const parts = { shards: this.#shards, parse: this.#parse, callers: this.#callers };
    return applyAtomic({ partitionKey, build, options }, parts);
  }

  compact(options?: CompactOptions): Promise<Compaction> {
    return this.#callers.told(() => this.#shards.upkeep.merger.compact(options));
  }

  close(): Promise<void> {
    this.#closed ??= this.#shards.close().finally(() => this.#lock.release());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #command<T>(parse: Parse<Command>, subject: unknown, options?: unknown): Promise<T> {
    return this.#callers.told(() =>
      applyCommand<T>(this.#shards, parse(subject, options, this.#parse))
    );
  }

  #claim(
    parse: Parse<ClaimCommand>,
    type: string,
    options: unknown,
  ): Promise<flow.FlowRecord[]> {
    return this.#callers.told(() => {
      const command = parse(type, options, this.#parse);
      command.signal?.throwIfAborted();
      return this.#shards.claim<flow.FlowRecord[]>(
        command,
        (reply, on) => verdictOn(this.#shards, reply, on),
      );
    });
  }
}
