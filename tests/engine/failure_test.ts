import { FlowError, openStore } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
} from "../assert.ts";
import { test } from "../harness.ts";

function newDisk(capacityBytes?: number): SimulatedDisk {
  const random = seededRandom(1);
  return new SimulatedDisk(capacityBytes === undefined ? { random } : { random, capacityBytes });
}

test("a failed sync leaves the outcome unknown, and the store failed until it is opened again", async () => {
  const disk = newDisk();
  const store = await openStore({ files: disk.directory() });
  await store.create("before", { type: "job" });
  disk.arm({ call: "flush" });
  const calls = [
    store.create("during", { type: "job" }),
    store.get("during"),
    store.create("before", { type: "job" }),
  ];
  for (const call of calls) {
    const error = await assertRejects(() => call, FlowError);
    assertEquals(error.code, "unknown_outcome");
    assert(error.cause instanceof Error, "the fault is the cause");
  }
  for (const call of [store.create("after", { type: "job" }), store.get("before")]) {
    assertEquals((await assertRejects(() => call, FlowError)).code, "store_failed");
  }
  await store.close();

  await using reopened = await openStore({ files: disk.directory() });
  assertEquals((await reopened.get("before"))?.state, "queued");
  assertEquals(await reopened.get("after"), null);
  await reopened.create("after", { type: "job" });
});

test("a claim that waits ends when the store fails", async () => {
  const disk = newDisk();
  const store = await openStore({ files: disk.directory() });
  const claimed = store.claimDue("other", { worker: "w", blockMs: 0 });
  disk.arm({ call: "write" });
  await assertRejects(() => store.create("a", { type: "job" }), FlowError);
  assertEquals((await assertRejects(() => claimed, FlowError)).code, "store_failed");
  await store.close();
});

test("a full disk refuses commands, keeps what is there and serves reads", async () => {
  const disk = newDisk();
  await using store = await openStore({ files: disk.directory() });
  await store.create("before", { type: "job", payload: "kept" });
  disk.arm({ call: "write", code: "ENOSPC" });
  const error = await assertRejects(() => store.create("full", { type: "job" }), FlowError);
  assertEquals([error.code, error.details.reason], ["overloaded", "disk_full"]);
  assertEquals(await store.get("full"), null);
  assertEquals((await store.get("before", { payload: true }))?.payload, "kept");
  await store.create("full", { type: "job" });
  assertEquals((await store.info("job")).queued, 2);
});

test("a payload that was damaged on disk is refused as corrupt, never missing", async () => {
  const disk = newDisk();
  await using store = await openStore({ files: disk.directory() });
  const payload = new Uint8Array(3_000).fill(0xee);
  await store.create("a", { type: "job", payload });
  const file = disk.directory().open("log-1.seg");
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  file.close();
  disk.flipBit({ name: "log-1.seg", at: bytes.lastIndexOf(0xee) - 1_000 });
  const error = await assertRejects(() => store.get("a", { payload: true }), FlowError);
  assertEquals(error.code, "corrupt");
  assertEquals(error.details.file, "log-1.seg");
});

test("a byte that was damaged on disk concerns the payload that has it, and no other", async () => {
  const files = memoryDirectory();
  await using store = await openStore({ files });
  // Short ones, one that is longer than what is read at once, and more of them than make a block.
  const payloads = Array.from(
    { length: 100 },
    (_, index) => "x".repeat(index === 50 ? 2_000 : index),
  );
  for (const [index, payload] of payloads.entries()) {
    await store.create(`f${index}`, { type: "job", payload });
  }
  const file = files.open("log-1.seg");
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const write = (at: number, byte: number): void => void file.write(Uint8Array.of(byte), { at });
  const first = 49;
  const count = 4;
  const places: number[] = [];
  // Every byte from before the first of these payloads to behind the last.
  const text = new TextDecoder("latin1").decode(bytes);
  const start = text.indexOf("f49") - 100;
  const end = text.indexOf("f53") + 100;
  let damagedCount = 0;
  for (let at = start; at < end; at++) {
    write(at, bytes[at]! ^ 0x41);
    let errorCount = 0;
    for (let index = first; index < first + count; index++) {
      const found = await store.get(`f${index}`, { payload: true })
        .then((record) => record?.payload, (error) => error);
      if (found === payloads[index]) continue;
      assertInstanceOf(found, FlowError);
      const { file, offset } = found.details as { file: string; offset: number };
      assertEquals([found.code, file], ["corrupt", "log-1.seg"]);
      assert(offset <= at && at < offset + payloads[index]!.length + 100, `${at}: ${offset}`);
      places.push(offset);
      errorCount++;
    }
    write(at, bytes[at]!);
    assertLessOrEqual(errorCount, 1, `byte ${at}`);
    damagedCount += errorCount;
  }
  file.close();
  assertEquals(new Set(places).size, count);
  assertGreater(damagedCount, 2_000 + 3 * 49);
});

test("a payload that cannot be read is an I/O fault, never missing", async () => {
  const disk = newDisk();
  await using store = await openStore({ files: disk.directory() });
  await store.create("a", { type: "job", payload: "x" });
  // What lies around it cannot be read, and then the payload alone cannot be read either.
  disk.arm({ call: "read" });
  assertEquals((await store.get("a", { payload: true }))?.payload, "x");
  disk.arm({ call: "read" });
  disk.arm({ call: "read" });
  assertEquals(
    (await assertRejects(() => store.get("a", { payload: true }), FlowError)).code,
    "store_failed",
  );
  assertEquals((await store.get("a", { payload: true }))?.payload, "x");
});

test("openStore() refuses a directory that is open, and takes it once it is closed", async () => {
  const files = memoryDirectory();
  const store = await openStore({ files });
  const error = await assertRejects(() => openStore({ files }), FlowError);
  assertEquals(error.code, "store_locked");
  await store.close();
  await store.close();
  await using _ = await openStore({ files });
});

test("a closed store refuses everything", async () => {
  const store = await openStore(":memory:");
  const last = store.create("last", { type: "job" });
  await store.close();
  assertEquals((await last).id, "last");
  for (const call of [store.get("last"), store.create("a", { type: "job" }), store.info("job")]) {
    assertEquals((await assertRejects(() => call, FlowError)).code, "store_closed");
  }
});

test("openStore() refuses options that are not what they must be", async () => {
  // deno-lint-ignore no-explicit-any -- what plain JavaScript may pass
  const bad: [any, string][] = [
    [undefined, "options"],
    [null, "options"],
    [new URL("file:///data"), "options"],
    [{}, "dir"],
    ["", "dir"],
    [{ dir: 5 }, "dir"],
    [{ dir: ":memory:", files: memoryDirectory() }, "dir"],
    [{ dir: ":memory:", shards: 0 }, "shards"],
    [{ dir: ":memory:", shards: 17 }, "shards"],
    [{ dir: ":memory:", shards: "2" }, "shards"],
    [{ dir: ":memory:", sharding: 4 }, "sharding"],
    [{ dir: ":memory:", limits: { segmentBytesMax: 1 } }, "limits.segmentBytesMax"],
    [{ dir: ":memory:", limits: { idBytesMax: Number.NaN } }, "limits.idBytesMax"],
    [{ dir: ":memory:", limits: { idBytesMax: "9" } }, "limits.idBytesMax"],
    [{ dir: ":memory:", limits: { speed: 9 } }, "limits.speed"],
    [{ dir: ":memory:", limits: 7 }, "limits"],
    [{ dir: ":memory:", time: {} }, "time"],
    [{ files: {} }, "files"],
  ];
  for (const [options, field] of bad) {
    const error = await assertRejects(() => openStore(options), FlowError, field);
    assertEquals([error.code, error.details.field], ["invalid_argument", field]);
  }
});

test("leases that ran out while the store was closed get a little time after it was opened", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  {
    await using store = await openStore({ files, time });
    await store.createMany(["short", "long"], { type: "job" });
    await store.claimDue("job", { worker: "w", leaseMs: 20_000 });
    await store.claimDue("job", { worker: "w", leaseMs: 1_000 });
  }
  await time.advance(60_000);
  await using store = await openStore({ files, time });
  const claim = async () =>
    (await store.reclaim("job", { worker: "other", limit: 9 })).map(({ id }) => id).join();
  assertEquals(await claim(), "");
  await time.advance(1_000);
  assertEquals(await claim(), "short");
  await time.advance(3_999);
  assertEquals(await claim(), "");
  await time.advance(1);
  assertEquals(await claim(), "long");
});

test("an owner that was held up together with its thief extends its lease first", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  await store.create("a", { type: "job" });
  const [flow] = await store.claimDue("job", { worker: "owner", leaseMs: 2_000 });
  await time.advance(5_000);
  const stolen = store.claimDue("job", { worker: "thief" });
  const extended = store.extendLease("a", {
    leaseToken: flow!.leaseToken!,
    fencingToken: flow!.fencingToken,
  });
  assertEquals((await extended).leaseOwner, "owner");
  assertEquals(await stolen, []);
});

test("values above the inline limit travel in parts and come back whole", async () => {
  const files = memoryDirectory();
  const payload = Uint8Array.from({ length: 5 * 1_048_576 + 17 }, (_, index) => index % 251);
  {
    await using store = await openStore({ files });
    await store.create("large", { type: "job", payload });
    const error = await assertRejects(
      () => store.create("larger", { type: "job", payload: new Uint8Array(17 * 1_048_576) }),
      FlowError,
    );
    assertEquals([error.code, error.details.field], ["too_large", "payload"]);
    assertEquals(await store.get("larger"), null);
  }
  await using store = await openStore({ files });
  const flow = await store.get("large", { payload: true, payloadMaxBytes: 10 * 1_048_576 });
  assertEquals(flow?.payload, payload);
  assertEquals((await store.get("large", { payload: true }))?.payloadOmitted, true);
});

test("a command that would write more than its limit is refused whole", async () => {
  await using store = await openStore(":memory:");
  const items = Array.from({ length: 9 }, (_, index) => `flow-${index}`);
  const error = await assertRejects(
    () => store.createMany(items, { type: "job", payload: new Uint8Array(600_000) }),
    FlowError,
  );
  assertEquals(error.code, "too_large");
  assertEquals((await store.info("job")).queued, 0);
});
