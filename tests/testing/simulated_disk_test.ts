import { openStore } from "../../src/engine/mod.ts";
import { FlowError } from "../../src/errors.ts";
import { manualTime, simulatedDisk } from "../../src/testing/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

test("simulatedDisk() keeps what a store has acknowledged when the power goes", async () => {
  const time = manualTime();
  const disk = simulatedDisk({ seed: 3 });
  const store = await openStore({ files: disk.directory(), time });
  await store.create("a", { type: "email" });
  disk.powerCut({ keep: "none" });
  await assertRejects(() => store.create("b", { type: "email" }), FlowError);
  await using next = await openStore({ files: disk.restart(), time });
  assertEquals((await next.get("a"))?.state, "queued");
  assertEquals(await next.get("b"), null);
});

test("simulatedDisk() does the same again with the same seed", async () => {
  const traces: string[] = [];
  for (const seed of [1, 1, 2]) {
    const disk = simulatedDisk({ seed });
    const store = await openStore({ files: disk.directory(), time: manualTime() });
    disk.cutAfter(3);
    for (let id = 0; id < 4; id++) await store.create(`${id}`, { type: "email" }).catch(() => {});
    traces.push(disk.trace());
  }
  assertEquals(traces[0], traces[1]);
  assert(traces[0]?.includes("CUT"), traces[0]);
});

test("simulatedDisk() is full when its room is used up", async () => {
  const disk = simulatedDisk({ capacityBytes: 200_000 });
  await using store = await openStore({ files: disk.directory(), time: manualTime() });
  const payload = "p".repeat(150_000);
  await store.create("a", { type: "email", payload });
  const full = await assertRejects(() => store.create("b", { type: "email", payload }), FlowError);
  assertEquals([full.code, full.details.reason], ["overloaded", "disk_full"]);
  // What there was room for of it is taken back.
  assert(disk.usedBytes < 200_000);
  assertEquals((await store.get("a"))?.state, "queued");
});
