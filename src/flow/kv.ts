/**
 * Keys and values beside the flows, on the same disk and in the same order.
 *
 * @module
 */
import type { CommandOptions } from "./commands.ts";
import type { Page } from "./queries.ts";

/** The partition of keys that nobody gave one. */
export const KV_PARTITION = "__kv__";

/** Options that say where a key is. */
export interface KvOptions {
  /**
   * The partition. The same key in another partition is another key. Default: `"__kv__"`, one for
   * all that say nothing.
   */
  readonly partitionKey?: string | undefined;
}

/** Options of `kv.set`. */
export interface KvSetOptions extends KvOptions, CommandOptions {
  /** How long the key can be read, in milliseconds. Default: for ever, also if it was set with a time before. */
  readonly ttlMs?: number | undefined;
  /**
   * Refuse with `version_conflict` unless the key has this version; null or 0: unless there is no
   * such key. Default: whatever is there.
   */
  readonly ifVersion?: number | null | undefined;
}

/** Options of `kv.delete`. */
export interface KvDeleteOptions extends KvOptions, CommandOptions {
  /** Refuse with `version_conflict` unless the key has this version. Default: whatever is there. */
  readonly ifVersion?: number | undefined;
}

/** Options of `kv.list`. */
export interface KvListOptions extends KvOptions {
  /** The most keys of one page, 1 to 10,000. Default 100. */
  readonly count?: number | undefined;
  /** Where the last page ended; null or absent: the first page. */
  readonly cursor?: string | null | undefined;
  /** The last key first. Default false. */
  readonly rev?: boolean | undefined;
}

/** A key as it was set. */
export interface KvRecord {
  /** The key, unique within the partition. */
  readonly key: string;
  /** The partition. */
  readonly partitionKey: string;
  /**
   * Another one with every `set`, and a greater one. In a store no key ever has the same version again,
   * not even after it was deleted: who holds a version knows what it stands for. A store that was
   * restored goes on with versions that the one which was copied never gives away.
   */
  readonly version: number;
  /** When the key was set, in milliseconds since 1970. */
  readonly updatedAtMs: number;
  /** From when on the key reads as absent, in milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
}

/** A key and its value. */
export interface KvEntry extends KvRecord {
  /** Any JSON value, or bytes. */
  readonly value: unknown;
}

/**
 * Values by key. A key belongs to a partition and has one value; what was acknowledged survives what
 * flows survive. To change keys and flows together, or several keys, use `atomic()`.
 *
 * A key is text of 1 to 4,096 bytes, its value any JSON value or a `Uint8Array` of up to 1 MiB. Keys
 * are kept in memory, values are not.
 *
 * @example
 * ```ts
 * import { openStore } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * const { version } = await store.kv.set("user/1/name", "Ada");
 * await store.kv.set("user/1/name", "Grace", { ifVersion: version });
 * await store.kv.set("user/1/session", { open: true }, { ttlMs: 60_000 });
 *
 * const entry = await store.kv.get("user/1/name");
 * console.log(entry?.value); // "Grace"
 * const { items, cursor } = await store.kv.list("user/1/", { count: 10 });
 * console.log(items.map(({ key }) => key), cursor); // ["user/1/name", "user/1/session"] null
 * console.log(await store.kv.delete("user/1/name")); // true
 * ```
 */
export interface KvStore {
  /** Reads a key; null if there is none, or not any more. */
  get(key: string, options?: KvOptions): Promise<KvEntry | null>;
  /**
   * Gives a key a value, any JSON value or bytes, in place of what it had. Rejects with
   * `version_conflict` if `ifVersion` says another version, with `too_large` if key or value have too
   * many bytes.
   */
  set(key: string, value: unknown, options?: KvSetOptions): Promise<KvRecord>;
  /** Removes a key. Resolves to whether there was one. */
  delete(key: string, options?: KvDeleteOptions): Promise<boolean>;
  /**
   * Reads the keys of a partition that begin with a text, ordered as bytes; an empty text: all of
   * them. A page holds up to `count` keys, and ends earlier when its values exceed 1 MiB
   * (`limits.claimBytesMax`), but not before the first. A cursor stands behind the last key of its
   * page, whatever happens to keys meanwhile: what was there all the time is seen once.
   */
  list(prefix: string, options?: KvListOptions): Promise<Page<KvEntry>>;
}
