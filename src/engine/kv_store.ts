/**
 * The keys of the store in this process.
 *
 * @module
 */
import {
  findKey,
  findKeys,
  type KeySource,
  type KvDeleteCommand,
  type KvSetCommand,
  type ParseContext,
  parseKvDelete,
  parseKvGet,
  parseKvList,
  parseKvSet,
  readKey,
  readKeys,
  type Reply,
} from "../flow/core/mod.ts";
import type {
  KvDeleteOptions,
  KvEntry,
  KvListOptions,
  KvOptions,
  KvRecord,
  KvSetOptions,
  KvStore,
  Page,
} from "../flow/mod.ts";
import { invariant } from "../invariant.ts";
import type { Callers } from "./calls/caller.ts";
import { GradualVerdict } from "./calls/gradual_verdict.ts";
import type { Verdict } from "./calls/pending.ts";
import { Survey } from "./queries/survey.ts";
import type { Shard } from "./shard/shard.ts";
import type { Shards } from "./shards.ts";

/** What keys need of the store around them. */
export interface KvParts {
  /** The shards. */
  readonly shards: Shards;
  /** What arguments are checked against. */
  readonly parse: ParseContext;
  /** Who hears of what is refused. */
  readonly callers: Callers;
}

/** Keys over the shards of a store. */
export class EmbeddedKv implements KvStore {
  readonly #shards: Shards;
  readonly #parse: ParseContext;
  readonly #callers: Callers;

  /** Puts the keys of a store together. */
  constructor({ shards, parse, callers }: KvParts) {
    this.#callers = callers;
    this.#shards = shards;
    this.#parse = parse;
  }

  get(key: string, options?: KvOptions): Promise<KvEntry | null> {
    return this.#callers.told(() => {
      const target = parseKvGet(key, options, this.#parse);
      const shard = this.#shards.router.shardOf(target.partitionKey);
      return this.#shards.call<KvEntry | null>(() => {
        const found = findKey(shard.state.flows, target, this.#shards.now());
        const standsOn = [shard.footing(found?.lsn)];
        if (found === undefined) return { standsOn, read: () => null };
        return { standsOn, read: () => readKey(found, sourceOf(shard)) };
      });
    });
  }

  set(key: string, value: unknown, options?: KvSetOptions): Promise<KvRecord> {
    return this.#apply(() => parseKvSet({ key, value }, options, this.#parse), (reply) => {
      invariant(reply.kind === "kv_set", "a key that is set answers what it is now");
      return reply.record;
    });
  }

  delete(key: string, options?: KvDeleteOptions): Promise<boolean> {
    return this.#apply(() => parseKvDelete(key, options, this.#parse), (reply) => {
      invariant(reply.kind === "kv_delete", "a key that is removed answers whether it was there");
      return reply.existed;
    });
  }

  list(prefix: string, options?: KvListOptions): Promise<Page<KvEntry>> {
    return this.#callers.told(() => {
      const query = parseKvList(prefix, options, this.#parse);
      const shard = this.#shards.router.shardOf(query.partitionKey);
      const survey = new Survey({
        ...{ shards: this.#shards, on: [shard] },
        isWorthIt: ({ kv }) => kv.isCrowded(this.#shards.now()),
        begin: ({ kv }) => kv.search(query),
      });
      const list = (): Promise<Page<KvEntry>> =>
        this.#shards.call(() => {
          const { flows } = shard.state;
          const [nowMs, search] = [this.#shards.now(), survey.of(flows)];
          const found = findKeys(flows, query, { nowMs, search });
          const parts = readKeys(found, query.totalBytesMax, sourceOf(shard));
          return new GradualVerdict([shard.footing()], parts);
        });
      return this.#shards.preparation.led(survey, list);
    });
  }

  #apply<T>(parse: () => KvSetCommand | KvDeleteCommand, said: (reply: Reply) => T): Promise<T> {
    return this.#callers.told(() => {
      const command = parse();
      const shard = this.#shards.router.shardOf(command.partitionKey);
      const decide = (): Verdict<T> => {
        const answer = said(this.#shards.apply(command, shard));
        return { standsOn: [shard.footing()], read: () => answer };
      };
      return this.#shards.call(decide, () => [shard]);
    });
  }
}

function sourceOf({ state: { flows: state }, records }: Shard): KeySource {
  return { state, read: (lsn) => records.key(lsn) };
}
