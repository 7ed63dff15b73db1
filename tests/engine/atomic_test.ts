import {
  type AtomicCommands,
  FlowAtomicError,
  FlowError,
  type FlowRecord,
  type KvRecord,
  openStore,
  type StoredValue,
} from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";
import { ScriptedStore } from "./scripted_log.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only if the two types are the same. */
function same<A, B>(_: Same<A, B>): void {}

test("atomic() resolves to a tuple that is typed by the commands that the callback returns", async () => {
  await using store = await openStore(":memory:");
  const results = await store.atomic("p", (tx) => [
    tx.create("f", { type: "t" }),
    tx.kv.set("k", 1),
    tx.valuePut(1),
    tx.kv.delete("k"),
  ]);
  same<typeof results, [FlowRecord, KvRecord, StoredValue, boolean]>(true);
  const [flow, entry, stored, existed] = results;
  assertEquals([flow.state, entry.key, stored.created, existed], ["queued", "k", true, true]);
  const many = await store.atomic("p", (tx) => ["a", "b"].map((key) => tx.kv.set(key, 1)));
  same<typeof many, KvRecord[]>(true);
  assertEquals(many.map(({ key }) => key), ["a", "b"]);
  const every = await store.atomic("p", (tx) => {
    tx.kv.delete("a");
  });
  same<typeof every, (FlowRecord | StoredValue | KvRecord | boolean)[]>(true);
  assertEquals(every, [true]);
});

test("what does not compile in atomic() is refused when it is called, too", async () => {
  await using store = await openStore(":memory:");
  const bad: readonly ((tx: AtomicCommands) => unknown)[] = [
    // @ts-expect-error -- the time belongs to atomic() itself
    (tx) => tx.kv.set("k", 1, { nowMs: 5 }),
    // @ts-expect-error -- an option that does not exist
    (tx) => tx.kv.set("k", 1, { ttl: 5 }),
    // @ts-expect-error -- a flow has a type
    (tx) => tx.create("f", {}),
    // @ts-expect-error -- a lease is proved
    (tx) => tx.complete("f", { result: 1 }),
  ];
  for (const build of bad) {
    const { code } = await assertRejects(() => store.atomic("p", build), FlowAtomicError);
    assertEquals(code, "invalid_argument");
  }
  // @ts-expect-error -- claims and policies are no part of it
  await assertRejects(() => store.atomic("p", (tx) => tx.claimDue("t", { worker: "w" })));
});

test("atomic() costs one write and one sync, whatever it does", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  files.reset();
  await store.atomic("p", (tx) => {
    for (let index = 0; index < 500; index++) {
      tx.create(`f${index}`, { type: "t", payload: index });
      tx.kv.set(`k${index}`, index);
    }
  });
  const { writes, flushes } = files.counts();
  assertEquals([writes, flushes], [1, 1]);
  assertEquals((await store.info("t")).queued, 500);
});

test("atomic() is there as a whole or not at all, at whatever call on the disk the power is cut", async () => {
  let cutCount = 0;
  for (let calls = 0; calls < 40; calls++) {
    const disk = new SimulatedDisk({ random: seededRandom(calls) });
    const store = await openStore({ files: disk.directory() });
    await store.kv.set("k", "before", { partitionKey: "p" });
    disk.cutAfter(calls % 8, { ending: "power", keep: calls < 20 ? "chance" : "none" });
    const large = "x".repeat(calls % 2 === 0 ? 10 : 3_000_000);
    const isTold = await store.atomic("p", (tx) => {
      tx.create("f", { type: "t", payload: large });
      tx.kv.set("k", "after");
      tx.kv.set("l", 1);
    }).then(() => !disk.isOff, () => false);
    if (disk.isOff) cutCount++;
    else disk.powerCut({ keep: "none" });
    disk.disarm();
    await store.close().catch(() => {});
    await using again = await openStore({ files: disk.restart() });
    const there = [
      (await again.get({ id: "f", partitionKey: "p" })) !== null,
      (await again.kv.get("k", { partitionKey: "p" }))?.value === "after",
      (await again.kv.get("l", { partitionKey: "p" })) !== null,
    ];
    assert(there.every((is) => is === there[0]), `${calls}: ${there}`);
    if (isTold) assert(there[0], `${calls}: it was acknowledged`);
  }
  assert(cutCount > 5, `the power was cut ${cutCount} times`);
});

test("a claim that waits takes a flow that atomic() makes due", async () => {
  await using store = await openStore(":memory:");
  const claimed = store.claimDue("t", { worker: "w", blockMs: 10_000 });
  await store.atomic("p", (tx) => [tx.kv.set("k", 1), tx.create("f", { type: "t" })]);
  assertEquals((await claimed).map(({ id }) => id), ["f"]);
});

test("a flow that atomic() changes twice shows both changes in its history and its events", async () => {
  const files = memoryDirectory();
  {
    await using store = await openStore({ files });
    await store.atomic("p", (tx) => {
      tx.create("f", { type: "t" });
      tx.signal("f", { signal: "s" });
      tx.cancel("f");
    });
  }
  await using store = await openStore({ files });
  const target = { id: "f", partitionKey: "p" };
  const names = (await store.history(target)).map(({ event }) => event);
  assertEquals(names, ["created", "signaled", "cancelled"]);
  const seen: string[] = [];
  for await (const { event } of store.events({ from: "start" })) {
    if (seen.push(event) === 3) break;
  }
  assertEquals(seen, names);
});

test("atomic() that would write more than one command may is refused, and nothing of it happens", async () => {
  await using store = await openStore(":memory:");
  const error = await assertRejects(
    () =>
      store.atomic("p", (tx) => {
        for (let index = 0; index < 5; index++) tx.kv.set(`k${index}`, "x".repeat(1_000_000));
      }),
    FlowError,
  );
  assertEquals(error.code, "too_large");
  assertEquals((await store.kv.list("", { partitionKey: "p" })).items, []);
});

test("atomic() checks its own arguments", async () => {
  await using store = await openStore(":memory:");
  // deno-lint-ignore no-explicit-any -- what plain JavaScript may pass
  const bad: [any[], string][] = [
    [["", () => {}], "partitionKey"],
    [[7, () => {}], "partitionKey"],
    [["p"], "build"],
    [["p", {}], "build"],
    [["p", () => {}, 7], "options"],
    [["p", () => {}, { now: 5 }], "now"],
    [["p", () => {}, { nowMs: 5 }], "nowMs"],
  ];
  for (const [args, field] of bad) {
    const atomic = store.atomic.bind(store) as (...args: unknown[]) => Promise<unknown>;
    const error = await assertRejects(() => atomic(...args), FlowError);
    assertEquals([error.code, error.details["field"]], ["invalid_argument", field]);
  }
});

test("atomic() spawns children in the shard of its partition, and their ends reach the parent", async () => {
  await using store = await openStore({ dir: ":memory:", shards: 4 });
  for (const partitionKey of ["p", "q", "r", "s", "t"]) {
    const target = { id: "parent", partitionKey };
    const group = { groupId: "g", waitState: "waiting", success: "completed", failure: "broken" };
    const [, spawned] = await store.atomic(partitionKey, (tx) => [
      tx.create("parent", { type: "t" }),
      tx.spawnChildren("parent", ["a", "b"], { ...group, type: "c", fencingToken: 0 }),
    ]);
    assertEquals(spawned.state, "waiting");
    const children = await store.claimDue("c", { worker: "w", limit: 2, partitionKey });
    await store.atomic(partitionKey, (tx) => {
      for (const { id, leaseToken, fencingToken } of children) {
        tx.complete(id, { leaseToken: leaseToken!, fencingToken });
        tx.kv.set(`done/${id}`, true);
      }
    });
    assertEquals((await store.get(target))?.state, "completed");
    assertEquals((await store.kv.list("done/", { partitionKey })).items.length, 2);
  }
});

test("a refused atomic() waits for the shards that it has looked at: with a spawn, for all", async () => {
  await using scripted = new ScriptedStore({ shardCount: 2 });
  const [here, elsewhere] = partitionsOf(2) as [string, string];
  const { store } = scripted;
  scripted.isSilent = true;
  const created = store.create("f", { type: "t", partitionKey: elsewhere });
  const told: string[] = [];
  const refusals = [
    store.atomic(here, (tx) => [tx.kv.set("k", 1), tx.cancel("missing")]),
    store.atomic(here, (tx) => [
      tx.kv.set("k", 1),
      tx.spawnChildren("missing", ["a"], {
        ...{ groupId: "g", waitState: "waiting", success: "done", failure: "broken" },
        ...{ type: "c", fencingToken: 0 },
      }),
    ]),
  ].map((call, index) =>
    assertRejects(() => call, FlowAtomicError).then(({ code }) => told.push(`${index} ${code}`))
  );
  for (let turn = 0; turn < 3; turn++) await scripted.turn();
  assertEquals(told, ["0 not_found"]);
  scripted.answer();
  await Promise.all([created, ...refusals]);
  assertEquals(told, ["0 not_found", "1 not_found"]);
});
