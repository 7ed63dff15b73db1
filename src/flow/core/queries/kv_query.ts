/**
 * Reading keys without changing anything.
 *
 * @module
 */
import type { IndexedKey, KeySearch } from "../../../index/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { KvEntry, Page } from "../../mod.ts";
import { isOver } from "../draft/kv_draft.ts";
import type { KvEffect } from "../effect.ts";
import type { KvTarget } from "../kv_command.ts";
import type { FlowState } from "../state.ts";
import type { Value } from "../values/value.ts";
import { decodeValue } from "../values/value_codec.ts";
import { formatKeyCursor } from "./cursor.ts";
import type { Parts } from "./parts.ts";

/** `kv.list`. */
export interface KvListQuery {
  /** The partition. */
  readonly partitionKey: string;
  /** What the keys begin with. */
  readonly prefix: string;
  /** How many keys at most. */
  readonly count: number;
  /** The key that the last page ended with; null: the first page. */
  readonly after: string | null;
  /** Whether the last key comes first. */
  readonly rev: boolean;
  /** So many bytes of values in all, but for the first. */
  readonly totalBytesMax: number;
}

/** The record of a key, with all bytes of its value. */
export interface StoredKey extends Omit<KvEffect, "kind" | "value"> {
  /** The value. */
  readonly value: Value;
}

/** Reads the record of a key by its LSN. It is there: memory says so. */
export type ReadKey = (lsn: number) => StoredKey;

/** What a key is shown with. */
export interface KeySource {
  /** The state that it was found in. */
  readonly state: Pick<FlowState, "versions">;
  /** Reads its record. */
  readonly read: ReadKey;
}

/** Keys of a page, before anybody has looked at their values. */
export interface FoundKeys {
  /** The keys, in order. */
  readonly keys: readonly IndexedKey[];
  /** Whether there are more. */
  readonly more: boolean;
}

/** The key that a target names, undefined if there is none, or not any more. */
export function findKey(
  { kv }: FlowState,
  { partitionKey, key }: KvTarget,
  nowMs: number,
): IndexedKey | undefined {
  const found = kv.find(partitionKey, key);
  return found === undefined || isOver(found, nowMs) ? undefined : found;
}

/**
 * The keys of a page.
 *
 * @param search What has been looked at before, and is over now. Default: nothing.
 */
export function findKeys(
  { kv }: FlowState,
  query: KvListQuery,
  { nowMs, search }: { readonly nowMs: number; readonly search?: KeySearch | undefined },
): FoundKeys {
  const keys: IndexedKey[] = [];
  const walk = search?.found(nowMs) ?? kv.walk(query.partitionKey, { ...query, nowMs });
  for (const key of walk) {
    if (keys.length === query.count) return { keys, more: true };
    keys.push(key);
  }
  return { keys, more: false };
}

/** A key with its value. */
export function readKey(
  { partitionKey, key, lsn, untilMs }: IndexedKey,
  { state, read }: KeySource,
): KvEntry {
  const stored = read(lsn);
  const isRight = stored.key === key && stored.partitionKey === partitionKey;
  invariant(isRight, `the record with LSN ${lsn} belongs to another key`);
  const { value, updatedAtMs } = stored;
  return {
    key,
    partitionKey,
    value: decodeValue(value),
    version: state.versions.of(lsn),
    updatedAtMs,
    expiresAtMs: untilMs,
  };
}

/**
 * A page of keys with their values, one at a time. It ends where the values become too many bytes.
 */
export function* readKeys(
  { keys, more }: FoundKeys,
  totalBytesMax: number,
  { state, read }: KeySource,
): Parts<Page<KvEntry>> {
  const items: KvEntry[] = [];
  let leftBytes = totalBytesMax;
  const measured: ReadKey = (lsn) => {
    const stored = read(lsn);
    leftBytes -= stored.value.bytes.length;
    return stored;
  };
  for (const key of keys) {
    const entry = readKey(key, { state, read: measured });
    if (leftBytes < 0 && items.length > 0) break;
    items.push(entry);
    yield;
  }
  const last = items.at(-1);
  const isCut = more || items.length < keys.length;
  return { items, cursor: isCut && last !== undefined ? formatKeyCursor(last.key) : null };
}
