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

/** Three hundred flows with names that begin alike, in frames that are smaller than a slice. */
async function fill(store: Store, name: string): Promise<void> {
  for (let batch = 0; batch < 3; batch++) {
    const ids = Array.from({ length: 100 }, (_, index) => `${name}-${batch}-${index}`);
    await store.createMany(ids, { type: "t", payload: "x".repeat(100) });
  }
}

/** A store that merges in the background, and rests in the middle of it. */
async function resting(disk: SimulatedDisk, time: ManualTime): Promise<Store> {
  const merge = { keepBytes: 0 };
  const store = await openStore({ files: disk.directory(), time, limits: LIMITS, merge });
  for (let round = 0; !store.stats().merges.isRunning; round++) await fill(store, `${round}`);
  await time.advance(1);
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

test("a merge in the background rests, longer if something is written, and hurries when much is", async () => {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await resting(new SimulatedDisk({ random: seededRandom(1) }), time);
  const { count } = store.stats().merges;
  /** How far it comes in some milliseconds. */
  const advanced = async (ms: number): Promise<number> => {
    const before = store.stats().merges.progress!.bytes;
    if (ms > 0) await time.advance(ms);
    await turns(time, 1_000);
    return store.stats().merges.progress!.bytes - before;
  };
  assertEquals(await advanced(0), 0, "It does not rest");
  // Something was written when it had begun.
  assert(await advanced(9) > 0);
  assert(await advanced(10) > 0);
  assert(await advanced(1) > 0, "It rests for long though nobody writes anything");
  await store.kv.set("k", 1);
  assert(await advanced(1) > 0);
  assertEquals(await advanced(9), 0, "It does not give way to who writes");
  assert(await advanced(1) > 0);
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
