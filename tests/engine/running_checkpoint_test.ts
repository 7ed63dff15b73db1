import { openStore, type Store } from "../../mod.ts";
import { Checkpoints } from "../../src/engine/checkpoints/checkpoints.ts";
import { ShardState } from "../../src/engine/shard/shard_state.ts";
import { type Directory, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { type Log, Manifest, openFileLog } from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { copyOf } from "./copied_files.ts";

interface Opened {
  readonly store: Store;
  readonly time: ManualTime;
}

/** A store whose checkpoints come after every 100 KB of log, and whose segments are small. */
async function open(
  files: Directory,
  options: { readonly merges?: boolean } = {},
): Promise<Opened> {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const store = await openStore({
    ...{ files, time },
    limits: { segmentBytesMax: 1 << 16 },
    merge: { auto: options.merges === true, keepBytes: 0 },
    retention: { sweep: false },
    checkpoints: { logBytes: 100_000 },
  });
  return { store, time };
}

function checkpointsIn(files: Directory): string[] {
  return files.list().filter((name) => name.startsWith("CHECKPOINT"));
}

/** Makes flows that a checkpoint takes several slices for. */
async function fill({ store }: Opened, count = 3_000): Promise<void> {
  for (let first = 0; first < count; first += 500) {
    const ids = Array.from({ length: 500 }, (_, index) => `flow-${first + index}`);
    await store.createMany(ids, { type: "job", payload: "x".repeat(100) });
  }
}

/** Lets a checkpoint come to its end, while somebody works. */
async function untilWritten({ store, time }: Opened, work = async () => {}): Promise<void> {
  const { count } = store.stats().checkpoints;
  for (let slices = 0; store.stats().checkpoints.count === count; slices++) {
    assert(slices < 10_000, "The checkpoint is never written");
    await work();
    await time.advance(10);
  }
}

/** Makes flows, takes some, and completes most of them. */
async function work({ store }: Opened): Promise<void> {
  const made = store.stats().log.records;
  const ids = Array.from({ length: 20 }, (_, index) => `new-${made}-${index}`);
  await store.createMany(ids, { type: "job" });
  const jobs = await store.claimDue("job", { worker: "w", limit: 20, leaseMs: 600_000 });
  await store.completeMany(
    jobs.slice(1).map(({ id, partitionKey, leaseToken, fencingToken }) => ({
      ...{ id, partitionKey, leaseToken: leaseToken!, fencingToken },
    })),
  );
  await store.kv.set(`key-${jobs[0]?.id}`, jobs.length);
  if (jobs[0] !== undefined) await store.signal(jobs[0], { signal: "s", idempotencyKey: "once" });
}

async function everything(store: Store): Promise<unknown> {
  return [
    await store.info("job"),
    await store.list("job", { count: 1_000 }),
    await store.terminals("job", { count: 1_000 }),
    await store.kv.list("", { count: 1_000 }),
    await store.history("flow-0"),
    await store.history("flow-19"),
    await store.get("flow-3", { payload: true }),
    store.stats().log.bytes,
    store.stats().log.segments,
    store.stats().log.records,
  ];
}

/** Opens what a killed process has left, and compares it. Returns how much it took from a checkpoint. */
async function assertOpensAs(files: Directory, before: unknown): Promise<number> {
  const killed = copyOf(files);
  const { store } = await open(killed);
  assertEquals(await everything(store), before);
  assertEquals((await store.verify()).damage, []);
  const [shard] = store.stats().shards;
  await store.close();
  return shard!.checkpointRecords;
}

test("a store that works writes checkpoints, and is opened from the last one after a crash", async () => {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened);
  await untilWritten(opened, () => work(opened));
  const { checkpoints, shards: [shard] } = opened.store.stats();
  assertEquals([checkpoints.count, checkpoints.failure], [1, null]);
  assertEquals(checkpoints.lastAtMs, opened.time.clock.wallMs());
  const { records } = opened.store.stats().log;
  assert(shard!.checkpointRecords > 0 && shard!.checkpointRecords < records);
  const from = await assertOpensAs(files, await everything(opened.store));
  assertEquals(from, shard!.checkpointRecords);
  await opened.store.close();
});

test("a store is opened from the checkpoint before while the next one is being written", async () => {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened);
  await untilWritten(opened);
  const [first] = checkpointsIn(files);
  const { checkpointRecords } = opened.store.stats().shards[0]!;
  while (!opened.store.stats().checkpoints.isRunning) await work(opened);
  await opened.time.advance(10);
  await work(opened);
  assertEquals(checkpointsIn(files).length, 2);
  assertEquals(await assertOpensAs(files, await everything(opened.store)), checkpointRecords);
  await untilWritten(opened, () => work(opened));
  await opened.time.advance(100);
  assertEquals(checkpointsIn(files).length, 1);
  assert(!checkpointsIn(files).includes(first!));
  const { checkpointRecords: more } = opened.store.stats().shards[0]!;
  assert(more > checkpointRecords);
  assertEquals(await assertOpensAs(files, await everything(opened.store)), more);
  await opened.store.close();
});

test("a checkpoint outlives merges of what comes before its end", async () => {
  const files = memoryDirectory();
  const opened = await open(files, { merges: true });
  await fill(opened);
  while (opened.store.stats().merges.count < 3) {
    await work(opened);
    await opened.time.advance(10);
  }
  const { merges, checkpoints } = opened.store.stats();
  assertEquals([merges.failure, checkpoints.failure], [null, null]);
  const from = await assertOpensAs(files, await everything(opened.store));
  assertEquals(from, opened.store.stats().shards[0]!.checkpointRecords);
  assert(from > 0);
  // The next one stands on what was merged.
  await untilWritten(opened, () => work(opened));
  const again = await assertOpensAs(files, await everything(opened.store));
  assertEquals(again, opened.store.stats().shards[0]!.checkpointRecords);
  await opened.store.close();
});

test("compact() makes a checkpoint useless, and the next one comes whether anybody works or not", async () => {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened);
  await untilWritten(opened);
  await opened.store.compact();
  assertEquals(opened.store.stats().shards[0]!.checkpointRecords, 0);
  assertEquals(await assertOpensAs(files, await everything(opened.store)), 0);
  await untilWritten(opened);
  const { checkpointRecords } = opened.store.stats().shards[0]!;
  assertEquals(await assertOpensAs(files, await everything(opened.store)), checkpointRecords);
  await opened.store.close();
});

test("health() tells of checkpoints that cannot be written, until one can", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const opened = await open(disk.directory());
  await fill(opened);
  assert(opened.store.stats().checkpoints.isRunning);
  disk.capacityBytes = disk.usedBytes + 10_000;
  while (opened.store.stats().checkpoints.isRunning) await opened.time.advance(10);
  assertEquals(opened.store.stats().checkpoints.count, 0);
  const codes = () => opened.store.health().problems.map(({ code }) => code);
  const problem = opened.store.health().problems.find(({ code }) => code === "checkpoint_failed");
  const { failure } = opened.store.stats().checkpoints;
  assertEquals(problem?.message, `Checkpoints cannot be written: ${failure}`);
  assertEquals(failure, 'There is no room for the file "CHECKPOINT.0.1"');
  // Nothing of it is left, and work goes on.
  assertEquals(checkpointsIn(disk.directory()), []);
  await opened.store.cancel("flow-1");
  disk.capacityBytes = Infinity;
  await opened.time.advance(10_000);
  await untilWritten(opened, async () => void await opened.store.kv.set("a", 1));
  assertEquals(codes(), []);
  await opened.store.close();
});

test("health() says why checkpoints cannot be written", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const opened = await open(disk.directory());
  await fill(opened);
  assert(opened.store.stats().checkpoints.isRunning);
  disk.arm({ call: "write", code: "EIO", name: "CHECKPOINT.0.1" });
  while (opened.store.stats().checkpoints.isRunning) await opened.time.advance(10);
  const { message } = opened.store.health().problems.find(({ code }) =>
    code === "checkpoint_failed"
  )!;
  assert(
    /^Checkpoints cannot be written: .*EIO.*, in the file "CHECKPOINT.0.1"$/.test(message),
    message,
  );
  await opened.store.close();
});

test("openStore({ checkpoints: { auto: false } }) leaves one when it is closed, and not before", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const checkpoints = { auto: false, logBytes: 1 };
  const store = await openStore({ files, time, checkpoints });
  await fill({ store, time }, 25_000);
  await time.advance(1_000);
  assertEquals(checkpointsIn(files), []);
  await store.close();
  assertEquals(checkpointsIn(files).length, 1);
});

test("a checkpoint knows no frame that came while it was written", async () => {
  const files = memoryDirectory();
  const store = await openStore({ files, time: manualTime() });
  for (const value of ["a", "b", "c"]) await store.valuePut(value.repeat(1_000_000));
  await store.close();
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory: files, random });
  const log = openFileLog({ directory: files, random, manifest });
  const checkpoints = new Checkpoints({ directory: files, manifest });
  const hashKey = [1, 2, 3, 4] as const;
  const state = ShardState.of(log, { hashKey });
  const begun = checkpoints.begin(0, log.end.lsn, { log, state });
  begun.settled(state.read, state.timeMs);
  const { signposts, last } = state.read.save();
  const posts = [...signposts];
  assertEquals(posts.length, 1);
  const { end, segment, endOffset } = last!;
  for (let count = 1; count <= 5; count++) {
    const next = { ...end, index: end.index + count, lsn: end.lsn + count };
    state.read.add({ end: next, segment, endOffset: endOffset + count * (2 << 20) });
  }
  const rest = (): Promise<void> => Promise.resolve();
  await begun.write({ sliceBytes: 1 << 20, sliceSteps: 64, rest }, () => false);
  const loaded = ShardState.of(log, { hashKey, checkpoints });
  assertEquals(checkpoints.last(0).lsn, log.end.lsn);
  assertEquals([loaded.read.save().signposts, loaded.read.end], [posts, last!]);
  await log.close();
});

test("a checkpoint stands on any number of segments", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const store = await openStore({ files, time });
  await store.createMany(["a", "b", "c"], { type: "job" });
  await store.close();
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory: files, random });
  const log = openFileLog({ directory: files, random, manifest });
  const many = Array.from({ length: 20_000 }, (_, index) => 1_000_000 + index);
  const crowded: Log = {
    ...{ limits: log.limits, mode: log.mode, end: log.end },
    ...{
      nextPlace: () => log.nextPlace(),
      submit: () => {},
      onSettled: () => {},
      onLost: () => {},
    },
    read: (after) => log.read(after),
    readBytes: (...place) => log.readBytes(...place),
    ...{ mark: () => {}, close: () => log.close() },
    segments: {
      refusal: undefined,
      list: [
        ...many.map((id) => ({ id, bytes: 65_536, isSealed: true, lastLsn: 0, isMerged: false })),
        ...log.segments.list,
      ],
      wholeFrom: log.segments.wholeFrom,
      ...{ roll: () => log.segments.roll(), returnPlace: () => {}, findLoss: () => undefined },
      merge: (ids) => log.segments.merge(ids),
      createBeside: (name) => log.segments.createBeside(name),
    },
  };
  const [entry] = manifest.segmentsOf(0);
  const listed = [...many.map((id) => ({ ...entry!, id })), ...manifest.segmentsOf(0)];
  const crowdedManifest = { state: manifest.state, segmentsOf: () => listed };
  const checkpoints = new Checkpoints({
    directory: files,
    manifest: crowdedManifest as unknown as Manifest,
  });
  const hashKey = [1, 2, 3, 4] as const;
  const state = ShardState.of(crowded, { hashKey });
  const begun = checkpoints.begin(0, log.end.lsn, { log: crowded, state });
  begun.settled(state.read, state.timeMs);
  const rest = (): Promise<void> => Promise.resolve();
  await begun.write({ sliceBytes: 1 << 20, sliceSteps: 64, rest }, () => false);
  const loaded = ShardState.of(crowded, { hashKey, checkpoints });
  assertEquals(checkpoints.last(0).lsn, log.end.lsn);
  assertEquals(loaded.flows.table.size, 3);
  await log.close();
});

test("Checkpoints.published() takes none that a merge has made useless since its last byte", async () => {
  const files = memoryDirectory();
  const store = await openStore({ files, time: manualTime() });
  await store.createMany(["a", "b", "c"], { type: "job" });
  await store.close();
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory: files, random });
  const log = openFileLog({ directory: files, random, manifest });
  const { lsn } = log.end;
  const rest = (): Promise<void> => Promise.resolve();
  const sizes = { segmentCount: 1, bytes: 5_000, savedBytes: 10 };
  for (const lastLsn of [lsn - 1, lsn, lsn + 1]) {
    const checkpoints = new Checkpoints({ directory: files, manifest });
    const state = ShardState.of(log, { hashKey: [1, 2, 3, 4] });
    const begun = checkpoints.begin(0, lsn, { log, state });
    begun.settled(state.read, state.timeMs);
    const pace = { sliceBytes: 1 << 20, sliceSteps: 64, rest };
    const written = await begun.write(pace, () => false);
    // It is written, and nobody has heard of it.
    checkpoints.merged(0, { ...sizes, lastLsn });
    const isOfUse = checkpoints.published(0, written);
    assertEquals(isOfUse, lastLsn < lsn);
    await checkpoints.removeOthers(0, rest);
    assertEquals(checkpoints.last(0).lsn, isOfUse ? lsn : 0);
    assertEquals(checkpoints.isMissed(0), !isOfUse);
    assertEquals(checkpointsIn(files).includes(written.name), isOfUse);
  }
  await log.close();
});

test("close() does not wait for the checkpoint before to be removed at leisure", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const checkpoints = { logBytes: 20_000_000 };
  const store = await openStore({ files, time, checkpoints, merge: { auto: false } });
  const text = "k".repeat(1_000);
  const set = async (first: number, value: unknown): Promise<void> => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `${text}${first + index}`);
    await Promise.all(keys.map((key) => store.kv.set(key, value)));
  };
  for (let first = 0; first < 20_000; first += 1_000) await set(first, 1);
  await untilWritten({ store, time });
  // As much comes as the checkpoint takes, so there is another one.
  while (!store.stats().checkpoints.isRunning) await set(0, text);
  await untilWritten({ store, time });
  assertEquals([store.stats().checkpoints.isRunning, checkpointsIn(files).length], [true, 2]);
  await store.close();
  assertEquals(checkpointsIn(files).length, 1);
});

test("a checkpoint that a merge makes useless is no failure", async () => {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened);
  while (!opened.store.stats().checkpoints.isRunning) await work(opened);
  await opened.store.compact();
  await opened.time.advance(10);
  const { count, failure } = opened.store.stats().checkpoints;
  assertEquals([count, failure], [0, null]);
  await untilWritten(opened, () => work(opened));
  await opened.store.close();
});

test("a store that is closed after compact() leaves a checkpoint that the next one is opened from", async () => {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened, 20_000);
  await opened.time.advance(1_000);
  await opened.store.compact();
  const { records } = opened.store.stats().log;
  await opened.store.close();
  const again = await open(files);
  assertEquals(again.store.stats().shards[0]!.checkpointRecords, records);
  assertEquals((await again.store.verify()).damage, []);
  await work(again);
  assertEquals(await assertOpensAs(files, await everything(again.store)), records);
  await again.store.close();
});
