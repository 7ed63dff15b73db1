/**
 * What keys promise, as plainly as it can be said: a list, and a look at all of it.
 *
 * @module
 */

import { Refusal } from "./refusal.ts";

/** A key of the model. */
export interface ModelKey {
  readonly partitionKey: string;
  readonly key: string;
  readonly value: unknown;
  /** Null: not known yet. The model cannot guess it, so it is taken from the store. */
  version: number | null;
  readonly updatedAtMs: number;
  readonly untilMs: number | null;
}

/** Names a key. */
export type ModelKeyName = Pick<ModelKey, "partitionKey" | "key">;

/** A key to set. */
export interface ModelSet extends ModelKeyName {
  readonly value: unknown;
  readonly ttlMs?: number | undefined;
  readonly ifVersion?: number | null | undefined;
}

/** Which keys are listed. */
export interface ModelKeyList {
  readonly partitionKey: string;
  readonly prefix: string;
  readonly rev?: boolean | undefined;
  /** Only what comes behind this key. */
  readonly after?: string | undefined;
}

/** All keys of a store. */
export class KvModel {
  /** Also those that are over, until somebody removes them. */
  keys: ModelKey[] = [];
  readonly #newest = new Map<string, number>();

  find({ partitionKey, key }: ModelKeyName, nowMs: number): ModelKey | undefined {
    return this.visible(nowMs).find((other) =>
      other.key === key && other.partitionKey === partitionKey
    );
  }

  visible(nowMs: number): ModelKey[] {
    return this.keys.filter(({ untilMs }) => untilMs === null || untilMs > nowMs);
  }

  set({ partitionKey, key, value, ttlMs, ifVersion }: ModelSet, nowMs: number): ModelKey {
    this.#require({ partitionKey, key }, ifVersion, nowMs);
    this.keys = this.keys.filter((other) =>
      other.key !== key || other.partitionKey !== partitionKey
    );
    const untilMs = ttlMs === undefined ? null : nowMs + ttlMs;
    const set = { partitionKey, key, value, version: null, updatedAtMs: nowMs, untilMs };
    this.keys.push(set);
    return set;
  }

  /** Whether there was one. */
  delete(name: ModelKeyName & { readonly ifVersion?: number | undefined }, nowMs: number): boolean {
    this.#require(name, name.ifVersion, nowMs);
    const found = this.find(name, nowMs);
    this.keys = this.keys.filter((other) => other !== found);
    return found !== undefined;
  }

  /** The keys in the order of their bytes. */
  list({ partitionKey, prefix, rev, after }: ModelKeyList, nowMs: number): ModelKey[] {
    const isBefore = (a: string, b: string) => rev === true ? hex(a) > hex(b) : hex(a) < hex(b);
    return this.visible(nowMs)
      .filter((other) => other.partitionKey === partitionKey && other.key.startsWith(prefix))
      .filter(({ key }) => after === undefined || isBefore(after, key))
      .sort((a, b) => isBefore(a.key, b.key) ? -1 : 1);
  }

  /** All keys of a partition, also those that are over, in the order of their bytes. */
  sorted(partitionKey: string): ModelKey[] {
    return this.keys.filter((other) => other.partitionKey === partitionKey)
      .sort((a, b) => hex(a.key) < hex(b.key) ? -1 : 1);
  }

  /** Notes the version that the store has given a key. None comes twice. */
  adopt(name: ModelKeyName, version: number): void {
    const packed = JSON.stringify([name.partitionKey, name.key]);
    const newest = this.#newest.get(packed) ?? 0;
    if (version <= newest) throw new Error(`Version ${version} of ${packed} follows ${newest}`);
    this.#newest.set(packed, version);
    const found = this.keys.find((other) =>
      other.key === name.key && other.partitionKey === name.partitionKey
    );
    found!.version = version;
  }

  #require(name: ModelKeyName, ifVersion: number | null | undefined, nowMs: number): void {
    if (ifVersion === undefined) return;
    const found = this.find(name, nowMs);
    const isRight = found === undefined ? (ifVersion ?? 0) === 0 : found.version === ifVersion;
    if (!isRight) throw new Refusal("version_conflict");
  }
}

function hex(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
