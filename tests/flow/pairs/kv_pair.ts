/**
 * Keys of the store and of the model, side by side.
 *
 * @module
 */

import { FlowError } from "../../../src/errors.ts";
import {
  type AtomicCommands,
  type AtomicResult,
  FlowAtomicError,
  type FlowRecord,
  KV_PARTITION,
  type KvEntry,
  type KvRecord,
} from "../../../src/flow/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import type { CoreStore } from "../core_store.ts";
import type { ModelKey } from "../model/kv.ts";
import type { Model, ModelFlow } from "../model/model.ts";
import { AtomicRefusal, Refusal } from "../model/refusal.ts";
import { atomic } from "../model/whole.ts";
import {
  type FlowChange,
  type KeyChange,
  KEYS,
  KV_PARTITIONS,
  type KvOp,
} from "./kv_operations.ts";
import { STATES } from "./told.ts";

/** A version that no key reaches in a run. */
const NEVER = 1_000_000;

/** The group of children that come about among other things. */
const IN_ATOMIC = {
  groupId: "g",
  wait: "all",
  waitState: "waiting",
  success: "completed",
  failure: "failed",
  onChildFailed: "fail_parent",
  onParentClosed: "cancel_children",
} as const;

/** Compares a flow that was answered. */
export type AssertFlow = (record: FlowRecord, flow: ModelFlow) => void;

/** What the model says that a command shows. */
type Expected = ModelKey | ModelFlow | boolean;

/** A command whose tokens and versions have been looked up. */
interface Quoted {
  /** Says it to the store. */
  collect(tx: AtomicCommands): void;
  /** Does it to the model. */
  perform(): Expected;
}

/** Runs commands about keys on both and compares what they say. */
export class KvPair {
  readonly #store: CoreStore;
  readonly #model: Model;
  readonly #assertFlow: AssertFlow;
  /** The newest version that every key ever had. */
  #newest = new Map<string, number>();

  constructor(store: CoreStore, model: Model, assertFlow: AssertFlow) {
    this.#store = store;
    this.#model = model;
    this.#assertFlow = assertFlow;
  }

  run(op: KvOp): void {
    if (op.op === "kv_list") return this.#list(op);
    if (op.op === "kv") {
      const { change, partitionKey: option } = op;
      const partitionKey = option ?? KV_PARTITION;
      const ifVersion = this.#version(change, partitionKey);
      return this.#compare(
        () => [this.#changeKey(change, { partitionKey: option, ifVersion })],
        () => [this.#modelKey(change, partitionKey, ifVersion)],
      );
    }
    const { partitionKey, changes } = op;
    const quoted = changes.map((change) =>
      "key" in change ? this.#quoteKey(change, partitionKey) : this.#quoteFlow(change, partitionKey)
    );
    this.#compare(
      () =>
        this.#store.atomic(partitionKey, (tx) => {
          for (const { collect } of quoted) collect(tx);
        }),
      () => atomic(this.#model, quoted.map(({ perform }) => perform)),
    );
  }

  /** Remembers what is known of versions. Returns what forgets all that came since. */
  checkpoint(): () => void {
    const newest = new Map(this.#newest);
    return () => this.#newest = newest;
  }

  /** Compares every key that there could be. */
  compareAll(): void {
    const { nowMs, kv } = this.#model;
    for (const option of KV_PARTITIONS) {
      const partitionKey = option ?? KV_PARTITION;
      const { items } = this.#store.kvList("", { partitionKey: option });
      const listed = kv.list({ partitionKey, prefix: "" }, nowMs);
      assertEquals(items.map(showEntry), listed.map(showEntry));
      for (const key of KEYS) {
        const entry = this.#store.kvGet(key, { partitionKey });
        const found = kv.find({ partitionKey, key }, nowMs);
        assertEquals(entry && showEntry(entry), found === undefined ? null : showEntry(found));
      }
    }
    const { kv: index } = this.#store.state;
    assertEquals(index.size, kv.keys.length);
    const ending = kv.keys.filter(({ untilMs }) => untilMs !== null)
      .sort((a, b) => a.untilMs! - b.untilMs! || a.version! - b.version!);
    assertEquals(
      [...index.over(Infinity)].map(({ lsn }) => lsn),
      ending.map(({ version }) => version),
    );
  }

  #list({ partitionKey, prefix, count, rev }: Extract<KvOp, { op: "kv_list" }>): void {
    const entries: KvEntry[] = [];
    let cursor: string | null = null;
    do {
      const page = this.#store.kvList(prefix, { partitionKey, count, rev, cursor });
      assert(page.items.length === count || page.cursor === null);
      entries.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== null);
    const { kv, nowMs } = this.#model;
    const listed = kv.list({ partitionKey: partitionKey ?? KV_PARTITION, prefix, rev }, nowMs);
    assertEquals(entries.map(showEntry), listed.map(showEntry));
  }

  #changeKey(
    change: KeyChange,
    options: { readonly partitionKey: string | undefined; readonly ifVersion: number | undefined },
  ): KvRecord | boolean {
    if (change.change === "delete") return this.#store.kvDelete(change.key, options);
    const { key, value, ttlMs } = change;
    return this.#store.kvSet(key, value, { ...options, ttlMs });
  }

  #modelKey(
    change: KeyChange,
    partitionKey: string,
    ifVersion: number | undefined,
  ): ModelKey | boolean {
    const { kv, nowMs } = this.#model;
    const name = { partitionKey, key: change.key };
    if (change.change === "delete") return kv.delete({ ...name, ifVersion }, nowMs);
    const { value, ttlMs } = change;
    return kv.set({ ...name, value, ttlMs, ifVersion }, nowMs);
  }

  /** The version that somebody quotes who knows all of them. A delete is never about no key. */
  #version({ key, change, ifVersion }: KeyChange, partitionKey: string): number | undefined {
    if (ifVersion === "any" || (change === "delete" && ifVersion === "absent")) return undefined;
    if (ifVersion === "absent") return 0;
    const present = this.#newest.get(`${partitionKey} ${key}`);
    return ifVersion === "current" && present !== undefined ? present : NEVER;
  }

  #quoteKey(change: KeyChange, partitionKey: string): Quoted {
    const ifVersion = this.#version(change, partitionKey);
    return {
      collect: ({ kv }) => {
        if (change.change === "delete") kv.delete(change.key, { ifVersion });
        else kv.set(change.key, change.value, { ttlMs: change.ttlMs, ifVersion });
      },
      perform: () => this.#modelKey(change, partitionKey, ifVersion),
    };
  }

  #quoteFlow(change: FlowChange, partitionKey: string): Quoted {
    const { id } = change;
    const model = this.#model;
    const flow = model.visible().find((flow) =>
      flow.id === id && flow.partitionKey === partitionKey
    );
    const named = { id, partitionKey };
    const fencing = flow?.fencing ?? 0;
    switch (change.change) {
      case "create": {
        const { payload, retentionTtlMs, idempotent } = change;
        const options = { type: "t", payload, retentionTtlMs, idempotent };
        return {
          collect: (tx) => tx.create(id, options),
          perform: () => model.create({ ...named, ...options }),
        };
      }
      case "signal": {
        const { idempotencyKey, transitionTo } = change;
        const ifState = transitionTo === undefined ? undefined : ["running", ...STATES];
        const options = { signal: "s", idempotencyKey, transitionTo, ifState };
        return {
          collect: (tx) => tx.signal(id, options),
          perform: () => model.signal({ ...named, ...options }),
        };
      }
      case "value": {
        const options = { name: "m", override: true };
        return {
          collect: (tx) => tx.valuePut(change.value, { ownerFlowId: id, ...options }),
          perform: () => model.valuePut({ ...named, ...options, value: change.value }),
        };
      }
      case "spawn": {
        const guards = {
          leaseToken: flow?.token ?? undefined,
          fencingToken: change.isCurrent ? fencing : fencing + 1,
        };
        const child = { id: change.childId, type: "t" };
        return {
          collect: (tx) => tx.spawnChildren(id, [child], { ...IN_ATOMIC, ...guards }),
          perform: () =>
            model.family.spawn({ ...named, ...guards, group: IN_ATOMIC, children: [child] }),
        };
      }
      case "cancel":
        return {
          collect: (tx) => tx.cancel({ id }),
          perform: () => model.cancel(named),
        };
      case "transition": {
        const options = {
          from: flow === undefined || flow.owner !== null ? "running" : flow.state,
          to: "b",
          leaseToken: flow?.token ?? undefined,
          fencingToken: change.isCurrent ? fencing : fencing + 1,
        };
        return {
          collect: (tx) => tx.transition(named, options),
          perform: () => model.transition({ ...named, ...options }),
        };
      }
      default: {
        const proof = {
          leaseToken: flow?.token ?? "0-0",
          fencingToken: change.isCurrent ? fencing : fencing + 1,
        };
        return this.#quoteOwner(change.change, named, proof);
      }
    }
  }

  #quoteOwner(
    change: "complete" | "fail" | "retry" | "extend",
    named: { readonly id: string; readonly partitionKey: string },
    proof: { readonly leaseToken: string; readonly fencingToken: number },
  ): Quoted {
    const model = this.#model;
    const runAtMs = model.nowMs + 5;
    const item = { ...named, ...proof };
    switch (change) {
      case "complete":
        return {
          collect: (tx) => tx.complete(named, { ...proof, result: 1 }),
          perform: () => model.complete({ ...item, result: 1 }),
        };
      case "fail":
        return {
          collect: (tx) => tx.fail(named.id, { ...proof, error: "e" }),
          perform: () => model.fail({ ...item, error: "e" }),
        };
      case "retry":
        return {
          collect: (tx) => tx.retry(named, { ...proof, runAtMs }),
          perform: () => model.retry({ ...item, runAtMs }),
        };
      case "extend":
        return {
          collect: (tx) => tx.extendLease(named.id, { ...proof, leaseMs: 20 }),
          perform: () => model.extend(item, 20),
        };
    }
  }

  #compare(store: () => AtomicResult[], model: () => Expected[]): void {
    const { log } = this.#store;
    const length = log.length;
    let results: AtomicResult[] | undefined;
    let refusal: unknown;
    try {
      results = store();
    } catch (error) {
      refusal = error;
      assertEquals(log.length, length);
    }
    let expected: Expected[];
    try {
      expected = this.#model.whole(model);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      assert(refusal instanceof FlowError, `${refusal} should be ${error.code}`);
      assertEquals(refusal.code, error.code);
      if (!(error instanceof AtomicRefusal)) return;
      assert(refusal instanceof FlowAtomicError);
      assertEquals(refusal.index, error.index);
      return;
    }
    assert(results !== undefined, `${refusal}`);
    assertEquals(results.length, expected.length);
    for (const [index, right] of expected.entries()) this.#compareResult(results[index]!, right);
  }

  #compareResult(result: AtomicResult, right: Expected): void {
    if (typeof right === "boolean") return assertEquals(result, right);
    assert(typeof result === "object");
    if ("key" in right) {
      assert("expiresAtMs" in result);
      const name = `${right.partitionKey} ${right.key}`;
      assert(result.version > (this.#newest.get(name) ?? 0), "A version was used before");
      this.#newest.set(name, result.version);
      right.version = result.version;
      assertEquals(showRecord(result), showRecord(right));
    } else if ("digest" in result) assertEquals(result.version, right.named["m"]!.version);
    else this.#assertFlow(result as FlowRecord, right);
  }
}

function showRecord(record: KvRecord | ModelKey): unknown {
  const { key, partitionKey, version, updatedAtMs } = record;
  const untilMs = "untilMs" in record ? record.untilMs : record.expiresAtMs;
  return { key, partitionKey, version, updatedAtMs, untilMs };
}

function showEntry(entry: KvEntry | ModelKey): unknown {
  return [showRecord(entry), entry.value];
}
