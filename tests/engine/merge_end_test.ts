import { isFlowError, openStore, type Store } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { Manifest } from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

const LIMITS = { segmentBytesMax: 65_536 };

async function turns(time: ManualTime, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((go) => time.defer(go));
}

/** Flows that have moved on, so that nothing shows what they began with. */
async function moveOn(store: Store, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `${index}`);
  await store.createMany(ids, { type: "t", payload: "x".repeat(100), historyMaxEvents: 1 });
  const jobs = await store.claimDue("t", { worker: "w", limit: count });
  await store.transitionMany(
    jobs.map(({ id, partitionKey, leaseToken, fencingToken }) => (
      { id, partitionKey, leaseToken: leaseToken!, fencingToken, payload: "y" }
    )),
    { from: "running", to: "next" },
  );
}

test("compact() ends also if values are linked all the time", async () => {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await openStore({ files: memoryDirectory(), time, merge: { auto: false } });
  await moveOn(store, 1_000);
  await store.create("kept", { type: "u", payload: "kept" });
  const { payloadRef } = (await store.get("kept"))!;
  const linking: Promise<unknown>[] = [];
  const onProgress = (): void => {
    assert(linking.length < 200, "It goes on and on");
    const linked = { type: "u", payloadRef: payloadRef! };
    linking.push(store.create(`link-${linking.length}`, linked));
  };
  await store.compact({ onProgress });
  await Promise.all(linking);
  assertEquals((await store.verify()).damage, []);
  await store.close();
});

/** Three hundred flows with names that begin alike. */
async function fill(store: Store, name: string): Promise<void> {
  const ids = Array.from({ length: 300 }, (_, index) => `${name}-${index}`);
  await store.createMany(ids, { type: "t", payload: "x".repeat(100) });
}

/** A store that merges in the background, and rests in the middle of it. */
async function resting(disk: SimulatedDisk, time: ManualTime): Promise<Store> {
  const merge = { keepBytes: 0 };
  const store = await openStore({ files: disk.directory(), time, limits: LIMITS, merge });
  for (let round = 0; round < 8; round++) await fill(store, `${round}`);
  await time.advance(1);
  assert(store.stats().merges.isRunning, "Nothing is merged");
  return store;
}

test("compact() lets a merge in the background rest no more, since nothing wakes a process for it", async () => {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await resting(new SimulatedDisk({ random: seededRandom(1) }), time);
  const result = await Promise.race([store.compact(), turns(time, 1_000).then(() => "It waits")]);
  assert(typeof result === "object", String(result));
  assertEquals(store.stats().merges.count, 2);
  await store.close();
});

test("a merge in the background rests while nothing is written, and hurries when much is", async () => {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await resting(new SimulatedDisk({ random: seededRandom(1) }), time);
  const { count } = store.stats().merges;
  await turns(time, 1_000);
  for (let rests = 0; rests < 3; rests++) {
    await time.advance(10);
    await turns(time, 1_000);
  }
  assertEquals(store.stats().merges.count, count, "It does not rest");
  const { segments } = store.stats().log;
  for (let round = 0; store.stats().log.segments - segments < 4; round++) {
    await fill(store, `much-${round}`);
  }
  await time.advance(10);
  await turns(time, 1_000);
  assertEquals(store.stats().merges.count, count + 1, "It does not hurry");
  await store.close();
});

test("compact() ends when the store fails, also if it waits for another merge", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await resting(disk, time);
  const compacting = assertRejects(() => store.compact());
  disk.arm({ call: "flush" });
  await assertRejects(() => store.create("a", { type: "t" }));
  const result = await Promise.race([compacting, turns(time, 100).then(() => "It waits")]);
  assert(isFlowError(result, "store_failed"), String(result));
  await store.close();
});

test("close() ends merges that rest or wait, and leaves nothing of them", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await resting(disk, time);
  const compacting = assertRejects(() => store.compact());
  let isOver = false;
  compacting.then(() => isOver = true);
  await store.close();
  assert(isOver, "It waits");
  const result = await compacting;
  assert(isFlowError(result, "store_closed"), String(result));
  assertEquals(disk.openHandleCount, 0);
  const { state: { segments } } = Manifest.open({
    directory: disk.directory(),
    random: seededRandom(2),
  });
  const names = disk.directory().list().filter((name) => name.endsWith(".seg"));
  assertEquals(names.sort(), segments.map(({ id }) => `log-${id}.seg`).sort());
});

test("compact() that ends early gives room back, also if somebody has its file open", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const directory = disk.directory();
  const store = await openStore({ files: directory, time, limits: LIMITS, merge: { auto: false } });
  await moveOn(store, 1_000);
  const before = new Set(directory.list());
  const controller = new AbortController();
  const opened: ReturnType<typeof directory.open>[] = [];
  // A log thread keeps the files open that it has written to.
  const onProgress = (): void => {
    for (const name of directory.list().filter((name) => !before.has(name))) {
      const file = directory.open(name);
      if (file.getSize() < 10_000) file.close();
      else opened.push(file);
    }
    if (opened.length > 0) controller.abort(new Error("enough"));
  };
  await assertRejects(() => store.compact({ onProgress, signal: controller.signal }));
  assertEquals(opened.map((file) => file.getSize()), [4_096]);
  for (const file of opened) file.close();
  await store.close();
});
