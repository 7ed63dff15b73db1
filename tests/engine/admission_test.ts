import { FlowBatchError, FlowError, openStore, type Store, type StoreLimits } from "../../mod.ts";
import { memoryDirectory, nodeDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { ScriptedStore } from "./scripted_log.ts";

const LIMITS: Partial<StoreLimits> = { diskFreeBytesMin: 100_000, ballastBytes: 20_000 };

interface Setting extends AsyncDisposable {
  readonly disk: SimulatedDisk;
  readonly time: ManualTime;
  readonly store: Store;
}

async function setting(limits: Partial<StoreLimits> = LIMITS): Promise<Setting> {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 10_000_000 });
  const time = manualTime();
  const store = await openStore({ files: disk.directory(), time, limits });
  return { disk, time, store, [Symbol.asyncDispose]: () => store.close() };
}

/** Leaves so many bytes free. */
function leave(disk: SimulatedDisk, bytes: number): void {
  disk.capacityBytes = disk.usedBytes + bytes;
}

/** Why a call is refused. */
async function reason(call: Promise<unknown>): Promise<unknown> {
  const error = await assertRejects(() => call, FlowError);
  assertEquals(error.code, "overloaded", error.message);
  assert(Number(error.details.retryAfterMs) > 0);
  return error.details.reason;
}

async function claimed(store: Store, count: number) {
  await store.createMany(Array.from({ length: count }, (_, index) => `job-${index}`), {
    type: "job",
  });
  const flows = await store.claimDue("job", { worker: "w", limit: count });
  return flows.map(({ id, leaseToken, fencingToken }) => ({
    id,
    proof: { leaseToken: leaseToken!, fencingToken },
  }));
}

test("a store with little room refuses new work, and nothing else", async () => {
  await using opened = await setting();
  const { disk, time, store } = opened;
  const [one, two, three, four] = await claimed(store, 4);
  await store.create("waiting", { type: "job", payload: 1 });
  leave(disk, 90_000);
  await time.advance(1_000);
  assertEquals(await reason(store.create("new", { type: "job" })), "disk_pressure");
  assertEquals(
    await reason(store.createMany(["waiting", "new"], { type: "job", independent: true })),
    "disk_pressure",
  );
  assertEquals(await reason(store.valuePut("free")), "disk_pressure");
  const again = assertRejects(() => store.create("waiting", { type: "job" }), FlowError);
  assertEquals((await again).code, "already_exists");
  const same = { type: "job", payload: 1, idempotent: true };
  assertEquals((await store.create("waiting", same)).version, 1);
  const batch = assertRejects(() => store.createMany(["waiting"], { type: "job" }), FlowBatchError);
  assertEquals((await batch).code, "already_exists");

  await store.extendLease(one!.id, one!.proof);
  await store.valuePut("v", { ownerFlowId: one!.id, name: "n" });
  await store.complete(one!.id, { ...one!.proof, result: "x".repeat(1_000) });
  await store.retry(two!.id, { ...two!.proof, error: "no" });
  await store.transition(three!.id, { from: "running", to: "next", ...three!.proof });
  await store.fail(four!.id, four!.proof);
  await store.cancel("job-2");
  await store.signal("waiting", { signal: "s" });
  assertEquals((await store.claimDue("job", { worker: "w", limit: 9 })).length, 1);
  assertEquals(await store.get("new"), null);

  disk.capacityBytes = 10_000_000;
  await time.advance(1_000);
  assertEquals((await store.create("new", { type: "job" })).state, "queued");
});

test("a key, or a command with a new flow in it, is new work; what settles a flow is not", async () => {
  await using opened = await setting();
  const { disk, time, store } = opened;
  const partitionKey = "p";
  await store.createMany(["a", "b", "c"], { type: "job", partitionKey });
  const [one, two] = await store.claimDue("job", { worker: "w", limit: 2 });
  await store.kv.set("old", 1, { partitionKey });
  leave(disk, 90_000);
  await time.advance(1_000);
  const lease = { leaseToken: one!.leaseToken!, fencingToken: one!.fencingToken };
  assertEquals(await reason(store.kv.set("new", 1, { partitionKey })), "disk_pressure");
  const both = store.atomic(partitionKey, (tx) => [
    tx.complete(one!, lease),
    tx.create("next", { type: "job" }),
  ]);
  assertEquals(await reason(both), "disk_pressure");
  const spawned = store.spawnChildren(two!, ["child"], {
    ...{ groupId: "g", type: "job", waitState: "waiting", success: "done", failure: "sad" },
    ...{ leaseToken: two!.leaseToken!, fencingToken: two!.fencingToken },
  });
  assertEquals(await reason(spawned), "disk_pressure");
  await store.atomic(partitionKey, (tx) => [tx.complete(one!, lease), tx.kv.set("done", 1)]);
  assertEquals((await store.kv.get("done", { partitionKey }))?.value, 1);
  await store.kv.delete("old", { partitionKey });
});

test("work that exists goes on when the disk is full, for as long as the ballast lasts", async () => {
  // The last frame fits in part.
  await using opened = await setting({ ballastBytes: 192 * 100 + 77 });
  const { disk, time, store } = opened;
  const jobs = await claimed(store, 200);
  await store.complete(jobs[199]!.id, jobs[199]!.proof);
  leave(disk, 0);
  // The first frame that finds no room brings both: only what is new pays for it.
  const refused = reason(store.create("new", { type: "job" }));
  const completed = store.complete(jobs[0]!.id, jobs[0]!.proof);
  assertEquals([await refused, (await completed).state], ["disk_full", "completed"]);
  let count = 1;
  for (; count < 200; count++) {
    const { id, proof } = jobs[count]!;
    const done = await store.complete(id, proof).catch((error) => error);
    if (done instanceof FlowError) {
      assertEquals([done.code, done.details.reason], ["overloaded", "disk_full"]);
      break;
    }
  }
  assertEquals(count, 100);
  assertEquals((await store.get(jobs[count]!.id))?.state, "running");
  assertEquals(await reason(store.create("new", { type: "job" })), "disk_full");

  disk.capacityBytes = 10_000_000;
  // Trying would cost a replay of the log, so nobody does for a second.
  const { id, proof } = jobs[count]!;
  assertEquals(await reason(store.complete(id, proof)), "disk_full");
  assertEquals((await store.get(id))?.state, "running");
  await time.advance(1_000);
  assertEquals((await store.complete(id, proof)).state, "completed");
  assertEquals(await reason(store.create("new", { type: "job" })), "disk_full");
  await time.advance(5_000);
  assertEquals((await store.create("new", { type: "job" })).state, "queued");
  // And the ballast is there for the next time.
  const used = disk.usedBytes;
  leave(disk, 0);
  await store.cancel("new");
  assert(disk.usedBytes < used, "the ballast was given back again");
});

test("a store that failed for lack of room finishes its work after it was opened again", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 10_000_000 });
  const time = manualTime();
  const options = { files: disk.directory(), time, limits: { ballastBytes: 20_000 } };
  const store = await openStore(options);
  const jobs = await claimed(store, 2);
  // Some file systems find out only when they make room for what was written.
  leave(disk, 400);
  disk.arm({ call: "flush", code: "ENOSPC" });
  const error = await assertRejects(() => store.complete(jobs[0]!.id, jobs[0]!.proof), FlowError);
  assertEquals(error.code, "unknown_outcome");
  await store.close();
  await using reopened = await openStore(options);
  assertEquals(await reason(reopened.create("new", { type: "job" })), "disk_full");
  // What nobody could know before is known now.
  assertEquals((await reopened.get(jobs[0]!.id))?.state, "completed");
  assertEquals((await reopened.complete(jobs[1]!.id, jobs[1]!.proof)).state, "completed");
  assertEquals(await reason(reopened.create("new", { type: "job" })), "disk_full");
  disk.capacityBytes = 10_000_000;
  await time.advance(5_000);
  await reopened.create("new", { type: "job" });
});

test("a store opens on a disk without a byte of room, however it ended, and work ends out of the ballast", async () => {
  for (const shards of [1, 3]) {
    for (const end of ["close", "kill", "power cut"]) {
      const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes: 10_000_000 });
      const limits = { ballastBytes: 20_000, segmentBytesMax: 65_536 };
      const open = () => openStore({ files: disk.directory(), time: manualTime(), shards, limits });
      let store = await open();
      // Every shard goes on in another segment, which makes the manifest longer.
      const ids = Array.from({ length: 1_000 }, (_, index) => `job-${index}`);
      await store.createMany(ids, { type: "job", payload: "x".repeat(100 + 200 * shards) });
      const jobs = await store.claimDue("job", { worker: "w", limit: 20, leaseMs: 60_000 });
      for (let opening = 1; opening <= 4; opening++) {
        if (end === "close") await store.close();
        else if (end === "kill") disk.kill();
        else disk.powerCut();
        if (end !== "close") disk.restart();
        if (opening === 1) disk.capacityBytes = disk.usedBytes;
        store = await open();
        const { id, partitionKey, leaseToken, fencingToken } = jobs[opening]!;
        const proof = { leaseToken: leaseToken!, fencingToken };
        assertEquals((await store.complete({ id, partitionKey }, proof)).state, "completed");
        assertEquals(await reason(store.create("new", { type: "job" })), "disk_full");
      }
      await store.close();
    }
  }
});

test("a store without ballast refuses what the disk has no room for", async () => {
  await using opened = await setting({ ballastBytes: 0, diskFreeBytesMin: 0 });
  const { disk, store } = opened;
  const [job] = await claimed(store, 1);
  assertEquals(disk.directory().list().includes("BALLAST"), false);
  leave(disk, 0);
  assertEquals(await reason(store.complete(job!.id, job!.proof)), "disk_full");
  assertEquals(await reason(store.create("new", { type: "job" })), "disk_full");
  disk.capacityBytes = 10_000_000;
  await store.complete(job!.id, job!.proof);
  await store.create("new", { type: "job" });
});

test("a store whose memory is used up takes no new flows until some have gone", async () => {
  const time = manualTime();
  const limits = { memoryBytesMax: 100_000 };
  await using store = await openStore({ dir: ":memory:", time, limits });
  await store.create("first", { type: "job" });
  await store.cancel("first");
  let count = 0;
  for (; count < 1_000; count++) {
    const created = await store.create(`f${count}`, { type: "job", retentionTtlMs: 1_000 })
      .catch((error) => error);
    if (!(created instanceof FlowError)) continue;
    assertEquals([created.code, created.details.reason], ["overloaded", "memory"]);
    break;
  }
  assert(count > 10 && count < 200, `${count} flows fit`);
  await store.cancelMany(Array.from({ length: 10 }, (_, index) => ({ id: `f${index}` })));
  await time.advance(2_000);
  await store.retentionCleanup();
  await store.create("new", { type: "job" });
});

test("a store whose disk does not keep up refuses new work at once, and nothing else", async () => {
  await using scripted = new ScriptedStore({ limits: { inFlightBytesMax: 5_000 } });
  const { store } = scripted;
  const created = store.create("job", { type: "job" });
  await scripted.turn();
  await created;
  scripted.isSilent = true;
  const accepted: Promise<unknown>[] = [];
  for (let index = 0; index < 30; index++) {
    accepted.push(store.create(`f${index}`, { type: "other", payload: "x".repeat(100) }));
    await scripted.turn();
  }
  let settledCount = 0;
  const ends = accepted.map((call) =>
    call.then(() => "ok", ({ details }) => details.reason).finally(() => settledCount++)
  );
  await scripted.turn();
  assert(settledCount > 5 && settledCount < 25, `${settledCount} were refused at once`);
  const claim = store.claimDue("job", { worker: "w" });
  await scripted.turn();
  const refused = settledCount;
  scripted.answer();
  await scripted.turn();
  await scripted.turn();
  assertEquals((await claim).length, 1);
  const told = await Promise.all(ends);
  assertEquals(told.filter((end) => end === "in_flight").length, refused);
  assertEquals(told.filter((end) => end === "ok").length, 30 - refused);
  const later = store.create("later", { type: "job" });
  await scripted.turn();
  assertEquals((await later).id, "later");
});

test("a store in a directory has a ballast unless it is told otherwise, one in memory has none", async () => {
  const files = memoryDirectory();
  await using _store = await openStore({ files });
  assertEquals(files.list().includes("BALLAST"), false);
  using scratch = scratchFolder();
  const sizes: number[] = [];
  for (const limits of [{ ballastBytes: 0 }, { ballastBytes: 300_000 }, {}, { ballastBytes: 1 }]) {
    await using _other = await openStore({ dir: scratch.path, limits });
    const directory = nodeDirectory(scratch.path);
    if (!directory.list().includes("BALLAST")) {
      sizes.push(0);
      continue;
    }
    const file = directory.open("BALLAST");
    sizes.push(file.getSize());
    file.close();
  }
  assertEquals(sizes, [0, 300_000, 4 << 20, 1]);
});
