import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, manualTime } from "../../src/testing/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { test } from "../harness.ts";

test("fakeStore() answers with what its functions return, at once or later", async () => {
  const store = fakeStore({
    create: (id, { type }) => fakeRecord({ id, type }),
    get: () => Promise.resolve(null),
  });
  assertEquals((await store.create("a", { type: "email" })).id, "a");
  assertEquals(await store.get("a"), null);
});

test("fakeStore() records every call with its arguments, in order", async () => {
  const store = fakeStore({ create: () => fakeRecord(), claimDue: () => [] });
  await store.create("a", { type: "email" });
  await store.claimDue("email", { worker: "w" });
  await assertRejects(() => store.complete("a", { leaseToken: "l", fencingToken: 1 }));
  assertEquals(store.calls, [
    { command: "create", args: ["a", { type: "email" }] },
    { command: "claimDue", args: ["email", { worker: "w" }] },
    { command: "complete", args: ["a", { leaseToken: "l", fencingToken: 1 }] },
  ]);
});

test("fakeStore() refuses every command that it was not told about, by name", async () => {
  const store = fakeStore();
  const commands = Object.entries(store).filter(([, member]) => typeof member === "function");
  assertEquals(commands.length, 34);
  for (const [name, command] of commands) {
    const { message, details } = await assertRejects(
      () => (command as () => Promise<unknown>)(),
      FlowError,
    );
    assertStringIncludes(message, `"${name}"`);
    assertEquals(details.field, name);
  }
});

test("fakeStore() rejects with what its function throws", async () => {
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const store = fakeStore({
    get: () => {
      throw stale;
    },
  });
  assertEquals(await assertRejects(() => store.get("a")), stale);
});

test("fakeStore() has the time it is given", () => {
  const time = manualTime();
  assert(fakeStore({ time }).time === time);
  assertEquals(fakeStore().time, undefined);
});

test("fakeStore() refuses functions for commands that no store has", () => {
  const { details } = assertThrows(() => fakeStore({ createOne: () => {} } as never), FlowError);
  assertEquals(details.field, "createOne");
});

test("fakeRecord() makes a whole record of a few members", () => {
  const { id, state, runState, leaseToken, rootFlowId } = fakeRecord({ id: "a" });
  assertEquals([id, state, runState, leaseToken, rootFlowId], ["a", "queued", null, null, "a"]);
});

test("fakeRecord() with a run state is leased", () => {
  const { state, runState, leaseToken, leaseOwner, fencingToken } = fakeRecord({
    ...{ id: "a", runState: "queued", fencingToken: 5 },
  });
  assertEquals([state, runState, leaseToken, leaseOwner, fencingToken], [
    ...["running", "queued", "lease-of-a", "worker-1", 5],
  ]);
});
