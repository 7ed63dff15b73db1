import { FlowError, openStore } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

const approve = {
  signal: "approve",
  idempotencyKey: "k",
  ifState: "waiting",
  transitionTo: "approved",
} as const;

test("signal() wakes a claim that waits", async () => {
  await using store = await openStore({ dir: ":memory:", time: manualTime() });
  await store.create("a", { type: "job", state: "waiting", runAtMs: 8_000_000_000_000_000 });
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await store.signal("a", approve);
  assertEquals((await claimed)[0]?.runState, "approved");
});

test("signal() is applied once under a key, also after the store was opened again", async () => {
  const files = memoryDirectory();
  let told;
  {
    await using store = await openStore({ files });
    await store.create("a", { type: "job", state: "waiting" });
    told = await store.signal("a", approve);
  }
  await using store = await openStore({ files });
  assertEquals(await store.signal("a", approve), told);
  const error = await assertRejects(
    () => store.signal("a", { ...approve, signal: "deny" }),
    FlowError,
  );
  assertEquals(error.code, "signal_conflict");
  const events = await store.history("a");
  assertEquals(events.map(({ event, signal }) => [event, signal]), [
    ["created", undefined],
    ["signaled", "approve"],
  ]);
});

test("signal() that found the disk full has not used up its key", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  await using store = await openStore({ files: disk.directory() });
  await store.create("a", { type: "job", state: "waiting" });
  disk.arm({ call: "write", code: "ENOSPC" });
  const error = await assertRejects(() => store.signal("a", approve), FlowError);
  assertEquals(error.code, "overloaded");
  assertEquals((await store.signal("a", approve)).state, "approved");
});

test("signal() is decided again when its frame was void, and applied once", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const created = store.create("a", { type: "job", state: "waiting", values: { n: 1 } });
  await scripted.turn();
  await created;
  fates.push("moved", "sealed");
  const signal = { ...approve, values: { n: 2 }, overrideValues: "n" };
  const told = [store.signal("a", signal), store.signal("a", signal)];
  for (let turn = 0; turn < 3; turn++) await scripted.turn();
  const records = await Promise.all(told);
  assertEquals(records.map(({ version }) => version), [2, 2]);
  assertEquals(fates, []);
  const record = await store.get("a", { values: true });
  assertEquals([record?.version, record?.values], [2, { n: 2 }]);
  assertEquals(record?.valueRefs["n"]?.version, 2);
});
