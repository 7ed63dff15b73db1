import { FlowError, openStore } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

test("rewind() finds an event that is on its way to the disk", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const [created] = await Promise.all([
    store.create("a", { type: "job", payload: "x" }),
    store.cancel("a"),
    store.rewind("a", { toEvent: `${time.clock.wallMs()}-1`, expectState: "cancelled" }),
  ]);
  const flow = await store.get("a", { payload: true });
  assertEquals(
    [flow?.state, flow?.version, flow?.payload, flow?.rewoundToEventId],
    ["queued", 3, "x", `${created.createdAtMs}-1`],
  );
});

test("rewind() is refused, and nothing else is, if the event cannot be read", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  await using store = await openStore({ files: disk.directory() });
  const { createdAtMs } = await store.create("a", { type: "job" });
  await store.cancel("a");
  const rewind = () => store.rewind("a", { toEvent: `${createdAtMs}-1` });
  // What lies around it cannot be read, nor the event alone.
  for (let count = 0; count < 2; count++) disk.arm({ call: "read" });
  assertEquals((await assertRejects(rewind, FlowError)).code, "store_failed");
  assertEquals((await store.get("a"))?.state, "cancelled");
  assertEquals((await rewind()).state, "queued");
});

test("rewind() wakes a claim that waits", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const { createdAtMs } = await store.create("a", { type: "job" });
  await store.cancel("a");
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await time.advance(1_000);
  await store.rewind("a", { toEvent: `${createdAtMs}-1` });
  assertEquals((await claimed).map(({ id }) => id), ["a"]);
});

test("a rewound flow is the same after the store was opened again", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const seen = async () => {
    await using store = await openStore({ files, time });
    return {
      flow: await store.get("a", { payload: true }),
      history: await store.history("a", { values: true }),
      info: await store.info("job"),
    };
  };
  {
    await using store = await openStore({ files, time });
    const { createdAtMs } = await store.create("a", { type: "job", payload: 1 });
    const [flow] = await store.claimDue("job", { worker: "w" });
    const { leaseToken, fencingToken } = flow!;
    await store.complete("a", { leaseToken: leaseToken!, fencingToken, payload: 2, result: 3 });
    await store.rewind("a", { toEvent: `${createdAtMs}-1`, runAtMs: createdAtMs + 5_000 });
  }
  const first = await seen();
  assertEquals(await seen(), first);
  assertEquals(first.flow?.payload, 1);
  assert(first.flow?.rewoundToEventId !== null);
});
