/**
 * What a command in the making does to keys.
 *
 * @module
 */
import type { IndexedKey, KeyIndex } from "../../index/mod.ts";
import type { KvDelEffect, KvEffect } from "./effect.ts";
import { pairName } from "./pair_name.ts";
import type { WrittenValue } from "./value.ts";

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
  /** Keys that were changed, null: removed. */
  readonly #changed = new Map<string, IndexedKey | null>();

  /** Begins a command. */
  constructor(parts: KvDraftParts) {
    this.#parts = parts;
  }

  /** The key with a name, undefined if there is none, or not any more. */
  find(partitionKey: string, key: string): IndexedKey | undefined {
    const { keys, nowMs } = this.#parts;
    const changed = this.#changed.get(pairName(partitionKey, key));
    const found = changed === undefined ? keys.find(partitionKey, key) : changed;
    return found === null || found === undefined || isOver(found, nowMs) ? undefined : found;
  }

  /** Gives a key a value. Returns its version. */
  set(
    { partitionKey, key, untilMs }: Omit<IndexedKey, "lsn">,
    value: WrittenValue,
  ): number {
    const { add, nowMs: updatedAtMs } = this.#parts;
    const lsn = add({ kind: "kv", partitionKey, key, value, updatedAtMs, untilMs });
    this.#changed.set(pairName(partitionKey, key), { partitionKey, key, lsn, untilMs });
    return lsn;
  }

  /** Removes a key. */
  delete({ partitionKey, key }: Pick<IndexedKey, "partitionKey" | "key">): void {
    this.#parts.add({ kind: "kv_del", partitionKey, key });
    this.#changed.set(pairName(partitionKey, key), null);
  }
}

/** Whether a key reads as absent. */
export function isOver({ untilMs }: Pick<IndexedKey, "untilMs">, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs;
}
