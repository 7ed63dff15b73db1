/**
 * A store that has lived through everything that there is, and what can be seen of it.
 *
 * @module
 */

import type { FlowRecord, Store } from "../../mod.ts";
import type { Directory } from "../../src/files/mod.ts";
import { type MemoryStore, memoryStore } from "../../src/testing/mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { partitionsOf } from "../engine/partitions.ts";

const SHARDS = 3;
/** One of each shard. */
const [P = "", Q = "", R = ""] = partitionsOf(SHARDS);
const TYPES: readonly string[] = ["order", "parcel", "item"];

/** What events() shows of the flow that is removed. */
const EVENTS_OF_GONE = 2;

const LIMITS = {
  // So small that a family of a few flows closes bit by bit, and values stand in parts.
  ...{ commandBytesMax: 8_000, valueInlineBytesMax: 6_000, segmentBytesMax: 65_536 },
  ballastBytes: 0,
};

/** Opens a store whose time and chance are the same whenever this is called. */
export async function openGolden(files: Directory, startMs?: number): Promise<MemoryStore> {
  const time = manualTime(startMs === undefined ? { seed: 7 } : { seed: 8, startMs });
  const merge = { auto: false };
  return await memoryStore({ files, time, shards: SHARDS, limits: LIMITS, merge });
}

/** Lets a store live through everything, with an opening in between. */
export async function liveGolden(files: Directory): Promise<void> {
  const first = await openGolden(files);
  await first.policySet("order", {
    retry: { maxRetries: 1, backoff: { kind: "fixed", baseMs: 10 }, exhaustedTo: "failed" },
    retention: { historyMaxEvents: 50 },
  });
  await first.policySet("parcel", { maxReclaims: 0 });
  await work(first);
  await first.advance(1_000);
  await keysAndValues(first);
  await first.advance(1_000);
  const second = await first.reopen();
  await families(second);
  await second.advance(1_000);
  await last(second);
  await second.close();
}

/** Merges a store that has lived, and lets it live on. */
export async function mergeGolden(files: Directory, startMs: number): Promise<void> {
  const store = await openGolden(files, startMs);
  await store.compact();
  await store.create("after", { type: "order", partitionKey: P, payload: "merge" });
  await store.kv.set("after", "merge", { partitionKey: R });
  await store.close();
}

async function work(store: MemoryStore): Promise<void> {
  await store.create("paid", {
    ...{
      type: "order",
      partitionKey: P,
      payload: { n: 1, s: "\u00e9\u20ac\u{1F600}" },
      priority: 2,
    },
    ...{ attributes: { tenant: "t1", vip: true }, correlationId: "c-1" },
  });
  await store.create("raw", {
    type: "order",
    partitionKey: Q,
    payload: new Uint8Array([0, 1, 255]),
  });
  await store.create("later", { type: "order", partitionKey: R, runAtMs: 1_800_000_000_000 });
  await store.create("gone", { type: "order", partitionKey: P, retentionTtlMs: 10, payload: 7 });
  await store.cancel({ id: "gone", partitionKey: P }, { fencingToken: 0 });
  let paid = await claim(store, "paid", P);
  paid = await store.extendLease(paid, { ...proof(paid), leaseMs: 60_000 });
  await store.transition(paid, {
    ...{ ...proof(paid), from: "running", to: "packing", payload: [1, 2] },
    values: { note: "fragile", count: 3 },
  });
  await store.signal({ id: "paid", partitionKey: P }, {
    ...{ signal: "address", idempotencyKey: "a-1", values: { address: { street: "x" } } },
  });
  for (const _ of ["scheduled", "exhausted"]) {
    const raw = await claim(store, "raw", Q);
    await store.retry(raw, { ...proof(raw), error: { why: "down" } });
    await store.advance(20);
  }
  await store.create("lost", { type: "order", partitionKey: Q });
  await claim(store, "lost", Q, 10);
  await store.advance(20);
  const [lost] = await store.reclaim("order", { worker: "w2", limit: 1 });
  assertEquals(lost?.id, "lost");
  await store.complete(lost!, { ...proof(lost!), result: { ok: true } });
  await store.create("brittle", { type: "parcel", partitionKey: R });
  await store.claimDue("parcel", { worker: "w", leaseMs: 10 });
  await store.advance(20);
  assertEquals(await store.reclaim("parcel", { worker: "w2" }), []);
  const history = await store.history({ id: "lost", partitionKey: Q });
  const [created] = history;
  await store.rewind({ id: "lost", partitionKey: Q }, { toEvent: created!.eventId });
}

async function keysAndValues(store: MemoryStore): Promise<void> {
  await store.valuePut("x".repeat(50), { ownerFlowId: "later", partitionKey: R, name: "label" });
  const { ref } = await store.valuePut({ shared: true });
  await store.create("linked", { type: "order", partitionKey: R, payloadRef: ref });
  // Zeros are no rows in the golden file.
  await store.create("large", { type: "order", partitionKey: P, payload: new Uint8Array(40_000) });
  await store.create("larger", { type: "order", partitionKey: P, payload: new Uint8Array(40_000) });
  await store.kv.set("name", { first: "a" }, { partitionKey: P });
  await store.kv.set("short", 1, { partitionKey: P, ttlMs: 600_000 });
  await store.kv.set("bytes", new Uint8Array(7_000), { partitionKey: Q });
  await store.kv.set("dropped", 1, { partitionKey: Q });
  await store.kv.delete("dropped", { partitionKey: Q });
  await store.atomic(P, (tx) => {
    tx.kv.set("name", "b");
    tx.create("together", { type: "order" });
  });
}

async function families(store: MemoryStore): Promise<void> {
  const group = { waitState: "waiting", success: "done", failure: "broken", type: "item" };
  const parent = await store.create("trip", { type: "parcel", partitionKey: P });
  const at = [P, Q, R].map((partitionKey, place) => (
    { id: `item${place}`, partitionKey, payload: place, values: { place } }
  ));
  await store.spawnChildren(parent, at, {
    ...{ ...group, groupId: "items", onChildFailed: "ignore", fencingToken: 0 },
  });
  const [one, two, three] = await store.claimDue("item", { worker: "w", limit: 3 });
  await store.complete(one!, { ...proof(one!), result: "r" });
  await store.fail(two!, { ...proof(two!), error: "e" });
  await store.cancel(three!, proof(three!));
  const big = await store.create("fleet", { type: "parcel", partitionKey: Q });
  const many = Array.from({ length: 10 }, (_, place) => ({ id: `car${place}`, partitionKey: Q }));
  await store.spawnChildren(big, many, {
    ...{ ...group, groupId: "cars", fencingToken: 0 },
  });
  await store.cancel(big, { fencingToken: 0 });
  const open = await store.create("open", { type: "parcel", partitionKey: R });
  await store.spawnChildren(open, [{ id: "child", partitionKey: P }], {
    ...{ ...group, groupId: "g", wait: "any", onParentClosed: "abandon_children", fencingToken: 0 },
  });
  // Groups that are decided while their parents are elsewhere; one of these comes back.
  for (const id of ["returning", "straying"]) {
    const parent = await store.create(id, { type: "parcel", partitionKey: Q });
    const child = { id: `${id}:child`, partitionKey: Q };
    await store.spawnChildren(parent, [child], { ...group, groupId: "g", fencingToken: 0 });
    await store.transition(parent, { from: "waiting", to: "late", fencingToken: 0 });
    await store.cancel(child);
    if (id === "straying") continue;
    const back = { from: "late", to: "waiting", runAtMs: null, fencingToken: 0 };
    assertEquals((await store.transition(parent, back)).state, "broken");
  }
}

async function last(store: MemoryStore): Promise<void> {
  const { flows } = await store.retentionCleanup();
  assertEquals(flows, 1);
  const paid = await claim(store, "paid", P, 3_600_000);
  assert(paid.leaseToken !== null);
}

async function claim(
  store: Store,
  id: string,
  partitionKey: string,
  leaseMs = 30_000,
): Promise<FlowRecord> {
  const options = { worker: "w", partitionKey, leaseMs, limit: 1 };
  const [flow] = await store.claimDue("order", options);
  assertEquals(flow?.id, id);
  return flow!;
}

function proof({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken: leaseToken!, fencingToken };
}

/**
 * Everything that can be seen of a store, as JSON can hold it.
 *
 * @param hasEvents Whether `events()` still has all of them. What was merged has none.
 */
export async function seenOf(store: Store, hasEvents = true): Promise<unknown> {
  const flows: unknown[] = [];
  let eventCount = EVENTS_OF_GONE;
  for (const type of TYPES) {
    flows.push({ type, info: await store.info(type), policy: await store.policyGet(type) });
    for (const { id, partitionKey } of await store.list(type, { count: 100 })) {
      const flow = { id, partitionKey };
      const history = await store.history(flow, { values: true });
      eventCount += history.length;
      flows.push({
        record: await store.get(flow, { payload: true, values: true }),
        history,
        children: (await store.byParent(id, { count: 100 })).map((child) => child.id),
      });
    }
  }
  const keys: unknown[] = [];
  for (const partitionKey of [P, Q, R]) {
    keys.push((await store.kv.list("", { partitionKey, count: 100 })).items);
  }
  const events: unknown[] = [];
  for await (const event of hasEvents ? store.events({ from: "start" }) : []) {
    events.push(event);
    if (events.length === eventCount) break;
  }
  return plain({ flows, keys, events });
}

/** Bytes become texts, and what is undefined goes. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, member) => {
    if (!(member instanceof Uint8Array)) return member;
    return member.length > 100 ? `${member.length} bytes` : `bytes ${member.toString()}`;
  });
  return JSON.parse(text);
}
