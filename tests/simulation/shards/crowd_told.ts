/**
 * What the callers of a crowd were told, whatever became of the process that told it.
 *
 * @module
 */

import type { Store } from "../../../src/engine/mod.ts";
import type { FlowRecord, FlowStore, KvEntry, KvRecord } from "../../../src/flow/mod.ts";
import { assertEquals } from "../../assert.ts";
import { nameOf } from "../engine/journal.ts";
import { showRecord } from "../flow_view.ts";
import { Violation } from "../log_oracle.ts";
import { LEDGER, ledgerSum } from "./crowd_keys.ts";

/** What a store is asked. */
type Asked = FlowStore & Pick<Store, "kv">;

/** Remembers what was told, and looks whether it is there. */
export class CrowdTold {
  /** The newest of every flow. */
  #flows = new Map<string, FlowRecord>();
  /** The newest version of every key that is never removed. */
  #keys = new Map<string, KvRecord>();
  /** Every claim, also those of stores that are given up: no number is given away twice. */
  readonly #claims = new Set<string>();

  /** The newest of every flow. */
  get flows(): readonly FlowRecord[] {
    return [...this.#flows.values()];
  }

  /** Takes an answer in. */
  hear(value: unknown): void {
    for (const record of recordsIn(value)) {
      const before = this.#flows.get(nameOf(record));
      if (before === undefined || before.version <= record.version) {
        this.#flows.set(nameOf(record), record);
      }
    }
    for (const key of keysIn(value)) {
      const before = this.#keys.get(key.key);
      if (before === undefined || before.version < key.version) this.#keys.set(key.key, key);
    }
  }

  /** Takes in that flows were claimed. */
  hearClaim(flows: readonly FlowRecord[]): void {
    for (const flow of flows) {
      const claim = `${nameOf(flow)} under fencing number ${flow.fencingToken}`;
      if (this.#claims.has(claim)) throw new Violation(`${claim} is claimed twice`);
      this.#claims.add(claim);
    }
  }

  /** Remembers what there is. Returns what forgets all flows and keys that came since. */
  checkpoint(): () => void {
    const [flows, keys] = [new Map(this.#flows), new Map(this.#keys)];
    return () => {
      this.#flows = flows;
      this.#keys = keys;
    };
  }

  /** Looks for everything in a store that `answer` waits for. */
  async check(store: Asked, answer: <T>(asked: Promise<T>) => Promise<T>): Promise<void> {
    for (const [name, record] of this.#flows) {
      checkFlow(name, record, await answer(store.get(record)));
    }
    for (const [key, { version, partitionKey }] of this.#keys) {
      const found = await answer(store.kv.get(key, { partitionKey }));
      if (found === null || found.version < version) {
        throw new Violation(`"${key}" was told in version ${version}, and is ${found?.version}`);
      }
    }
    const { items } = await answer(store.kv.list("", LEDGER));
    if (ledgerSum(items) !== 0) throw new Violation("Half of an atomic() is there");
  }
}

function checkFlow(name: string, record: FlowRecord, flow: FlowRecord | null): void {
  if (flow === null || nameOf(flow) !== name || flow.version < record.version) {
    throw new Violation(`${name} was told in version ${record.version}, and is ${flow?.version}`);
  }
  if (flow.version !== record.version) return;
  // A flow that is taken into a group has not changed otherwise.
  const { parentPartitionKey, parentGroupId } = record.parentGroupId === null ? flow : record;
  const expected = { ...record, parentPartitionKey, parentGroupId };
  assertEquals(showRecord(flow), showRecord(expected));
}

function recordsIn(value: unknown): FlowRecord[] {
  if (Array.isArray(value)) return value.flatMap(recordsIn);
  if (value === null || typeof value !== "object") return [];
  if ("ok" in value) return "record" in value ? [value.record as FlowRecord] : [];
  return "fencingToken" in value ? [value as FlowRecord] : [];
}

function keysIn(value: unknown): KvRecord[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (value === null || typeof value !== "object" || !("expiresAtMs" in value)) return [];
  const key = value as KvEntry;
  return key.expiresAtMs === null ? [key] : [];
}
