import { openStore, type ShardStats } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

test("stats() counts flows, claims, commits and bytes, also after the store was opened again", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const limits = { segmentBytesMax: 65_536 };
  let bytes: number;
  {
    await using store = await openStore({ files, time, limits });
    assertEquals(store.stats().log.commits.count, 0);
    await store.createMany(["a", "b", "c"], { type: "job", payload: new Uint8Array(70_000) });
    await store.cancel("a");
    const waiting = store.claimDue("other", { worker: "w", blockMs: 5_000 });
    await time.advance(1_000);
    const { flows, waitingClaims, pendingCalls, openForMs, log, shards, disk } = store.stats();
    assertEquals([flows, waitingClaims, pendingCalls, openForMs], [3, 1, 0, 1_000]);
    assertEquals([log.mode.kind, log.segments, log.commits.count], ["inline", 2, 2]);
    assertEquals(log.commits.recordsMean, log.records / 2);
    assert(log.bytes > 210_000 && log.bytes < 220_000);
    assertEquals(shards, [{ shard: 0, flows: 3, inFlightBytes: 0, log, checkpointRecords: 0 }]);
    assertEquals(disk, { freeBytes: null, ballastHeld: null });
    bytes = log.bytes;
    await time.advance(4_000);
    await waiting;
  }
  await using store = await openStore({ files, time, limits });
  const { flows, log } = store.stats();
  assertEquals([flows, log.bytes, log.segments, log.commits.count], [3, bytes, 2, 0]);
});

test("stats().log.bytes is what the segments hold", async () => {
  const files = memoryDirectory();
  await using store = await openStore({ files, limits: { segmentBytesMax: 65_536 } });
  for (let index = 0; index < 9; index++) {
    await store.create(`f${index}`, { type: "job", payload: new Uint8Array(30_000) });
  }
  const segments = files.list().filter((name) => name.endsWith(".seg"));
  const sizes = segments.map((name) => {
    const file = files.open(name);
    const size = file.getSize();
    file.close();
    return size;
  });
  const { log } = store.stats();
  assertEquals([log.segments, log.bytes, log.mergedBytes], [
    segments.length,
    sizes.reduce((sum, size) => sum + size, 0),
    0,
  ]);
  await store.compact();
  await store.create("later", { type: "job" });
  const compacted = store.stats();
  const { log: { bytes, mergedBytes }, merges: { writtenBytes } } = compacted;
  assertEquals(mergedBytes, writtenBytes);
  assert(mergedBytes > 0 && mergedBytes < bytes);
  assertEquals(compacted.shards[0]?.log.mergedBytes, mergedBytes);
});

test("a store in memory counts its log as memory, and merges it long before one on a disk", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const payload = new Uint8Array(1 << 20);
  let mostBytes = 0;
  for (let index = 0; index < 64; index++) {
    await store.create(`f${index}`, { type: "job", payload });
    await store.cancel(`f${index}`, { ttlMs: 1 });
    // A merge in the background rests now and then.
    await time.advance(100);
    await store.retentionCleanup();
    const { memory, log } = store.stats();
    assertEquals(memory.logBytes, log.bytes);
    mostBytes = Math.max(mostBytes, log.bytes);
  }
  assert(store.stats().merges.count > 0 && mostBytes < 56 << 20, `${mostBytes}`);
});

test("stats() measures commits from their submission to their answer", async () => {
  await using scripted = new ScriptedStore();
  const { store } = scripted;
  scripted.isSilent = true;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  scripted.time.tick(40);
  const { pendingCalls, memory, log } = store.stats();
  assertEquals([pendingCalls, log.commits.count], [1, 0]);
  assert(memory.inFlightBytes > 100);
  assertEquals(
    memory.totalBytes,
    memory.flowsBytes + memory.keysBytes + memory.keydirBytes + memory.inFlightBytes +
      memory.logBytes,
  );
  scripted.answer();
  await scripted.turn();
  await created;
  const { latency } = store.stats().log.commits;
  assertEquals([latency.count, latency.p50Ms, latency.maxMs], [1, 40, 40]);
  assertEquals(store.stats().memory.inFlightBytes, 0);
});

test("stats() says how much is free, if somebody wants that to be looked at", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 1_000_000 });
  const limits = { diskFreeBytesMin: 1, ballastBytes: 1_000 };
  await using store = await openStore({ files: disk.directory(), limits });
  await store.create("a", { type: "job" });
  const { freeBytes, ballastHeld } = store.stats().disk;
  assert(freeBytes !== null && freeBytes > 900_000 && freeBytes < 1_000_000);
  assertEquals(ballastHeld, true);
});

test("stats() of several shards is the sum of what each of them holds", async () => {
  const held = async (shards: number) => {
    await using store = await openStore({ files: memoryDirectory(), shards });
    for (let index = 0; index < 24; index++) {
      const partitionKey = `p${index}`;
      await store.create("flow", { type: "job", partitionKey });
      await store.kv.set("key", 1, { partitionKey });
    }
    return store.stats();
  };
  const [one, { shards: each, ...four }] = [await held(1), await held(4)];
  const sum = (count: (stats: ShardStats) => number) =>
    each.reduce((total, shard) => total + count(shard), 0);
  assertEquals([four.flows, sum(({ flows }) => flows)], [24, 24]);
  const { flowsBytes, keysBytes } = four.memory;
  assertEquals([flowsBytes, keysBytes], [one.memory.flowsBytes, one.memory.keysBytes]);
  for (const name of ["bytes", "segments", "records"] as const) {
    assertEquals(four.log[name], sum(({ log }) => log[name]), name);
  }
  const { count, recordsMean } = four.log.commits;
  assertEquals([count, sum(({ log }) => log.commits.count)], [48, 48]);
  assertEquals(recordsMean, four.log.records / 48);
});
