import { FlowError, type FlowRecord } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { openStore } from "../../src/open_store.ts";
import { manualTime } from "../../src/time/mod.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertRejects,
} from "../assert.ts";
import { test } from "../harness.ts";
import { openLog } from "../log/log_store.ts";
import { GROUP, names, threeGenerations } from "./generations.ts";
import { ScriptedStore } from "./scripted_log.ts";

test("a blocked claim gets a parent as soon as its last child has ended", async () => {
  await using store = await openStore(":memory:");
  const parent = await store.create("parent", { type: "t" });
  await store.spawnChildren(parent, ["a"], {
    ...GROUP,
    success: "done",
    type: "c",
    fencingToken: 0,
  });
  const waiting = store.claimDue("t", { worker: "w", state: "done", blockMs: 0 });
  const [child] = await store.claimDue("c", { worker: "w" });
  assert(child !== undefined);
  await store.complete(child, {
    leaseToken: child.leaseToken!,
    fencingToken: child.fencingToken,
  });
  assertEquals((await waiting).map(({ id, runState }) => [id, runState]), [["parent", "done"]]);
});

test("a large family ends as a whole for everybody, and goes on ending after a reopening", async () => {
  const files = memoryDirectory();
  const limits = { commandBytesMax: 32_768 };
  const time = manualTime();
  const store = await openStore({ files, time, limits });
  await threeGenerations(store, 30);
  const [leaf] = await store.claimDue("leaf", { worker: "w" });
  const cancelled = store.cancel("parent");
  const told = store.get(leaf!);
  time.tick(0);
  assertEquals((await cancelled).state, "cancelled");
  assertEquals((await told)?.state, "cancelled");
  await store.close();
  await using again = await openStore({ files, time: manualTime(), limits });
  assertEquals(await again.claimDue("leaf", { worker: "w", limit: 5 }), []);
  const family = await again.byRoot("parent", { count: 1_000 });
  assertEquals(family.length, 931);
  assertEquals(new Set(family.map(({ state }) => state)), new Set(["cancelled"]));
  assertEquals((await again.info("leaf")).states, { cancelled: 900 });
});

test("a large family goes on ending a second after a disk was full", async () => {
  await using scripted = new ScriptedStore({ limits: { commandBytesMax: 32_768 } });
  const { store, fates } = scripted;
  const family = threeGenerations(store, 30);
  await scripted.manyTurns();
  await family;
  const cancelled = store.cancel("parent");
  await scripted.turn();
  fates.push("no_space");
  await scripted.manyTurns();
  assertEquals([(await cancelled).state, fates], ["cancelled", []]);
  let states: Readonly<Record<string, number>> | undefined;
  const told = store.info("leaf").then((info) => states = info.states);

  await scripted.manyTurns();
  const { frameCount } = scripted;
  await scripted.advance(999);
  await scripted.manyTurns();
  assertEquals([scripted.frameCount, states], [frameCount, undefined]);
  while (states === undefined) await scripted.advance(1);
  assertEquals(states, { cancelled: 900 });
  await told;
});

test("whoever waits for a large family to end hears that the store was closed", async () => {
  const store = await openStore({ dir: ":memory:", limits: { commandBytesMax: 32_768 } });
  await threeGenerations(store, 30);
  await store.cancel("parent");
  const told = assertRejects(() => store.info("leaf"), FlowError);
  await store.close();
  assertEquals((await told).code, "store_closed");
});

test("a cascade over 100,000 descendants comes in bounded commands", async () => {
  const files = memoryDirectory();
  const store = await openStore({ files });
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  await store.spawnChildren(parent, names("c", 100), { ...GROUP, type: "c", fencingToken: 0 });
  for (const child of await store.claimDue("c", { worker: "w", limit: 100 })) {
    await store.spawnChildren(child, names(`${child.id}.`, 1_000), {
      ...GROUP,
      type: "leaf",
      leaseToken: child.leaseToken ?? undefined,
      fencingToken: child.fencingToken,
    });
  }
  const cancelled = await store.cancel("parent");
  assertEquals(cancelled.childGroups["g"]?.summary.cancelled, 100);
  assertEquals((await store.get({ id: "c7.7", partitionKey: "p" }))?.state, "cancelled");
  assertEquals((await store.info("leaf")).states, { cancelled: 100_000 });
  await store.close();
  const counts = [...openLog(files).read(0)].map(({ count }) => count);
  assertGreaterOrEqual(counts.length, 200);
  // Of two thousand ends at most: a frame may hold more than one command.
  assertLessOrEqual(Math.max(...counts), 4_200);
});

test("the end of a flow fits into its command, however long the names of groups are", async () => {
  await using store = await openStore({
    files: memoryDirectory(),
    limits: { commandBytesMax: 32_768 },
  });
  await store.create("parent", { type: "t", partitionKey: "p" });
  await store.spawnChildren("parent", names("c", 8), { ...GROUP, type: "c", fencingToken: 0 });
  for (const id of names("c", 8)) {
    for (const letter of ["a", "b", "d", "e"]) {
      const groupId = letter.repeat(1_000);
      const options = { ...GROUP, groupId, type: "leaf", fencingToken: 0 };
      await store.spawnChildren(id, [`${id}.${letter}`], options);
    }
  }
  assertEquals((await store.cancel("parent")).state, "cancelled");
  assertEquals((await store.info("leaf")).states, { cancelled: 32 });
});

test("get() of a flow that was taken into a group waits until that is on disk", async () => {
  await using scripted = new ScriptedStore();
  const { store } = scripted;
  const child = { type: "c", partitionKey: "p" };
  const created = [
    store.create("parent", { type: "t", partitionKey: "p" }),
    store.create("child", { ...child, parentFlowId: "parent", rootFlowId: "parent" }),
  ];
  await scripted.turn();
  await Promise.all(created);
  const spawned = store.spawnChildren("parent", [{ id: "child", ...child, idempotent: true }], {
    ...GROUP,
    fencingToken: 0,
  });
  let told: FlowRecord | null = null;
  store.get("child").then((record) => told = record);
  for (let count = 0; count < 12; count++) await undefined;
  assertEquals(told, null);
  await scripted.turn();
  await spawned;
  assertEquals((told as FlowRecord | null)?.parentGroupId, "g");
});
