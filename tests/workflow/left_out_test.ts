/**
 * Jobs whose payloads and values do not fit into one answer together. Each is small enough by itself,
 * and gets what it would have got alone.
 *
 * @module
 */
import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { complete, error, fail, ok, startWorker, type, workflow } from "../../src/workflow/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** So many that a claim has room for a third of their payloads. */
const COUNT = 50;
const TEXT = "p".repeat(60_000);

async function filled() {
  const store = await memoryStore();
  const email = workflow({
    type: "email",
    store,
    initialState: "queued",
    states: { queued: { payload: type<string>(), onOk: complete(), onError: fail() } },
  });
  const ids = Array.from({ length: COUNT }, (_, index) => `e${index}`);
  await email.createMany(ids.map((id) => ({ id, payload: `${id} ${TEXT}` })));
  return { store, email };
}

test("runOnce() gives every job its payload, also where a claim has no room for all of them", async () => {
  const { store, email } = await filled();
  await using _store = store;
  const handler = ({ id, payload, payloadOmitted }: {
    readonly id: string;
    readonly payload: string;
    readonly payloadOmitted?: true;
  }) => payload === `${id} ${TEXT}` && payloadOmitted === undefined ? ok() : error("another one");
  await email.runOnce("queued", { worker: "w", limit: COUNT, handler });
  assertEquals((await email.info()).states, { completed: COUNT });
});

test("startWorker() gives every job its payload, also where a claim has no room for all of them", async () => {
  const { store, email } = await filled();
  await using _store = store;
  const all = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const worker = startWorker(email, {
    worker: "w",
    concurrency: COUNT,
    handler: ({ payload }) => {
      sizes.push(payload.length);
      if (sizes.length === COUNT) all.resolve();
      return ok();
    },
  });
  await all.promise;
  await worker.drain();
  assertEquals((await email.info()).states, { completed: COUNT });
});

test("handle() gives a job its payload, also where its claim had no room for it", async () => {
  const { store, email } = await filled();
  await using _store = store;
  const jobs = await email.claimDue("queued", { worker: "w", limit: COUNT });
  for (const job of jobs) {
    await email.handle(job, ({ id, payload }) => complete(payload === `${id} ${TEXT}`));
  }
  const results = await Promise.all(jobs.map((job) => email.get(job, { full: true })));
  assertEquals(new Set(results.map((flow) => flow?.result)), new Set([true]));
});

test("runOnce() gives every job the values that it asks for", async () => {
  await using store = await memoryStore();
  const email = workflow({
    type: "email",
    store,
    initialState: "queued",
    states: { queued: { onOk: complete() } },
  });
  const ids = Array.from({ length: COUNT }, (_, index) => `e${index}`);
  await email.createMany(ids.map((id) => ({ id, values: { note: `${id} ${TEXT}`, other: 1 } })));
  const seen: boolean[] = [];
  await email.runOnce("queued", {
    ...{ worker: "w", limit: COUNT, values: ["note"] },
    handler: ({ id, values }) => {
      seen.push(values["note"] === `${id} ${TEXT}` && !("other" in values));
      return ok();
    },
  });
  assertEquals(seen, ids.map(() => true));
});

const over = fakeRecord({ runState: "queued", payloadOmitted: true, payloadSize: 70_000 });

test("runOnce() reads no payload above the cap of its call", async () => {
  const flows = fakeStore({ claimDue: () => [over], complete: () => fakeRecord() });
  const email = workflow({
    type: over.type,
    store: flows,
    initialState: "queued",
    states: { queued: { onOk: complete(), claimPayload: { maxBytes: 100_000 } } },
  });
  const handler = ({ payloadOmitted }: { readonly payloadOmitted?: true }) => ok(payloadOmitted);
  const [result] = await email.runOnce("queued", {
    ...{ worker: "w", payloadMaxBytes: 69_999, onOmitted: "handle" },
    handler,
  });
  assertEquals(result?.outcome, ok(true) as never);
  assertEquals(flows.calls.map(({ command }) => command), ["claimDue", "complete"]);
});

test("runOnce() takes a payload that cannot be read for an error of the job", async () => {
  const corrupt = new FlowError("corrupt", "Bytes", { details: { file: "f", offset: 0 } });
  const small = { ...over, payloadRef: "v1", payloadSize: 10 };
  const flows = fakeStore({
    claimDue: () => [small],
    valueMget: () => {
      throw corrupt;
    },
    fail: () => fakeRecord(),
  });
  const email = workflow({
    type: over.type,
    store: flows,
    initialState: "queued",
    states: { queued: { onError: fail() } },
  });
  const [result] = await email.runOnce("queued", { worker: "w", handler: () => ok() });
  assertEquals(result?.outcome, error(corrupt) as never);
});

test("a job of a state that wants no payload is not too large", async () => {
  const record = fakeRecord({ type: "t", runState: "a", payloadOmitted: true, payloadSize: 1e6 });
  const flows = fakeStore({ claimDue: () => [record], complete: () => fakeRecord() });
  const mixed = workflow({
    type: "t",
    store: flows,
    initialState: "a",
    states: { a: { claimPayload: false, onOk: complete() }, b: { onOk: complete() } },
  });
  const [result] = await mixed.runOnce({ state: "any", worker: "w", handler: () => ok("done") });
  assertEquals(result?.outcome, ok("done") as never);
});
