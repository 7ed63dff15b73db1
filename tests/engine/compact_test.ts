import {
  FlowError,
  isFlowError,
  type OpenOptions,
  openStore,
  restoreStore,
  type Store,
} from "../../mod.ts";
import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import type { PlannedWrite } from "../../src/engine/shard/shard.ts";
import { Shards } from "../../src/engine/shards.ts";
import { type Directory, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { parseCreate } from "../../src/flow/core/mod.ts";
import { Manifest, openFileLog } from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { runEngineScenario } from "../simulation/engine/simulation.ts";
import { copyOf } from "./copied_files.ts";

const SEGMENT_BYTES = 65_536;

interface Opened {
  readonly store: Store;
  readonly time: ManualTime;
}

async function open(files: Directory, options: OpenOptions = {}): Promise<Opened> {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const limits = { segmentBytesMax: SEGMENT_BYTES };
  const store = await openStore({ files, time, limits, merge: { auto: false }, ...options });
  return { store, time };
}

/** Creates flows and completes them. */
async function work(store: Store, prefix: string, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  await store.createMany(ids, {
    type: "t",
    payload: "x".repeat(200),
    retentionTtlMs: 86_400_000,
  });
  const jobs = await store.claimDue("t", { worker: "w", limit: count });
  await store.completeMany(jobs.map(({ id, partitionKey, leaseToken, fencingToken }) => (
    { id, partitionKey, leaseToken: leaseToken!, fencingToken }
  )));
}

/** Lets the retention of all that has ended be over. */
async function forget({ store, time }: Opened): Promise<void> {
  await time.advance(2 * 86_400_000);
  while ((await store.retentionCleanup()).flows > 0);
}

/** All flows with everything about them. */
async function everything(store: Store): Promise<unknown> {
  const flows = await store.list("t", { count: 1_000 });
  return await Promise.all(flows.map(async ({ id, partitionKey }) => [
    await store.get({ id, partitionKey }, { payload: true, values: true }),
    await store.history({ id, partitionKey }, { values: true }),
  ]));
}

test("compact() leaves everything as it was, and what is removed takes up no room", async () => {
  const files = memoryDirectory();
  const { store, time } = await open(files);
  await work(store, "gone", 300);
  await forget({ store, time });
  await work(store, "kept", 20);
  await store.create("live", { type: "t", payload: { some: "thing" }, correlationId: "c" });
  for (const value of [1, 2]) await store.kv.set("key", value);
  const before = await everything(store);
  const { bytesBefore, bytesAfter } = await store.compact();
  assert(bytesAfter < bytesBefore / 4, `${bytesBefore} ${bytesAfter}`);
  assertEquals(await everything(store), before);
  await work(store, "later", 10);
  const after = await everything(store);
  assertEquals((await store.verify()).damage, []);
  await store.close();
  const again = await open(files);
  assertEquals((await again.store.verify()).damage, []);
  assertEquals(await everything(again.store), after);
  assertEquals((await again.store.kv.get("key"))?.value, 2);
  assertEquals((await again.store.byCorrelation("c")).map(({ id }) => id), ["live"]);
  await again.store.close();
});

test("compact() has nothing to do in an empty store, and little the second time", async () => {
  const { store } = await open(memoryDirectory());
  await store.compact();
  assertEquals(store.stats().merges.count, 0);
  await work(store, "a", 10);
  await store.compact();
  const { count } = store.stats().merges;
  await store.compact();
  assertEquals([count, store.stats().merges.count], [1, 1]);
  await store.close();
});

test("compact() of several shards keeps families that are spread over them", async () => {
  const files = memoryDirectory();
  const { store } = await open(files, { shards: 4 });
  await store.create("parent", { type: "t" });
  const children = Array.from({ length: 20 }, (_, index) => (
    { id: `child-${index}`, partitionKey: `p${index}`, payload: index }
  ));
  const group = { groupId: "g", waitState: "w", success: "s", failure: "f", type: "c" };
  await store.spawnChildren("parent", children, { ...group, fencingToken: 0 });
  const jobs = await store.claimDue("c", { worker: "w", limit: 7 });
  for (const { id, partitionKey, leaseToken, fencingToken } of jobs) {
    await store.complete({ id, partitionKey }, { leaseToken: leaseToken!, fencingToken });
  }
  const before = [await store.get("parent"), await store.byParent("parent", { count: 100 })];
  await store.compact();
  assert(store.stats().merges.count > 1);
  await store.close();
  const again = await open(files);
  const { get, byParent } = {
    get: await again.store.get("parent"),
    byParent: await again.store.byParent("parent", { count: 100 }),
  };
  assertEquals([get, byParent], before);
  await again.store.close();
});

test("roll() of a shard does not wait for a frame that nobody writes", async () => {
  const time = manualTime();
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const log = openFileLog({ directory, random, manifest: Manifest.open({ directory, random }) });
  const limits = DEFAULT_STORE_LIMITS;
  const shards = new Shards({ logs: [log], time, hashKey: [1, 2, 3, 4], limits });
  const { first } = shards.router;
  await shards.call(() => {
    shards.apply(parseCreate("a", { type: "t" }, { limits, manualClock: false }), first);
    return { standsOn: [first.footing()], read: () => {} };
  });
  // Room was made for a command that is refused in another shard.
  first.makeRoom({ commandBytes: 1 } as PlannedWrite);
  let isRolled = false;
  const rolled = log.segments.roll().then(() => isRolled = true);
  assert(!isRolled);
  await time.advance(1);
  await rolled;
  assertEquals(log.segments.list.length, 2);
  first.makeRoom({ commandBytes: 1 } as PlannedWrite);
  await shards.close();
});

test("compact() ends with the signal's reason, and the store goes on", async () => {
  const { store } = await open(memoryDirectory());
  await work(store, "a", 400);
  const controller = new AbortController();
  const compacting = store.compact({ signal: controller.signal });
  controller.abort(new Error("enough"));
  assertEquals((await assertRejects(() => compacting) as Error).message, "enough");
  await store.compact();
  assertEquals(store.stats().merges.count, 1);
  await store.close();
  await assertRejects(() => store.compact());
});

test("close() ends a merge that is under way, and nothing is lost", async () => {
  const files = memoryDirectory();
  const { store } = await open(files);
  await work(store, "a", 400);
  const before = await everything(store);
  const compacting = store.compact();
  const closing = store.close();
  assert(isFlowError(await assertRejects(() => compacting), "store_closed"));
  await closing;
  const again = await open(files);
  assertEquals(await everything(again.store), before);
  await again.store.close();
});

test("compact() without room on the disk says so, and changes nothing", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const { store } = await open(disk.directory());
  await work(store, "a", 100);
  const before = await everything(store);
  disk.capacityBytes = disk.usedBytes + 20_000;
  const error = await assertRejects(() => store.compact());
  assert(isFlowError(error, "overloaded"), String(error));
  assertEquals([error.details.reason, error.details.retryAfterMs], ["disk_full", 5_000]);
  assertEquals(await everything(store), before);
  disk.capacityBytes = Infinity;
  await store.compact();
  assertEquals(await everything(store), before);
  await store.close();
});

test("compact() of a damaged segment says where, and keeps it", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const { store } = await open(disk.directory());
  await work(store, "a", 300);
  disk.flipBit({ name: "log-1.seg" });
  const error = await assertRejects(() => store.compact());
  assert(isFlowError(error, "corrupt"), String(error));
  assertEquals(error.details["file"], "log-1.seg");
  assertEquals(store.stats().merges.count, 0);
  assert(disk.directory().list().includes("log-1.seg"));
  await store.close();
});

test("events() begins behind what was merged, and says when a cursor is older", async () => {
  const { store } = await open(memoryDirectory());
  await store.create("a", { type: "t" });
  const [first] = await take(store, "start", 1);
  await store.create("b", { type: "t" });
  await store.compact();
  const error = await assertRejects(() => take(store, first!.cursor, 1), FlowError);
  const { lsns: [last] } = await store.backup(memoryDirectory());
  assertEquals([error.code, error.details["first"]], ["log_trimmed", last! + 1]);
  await store.create("c", { type: "t" });
  assertEquals((await take(store, "start", 1)).map(({ id }) => id), ["c"]);
  await store.close();
});

test("events() goes on in front of a merge for whoever has heard everything", async () => {
  const { store } = await open(memoryDirectory());
  await store.create("a", { type: "t" });
  const [last] = await take(store, "start", 1);
  await store.compact();
  await store.create("b", { type: "t" });
  assertEquals((await take(store, last!.cursor, 1)).map(({ id }) => id), ["b"]);
  await store.close();
});

test("events() tells nothing of what a merge has replaced since it was read, not even the last of it", async () => {
  for (const toldCount of [1, 2]) {
    const { store } = await open(memoryDirectory());
    const ids = ["a", "b", "c"];
    for (const id of ids) await store.create(id, { type: "t" });
    // All three are read at once, and told one by one.
    const events = store.events({ from: "start" });
    for (const id of ids.slice(0, toldCount)) assertEquals((await events.next()).value?.id, id);
    const { lsns: [last] } = await store.backup(memoryDirectory());
    await store.compact();
    const error = await assertRejects(() => events.next(), FlowError);
    assertEquals([error.code, error.details["first"]], ["log_trimmed", last! + 1]);
    assertEquals(await events.next(), { done: true, value: undefined });
    await store.close();
  }
});

test("events() passes over nothing, not even where a merge has left nothing to be told", async () => {
  const { store, time } = await open(memoryDirectory());
  await store.create("a", { type: "t" });
  const [first] = await take(store, "start", 1);
  await store.create("b", { type: "t", retentionTtlMs: 1 });
  await store.cancel("b");
  await time.advance(1_000);
  assertEquals((await store.retentionCleanup()).flows, 1);
  await store.compact();
  await store.create("c", { type: "t" });
  const error = await assertRejects(() => take(store, first!.cursor, 1), FlowError);
  assertEquals(error.code, "log_trimmed");
  await store.close();
});

test("events() tells of the very first change behind a merge", async () => {
  const { store } = await open(memoryDirectory());
  await store.create("a", { type: "t" });
  await store.compact();
  const waiting = store.events({ from: "start" });
  const told = waiting.next();
  // It brings nothing with it but the event.
  await store.signal("a", { signal: "hello" });
  assertEquals((await told).value?.event, "signaled");
  assertEquals((await take(store, "start", 1)).map(({ event }) => event), ["signaled"]);
  await store.close();
});

async function take(store: Store, from: string, count: number) {
  const events = [];
  for await (const event of store.events({ from })) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

test("a store merges in the background what is worth it, and leaves the newest alone", async () => {
  const files = memoryDirectory();
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const limits = { segmentBytesMax: SEGMENT_BYTES };
  const merge = { keepBytes: 2 * SEGMENT_BYTES };
  const store = await openStore({ files, time, limits, merge });
  for (let round = 0; round < 12; round++) {
    await work(store, `round-${round}`, 200);
    await time.advance(2 * 86_400_000);
    await time.advance(120_000);
  }
  const { merges, log: { bytes } } = store.stats();
  assert(merges.count > 1, `${merges.count} merges`);
  assertEquals(merges.failure, null);
  // Some 28 segments were written.
  assert(bytes < 14 * SEGMENT_BYTES, `${bytes} bytes`);
  await store.close();
});

test("merges wait while a backup reads the files, and the backup is whole", async () => {
  const files = memoryDirectory();
  const to = memoryDirectory();
  const { store } = await open(files);
  await work(store, "a", 400);
  const before = await everything(store);
  const [backup] = await Promise.all([store.backup(to), store.compact()]);
  assert(backup.bytes > 0);
  const copy = memoryDirectory();
  await restoreStore({ from: to, to: copy });
  const { store: restored } = await open(copy);
  assertEquals(await everything(restored), before);
  await restored.close();
  // A merged store can be copied like any other.
  const [later, third] = [memoryDirectory(), memoryDirectory()];
  await store.backup(later);
  await restoreStore({ from: later, to: third });
  const { store: again } = await open(third);
  assertEquals(await everything(again), before);
  await again.close();
  await store.close();
});

test("openStore() refuses merge options that are none", async () => {
  const bad: readonly (readonly [unknown, string])[] = [
    [1, "merge"],
    [{ auto: 1 }, "merge.auto"],
    [{ keepBytes: -1 }, "merge.keepBytes"],
    [{ keepBytes: 0.5 }, "merge.keepBytes"],
    [{ keep: 1 }, "merge.keep"],
  ];
  for (const [merge, field] of bad) {
    const options = { dir: ":memory:", merge } as OpenOptions;
    const error = await assertRejects(() => openStore(options));
    assert(isFlowError(error, "invalid_argument"), String(error));
    assertEquals(error.details["field"], field);
  }
});

test("compact() keeps a value that is linked while it is under way, whenever that is", async () => {
  const linked: unknown[] = [];
  let isOver = false;
  let turn = 0;
  for (; !isOver; turn++) {
    const { store, time } = await open(memoryDirectory());
    // Nothing shows the first payload any more when the second has come.
    await store.create("a", { type: "t", payload: "first", historyMaxEvents: 1 });
    const { payloadRef } = (await store.get("a"))!;
    assert(payloadRef !== undefined && payloadRef !== null);
    const [job] = await store.claimDue("t", { worker: "w" });
    const { leaseToken, fencingToken } = job!;
    await store.transition(job!, {
      ...{ from: "running", to: "next", payload: "second" },
      ...{ leaseToken: leaseToken!, fencingToken },
    });
    await work(store, "b", 400);
    const compacting = store.compact().then(() => isOver = true);
    for (let count = 0; count < turn; count++) await new Promise<void>((go) => time.defer(go));
    if (!isOver) {
      const [[value]] = await Promise.all([
        store.valueMget([payloadRef]),
        store.create("c", { type: "t", payloadRef }),
      ]);
      await compacting;
      // Whoever links what is gone already has a link to nothing.
      const payload = (await store.get("c", { payload: true }))?.payload;
      if (value !== null) linked.push(payload);
      isOver = false;
    }
    await store.close();
  }
  // Most of its turns are those in which it has decided already what goes.
  assert(linked.length > turn / 2, `${linked.length} of ${turn} turns`);
  assertEquals(linked.filter((payload) => payload !== "first"), []);
});

test("compact() keeps a value of no flow until its time is over, and no longer", async () => {
  const { store, time } = await open(memoryDirectory());
  const { ref } = await store.valuePut("kept", { ttlMs: 60_000 });
  await work(store, "a", 50);
  await time.advance(59_000);
  await store.create("late", { type: "t" });
  await store.compact();
  assertEquals(await store.valueMget([ref]), ["kept"]);
  await time.advance(1_000);
  assertEquals(await store.valueMget([ref]), [null]);
  await store.close();
});

test("a store opens after compact() whichever slot of the manifest is damaged then", async () => {
  const files = memoryDirectory();
  const { store } = await open(files);
  await work(store, "a", 200);
  await store.compact();
  const before = await everything(store);
  for (const slot of ["MANIFEST.0", "MANIFEST.1"]) {
    // The process has been killed, and does not know of the copy.
    const copy = copyOf(files, (name, bytes) => name === slot ? bytes.fill(0, 0, 64) : bytes);
    const again = await open(copy);
    assertEquals(await everything(again.store), before);
    await again.store.close();
  }
  await store.close();
});

test("health() tells that segments cannot be merged, and why", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const limits = { segmentBytesMax: SEGMENT_BYTES };
  const options = { files: disk.directory(), time, limits, merge: { keepBytes: 0 } };
  const store = await openStore(options);
  await work(store, "a", 200);
  disk.flipBit({ name: "log-1.seg" });
  for (let round = 0; round < 4; round++) await work(store, `b${round}`, 200);
  await time.advance(1_000);
  const { status, problems } = store.health();
  assertEquals([status, ...problems.map(({ code }) => code)], [
    "degraded",
    "damaged",
    "merge_failed",
  ]);
  for (const { message } of problems) assertStringIncludes(message, "log-1.seg");
  assertEquals((await store.get("b3-7"))?.state, "completed");
  await store.close();
});

test("compact() hears its signal also while it waits for a backup", async () => {
  const { store } = await open(memoryDirectory());
  await work(store, "a", 400);
  const controller = new AbortController();
  const enough = new Error("enough");
  const onProgress = (): void => controller.abort(enough);
  const backup = store.backup(memoryDirectory(), { onProgress });
  const compacting = store.compact({ signal: controller.signal });
  assertEquals(await assertRejects(() => compacting), enough);
  await backup;
  await store.close();
});

test("compact() leaves what an answer shows that waits for its commit", async () => {
  // A list of keys is decided, and waits; a key of it is replaced, and the run with both is merged.
  await runEngineScenario({
    seed: 0,
    temper: { voidPercent: 0, losePercent: 0, pace: "slow" },
    familyPercent: 0,
    ops: [
      { kind: "call", dice: 1364496375 },
      { kind: "advance", ms: 1 },
      { kind: "call", dice: 130014468 },
      { kind: "compact" },
      { kind: "call", dice: 655597012 },
      { kind: "call", dice: 1518005788 },
      { kind: "turn" },
      { kind: "turn" },
      { kind: "advance", ms: 1 },
    ],
  });
});
