import { isFlowError, openStore, restoreStore, type Store } from "../../mod.ts";
import { planPieces } from "../../src/engine/merges/scarce_merge.ts";
import {
  type Directory,
  memoryDirectory,
  readWholeFile,
  SimulatedDisk,
  writeFully,
} from "../../src/files/mod.ts";
import { Manifest, type Segment } from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { copyOf } from "./copied_files.ts";

const HOUR_MS = 3_600_000;
const BALLAST_BYTES = 256 << 10;
const CAPACITY_BYTES = 2 << 20;

interface Setting {
  readonly disk: SimulatedDisk;
  readonly time: ManualTime;
  /** @param logBytes After so many bytes of log there is a checkpoint. Default: as usually. */
  open(auto?: boolean, options?: { files?: Directory; logBytes?: number }): Promise<Store>;
}

function setting(): Setting {
  const random = seededRandom(1);
  const disk = new SimulatedDisk({ random, capacityBytes: CAPACITY_BYTES });
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const limits = { segmentBytesMax: 64 << 10, ballastBytes: BALLAST_BYTES, memoryBytesMax: 1e9 };
  const open: Setting["open"] = (auto = true, { files = disk.directory(), logBytes } = {}) =>
    openStore({ files, time, limits, merge: { auto }, checkpoints: { logBytes } });
  return { disk, time, open };
}

interface Work {
  readonly type: string;
  /** What tells its flows from others of the type. */
  readonly round?: number;
  /** How long flows are kept that have ended; undefined: they do not end. */
  readonly retentionTtlMs?: number;
}

/** Creates flows, and completes them, until the disk is full or enough are there. */
async function fill(
  store: Store,
  { type, round = 0, retentionTtlMs }: Work,
  countMax = 1e9,
): Promise<number> {
  for (let count = 0;; count += 20) {
    if (count >= countMax) return count;
    const ids = Array.from({ length: 20 }, (_, index) => `${type}-${round}-${count + index}`);
    try {
      await store.createMany(ids, { type, payload: "x".repeat(500), retentionTtlMs });
    } catch (error) {
      // The last frame fitted in part.
      if (isFlowError(error, "unknown_outcome")) return count;
      assert(isFlowError(error, "overloaded"), String(error));
      assertEquals(error.details["reason"], "disk_full");
      return count;
    }
    if (retentionTtlMs !== undefined) await complete(store, type);
  }
}

async function complete(store: Store, type: string): Promise<void> {
  const jobs = await store.claimDue(type, { worker: "w", limit: 20 });
  await store.completeMany(jobs.map(({ id, partitionKey, leaseToken, fencingToken }) => (
    { id, partitionKey, leaseToken: leaseToken!, fencingToken }
  )));
}

/** All flows of a type with everything about them. */
async function everything(store: Store, type: string): Promise<unknown> {
  const flows = await store.list(type, { count: 1_000 });
  return await Promise.all(flows.map(async ({ id, partitionKey }) => [
    await store.get({ id, partitionKey }, { payload: true, values: true }),
    await store.history({ id, partitionKey }, { values: true }),
  ]));
}

/** Fills the disk with flows of which some stay and some are over after an hour. */
async function crowd(open: () => Promise<Store>): Promise<void> {
  await using store = await open();
  for (let round = 0; round < 6; round++) {
    await fill(store, { type: "live", round }, 160);
    await fill(store, { type: "gone", round, retentionTtlMs: HOUR_MS }, 100);
  }
  await fill(store, { type: "gone", round: 8, retentionTtlMs: HOUR_MS });
}

/** A store that does not merge by itself, with a little room, when what is over was removed. */
async function overdue(): Promise<Setting & { store: Store; before: unknown }> {
  const given = setting();
  const { disk, time, open } = given;
  await crowd(() => open(false));
  const store = await open(false);
  const before = await everything(store, "live");
  await time.advance(2 * HOUR_MS);
  disk.capacityBytes += 40_000;
  while ((await store.retentionCleanup()).flows > 0);
  return { ...given, store, before };
}

test("a store on a full disk takes new work again by itself once retentions are over", async () => {
  const { time, open } = setting();
  await crowd(open);
  const store = await open();
  // Of most of the log nothing goes: what is kept does not fit beside it.
  const before = await everything(store, "live");
  assertEquals(store.health().overload, "disk_full");
  await time.advance(HOUR_MS / 2);
  assertEquals(store.health().overload, "disk_full");
  await time.advance(HOUR_MS);
  assertEquals(store.health().problems, []);
  assertEquals(await fill(store, { type: "new" }, 400), 400);
  assertEquals(await everything(store, "live"), before);
  assertEquals((await store.verify()).damage, []);
  await store.close();
  const again = await open();
  assertEquals(await everything(again, "live"), before);
  assertEquals((await again.verify()).damage, []);
  await again.close();
});

test("what pieces have given back counts, also if there is no room for the next", async () => {
  const { disk, time, open } = setting();
  await crowd(() => open(false));
  const directory = disk.directory();
  const stores: Store[] = [];
  const shortOf: string[] = [];
  const files: Directory = {
    ...{ path: directory.path, list: () => directory.list() },
    ...{ remove: (name) => directory.remove(name), sync: () => directory.sync() },
    ...{ lock: (owner) => directory.lock(owner), freeBytes: () => directory.freeBytes() },
    open(name, options) {
      const isNext = options?.create === true && name.endsWith(".seg") &&
        stores[0]?.stats().merges.count === 1;
      if (isNext && shortOf.push(name) === 1) disk.capacityBytes = disk.usedBytes;
      return directory.open(name, options);
    },
  };
  const store = await open(true, { files });
  stores.push(store);
  const before = await everything(store, "live");
  await time.advance(HOUR_MS);
  for (let seconds = 0; shortOf.length === 0; seconds++) {
    assert(seconds < 3_600, "Nothing is merged");
    await time.advance(1_000);
  }
  const { merges: { count, failure, readBytes, writtenBytes } } = store.stats();
  assertEquals([count, failure], [1, null]);
  // It was chosen by what is left of a piece: removals are, and a merge of everything drops them.
  assert(writtenBytes < readBytes / 2, `${readBytes} bytes, and then ${writtenBytes}`);
  disk.capacityBytes = Infinity;
  await time.advance(10_000);
  assertEquals(await everything(store, "live"), before);
  assertEquals((await store.verify()).damage, []);
  await store.close();
});

test("a full disk of which little is kept is cleared as a whole, and nothing is left of it", async () => {
  const { disk, time, open } = setting();
  const store = await open();
  await fill(store, { type: "live" }, 40);
  await fill(store, { type: "gone", retentionTtlMs: HOUR_MS }, 600);
  disk.capacityBytes = disk.usedBytes;
  await fill(store, { type: "too much" });
  const before = await everything(store, "live");
  assertEquals(store.health().overload, "disk_full");
  await time.advance(2 * HOUR_MS);
  assertEquals(store.health().problems, []);
  assertEquals(untilOf(disk.directory()).untils, []);
  assert(store.stats().log.bytes < 200_000, `${store.stats().log.bytes} bytes`);
  assertEquals(await everything(store, "live"), before);
  await store.close();
});

test("compact() goes on piece by piece where there is no room for all that is kept", async () => {
  const { disk, store, before } = await overdue();
  const { bytesBefore, bytesAfter } = await store.compact();
  assert(bytesAfter < 0.8 * bytesBefore, `${bytesBefore} ${bytesAfter}`);
  // They mean something together only, and that has to be known when the store is opened again.
  const { untils, end } = untilOf(disk.directory());
  assertEquals(untils, [end]);
  assertEquals(await everything(store, "live"), before);
  assertEquals((await store.verify()).damage, []);
  // With all that came back there is room for the rest.
  disk.capacityBytes = Infinity;
  await store.compact();
  assertEquals(store.stats().log.segments, 1);
  assertEquals(await everything(store, "live"), before);
  await store.close();
});

/** Up to where it was decided what pieces hold, and the end of the last sealed segment. */
function untilOf(files: Directory): { readonly untils: number[]; readonly end: number } {
  const { state: { segments } } = Manifest.open({ directory: files, random: seededRandom(2) });
  const untils = new Set(segments.flatMap(({ until }) => until ?? []));
  return { untils: [...untils], end: segments.findLast(({ sealed }) => sealed)!.sealed!.end.index };
}

test("pieces mean in a backup, and in what is restored of it, what they do in the store", async () => {
  const { open, store, before } = await overdue();
  await store.compact();
  const [backup, restored] = [memoryDirectory(), memoryDirectory()];
  await store.backup(backup);
  await store.close();
  await restoreStore({ from: backup, to: restored });
  assertEquals(untilOf(restored).untils.length, 1);
  const again = await open(false, { files: restored });
  assertEquals(await everything(again, "live"), before);
  assertEquals((await again.verify()).damage, []);
  await again.compact();
  assertEquals(again.stats().log.segments, 1);
  assertEquals(await everything(again, "live"), before);
  await again.close();
});

/** Lets a store write a checkpoint. Returns how many records are in it. */
async function checkpointed(store: Store, time: ManualTime): Promise<number> {
  const { count } = store.stats().checkpoints;
  for (let slices = 0; store.stats().checkpoints.count === count; slices++) {
    assert(slices < 10_000, "The checkpoint is never written");
    await time.advance(10);
  }
  return store.stats().shards[0]!.checkpointRecords;
}

function checkpointsIn(files: Directory): string[] {
  return files.list().filter((name) => name.startsWith("CHECKPOINT"));
}

interface Checkpointed extends Setting {
  readonly store: Store;
  readonly before: unknown;
  /** So many records are in its checkpoint. */
  readonly records: number;
}

/** A store in which much is over, with a checkpoint that ends in the segment behind all that. */
async function overAndCheckpointed(auto: boolean): Promise<Checkpointed> {
  const given = setting();
  const { disk, time, open } = given;
  await crowd(() => open(false));
  disk.capacityBytes = Infinity;
  const first = await open(false);
  const before = await everything(first, "live");
  await time.advance(2 * HOUR_MS);
  while ((await first.retentionCleanup()).flows > 0);
  // What is open is sealed, and no more than that.
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error("enough"));
  await assertRejects(() => first.compact({ onProgress, signal: controller.signal }));
  await first.close();
  const store = await open(auto, { logBytes: 100_000 });
  await store.create("behind", { type: "new" });
  const records = await checkpointed(store, time);
  assert(records > 0);
  return { ...given, store, before, records };
}

test("a checkpoint that does not know all that pieces were decided by is no use, also if it comes back", async () => {
  const { disk, open, store, before } = await overAndCheckpointed(false);
  const old = copyOf(disk.directory());
  const [name] = checkpointsIn(old);
  await store.create("behind that", { type: "new" });
  disk.capacityBytes = disk.usedBytes + 100_000;
  await store.compact();
  const [until] = untilOf(disk.directory()).untils;
  assert(until !== undefined);
  assertEquals(store.stats().shards[0]!.checkpointRecords, 0);
  assertEquals(checkpointsIn(disk.directory()), []);
  // Its removal was not durable.
  const killed = copyOf(disk.directory());
  const file = killed.open(name!, { create: true });
  writeFully(file, readWholeFile(old, name!)!, { at: 0 });
  file.close();
  const again = await open(false, { files: killed });
  assertEquals(again.stats().shards[0]!.checkpointRecords, 0);
  for (const one of [again, store]) {
    assertEquals(await everything(one, "live"), before);
    assertEquals(await everything(one, "gone"), []);
    assertEquals((await one.verify()).damage, []);
    await one.close();
  }
});

test("a checkpoint that ends behind all that pieces were decided by is as good as before", async () => {
  const { disk, time, open, store, before, records } = await overAndCheckpointed(true);
  const names = checkpointsIn(disk.directory());
  disk.capacityBytes = disk.usedBytes;
  await fill(store, { type: "too much" });
  for (let seconds = 0; untilOf(disk.directory()).untils.length === 0; seconds++) {
    assert(seconds < 3_600, "Nothing is merged");
    await time.advance(1_000);
  }
  assertEquals(checkpointsIn(disk.directory()), names, "There is another one");
  assertEquals(store.stats().shards[0]!.checkpointRecords, records);
  const again = await open(false, { files: copyOf(disk.directory()) });
  assertEquals(again.stats().shards[0]!.checkpointRecords, records);
  for (const one of [again, store]) {
    assertEquals(await everything(one, "live"), before);
    assertEquals(await everything(one, "gone"), []);
    assertEquals((await one.verify()).damage, []);
    await one.close();
  }
});

test("compact() says how much room it lacks if nothing of what it keeps fits anywhere", async () => {
  const { disk, open } = setting();
  const store = await open(false);
  await fill(store, { type: "live" }, 1_000);
  for (let round = 1; round <= 4; round++) {
    const flows = await store.list("live", { count: 1_000 });
    for (const { id, partitionKey } of flows.slice(0, 100 * round)) {
      await store.kv.set(id, "y".repeat(100), { partitionKey });
    }
  }
  disk.capacityBytes = disk.usedBytes;
  const error = await assertRejects(() => store.compact());
  assert(isFlowError(error, "overloaded"), String(error));
  assertEquals(error.details["reason"], "disk_full");
  assert(
    /merging goes on once there are about \d+ bytes of room/.test(error.message),
    error.message,
  );
  disk.capacityBytes = Infinity;
  await store.compact();
  await store.close();
});

test("compact() in next to no room refuses or is done, and the store goes on", async () => {
  const KIB = 1_024;
  const ends = new Set<string>();
  // For nothing; for the head of a segment and no longer manifest; for a segment; for some of them.
  for (const roomBytes of [0, 4 * KIB, 4 * KIB + 50, 8 * KIB, 12 * KIB + 50, 20 * KIB, 40 * KIB]) {
    const { disk, open, store, before } = await overdue();
    disk.capacityBytes = disk.usedBytes + roomBytes;
    const end = await store.compact().then(() => "done", (error) => {
      assert(isFlowError(error, "overloaded"), `${roomBytes}: ${error}`);
      return "refused";
    });
    ends.add(end);
    assertEquals(await everything(store, "live"), before);
    disk.capacityBytes = Infinity;
    await store.signal("live-0-0", { signal: "goes on" });
    await store.compact();
    assertEquals((await store.verify()).damage, []);
    await store.close();
    const again = await open(false);
    assertEquals((await again.list("live", { count: 1_000 })).length, 960);
    await again.close();
  }
  assertEquals([...ends].sort(), ["done", "refused"]);
});

test("a store is what it was wherever a merge piece by piece is cut short", async () => {
  let isOver = false;
  // Not at every call: there are hundreds, and a simulation of all that a store does cuts at any.
  for (let calls = 0; !isOver; calls += 97) {
    const { disk, open, store, before } = await overdue();
    disk.cutAfter(calls);
    const end = await store.compact().then(() => "done", () => "cut");
    isOver = end === "done";
    if (isOver) disk.cutAfter(Infinity);
    else disk.restart();
    disk.capacityBytes = Infinity;
    const again = isOver ? store : await open(false);
    assertEquals(await everything(again, "live"), before);
    assertEquals(await everything(again, "gone"), []);
    assertEquals((await again.verify()).damage, []);
    await again.compact();
    assertEquals(await everything(again, "live"), before);
    await again.close();
  }
});

test("a store on a full disk looks ever more rarely for something to give back, and at once after a find", async () => {
  const { disk, time, open } = setting();
  const full = await open(false);
  await full.policySet("live", { retention: { historyMaxEvents: 1 } });
  await fill(full, { type: "live" });
  await full.close();
  const files = countingDirectory(disk.directory());
  const store = await open(true, { files });
  assertEquals(store.health().overload, "disk_full");
  /** Whether segments are read while time goes on: only a merge does that here. */
  const isTried = async (ms: number): Promise<boolean> => {
    const { reads } = files.counts();
    await time.advance(ms);
    return files.counts().reads > reads;
  };
  const signal = (): Promise<unknown> => store.signal("live-0-0", { signal: "s" });
  await signal();
  assert(await isTried(0));
  for (const restMs of [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000]) {
    await signal();
    assertEquals([await isTried(restMs - 1), await isTried(1)], [false, true], `${restMs}`);
  }
  assertEquals(store.stats().merges.count, 0);
  // Nothing was written since, so nothing can have become unwanted.
  assert(!await isTried(3_600_000));
  await signal();
  assert(await isTried(5_000));
  // Now there is something: all but the last of these.
  for (let count = 0; count < 150; count++) await signal();
  assertEquals([await isTried(599_999), await isTried(1)], [false, true]);
  assert(store.stats().merges.count > 0);
  assertEquals([await isTried(4_999), await isTried(1)], [false, true]);
  await signal();
  assertEquals([await isTried(9_999), await isTried(1)], [false, true]);
  await signal();
  assertEquals([await isTried(19_999), await isTried(1)], [false, true]);
  assertEquals(store.health().overload, "disk_full");
  // The next time that a disk is full is another one.
  disk.capacityBytes = Infinity;
  await time.advance(60_000);
  assertEquals(store.health().overload, null);
  disk.capacityBytes = disk.usedBytes;
  await fill(store, { type: "live", round: 1 });
  assertEquals(store.health().overload, "disk_full");
  for (let seconds = 0; !await isTried(1_000); seconds++) {
    assert(seconds < 60, "Nothing is tried");
    await signal();
  }
  await signal();
  assertEquals([await isTried(9_999), await isTried(1)], [false, true]);
  await store.close();
});

test("a merge on a full disk that fails is tried again after a rest, and health() says why it did", async () => {
  const { disk, time, open } = setting();
  const full = await open(false);
  await fill(full, { type: "live" });
  await full.close();
  const files = countingDirectory(disk.directory());
  const store = await open(true, { files });
  const isTried = async (ms: number): Promise<boolean> => {
    const { reads } = files.counts();
    await time.advance(ms);
    return files.counts().reads > reads;
  };
  disk.loseSector({ name: "log-3.seg" });
  await store.signal("live-0-0", { signal: "s" });
  await time.advance(0);
  for (const restMs of [10_000, 20_000, 40_000]) {
    const { problems } = store.health();
    const { message } = problems.find(({ code }) => code === "merge_failed")!;
    assert(message.includes("log-3.seg"), message);
    assertEquals([await isTried(restMs - 1), await isTried(1)], [false, true]);
  }
  await store.close();
});

test("health() says how much room a merge on a full disk lacks", async () => {
  const { disk, time, open } = setting();
  const full = await open(false);
  await fill(full, { type: "live" }, 1_000);
  for (let round = 1; round <= 4; round++) {
    for (let index = 0; index < 100 * round; index++) {
      await full.kv.set(`live-${index}`, "y".repeat(100), { partitionKey: "p" });
    }
  }
  await full.close();
  disk.directory().remove("BALLAST");
  disk.capacityBytes = disk.usedBytes + 40_000;
  const store = await open();
  await time.advance(1);
  assertEquals(store.health().overload, "disk_full");
  const { message } = store.health().problems.find(({ code }) => code === "merge_failed")!;
  assert(/merging goes on once there are about \d+ bytes of room/.test(message), message);
  await store.close();
});

test("planPieces() takes what fits, the newest first, and half of what comes back", () => {
  const KIB = 1_024;
  const segment = (id: number, kib: number): Segment => (
    { id, bytes: kib * KIB, isSealed: true, isMerged: false, lastLsn: id }
  );
  const sealed = [segment(1, 64), segment(2, 64), segment(3, 64), segment(4, 64)];
  const plan = (kept: readonly number[], roomKib: number) =>
    planPieces(sealed, new Map(kept.map((kib, index) => [index + 1, kib * KIB])), roomKib * KIB);
  // A segment takes 8 KiB besides.
  assertEquals(plan([0, 0, 0, 0], 8), { pieces: [4, 3, 2, 1], lackedBytes: 0 });
  assertEquals(plan([0, 0, 0, 0], 7), { pieces: [], lackedBytes: 8 * KIB });
  // The third one does not fit, and gives way to the older ones; the first one fits by then.
  assertEquals(plan([40, 0, 30, 64], 30), { pieces: [2, 1], lackedBytes: 38 * KIB });
  assertEquals(plan([64, 64, 64, 64], 1_000), { pieces: [], lackedBytes: 0 });
  assertEquals(plan([48, 49, 48, 49], 1_000), { pieces: [3, 1], lackedBytes: 0 });
});
