import {
  FlowBatchError,
  FlowError,
  type FlowRecord,
  isFlowError,
  openStore,
  type Store,
} from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { valuePlace } from "../../src/flow/core/mod.ts";
import { eachPage } from "../../src/testing/conformance/pages.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf, shardMap } from "./partitions.ts";

const SHARDS = 3;

const MAP = shardMap(SHARDS);
const PARTITIONS: readonly string[] = partitionsOf(SHARDS);
const [P0, P1, P2] = PARTITIONS as readonly [string, string, string];

function opened(options: object = {}): Promise<Store> {
  return openStore({ dir: ":memory:", shards: SHARDS, time: manualTime(), ...options });
}

function idsOf(flows: readonly FlowRecord[]): string[] {
  return flows.map(({ id }) => id);
}

test("ShardMap spreads partitions over all shards, and the same way for ever", () => {
  const counts = [0, 0, 0];
  for (let index = 0; index < 3_000; index++) counts[MAP.shardOf(`tenant-${index}`)]! += 1;
  assert(counts.every((count) => count > 800), String(counts));
  const automatic = new Set(
    Array.from({ length: 256 }, (_, index) => MAP.shardOf(`__flow_auto__:${index}`)),
  );
  assertEquals(automatic.size, SHARDS);
  // A store that was written is read by this, so it may never change.
  assertEquals(["", "p0", "tenant:7", "ü"].map((key) => MAP.shardOf(key)), [0, 2, 0, 1]);
});

test("openStore() keeps the number of shards that a store was created with", async () => {
  const files = memoryDirectory();
  await (await openStore({ files, shards: SHARDS })).close();
  await (await openStore({ files })).close();
  await (await openStore({ files, shards: SHARDS })).close();
  const error = await assertRejects(() => openStore({ files, shards: 2 }), FlowError);
  assertEquals([error.code, error.details.field], ["invalid_argument", "shards"]);
  assertStringIncludes(error.message, "shards is 2, but the store was created with 3");
  await (await openStore({ files })).close();
});

test("a command that names its time finds the flow that is there then", async () => {
  await using store = await opened();
  for (const [partitionKey, retentionTtlMs] of [[P0, 1], [P2, 5_000]] as const) {
    await store.create("twin", { type: "t", partitionKey, retentionTtlMs });
  }
  const { updatedAtMs } = await store.cancel({ id: "twin", partitionKey: P0 });
  const nowMs = updatedAtMs + 1;
  assertEquals((await store.cancel("twin", { nowMs })).partitionKey, P2);
  // The same of many at once.
  await store.create("other", { type: "t", partitionKey: P0, retentionTtlMs: 1 });
  await store.create("other", { type: "t", partitionKey: P2 });
  await store.cancel({ id: "other", partitionKey: P0 });
  const [cancelled] = await store.cancelMany([{ id: "other" }], { nowMs: nowMs + 1 });
  assertEquals(cancelled?.partitionKey, P2);
});

test("a flow is found by its id in whatever shard it is", async () => {
  await using store = await opened();
  for (const partitionKey of PARTITIONS) {
    await store.create(`of-${partitionKey}`, { type: "t", partitionKey, payload: partitionKey });
  }
  for (const partitionKey of PARTITIONS) {
    const flow = await store.get(`of-${partitionKey}`, { payload: true });
    assertEquals([flow?.partitionKey, flow?.payload], [partitionKey, partitionKey]);
    assertEquals((await store.history(`of-${partitionKey}`)).length, 1);
    assertEquals((await store.cancel(`of-${partitionKey}`)).state, "cancelled");
  }
  assertEquals(await store.get("nowhere"), null);
  assertEquals(await store.history("nowhere"), []);
  const error = await assertRejects(() => store.cancel("nowhere"), FlowError);
  assertEquals(error.code, "not_found");
});

test("a bare id that stands in two shards is refused, with both partitions", async () => {
  await using store = await opened();
  await store.create("a", { type: "t", partitionKey: P1 });
  await store.create("a", { type: "t", partitionKey: P2 });
  for (const call of [() => store.get("a"), () => store.history("a"), () => store.cancel("a")]) {
    const error = await assertRejects(call, FlowError);
    assertEquals([error.code, error.details["partitionKeys"]], [
      "invalid_argument",
      [P1, P2].sort(),
    ]);
  }
  const batch = await store.cancelMany([{ id: "a" }, { id: "a", partitionKey: P2 }], {
    independent: true,
  });
  assertEquals(batch.map(({ ok }) => ok), [false, true]);
});

test("claimDue() takes from all shards in one order", async () => {
  const time = manualTime();
  await using store = await opened({ time });
  const plan = [
    ["d", P0, 0, 30],
    ["a", P1, 0, 10],
    ["c", P2, 0, 20],
    ["b", P0, 0, 10],
    ["z", P1, 2, 40],
  ] as const;
  const startMs = time.clock.wallMs();
  for (const [id, partitionKey, priority, afterMs] of plan) {
    await store.create(id, { type: "t", partitionKey, priority, runAtMs: startMs + afterMs });
  }
  time.tick(100);
  assertEquals(idsOf(await store.claimDue("t", { worker: "w", limit: 3 })), ["z", "a", "b"]);
  assertEquals(idsOf(await store.claimDue("t", { worker: "w", limit: 3 })), ["c", "d"]);
  time.tick(60_000);
  assertEquals(
    idsOf(await store.reclaim("t", { worker: "w", limit: 10, partitionKeys: [P0, P1] })),
    ["z", "a", "b", "d"],
  );
});

test("claimDue() waits on all shards, and whoever waits longest is served first", async () => {
  await using store = await opened();
  const first = store.claimDue("t", { worker: "w1", blockMs: 0 });
  const second = store.claimDue("t", { worker: "w2", blockMs: 0 });
  const third = store.claimDue("t", { worker: "w3", blockMs: 0, partitionKey: P1 });
  await store.create("b", { type: "t", partitionKey: P2 });
  assertEquals(idsOf(await first), ["b"]);
  await store.create("a", { type: "t", partitionKey: P0 });
  assertEquals(idsOf(await second), ["a"]);
  await store.create("c", { type: "t", partitionKey: P1 });
  assertEquals(idsOf(await third), ["c"]);
});

test("list() and its pages, stuck() and info() show all shards as one", async () => {
  const time = manualTime();
  await using store = await opened({ time });
  const ids = Array.from({ length: 12 }, (_, index) => `f${String(index).padStart(2, "0")}`);
  for (const [index, id] of ids.entries()) {
    await store.create(id, { type: "t", partitionKey: PARTITIONS[index % SHARDS]! });
    if (index % 4 === 3) time.tick(1);
  }
  assertEquals(idsOf(await store.list("t")), ids);
  const pages = await Array.fromAsync(
    eachPage((cursor) => store.list("t", { count: 5, cursor })),
  );
  assertEquals(pages.flatMap(idsOf), ids);
  assertEquals(idsOf(await store.list("t", { partitionKey: P1 })), ["f01", "f04", "f07", "f10"]);
  await store.claimDue("t", { worker: "w", limit: 6, leaseMs: 1_000 });
  const { queued, running, due } = await store.info("t");
  assertEquals([queued, running, due], [6, 6, 6]);
  assertEquals((await store.info("t", { partitionKey: P1 })).running, 2);
  time.tick(2_000);
  assertEquals(idsOf(await store.stuck("t", { count: 5 })), ids.slice(0, 5));
  for (const id of ids) await store.cancel(id);
  assertEquals(idsOf(await store.terminals("t", { rev: true, count: 3 })), ["f11", "f10", "f09"]);
});

test("retentionCleanup() removes what is over longest, in whatever shard it is", async () => {
  const time = manualTime();
  await using store = await opened({ time, retention: { sweep: false } });
  for (const [index, partitionKey] of [P2, P0, P1, P0].entries()) {
    await store.create(`f${index}`, { type: "t", partitionKey });
    await store.cancel(`f${index}`, { ttlMs: 1_000 + index });
  }
  time.tick(5_000);
  assertEquals((await store.retentionCleanup({ limit: 3 })).flows, 3);
  assertEquals((await store.retentionCleanup({ limit: 3 })).flows, 1);
});

test("what is over is swept in all shards", async () => {
  const time = manualTime();
  await using store = await opened({ time });
  for (const partitionKey of PARTITIONS) {
    await store.create("f", { type: "t", partitionKey });
    await store.cancel({ id: "f", partitionKey }, { ttlMs: 1_000 });
  }
  time.tick(100_000);
  for (let turn = 0; turn < 10; turn++) await store.get("x");
  assertEquals((await store.retentionCleanup()).flows, 0);
});

test("createMany() over several shards answers in the order of its items", async () => {
  await using store = await opened();
  const items = [P2, P0, P1, P0, P2].map((partitionKey, index) => ({
    id: `f${index}`,
    partitionKey,
    values: { n: index },
  }));
  const flows = await store.createMany(items, { type: "t", payload: "p" });
  assertEquals(idsOf(flows), items.map(({ id }) => id));
  for (const { id } of items) {
    const flow = await store.get(id, { payload: true, values: true });
    assertEquals([flow?.payload, flow?.values?.["n"]], ["p", Number(id.slice(1))]);
  }
});

test("a batch is refused by shard: what others have applied is in the outcomes", async () => {
  await using store = await opened();
  await store.create("b", { type: "t", partitionKey: P1 });
  const items = [
    { id: "a", partitionKey: P0 },
    { id: "c", partitionKey: P1 },
    { id: "b", partitionKey: P1 },
    { id: "d", partitionKey: P0 },
  ];
  const error = await assertRejects(() => store.createMany(items, { type: "t" }), FlowBatchError);
  assertEquals([error.code, error.details["index"], error.details["applied"]], [
    "already_exists",
    2,
    2,
  ]);
  assertStringIncludes(error.message, "2 of 4 items of the batch, those of other shards, were");
  assertEquals(
    error.outcomes.map((outcome) => outcome.ok ? outcome.record.id : outcome.error.code),
    ["a", "not_applied", "already_exists", "d"],
  );
  const [, rest] = error.outcomes;
  assert(rest?.ok === false && isFlowError(rest.error, "not_applied"), "c was not applied");
  // Its place in the batch, not that among the items of its shard.
  assertEquals(rest.error.details, { index: 2, refusedWith: "already_exists" });
  assertStringIncludes(rest.error.message, "item 2 of its batch");
  assertEquals(idsOf(await store.list("t")).sort(), ["a", "b", "d"]);
  const outcomes = await store.createMany(items, { type: "t", independent: true });
  assertEquals(outcomes.map(({ ok }) => ok), [false, true, false, false]);
});

test("a batch whose items are refused in all shards names the first of them", async () => {
  await using store = await opened();
  const items = PARTITIONS.map((partitionKey) => ({ id: "f", partitionKey }));
  const error = await assertRejects(() => store.cancelMany(items), FlowBatchError);
  assertEquals([error.code, error.details["index"], error.details["applied"]], ["not_found", 0, 0]);
  assertStringIncludes(error.message, "Nothing of the batch was applied");
});

test("policies hold in all shards", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const policy = { retry: { maxRetries: 0, exhaustedTo: "given_up" } };
  const givenUp = async (store: Store, id: string): Promise<string[]> => {
    const states: string[] = [];
    for (const partitionKey of PARTITIONS) {
      await store.create(id, { type: "t", partitionKey });
      const [flow] = await store.claimDue("t", { worker: "w", partitionKey, states: ["queued"] });
      const { leaseToken, fencingToken } = flow!;
      const retried = await store.retry(flow!, { leaseToken: leaseToken!, fencingToken });
      states.push(retried.state);
    }
    return states;
  };
  {
    await using store = await opened({ dir: undefined, files, time });
    assertEquals(await givenUp(store, "a"), ["queued", "queued", "queued"]);
    assertEquals((await store.policySet("t", policy)).generation, 1);
    assertEquals(await givenUp(store, "b"), ["given_up", "given_up", "given_up"]);
  }
  await using store = await opened({ dir: undefined, files, time });
  assertEquals((await store.policyGet("t")).generation, 1);
  assertEquals(await givenUp(store, "c"), ["given_up", "given_up", "given_up"]);
});

test("a reference leads to the shard of its value, from whatever shard it is followed", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const large = "x".repeat(2_000_000);
  let refs: string[];
  {
    await using store = await opened({ dir: undefined, files, time });
    const stored = [];
    for (const partitionKey of [undefined, ...PARTITIONS]) {
      stored.push(await store.valuePut(partitionKey ?? large, { partitionKey }));
    }
    refs = stored.map(({ ref }) => ref);
    assertEquals(
      refs.map((ref) => valuePlace(Number(ref.slice(1))).shard),
      [0, 0, 1, 2],
    );
    for (const [index, partitionKey] of PARTITIONS.entries()) {
      const payloadRef = refs[(index + 1) % SHARDS + 1]!;
      await store.create("f", { type: "t", partitionKey, payloadRef, valueRefs: { v: refs[0]! } });
    }
  }
  await using store = await opened({ dir: undefined, files, time });
  assertEquals(await store.valueMget([...refs, "v5", "v281474976710655"]), [
    large,
    P0,
    P1,
    P2,
    null,
    null,
  ]);
  for (const [index, partitionKey] of PARTITIONS.entries()) {
    const flow = await store.get({ id: "f", partitionKey }, {
      payload: true,
      payloadMaxBytes: 10_000_000,
      values: true,
    });
    assertEquals(flow?.payload, PARTITIONS[(index + 1) % SHARDS]!);
  }
  const never = await assertRejects(
    () => store.create("g", { type: "t", payloadRef: `v${2 ** 44 + 900}` }),
    FlowError,
  );
  assertEquals(never.code, "invalid_argument");
});

test("a command that names an id finds the flow behind one in that shard whose retention is over", async () => {
  const time = manualTime();
  await using store = await opened({ time, retention: { sweep: false } });
  const map = shardMap(SHARDS);
  const [over, there] = Array.from({ length: 100 }, (_, index) => `p${index}`)
    .filter((partitionKey) => map.shardOf(partitionKey) === SHARDS - 1) as [string, string];
  // Whichever of them is found first.
  for (const [id, ...partitionKeys] of [["a", over, there], ["b", there, over]] as const) {
    for (const partitionKey of partitionKeys) await store.create(id, { type: "t", partitionKey });
    await store.cancel({ id, partitionKey: over }, { ttlMs: 1_000 });
  }
  time.tick(5_000);
  for (const id of ["a", "b"]) assertEquals((await store.cancel(id)).partitionKey, there);
});
