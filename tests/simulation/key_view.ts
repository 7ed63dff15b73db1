/**
 * What an answer shows of a key and what the model would show, as the same plain data.
 *
 * @module
 */

import type { KvEntry, KvRecord } from "../../src/flow/mod.ts";
import type { ModelKey } from "../flow/model/kv.ts";

/** A key of the store. */
export function showRecordOfKey(record: KvRecord | KvEntry): unknown {
  const { key, partitionKey, version, updatedAtMs, expiresAtMs } = record;
  const value = "value" in record ? [record.value] : [];
  return [key, partitionKey, version, updatedAtMs, expiresAtMs, ...value];
}

/** A key of the model, in the words of the store. */
export function showKey({ untilMs, value, version, ...name }: ModelKey): unknown {
  return showRecordOfKey({ ...name, version: version!, expiresAtMs: untilMs, value });
}

/** What is told of a key that was set, or removed. */
export function showChanged(changed: ModelKey | boolean): unknown {
  if (typeof changed === "boolean") return changed;
  const { untilMs, version, key, partitionKey, updatedAtMs } = changed;
  return showRecordOfKey({
    key,
    partitionKey,
    version: version!,
    updatedAtMs,
    expiresAtMs: untilMs,
  });
}
