/**
 * What was told about keys, in the order in which it was told.
 *
 * @module
 */

import type { KvRecord, Page } from "../../../src/flow/mod.ts";
import { Violation } from "../log_oracle.ts";

/** Holds answers against answers, without the model: the versions of a key only go up. */
export class ReleasedKeys {
  readonly #newest = new Map<string, KvRecord>();

  /** Notes an answer that somebody was given. */
  note(answer: unknown): void {
    for (const record of recordsIn(answer)) this.#noteRecord(record);
  }

  #noteRecord(record: KvRecord): void {
    const { partitionKey, key, version, updatedAtMs } = record;
    const name = JSON.stringify([partitionKey, key]);
    const before = this.#newest.get(name);
    if (before !== undefined && version < before.version) {
      throw new Violation(`${name} is shown in version ${version}, after ${before.version}`);
    }
    if (before?.version === version && before.updatedAtMs !== updatedAtMs) {
      throw new Violation(`Version ${version} of ${name} stands for two values`);
    }
    this.#newest.set(name, record);
  }
}

function recordsIn(answer: unknown): KvRecord[] {
  if (answer === null || typeof answer !== "object") return [];
  if (Array.isArray(answer)) return answer.flatMap(recordsIn);
  if ("items" in answer) return (answer as Page<unknown>).items.flatMap(recordsIn);
  return "key" in answer ? [answer as KvRecord] : [];
}
