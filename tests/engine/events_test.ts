import { FlowError, openStore, type Store, type StoreEvent } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

/** The next `count` events of a stream that begins at `from`. */
async function take(store: Store, from: string, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  if (count === 0) return events;
  for await (const event of store.events({ from })) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

function shown({ id, event, version }: StoreEvent): string {
  return `${id} ${event} ${version}`;
}

async function work(store: Store, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `f${index}`);
  await store.createMany(ids, { type: "job", payload: "x".repeat(100) });
  for (const flow of await store.claimDue("job", { worker: "w", limit: count })) {
    const { leaseToken, fencingToken } = flow;
    await store.complete(flow, { leaseToken: leaseToken!, fencingToken, result: flow.id });
  }
}

test("events() tells what is committed from now on, once, in order", async () => {
  await using store = await openStore(":memory:");
  await store.create("before", { type: "job" });
  const events = store.events();
  const first = events.next();
  await store.create("a", { type: "job", partitionKey: "p", payload: 1 });
  await store.signal("a", { signal: "hello" });
  await store.policySet("job", {});
  await store.cancel("a", { reason: "enough" });
  const told = [await first, await events.next(), await events.next()].map(({ value }) => value!);
  assertEquals(told.map(shown), ["a created 1", "a signaled 2", "a cancelled 3"]);
  const history = await store.history("a");
  for (const [index, { cursor, partitionKey, ...event }] of told.entries()) {
    assertEquals(event, { ...history[index]! });
    assertEquals(partitionKey, "p");
    assertEquals(typeof cursor, "string");
  }
  assertEquals("payload" in told[0]!, false);
});

test("events() goes on behind any event, without loss or repetition, also after a restart", async () => {
  const files = memoryDirectory();
  const limits = { segmentBytesMax: 65_536 };
  let all: StoreEvent[];
  {
    await using store = await openStore({ files, limits });
    for (let round = 0; round < 3; round++) {
      await store.createMany([`r${round}`], { type: "other", payload: new Uint8Array(40_000) });
    }
    await work(store, 20);
    all = await take(store, "start", 63);
    assertEquals(new Set(all.map(({ id, version }) => `${id} ${version}`)).size, 63);
    assertEquals(new Set(all.map(({ cursor }) => cursor)).size, 63);
  }
  await using store = await openStore({ files, limits });
  for (const [index, { cursor }] of all.entries()) {
    const rest = await take(store, cursor, 62 - index);
    assertEquals(rest, all.slice(index + 1));
  }
  const last = all.at(-1)!.cursor;
  await store.create("later", { type: "job" });
  assertEquals((await take(store, last, 1)).map(shown), ["later created 1"]);
});

test("events() of some types leaves the others out", async () => {
  await using store = await openStore(":memory:");
  for (let index = 0; index < 600; index++) store.create(`o${index}`, { type: "other" });
  await store.create("a", { type: "a" });
  await store.create("b", { type: "b" });
  await store.create("a2", { type: "a" });
  const events = store.events({ from: "start", types: ["a", "b"] });
  const told: string[] = [];
  for await (const event of events) {
    told.push(event.id);
    if (told.length === 3) break;
  }
  assertEquals(told, ["a", "b", "a2"]);
});

test("events() tells nothing that is not committed", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const events = store.events();
  const told: string[] = [];
  const ended = (async () => {
    for await (const event of events) told.push(shown(event));
  })();
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  assertEquals(told, ["a created 1"]);
  fates.push("no_space");
  const refused = assertRejects(() => store.create("full", { type: "job" }), FlowError);
  await scripted.turn();
  await refused;
  const other = store.create("b", { type: "job" });
  await Promise.resolve();
  assertEquals(told, ["a created 1"]);
  await scripted.turn();
  await other;
  assertEquals(told, ["a created 1", "b created 1"]);
  await events.return();
  await ended;
});

test("events() ends without an error by return(), by its signal, and when the store closes", async () => {
  const store = await openStore(":memory:");
  const done = { done: true, value: undefined } as const;
  const returned = store.events();
  const waiting = returned.next();
  assertEquals(await returned.return(), done);
  assertEquals([await waiting, await returned.next()], [done, done]);

  const controller = new AbortController();
  const aborted = store.events({ signal: controller.signal });
  const alsoWaiting = aborted.next();
  controller.abort(new Error("enough"));
  assertEquals([await alsoWaiting, await aborted.next()], [done, done]);
  assertEquals(await store.events({ from: "start", signal: controller.signal }).next(), done);

  const closed = store.events();
  const two = [closed.next(), closed.next()];
  await store.close();
  assertEquals([...await Promise.all(two), await closed.next()], [done, done, done]);
  assertThrows(() => store.events(), FlowError, "was closed");
});

test("events() ends while it gives others a turn, too, whoever ends it", async () => {
  const time = manualTime();
  const store = await openStore({ dir: ":memory:", time });
  const ids = Array.from({ length: 256 }, (_, index) => `f${index}`);
  await store.createMany(ids, { type: "job" });
  const controller = new AbortController();
  const { signal } = controller;
  const streams = [store.events({ from: "start", signal }), store.events({ from: "start" })];
  const closed = store.events({ from: "start" });
  for (const events of [...streams, closed]) for (const _ of ids) await events.next();
  // As many as are given out in a turn: the next one gives way first, and then there is no news.
  let endedCount = 0;
  const ends = [...streams, closed].map(async (events) => {
    assertEquals(await events.next(), { done: true, value: undefined });
    endedCount++;
  });
  for (let step = 0; step < 10; step++) await Promise.resolve();
  controller.abort();
  await streams[1]!.return();
  await store.close();
  await time.advance(0);
  assertEquals(endedCount, 3);
  await Promise.all(ends);
});

test("events() rejects when the store fails, and ends after that", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({ files: disk.directory() });
  const events = store.events();
  const waiting = events.next();
  disk.arm({ call: "flush" });
  await assertRejects(() => store.create("a", { type: "job" }), FlowError);
  assertEquals((await assertRejects(() => waiting, FlowError)).code, "store_failed");
  assertEquals(await events.next(), { done: true, value: undefined });
  await store.close();
});

test("events() that nobody has asked since the store failed tells of it, also when that is closed", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({ files: disk.directory() });
  const events = store.events();
  disk.arm({ call: "flush" });
  await assertRejects(() => store.create("a", { type: "job" }), FlowError);
  await store.close();
  assertEquals((await assertRejects(() => events.next(), FlowError)).code, "store_failed");
});

test("events() knows flows that were removed, and flows that have their ids now", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  const expected: string[] = [];
  {
    await using store = await openStore({ files, time });
    for (const type of ["one", "two", "three"]) {
      await store.create("a", { type, retentionTtlMs: 1_000, payload: type });
      await store.signal("a", { signal: "s" });
      await store.cancel("a");
      for (const event of ["created", "signaled", "cancelled"]) expected.push(`${type} ${event}`);
      await time.advance(type === "one" ? 500_000 : 2_000);
    }
    await store.create("b", { type: "four" });
    expected.push("four created");
    await time.advance(500_000);
    assertEquals(await store.get("a"), null);
  }
  await using store = await openStore({ files, time });
  const all = await take(store, "start", expected.length);
  assertEquals(all.map(({ type, event }) => `${type} ${event}`), expected);
  // From the middle of a life, when its beginning has not been read.
  for (const [index, { cursor }] of all.entries()) {
    const [next] = await take(store, cursor, index < 9 ? 1 : 0);
    assertEquals(next, all[index + 1]);
  }
});

test("events() reads each commit once, and nothing of what came before", async () => {
  const directory = countingDirectory(memoryDirectory());
  await using store = await openStore({ files: directory });
  await store.createMany(["a", "b"], { type: "job", payload: new Uint8Array(300_000) });
  const events = store.events();
  const waiting = events.next();
  await store.create("c", { type: "job" });
  assertEquals((await waiting).value!.id, "c");
  for (let index = 0; index < 20; index++) {
    directory.reset();
    const next = events.next();
    await store.create(`d${index}`, { type: "job" });
    assertEquals((await next).value!.id, `d${index}`);
    assertEquals(directory.counts().reads, 1);
  }
});

test("events() that nobody asks for a while falls behind, and catches up", async () => {
  await using store = await openStore(":memory:");
  const events = store.events();
  for (let round = 0; round < 40; round++) {
    const items = Array.from({ length: 250 }, (_, index) => `f${round}-${index}`);
    await store.createMany(items, { type: "job", payload: "x".repeat(round) });
  }
  const seen = new Set<string>();
  for await (const { id } of events) {
    assert(!seen.has(id), `${id} comes twice`);
    seen.add(id);
    if (seen.size === 10_000) break;
  }
});

test("events() gives the host a turn on a long way", async () => {
  await using store = await openStore(":memory:");
  for (let round = 0; round < 10; round++) {
    const items = Array.from({ length: 500 }, (_, index) => `f${round}-${index}`);
    await store.createMany(items, { type: "job" });
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  let count = 0;
  for await (const _event of store.events({ from: "start" })) if (++count === 5_000) break;
  clearInterval(timer);
  assert(turns >= 5, `${turns} turns in 5,000 events`);
});

test("events() of several shards goes on behind any event, each shard in its own order", async () => {
  const files = memoryDirectory();
  const ids = Array.from({ length: 12 }, (_, index) => `f${index}`);
  let all: StoreEvent[];
  {
    await using store = await openStore({ files, shards: 4 });
    for (const id of ids) await store.create(id, { type: "job", partitionKey: `p-${id}` });
    for (const id of ids) await store.signal(id, { signal: "s" });
    for (const id of ids) await store.cancel(id);
    all = await take(store, "start", 36);
    assertEquals(new Set(all.map(shown)).size, 36);
  }
  await using store = await openStore({ files, shards: 4 });
  for (const [index, { cursor }] of all.entries()) {
    const rest = await take(store, cursor, 35 - index);
    const told = [...all.slice(0, index + 1), ...rest];
    assertEquals(told.map(shown).sort(), all.map(shown).sort());
    for (const id of ids) {
      assertEquals(told.filter((event) => event.id === id).map(({ version }) => version), [
        1,
        2,
        3,
      ]);
    }
  }
  await using other = await openStore({ files: memoryDirectory(), shards: 2 });
  assertThrows(() => other.events({ from: all[0]!.cursor }), FlowError, "from is");
  assertThrows(() => store.events({ from: `${all[0]!.cursor}-` }), FlowError, "from is");
});

/** A partition of each shard of a store that has two. */
async function partitionsOf(store: Store): Promise<string[]> {
  const partitions: string[] = [];
  for (let index = 0; partitions.length < 2; index++) {
    const partitionKey = `p${index}`;
    const before = store.stats().shards.map(({ flows }) => flows);
    await store.create("probe", { type: "probe", partitionKey });
    const shard = store.stats().shards.findIndex(({ flows }, place) => flows > before[place]!);
    if (shard === partitions.length) partitions.push(partitionKey);
  }
  return partitions;
}

test("events() reads of each shard in turns, however much there is in the first", async () => {
  await using store = await openStore({ dir: ":memory:", shards: 2 });
  const [first, second] = await partitionsOf(store);
  const events = store.events({ types: ["job"] });
  for (let index = 0; index < 10; index++) {
    const payload = new Uint8Array(300_000);
    await store.create(`busy-${index}`, { type: "job", partitionKey: first!, payload });
  }
  await store.create("quiet", { type: "job", partitionKey: second! });
  const ids: string[] = [];
  for await (const { id } of events) if (ids.push(id) === 11) break;
  assert(ids.indexOf("quiet") < 8, `It came after ${ids.indexOf("quiet")} others`);
});

test("events() follows a quiet shard beside a busy one", async () => {
  await using store = await openStore({ dir: ":memory:", shards: 2 });
  const partitions = await partitionsOf(store);
  const events = store.events({ types: ["job"] });
  let isBusy = true;
  const busy = (async () => {
    for (let index = 0; isBusy; index++) {
      await store.create(`busy-${index}`, { type: "job", partitionKey: partitions[0]! });
    }
  })();
  await store.create("quiet", { type: "job", partitionKey: partitions[1]! });
  for await (const { id } of events) if (id === "quiet") break;
  isBusy = false;
  await busy;
});

test("events() of a type keeps up with what is not for it: a merge takes nothing from it", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const events = store.events({ types: ["rare"] });
  const next = events.next();
  for (let index = 0; index < 5; index++) await store.create(`c${index}`, { type: "common" });
  await time.advance(10);
  await store.compact();
  await store.create("r", { type: "rare" });
  assertEquals((await next).value?.id, "r");
});

test("events() of an earlier life are not those of the flow that has its id now", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  let cursor = "";
  {
    await using store = await openStore({ files, time });
    await store.create("a", { type: "one", partitionKey: "p", retentionTtlMs: 1_000 });
    await store.signal("a", { signal: "s" });
    await store.cancel("a");
    await time.advance(500_000);
    await store.create("a", { type: "two", partitionKey: "p" });
    cursor = (await take(store, "start", 1))[0]!.cursor;
  }
  await using store = await openStore({ files, time });
  const told = await take(store, cursor, 2);
  assertEquals(told.map(({ type, event }) => [type, event]), [["one", "signaled"], [
    "one",
    "cancelled",
  ]]);
});

test("events() ends by return() for everybody who waits for the next", async () => {
  await using store = await openStore(":memory:");
  const events = store.events();
  const waiting = [events.next(), events.next()];
  await events.return!();
  assertEquals((await Promise.all(waiting)).map(({ done }) => done), [true, true]);
});

test("events() leaves nothing at the signal that it was given", async () => {
  await using store = await openStore({ dir: ":memory:" });
  let listeners = 0;
  const signal = Object.assign(new AbortController().signal, {
    addEventListener: () => void listeners++,
    removeEventListener: () => void listeners--,
  });
  const events = store.events({ signal });
  for (let index = 0; index < 3; index++) {
    const next = events.next();
    await store.create(`a${index}`, { type: "job" });
    await next;
  }
  assertEquals(listeners, 0);
});

test("events() rejects with log_trimmed where the log has been given up, and ends", async () => {
  await using scripted = new ScriptedStore();
  const { store } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  scripted.firstIndex = 2;
  const events = store.events({ from: "start" });
  const error = await assertRejects(() => events.next(), FlowError);
  assertEquals([error.code, error.details.first], ["log_trimmed", 2]);
  assertEquals(await events.next(), { done: true, value: undefined });
});

test("events() of types that nobody has gives the host a turn on a long way", async () => {
  await using store = await openStore(":memory:");
  for (let round = 0; round < 10; round++) {
    const items = Array.from({ length: 500 }, (_, index) => `f${round}-${index}`);
    await store.createMany(items, { type: "job" });
  }
  await store.create("last", { type: "rare" });
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const events = store.events({ from: "start", types: ["rare"] });
  assertEquals((await events.next()).value?.id, "last");
  clearInterval(timer);
  assert(turns >= 5, `${turns} turns in 5,000 events`);
});

test("events() refuses options that are not what they must be", async () => {
  await using store = await openStore(":memory:");
  await using other = await openStore(":memory:");
  for (const one of [store, other]) await one.create("a", { type: "job" });
  const [{ cursor }] = await take(other, "start", 1) as [StoreEvent];
  const [own] = await take(store, "start", 1) as [StoreEvent];
  const bad: [unknown, string][] = [
    [{ from: null }, "from"],
    [{ from: 7 }, "from"],
    [{ from: "" }, "from"],
    [{ from: "now" }, "from"],
    [{ from: cursor }, "from"],
    [{ from: `${own.cursor}0` }, "from"],
    [{ from: own.cursor.replace(/\d/, (digit) => String(Number(digit) + 1)) }, "from"],
    [{ from: "x".repeat(70_000) }, "from"],
    [{ types: [] }, "types"],
    [{ types: "job" }, "types"],
    [{ types: [""] }, "types[0]"],
    [{ signal: {} }, "signal"],
    [{ start: 1 }, "start"],
    [7, "options"],
  ];
  for (const [options, field] of bad) {
    const error = assertThrows(() => store.events(options as never), FlowError, field);
    assertEquals([error.code, error.details.field], ["invalid_argument", field]);
    assert(error.message.length < 400, error.message);
  }
});

test("events() refuses a cursor that is ahead of the store", async () => {
  const files = memoryDirectory();
  const ids = ["a", "b", "c"];
  const scripted = new ScriptedStore({ directory: files });
  const calls = ids.map((id) => scripted.store.create(id, { type: "job" }));
  await scripted.turn();
  await Promise.all(calls);
  const [, , last] = await take(scripted.store, "start", 3);
  await scripted.store.close();
  // The same store as far as hashes go, with nothing in it.
  await using older = new ScriptedStore();
  assertThrows(() => older.store.events({ from: last!.cursor }), FlowError, "from is");
});

test("events() from a cursor reads only what is not far from it", async () => {
  const directory = countingDirectory(memoryDirectory());
  await using store = await openStore({ files: directory });
  const payload = new Uint8Array(200_000);
  for (let index = 0; index < 100; index++) {
    await store.create(`f${index}`, { type: "job", payload });
  }
  const all = await take(store, "start", 100);
  directory.reset();
  assertEquals((await take(store, all[70]!.cursor, 1))[0], all[71]);
  // The log has 20 MB, and a reader takes a mebibyte at a time.
  assert(directory.counts().reads <= 4, `${directory.counts().reads} reads`);
});
