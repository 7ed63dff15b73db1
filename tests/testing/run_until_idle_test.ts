import { FlowError } from "../../src/errors.ts";
import { memoryStore, runUntilIdle } from "../../src/testing/mod.ts";
import { ok, transition, workflow } from "../../src/workflow/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "../workflow/billing.ts";

const fields = { tenantId: "t1", invoiceId: "i1" };

test("runUntilIdle() runs workflows in turns until none has anything to do", async () => {
  await using store = await memoryStore();
  const billing = billingOn(store);
  const email = emailOn(store);
  await billing.create({ id: "inv", ...fields, payload: { amount: 5 } });
  const results = await runUntilIdle([
    () => email.runOnce("queued", { worker: "w", handler: (job) => ok(job.payload.length) }),
    () =>
      billing.runOnce({
        worker: "w",
        handlers: {
          created: ({ payload }) => ok({ receipt: `for ${payload.amount}` }),
          // What one handler sets off, another one does, also one whose turn was before.
          charged: async ({ id, payload }) => {
            await email.create({ id: `mail of ${id}`, payload: payload.receipt });
            return ok();
          },
        },
      }),
  ]);
  assertEquals(results.map(({ job }) => [job.id, job.state]), [
    ...[["inv", "created"], ["inv", "charged"], ["mail of inv", "queued"]],
  ]);
  assertEquals((await email.get("mail of inv", { full: true }))?.result, "for 5".length);
});

test("runUntilIdle() leaves alone what is due later", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  let runs = 0;
  const run = () =>
    email.runOnce("queued", {
      worker: "w",
      handler: (_, { retry }) => ++runs === 1 ? retry("later", { runAtMs: laterMs }) : ok(),
    });
  const laterMs = store.time.clock.wallMs() + 1_000;
  assertEquals((await runUntilIdle(run)).map(({ outcome }) => outcome?.kind), ["retry"]);
  await store.advance(1_000);
  assertEquals((await runUntilIdle(run)).map(({ outcome }) => outcome?.kind), ["ok"]);
  assertEquals(await runUntilIdle(run), []);
});

test("runUntilIdle() names the flow that goes in circles", async () => {
  await using store = await memoryStore();
  const ring = workflow({
    type: "ring",
    store,
    initialState: "tick",
    states: { tick: { onOk: "tock" }, tock: {} },
  });
  await ring.createMany([{ id: "once" }, { id: "for ever" }]);
  const error = await assertRejects(
    () =>
      runUntilIdle(() =>
        ring.runOnce("any", {
          worker: "w",
          limit: 10,
          handler: (job) => job.id === "once" || job.state === "tick" ? ok() : transition("tick"),
        }), { jobsMax: 50 }),
    Error,
  );
  assertStringIncludes(error.message, "after 50 jobs of 2 flows");
  assertStringIncludes(
    error.message,
    '"for ever" of type "ring", 49 times, last from state "tick"',
  );
  assertStringIncludes(error.message, 'said "ok"');
});

test("runUntilIdle() hands on jobs that were refused, and what runOnce() rejects with", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  const results = await runUntilIdle(() =>
    email.runOnce("queued", {
      worker: "w",
      handler: async (job) => {
        await email.cancel(job);
        return ok();
      },
    })
  );
  assertEquals(results.map(({ error }) => (error as FlowError).code), ["stale_lease"]);
  await store.close();
  const refused = await assertRejects(
    () => runUntilIdle(() => email.runOnce("queued", { worker: "w", handler: () => ok() })),
    FlowError,
  );
  assertEquals(refused.code, "store_closed");
});

test("runUntilIdle() refuses a bound that is none", async () => {
  for (const jobsMax of [0, 1.5, NaN]) {
    const refused = await assertRejects(
      () => runUntilIdle(() => Promise.resolve([]), { jobsMax }),
      FlowError,
    );
    assertEquals([refused.code, refused.details.field], ["invalid_argument", "jobsMax"]);
  }
});
