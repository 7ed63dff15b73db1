/**
 * What keeps a process alive: whoever waits for an answer, and nothing that a store does for itself.
 *
 * @module
 */

import { FlowError, openStore } from "../../mod.ts";
import { watchedLock } from "../../src/engine/watched_lock.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { runScript } from "../runtimes.ts";
import { watchedTime } from "../time/kept_alive.ts";
import { GROUP, threeGenerations } from "./generations.ts";
import { ScriptedStore } from "./scripted_log.ts";

test("a claim that waits keeps the process alive, until it is answered, gives up or is aborted", async () => {
  const time = watchedTime();
  await using store = await openStore({ dir: ":memory:", time });
  assert(!time.isKeptAlive);
  const claimed = store.claimDue("t", { worker: "w", blockMs: 0 });
  await time.advance(0);
  assert(time.isKeptAlive);
  await time.advance(100_000);
  assert(time.isKeptAlive);
  await store.create("a", { type: "t" });
  assertEquals((await claimed).map(({ id }) => id), ["a"]);
  await time.advance(0);
  assert(!time.isKeptAlive);
  const late = store.claimDue("t", { worker: "w", blockMs: 5_000, state: "other" });
  await time.advance(4_999);
  assert(time.isKeptAlive);
  await time.advance(1);
  assertEquals(await late, []);
  assert(!time.isKeptAlive);
  const leaving = new AbortController();
  const { signal } = leaving;
  const aborted = assertRejects(() => store.claimDue("x", { worker: "w", blockMs: 0, signal }));
  await time.advance(0);
  assert(time.isKeptAlive);
  leaving.abort();
  await aborted;
  await time.advance(0);
  assert(!time.isKeptAlive);
});

test("a next() of events() that waits keeps the process alive, until there is news or it is over", async () => {
  const time = watchedTime();
  const store = await openStore({ dir: ":memory:", time });
  const controller = new AbortController();
  const [events, aborted, closed] = [{}, { signal: controller.signal }, {}].map((options) =>
    store.events(options)
  );
  assert(!time.isKeptAlive);
  const first = events!.next();
  await time.advance(1_000_000);
  assert(time.isKeptAlive);
  await store.create("a", { type: "t" });
  assertEquals((await first).value?.id, "a");
  await time.advance(0);
  assert(!time.isKeptAlive);
  const pending = events!.next();
  await time.advance(0);
  assert(time.isKeptAlive);
  await events!.return();
  assertEquals([(await pending).done, time.isKeptAlive], [true, false]);
  await aborted!.next();
  const last = aborted!.next();
  await time.advance(0);
  assert(time.isKeptAlive);
  controller.abort();
  assertEquals([(await last).done, time.isKeptAlive], [true, false]);
  await closed!.next();
  const end = closed!.next();
  await time.advance(0);
  assert(time.isKeptAlive);
  await store.close();
  assertEquals([(await end).done, time.isKeptAlive], [true, false]);
});

test("a process that follows events goes on until its store is closed", async () => {
  const script = new URL("./following_child.ts", import.meta.url);
  const { ended, text } = await runScript(script, { timeoutMs: 20_000 });
  assertEquals([ended, text], [[0, null], "a\nclosed\n"]);
});

test("a store that has something to do later for itself keeps no process alive", async () => {
  const time = watchedTime();
  await using store = await openStore({ files: memoryDirectory(), time });
  const startMs = time.clock.wallMs();
  await store.create("later", { type: "t", runAtMs: startMs + 1_000 });
  await store.create("over", { type: "t", retentionTtlMs: 3_600_000 });
  await store.cancel("over");
  await store.kv.set("k", 1, { ttlMs: 7_200_000 });
  await time.advance(0);
  // It is woken for each of them, whoever else is there.
  const wakes: number[] = [];
  for (; wakes.length < 100 && time.nextAlarmMs !== undefined; wakes.push(time.nextAlarmMs)) {
    assert(!time.isKeptAlive);
    await time.advance(time.nextAlarmMs - time.clock.monotonicMs());
  }
  assert(wakes.length > 0 && wakes.length < 100, String(wakes));
  assertEquals(await store.kv.get("k"), null);
});

test("a look at the lock keeps no process alive", () => {
  const time = watchedTime();
  const lock = watchedLock({ release: () => {}, [Symbol.dispose]: () => {} }, {
    manifest: { findOther: () => undefined },
    lostFiles: { find: () => undefined },
    time,
    lose: () => {},
  });
  for (let look = 0; look < 3; look++) {
    assert(time.nextAlarmMs !== undefined && !time.isKeptAlive);
    time.tick(1_000);
  }
  lock.release();
});

test("whoever waits for a large family to end keeps the process alive while a disk is full", async () => {
  const time = watchedTime({ autoDefer: false });
  await using scripted = new ScriptedStore({ limits: { commandBytesMax: 32_768 }, time });
  const { store, fates } = scripted;
  const family = threeGenerations(store, 30);
  await scripted.manyTurns();
  await family;
  const cancelled = store.cancel("parent");
  await scripted.turn();
  fates.push("no_space");
  await scripted.manyTurns();
  await cancelled;
  assertEquals([fates, time.isKeptAlive], [[], false]);
  let states: Readonly<Record<string, number>> | undefined;
  const told = store.info("leaf").then((info) => states = info.states);
  await scripted.manyTurns();
  assert(time.isKeptAlive);
  while (states === undefined) await scripted.advance(1);
  await told;
  await scripted.manyTurns();
  assertEquals([states, time.isKeptAlive], [{ cancelled: 900 }, false]);
});

test("whoever wants a name that another shard expects keeps the process alive meanwhile", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const time = watchedTime();
  await using store = await openStore({ files: disk.directory(), time, shards: 3 });
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  // A read of more than is needed is tried again with less.
  for (let faults = 0; faults < 2; faults++) disk.arm({ call: "read" });
  // More than is kept in memory until it has arrived.
  const payload = "x".repeat(250_000);
  const children = ["p", "q", "r", "s", "t", "u"].map((partitionKey) => (
    { id: `child-${partitionKey}`, partitionKey, payload }
  ));
  await store.spawnChildren(parent, children, { ...GROUP, type: "c", fencingToken: 0 });
  await time.advance(0);
  assertEquals([store.health().problems[0]?.code, time.isKeptAlive], ["flow_unreadable", false]);
  const refused = children.map(({ id, partitionKey }) =>
    assertRejects(() => store.create(id, { type: "other", partitionKey }), FlowError)
  );
  await time.advance(0);
  assert(time.isKeptAlive);
  await time.advance(1_000);
  assertEquals(
    (await Promise.all(refused)).map(({ code }) => code),
    children.map(() => "already_exists"),
  );
  await time.advance(0);
  assert(!time.isKeptAlive);
});
