import { FlowError, type FlowRecord } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

/** Two claims of one flow, the first of which ends in a frame that is void. Returns the second. */
async function contend(scripted: ScriptedStore): Promise<{ second: Promise<FlowRecord[]> }> {
  const { store, fates } = scripted;
  const first = store.claimDue("job", { worker: "w1" });
  const second = store.claimDue("job", { worker: "w2", blockMs: 0 });
  fates.push("no_space");
  const refused = assertRejects(() => first, FlowError);
  await scripted.turn();
  assertEquals((await refused).code, "overloaded");
  await scripted.advance(0);
  await scripted.turn();
  return { second };
}

test("a claim that waits gets the flow that a void frame had given to another one", async () => {
  await using scripted = new ScriptedStore();
  const created = scripted.store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  const { second } = await contend(scripted);
  assertEquals((await second).map(({ leaseOwner }) => leaseOwner), ["w2"]);
});

test("a claim that waits gets such a flow also if a checkpoint knows of it", async () => {
  const options = { directory: memoryDirectory(), hasCheckpoints: true };
  const before = new ScriptedStore(options);
  const created = before.store.create("a", { type: "job" });
  await before.turn();
  await created;
  await before.store.close();
  await using scripted = new ScriptedStore(options);
  const { second } = await contend(scripted);
  const result = await Promise.race([second, scripted.turn().then(() => null)]);
  assertEquals(result?.map(({ leaseOwner }) => leaseOwner), ["w2"]);
});

test("a claim that is aborted while its frame turns out void takes nothing and ends", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  const controller = new AbortController();
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0, signal: controller.signal });
  fates.push("moved");
  controller.abort(new Error("enough"));
  const refused = assertRejects(() => claimed, Error, "enough");
  await scripted.turn();
  await refused;
  assertEquals((await store.get("a"))?.state, "queued");
});
