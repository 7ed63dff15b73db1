/**
 * What `checkStates()` finds of another version's flows, and what it does with them.
 *
 * @module
 */

import { openStore, type Store } from "../../src/engine/mod.ts";
import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { fakeStore, manualTime } from "../../src/testing/mod.ts";
import { type CheckStatesOptions, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

/** A workflow of one state, on a store with flows of an older version that had two more. */
async function open() {
  const store = await openStore({ dir: ":memory:", time: manualTime() });
  await store.create("new", { type: "job", state: "cropping" });
  await store.create("old-1", { type: "job", state: "resizing", payload: { width: 5 } });
  await store.create("old-2", { type: "job", state: "resizing", partitionKey: "p" });
  await store.create("older", { type: "job", state: "loading", runAtMs: 2_000_000_000_000 });
  await store.create("other", { type: "another", state: "resizing" });
  return {
    store,
    job: jobOn(store),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

// deno-lint-ignore explicit-module-boundary-types -- the inferred type is what is tested
function jobOn(store: Store) {
  return workflow({
    type: "job",
    store,
    initialState: "cropping",
    states: { cropping: {}, failed: {} },
  });
}

test("checkStates() counts live flows in states that are not declared, by state", async () => {
  await using opened = await open();
  assertEquals(await opened.job.checkStates(), {
    type: "job",
    unserved: [
      { state: "loading", count: 1, leasedCount: 0, parkedCount: 0, ids: ["older"] },
      { state: "resizing", count: 2, leasedCount: 0, parkedCount: 0, ids: ["old-1", "old-2"] },
    ],
  });
  assertEquals((await opened.store.get("old-1"))?.version, 1);
});

test("checkStates() finds nothing where all live flows are in declared states", async () => {
  await using opened = await open();
  const { store, job } = opened;
  for (const flow of ["old-1", "old-2", "older"]) await store.cancel(flow);
  await job.claimDue("cropping", { worker: "w" });
  for (const onUnserved of ["report", "refuse", "park"] as const) {
    assertEquals(await job.checkStates({ onUnserved }), { type: "job", unserved: [] });
  }
});

test("checkStates() sees leased flows by the state they were claimed from", async () => {
  await using opened = await open();
  const { store, job } = opened;
  const [claimed] = await store.claimDue("job", { worker: "w", state: "resizing" });
  const { unserved } = await job.checkStates({ onUnserved: "park" });
  assertEquals(
    unserved.map(({ state, count, leasedCount, parkedCount }) => [
      ...[state, count, leasedCount, parkedCount],
    ]),
    [["loading", 1, 0, 1], ["resizing", 2, 1, 1]],
  );
  // Its worker can still settle it.
  const { leaseToken, fencingToken } = claimed!;
  const done = await store.complete(claimed!, { leaseToken: leaseToken!, fencingToken });
  assertEquals(done.state, "completed");
});

test('checkStates({ onUnserved: "refuse" }) rejects and says which states, how many', async () => {
  await using opened = await open();
  const { message, code, details } = await assertRejects(
    () => opened.job.checkStates({ onUnserved: "refuse" }),
    FlowError,
  );
  assertEquals(code, "definition_conflict");
  assertStringIncludes(message, '"loading" (1), "resizing" (2)');
  const { unserved } = await opened.job.checkStates();
  assertEquals(details, { type: "job", unserved });
});

test('checkStates({ onUnserved: "park" }) parks them where they are, and only once', async () => {
  await using opened = await open();
  const { store, job } = opened;
  const parked = await job.checkStates({ onUnserved: "park" });
  assertEquals(parked.unserved.map(({ count, parkedCount }) => [count, parkedCount]), [
    ...[[1, 1], [2, 2]],
  ]);
  assertEquals(await store.claimDue("job", { worker: "w", state: "resizing", limit: 9 }), []);
  const record = await store.get("old-1", { payload: true });
  assertEquals([record?.state, record?.nextRunAtMs, record?.payload], [
    ...["resizing", null, { width: 5 }],
  ]);
  assertEquals((await store.get("other"))?.version, 1);
  assertEquals(await job.checkStates({ onUnserved: "park" }), parked);
  assertEquals((await store.get("old-1"))?.version, 2);
  // A version that knows the state gives it a time again.
  await store.signal("old-1", { signal: "back", ifState: "resizing", transitionTo: "resizing" });
  assertEquals((await store.claimDue("job", { worker: "w", state: "resizing" })).length, 1);
});

test("checkStates() goes through any number of flows, each once, a page at a time", async () => {
  await using opened = await open();
  const { store, job } = opened;
  for (let page = 0; page < 3; page++) {
    const items = Array.from({ length: 700 }, (_, index) => `crowd-${page}-${index}`);
    await store.createMany(items, { type: "job", state: "scaling" });
  }
  const before = (await job.checkStates()).unserved.find(({ state }) => state === "scaling");
  assertEquals([before?.count, before?.parkedCount, before?.ids.length], [2_100, 0, 10]);
  const after = (await job.checkStates({ onUnserved: "park" })).unserved
    .find(({ state }) => state === "scaling");
  assertEquals([after?.count, after?.parkedCount], [2_100, 2_100]);
  assertEquals((await store.info("job")).due, 1);
});

test("checkStates() leaves alone what moves on while it parks, and reports what it cannot do", async () => {
  await using opened = await open();
  const { store } = opened;
  const [flow] = await store.list("job", { state: "resizing" });
  const answer = (code: "wrong_state" | "overloaded") =>
    jobOn(fakeStore({
      info: () => ({ states: { resizing: 1 } }) as never,
      list: () => ({ items: [flow!], cursor: null }) as never,
      transitionMany: () =>
        [{ ok: false, error: new FlowError<FlowErrorCode>(code, "No") }] as never,
    }) as unknown as Store);
  const { unserved } = await answer("wrong_state").checkStates({ onUnserved: "park" });
  assertEquals(unserved.map(({ count, parkedCount }) => [count, parkedCount]), [[1, 0]]);
  const busy = answer("overloaded");
  const refused = await assertRejects(() => busy.checkStates({ onUnserved: "park" }), FlowError);
  assertEquals(refused.code, "overloaded");
});

test("checkStates() refuses options that are none", async () => {
  await using opened = await open();
  for (
    const [options, field] of [
      [{ onUnserved: "ignore" }, "onUnserved"],
      [{ unserved: "park" }, "unserved"],
      [null, "options"],
    ] as const
  ) {
    const { code, details } = await assertRejects(
      () => opened.job.checkStates(options as unknown as CheckStatesOptions),
      FlowError,
    );
    assert(code === "invalid_argument" && details.field === field, `${field}: ${code}`);
  }
});
