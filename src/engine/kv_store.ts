/**
 * The keys of the store in this process.
 *
 * @module
 */
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
import {
  findKey,
  findKeys,
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
import { invariant } from "../invariant.ts";
import type { Shard } from "./shard.ts";

/** What keys need of the store around them. */
export interface KvParts {
  /** The shard that a partition belongs to. */
  readonly shardOf: (partitionKey: string) => Shard;
  /** What arguments are checked against. */
  readonly parse: ParseContext;
}

/** Keys over the shards of a store. */
export class EmbeddedKv implements KvStore {
  readonly #shardOf: KvParts["shardOf"];
  readonly #parse: ParseContext;

  /** Puts the keys of a store together. */
  constructor({ shardOf, parse }: KvParts) {
    this.#shardOf = shardOf;
    this.#parse = parse;
  }

  async get(key: string, options?: KvOptions): Promise<KvEntry | null> {
    const target = parseKvGet(key, options, this.#parse);
    const shard = this.#shardOf(target.partitionKey);
    return await shard.call(() => {
      const found = findKey(shard.state.flows, target, shard.now());
      if (found === undefined) return { waitLsn: shard.headLsn, read: () => null };
      return { waitLsn: found.lsn, read: () => readKey(found, (lsn) => shard.records.key(lsn)) };
    });
  }

  async set(key: string, value: unknown, options?: KvSetOptions): Promise<KvRecord> {
    return await this.#apply(parseKvSet({ key, value }, options, this.#parse), (reply) => {
      invariant(reply.kind === "kv_set", "a key that is set answers what it is now");
      return reply.record;
    });
  }

  async delete(key: string, options?: KvDeleteOptions): Promise<boolean> {
    return await this.#apply(parseKvDelete(key, options, this.#parse), (reply) => {
      invariant(reply.kind === "kv_delete", "a key that is removed answers whether it was there");
      return reply.existed;
    });
  }

  async list(prefix: string, options?: KvListOptions): Promise<Page<KvEntry>> {
    const query = parseKvList(prefix, options, this.#parse);
    const shard = this.#shardOf(query.partitionKey);
    return await shard.call(() => {
      const found = findKeys(shard.state.flows, query, shard.now());
      const read = (): Page<KvEntry> =>
        readKeys(found, query.totalBytesMax, (lsn) => shard.records.key(lsn));
      return { waitLsn: shard.headLsn, read };
    });
  }

  #apply<T>(command: KvSetCommand | KvDeleteCommand, said: (reply: Reply) => T): Promise<T> {
    const shard = this.#shardOf(command.partitionKey);
    return shard.call(() => {
      const answer = said(shard.apply(command));
      return { waitLsn: shard.headLsn, read: () => answer };
    });
  }
}
