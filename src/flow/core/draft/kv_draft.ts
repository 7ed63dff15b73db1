/**
 * What a command in the making does to keys.
 *
 * @module
 */
import type { IndexedKey, KeyIndex } from "../../../index/mod.ts";
import type { KvDelEffect, KvEffect } from "../effect.ts";
import { pairName } from "../pair_name.ts";
import type { WrittenValue } from "../values/value.ts";

/** What keys are changed with. */
export interface KvDraftParts {
  /** The keys before the command. */
  readonly keys: KeyIndex;
  /** The time of the command. */
  readonly nowMs: number;
  /** Adds an effect. Returns the LSN that its record will have. */
  readonly add: (effect: KvEffect | KvDelEffect) => number;
}

/** The keys as they will be after what a command has done so far. */
export class KvDraft {
  readonly #parts: KvDraftParts;
  /** Keys as they were changed, that have no name yet. */
  #changes: IndexedKey[] = [];
  /** The others by name. Made when somebody looks for one: most commands change a key and are done. */
  #byName: Map<string, IndexedKey> | undefined;

  /** Begins a command. */
  constructor(parts: KvDraftParts) {
    this.#parts = parts;
  }

  /** The key with a name, undefined if there is none, or not any more. */
  find(partitionKey: string, key: string): IndexedKey | undefined {
    const { keys, nowMs } = this.#parts;
    const found = this.#changed(partitionKey, key) ?? keys.find(partitionKey, key);
    return found === undefined || isOver(found, nowMs) ? undefined : found;
  }

  /** Gives a key a value. Returns the LSN that says so. */
  set(
    { partitionKey, key, untilMs }: Omit<IndexedKey, "lsn">,
    value: WrittenValue,
  ): number {
    const { add, nowMs: updatedAtMs } = this.#parts;
    const lsn = add({ kind: "kv", partitionKey, key, value, updatedAtMs, untilMs });
    this.#changes.push({ partitionKey, key, lsn, untilMs });
    return lsn;
  }

  /** Removes a key. */
  delete({ partitionKey, key }: Pick<IndexedKey, "partitionKey" | "key">): void {
    this.#parts.add({ kind: "kv_del", partitionKey, key });
    // Like one that has always been over.
    this.#changes.push({ partitionKey, key, lsn: 0, untilMs: 0 });
  }

  #changed(partitionKey: string, key: string): IndexedKey | undefined {
    if (this.#changes.length > 0) {
      const byName = this.#byName ??= new Map();
      for (const change of this.#changes) {
        byName.set(pairName(change.partitionKey, change.key), change);
      }
      this.#changes = [];
    }
    return this.#byName?.get(pairName(partitionKey, key));
  }
}

/** Whether a key reads as absent. */
export function isOver({ untilMs }: Pick<IndexedKey, "untilMs">, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs;
}
