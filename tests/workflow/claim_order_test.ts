import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";

for (const shards of [1, 3]) {
  test(`Flows whose ids a workflow makes are claimed as they were created, over ${shards} shards`, async () => {
    // The clock stands still: all of them are due in the same millisecond.
    await using store = await memoryStore({ shards });
    const email = emailOn(store);
    const numbers = Array.from({ length: 300 }, (_, index) => `${index}`);
    await email.createMany(numbers.slice(0, 280).map((payload) => ({ payload })));
    for (const payload of numbers.slice(280)) await email.create({ payload });
    const jobs = await email.claimDue("queued", { worker: "w", limit: 300 });
    assertEquals(jobs.map(({ payload }) => payload), numbers);
  });
}

test("commands of a workflow reach the store in the order of the calls", async () => {
  const flows = fakeStore({
    create: () => fakeRecord(),
    createMany: () => [] as never,
    spawnChildren: () => fakeRecord(),
    transition: () => fakeRecord(),
  });
  const email = emailOn(flows);
  const after = { onAllOk: "queued", onAnyError: "failed" } as const;
  const parent = fakeRecord({ type: "email", state: "queued" });
  const calls = [
    email.createMany([{ payload: "a" }]),
    email.create({ payload: "b" }),
    email.fanout(parent, [email.child({ payload: "c" })], after),
    email.fanout(parent, [], after),
    email.create({ payload: "d" }),
  ];
  const commands = flows.calls.map(({ command }) => command);
  assertEquals(commands, ["createMany", "create", "spawnChildren", "transition", "create"]);
  await Promise.all(calls);
});
