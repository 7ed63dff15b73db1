/**
 * Whether the keys that a shard has in memory are those of the model.
 *
 * @module
 */

import type { StoredRecords } from "../../src/engine/shard/stored_records.ts";
import { type FlowState, readKey } from "../../src/flow/core/mod.ts";
import type { IndexedKey } from "../../src/index/mod.ts";
import type { ModelKey } from "../flow/model/kv.ts";
import type { Model } from "../flow/model/model.ts";
import type { Shown } from "./flow_view.ts";
import { showKey, showRecordOfKey } from "./key_view.ts";

/** What the index of keys says: every key by its place, and those that end by their end. */
export function showIndex({ kv }: FlowState, model: Model): Shown {
  const walked = partitionsOf(model).flatMap((partitionKey) => [
    ...kv.walk(partitionKey, { prefix: "", after: null, rev: false }),
  ]);
  const back = partitionsOf(model).flatMap((partitionKey) => [
    ...kv.walk(partitionKey, { prefix: "", after: null, rev: true }),
  ]);
  const found = walked.map(({ partitionKey, key }) => kv.find(partitionKey, key));
  return { size: kv.size, walked, back, found, ending: [...kv.over(Infinity)] };
}

/** The same of the model. */
export function showModelIndex(model: Model): Shown {
  const walked = sorted(model);
  const back = partitionsOf(model).flatMap((partitionKey) =>
    model.kv.sorted(partitionKey).reverse()
  );
  const ending = model.kv.keys.filter(({ untilMs }) => untilMs !== null)
    .sort((a, b) => a.untilMs! - b.untilMs! || a.version! - b.version!);
  const keys = walked.map(asIndexed);
  return {
    size: model.kv.keys.length,
    walked: keys,
    back: back.map(asIndexed),
    found: keys,
    ending: ending.map(asIndexed),
  };
}

/** Every key with its value, as the log has it. */
export function showStored(state: FlowState, records: StoredRecords, model: Model): Shown {
  const source = { state, read: (lsn: number) => records.key(lsn) };
  return sorted(model).map(({ partitionKey, key }) =>
    showRecordOfKey(readKey(state.kv.find(partitionKey, key)!, source))
  );
}

/** The same of the model. */
export function showModelStored(model: Model): Shown {
  return sorted(model).map(showKey);
}

function partitionsOf({ kv }: Model): string[] {
  return [...new Set(kv.keys.map(({ partitionKey }) => partitionKey))].sort();
}

function sorted(model: Model): ModelKey[] {
  return partitionsOf(model).flatMap((partitionKey) => model.kv.sorted(partitionKey));
}

function asIndexed({ partitionKey, key, version, untilMs }: ModelKey): IndexedKey {
  return { partitionKey, key, lsn: version!, untilMs };
}
