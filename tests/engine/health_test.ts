import { FlowError, openStore, type Store } from "../../mod.ts";
import { inWords } from "../../src/engine/health/duration.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

function codes(store: Store): string[] {
  const { status, problems } = store.health();
  return [status, ...problems.map(({ code }) => code)];
}

test("health() of a store that does its work is ok", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  await store.create("a", { type: "job", retentionTtlMs: 1_000 });
  await store.cancel("a");
  await time.advance(120_000);
  assertEquals(store.health(), {
    status: "ok",
    problems: [],
    overload: null,
    oldestCommitMs: 0,
    clockAheadMs: 0,
    sweepBehindMs: 0,
  });
});

test("health() of a store that was closed or has failed is failed", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({ files: disk.directory() });
  disk.arm({ call: "flush" });
  await assertRejects(() => store.create("a", { type: "job" }), FlowError);
  assertEquals(codes(store), ["failed", "not_serving"]);
  const { message } = store.health().problems[0]!;
  assertStringIncludes(message, "The log or the state above it failed");
  // A monitor sees nothing else, so it is told what led to it, too.
  assertStringIncludes(message, "EIO");
  await store.close();
  const closed = await openStore(":memory:");
  await closed.close();
  assertEquals(codes(closed), ["failed", "not_serving"]);
});

test("health() of a store that has ended says nothing of what it was short of, or was writing", async () => {
  await using scripted = new ScriptedStore({ limits: { memoryBytesMax: 1 } });
  const { store } = scripted;
  scripted.isSilent = true;
  const written = assertRejects(() => store.policySet("job", {}), FlowError);
  await scripted.turn();
  scripted.time.tick(9_000);
  assertEquals(codes(store), ["degraded", "overloaded", "slow_commit"]);
  scripted.shards.lose(new Error("EIO"));
  await written;
  assertEquals(codes(store), ["failed", "not_serving"]);
  assertEquals([store.health().overload, store.health().oldestCommitMs], [null, 0]);
  scripted.answer();
});

test("health() tells of a full disk, and of the ballast that was given back", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 1_000_000 });
  const time = manualTime();
  const limits = { ballastBytes: 10_000 };
  await using store = await openStore({ files: disk.directory(), time, limits });
  await store.create("a", { type: "job" });
  assertEquals(codes(store), ["ok"]);
  disk.capacityBytes = disk.usedBytes;
  await store.cancel("a");
  assertEquals(codes(store), ["degraded", "overloaded", "no_ballast"]);
  assertEquals(store.health().overload, "disk_full");
  disk.capacityBytes = 1_000_000;
  await time.advance(5_000);
  assertEquals(codes(store), ["ok"]);
});

test("health() tells of a commit that does not come to an end", async () => {
  await using scripted = new ScriptedStore();
  const { store } = scripted;
  scripted.isSilent = true;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  scripted.time.tick(5_000);
  assertEquals([codes(store), store.health().oldestCommitMs], [["ok"], 5_000]);
  scripted.time.tick(1);
  assertEquals(codes(store), ["degraded", "slow_commit"]);
  scripted.answer();
  await scripted.turn();
  await created;
  assertEquals([codes(store), store.health().oldestCommitMs], [["ok"], 0]);
});

test("health() says why there is no ballast where there is room for it", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  disk.arm({ call: "open", name: "BALLAST", code: "EACCES" });
  const limits = { ballastBytes: 10_000 };
  await using store = await openStore({ files: disk.directory(), time: manualTime(), limits });
  const [problem] = store.health().problems;
  assertEquals(problem?.code, "no_ballast");
  assertStringIncludes(problem!.message, "cannot be taken: EACCES");
});

test("health() tells of a wall clock that was set back", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  time.setWall(time.clock.wallMs() - 10_000);
  assertEquals([codes(store), store.health().clockAheadMs], [["ok"], 10_000]);
  time.setWall(time.clock.wallMs() - 1);
  assertEquals(codes(store), ["degraded", "clock_ahead"]);
  time.setWall(time.clock.wallMs() - 19_999);
  assertEquals([codes(store), store.health().clockAheadMs], [["degraded", "clock_ahead"], 30_000]);
  await time.advance(50_000);
  assertEquals(codes(store), ["ok"]);
});

test("health() tells of a sweeper that does not keep up", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 1_000_000 });
  const time = manualTime();
  // With a larger one there would be something to spare for the sweeper.
  const limits = { ballastBytes: 300 };
  await using store = await openStore({ files: disk.directory(), time, limits });
  await store.create("a", { type: "job", retentionTtlMs: 1_000 });
  disk.capacityBytes = disk.usedBytes;
  await store.cancel("a");
  await time.advance(301_000);
  assertEquals(store.health().sweepBehindMs, 300_000);
  assertEquals(codes(store), ["degraded", "overloaded", "no_ballast"]);
  await time.advance(1);
  assertEquals(codes(store), ["degraded", "overloaded", "no_ballast", "sweeper_behind"]);
});

test("health() waits for a sweeper that is to come seldom", async () => {
  const time = manualTime();
  const retention = { intervalMs: 400_000 };
  await using store = await openStore({ dir: ":memory:", time, retention });
  await time.advance(1_000);
  await store.create("a", { type: "job", retentionTtlMs: 1_000 });
  await store.cancel("a");
  await time.advance(390_000);
  assertEquals([codes(store), store.health().sweepBehindMs > 300_000], [["ok"], true]);
});

test("health() says durations as people do", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  time.setWall(time.clock.wallMs() - 34 * 86_400_000 - 7_000_000);
  assertEquals(
    store.health().problems.map(({ message }) => message),
    ["The wall clock is 34 days behind the time of the store"],
  );
  const said = [0, 1_999, 2_000, 119_999, 120_000, 7_200_000, 172_800_000, 3e11].map(inWords);
  assertEquals(
    said,
    ["0 ms", "1999 ms", "2 seconds", "119 seconds", "2 minutes", "2 hours", "2 days", "3472 days"],
  );
});

test("health() and later calls of a store that has failed say what it began with", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const limits = { segmentBytesMax: 65_536 };
  const store = await openStore({ files: disk.directory(), limits });
  await store.create("a", { type: "job", payload: "x".repeat(66_000) });
  // Of the manifest, whose failure is told by the log, whose failure is told by the store.
  disk.arm({ call: "flush", name: "MANIFEST.0" });
  disk.arm({ call: "flush", name: "MANIFEST.1" });
  const during = await assertRejects(() => store.create("b", { type: "job" }), FlowError);
  const later = await assertRejects(() => store.create("c", { type: "job" }), FlowError);
  for (const { message } of [during, later, store.health().problems[0]!]) {
    assertStringIncludes(message, 'EIO: A fault was armed for flush of "MANIFEST.');
    assertEquals(message.split("Look at the cause").length <= 2, true);
  }
  assertEquals([later.code, store.health().status], ["store_failed", "failed"]);
  await store.close().catch(() => {});
});

test("a store that may open no file goes on in its last segment, says so, and recovers", async () => {
  for (const code of ["EMFILE", "EACCES"]) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const limits = { segmentBytesMax: 65_536 };
    await using store = await openStore({ files: disk.directory(), limits, log: "inline" });
    await store.create("a", { type: "job", payload: "x".repeat(66_000) });
    // The manifest's slots, and the new file.
    for (const name of ["MANIFEST.0", "log-2.seg"]) {
      disk.arm({ call: "open", name, code });
      await store.create(`b ${name}`, { type: "job" });
      assertEquals(codes(store), ["degraded", "segment_refused"]);
      assertStringIncludes(store.health().problems[0]!.message, `${code}: A fault`);
    }
    assertEquals(store.stats().log.segments, 1);
    // What makes the name of a new file durable opens one, too.
    disk.arm({ call: "sync", code });
    await store.create("c", { type: "job" });
    assertEquals(codes(store), ["degraded", "segment_refused"]);
    await store.create("d", { type: "job" });
    assertEquals([...codes(store), store.stats().log.segments], ["ok", 2]);
    await store.close();
    await using reopened = await openStore({ files: disk.directory(), limits });
    assertEquals((await reopened.info("job")).queued, 5);
  }
});

test("a store that may open no file while it lists a new segment does not end of it", async () => {
  for (let after = 0; after < 8; after++) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const limits = { segmentBytesMax: 65_536 };
    await using store = await openStore({ files: disk.directory(), limits, log: "inline" });
    await store.create("a", { type: "job", payload: "x".repeat(66_000) });
    for (const name of ["MANIFEST.0", "MANIFEST.1"]) {
      disk.arm({ call: "open", name, code: "EMFILE", after });
    }
    for (const id of ["b", "c", "d"]) {
      await store.create(id, { type: "job" }).catch((error) => {
        assertEquals(error.code, "overloaded", `after ${after}: ${error.message}`);
      });
    }
    assertEquals((await store.get("a"))?.state, "queued");
    assertEquals(store.health().status === "failed", false);
  }
});

test("health() tells of damage that a read, a merge or verify() has found, until it is gone", async () => {
  const finds: ((store: Store) => Promise<unknown>)[] = [
    (store) => assertRejects(() => store.get("a", { payload: true }), FlowError),
    (store) => assertRejects(() => store.compact(), FlowError),
    (store) => assertRejects(() => store.backup(memoryDirectory()), FlowError),
    (store) => store.verify(),
  ];
  for (const find of finds) {
    const files = memoryDirectory();
    const limits = { segmentBytesMax: 65_536 };
    await using store = await openStore({ files, limits, time: manualTime() });
    await store.create("a", { type: "job", payload: "x".repeat(70_000) });
    await store.create("b", { type: "job" });
    const file = files.open("log-1.seg");
    const byte = new Uint8Array(1);
    file.read(byte, { at: 40_000 });
    file.write(Uint8Array.of(byte[0]! ^ 1), { at: 40_000 });
    assertEquals(codes(store), ["ok"]);
    await find(store);
    assertEquals(codes(store), ["degraded", "damaged"]);
    const { message } = store.health().problems[0]!;
    assertMatch(message, /log-1\.seg" at \d+\. Do not close the store before/);
    file.write(byte, { at: 40_000 });
    await store.verify();
    assertEquals(codes(store), ["ok"]);
  }
});
