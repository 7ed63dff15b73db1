import { FlowError, openStore } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

test("named values and shared ones are there after the store was opened again", async () => {
  const files = memoryDirectory();
  const large = new Uint8Array(3_000_000).fill(7);
  let before;
  let shared;
  {
    await using store = await openStore({ files });
    shared = await store.valuePut(large);
    await store.create("a", { type: "job", values: { n: 1, gone: 2 }, payloadRef: shared.ref });
    await store.signal("a", { signal: "s", dropValues: "gone", valueRefs: { large: shared.ref } });
    await store.valuePut(2, { ownerFlowId: "a", name: "n", override: true });
    before = await store.get("a", { values: true });
  }
  await using store = await openStore({ files });
  assertEquals(await store.get("a", { values: true }), before);
  assertEquals(before?.values, { n: 2, large });
  assertEquals(await store.valueMget([shared.ref, before!.valueRefs["n"]!.ref]), [large, 2]);
  const record = await store.get("a", { payload: true, payloadMaxBytes: 5_000_000 });
  assertEquals(record?.payload, large);
  const put = await store.valuePut(3, { ownerFlowId: "a", name: "gone" });
  assertEquals(put.version, 2, "a name that was dropped counts on");
});

test("a value of which the time is over reads as missing", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const { ref } = await store.valuePut("x", { ttlMs: 1_000 });
  await store.create("a", { type: "job", payloadRef: ref, valueRefs: { x: ref } });
  await time.advance(999);
  assertEquals(await store.valueMget([ref]), ["x"]);
  await time.advance(1);
  assertEquals(await store.valueMget([ref]), [null]);
  const record = await store.get("a", { payload: true, values: true });
  assertEquals([record?.payload, record?.payloadMissing, record?.values], [null, true, undefined]);
});

test("valueMget() does not see what is decided after it, though it may be on disk by then", async () => {
  await using store = await openStore(":memory:");
  const { ref } = await store.valuePut("x");
  const later = `v${Number(ref.slice(1)) + 2}`;
  const [, read] = await Promise.all([
    store.valuePut("on its way"),
    store.valueMget([later]),
    store.valuePut("y"),
  ]);
  assertEquals(read, [null]);
  assertEquals(await store.valueMget([later]), ["y"]);
});

test("a refused value leaves no trace when the disk was full", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  await using store = await openStore({ files: disk.directory() });
  await store.create("a", { type: "job", values: { n: 1 } });
  disk.arm({ call: "write", code: "ENOSPC" });
  const put = () => store.valuePut(2, { ownerFlowId: "a", name: "n", override: true });
  assertEquals((await assertRejects(put, FlowError)).code, "overloaded");
  assertEquals((await store.get("a", { values: true }))?.values, { n: 1 });
  assertEquals((await put()).version, 2);
});
