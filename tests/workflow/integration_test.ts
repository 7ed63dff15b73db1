/**
 * The SDK on a real store, in memory and by a clock that is moved by hand.
 *
 * @module
 */

import { openStore, type Store } from "../../src/engine/mod.ts";
import { FlowError } from "../../src/errors.ts";
import { FlowBatchError } from "../../src/flow/mod.ts";
import { type ManualTime, manualTime } from "../../src/testing/mod.ts";
import {
  complete,
  error,
  fail,
  NonRetryableError,
  ok,
  retryOr,
  startWorker,
  type,
  workflow,
} from "../../src/workflow/mod.ts";
import {
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

/** An open store with its time. */
async function open(): Promise<{ store: Store; time: ManualTime } & AsyncDisposable> {
  const time = manualTime();
  const store = await openStore({ dir: ":memory:", time });
  return { store, time, [Symbol.asyncDispose]: () => store.close() };
}

test("a flow of one state goes from create() to completed", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  const created = await email.create({ id: "email-1", payload: "welcome:user-1" });
  assertEquals([created.state, created.version], ["queued", 1]);
  const results = await email.runOnce("queued", {
    worker: "worker-1",
    handler: (job) => ok(`sent ${job.payload}`),
  });
  assertEquals(results.map(({ record }) => record?.state), ["completed"]);
  const events = await email.history("email-1");
  assertEquals(events.map(({ event, state }) => [event, state]), [
    ...[["created", "queued"], ["claimed", "running"], ["completed", "completed"]],
  ]);
  const record = await email.get("email-1", { full: true });
  assertEquals([record?.payload, record?.result], ["welcome:user-1", "sent welcome:user-1"]);
});

test("a flow of two states carries each state's payload, in the partition of its fields", async () => {
  await using opened = await open();
  const billing = billingOn(opened.store);
  const fields = { tenantId: "t1", invoiceId: "i9" };
  const { partitionKey } = await billing.create({ id: "inv", ...fields, payload: { amount: 5 } });
  assertEquals(partitionKey, "t1:i9");
  const said: unknown[] = [];
  const runAll = () =>
    billing.runOnce({
      worker: "w",
      handlers: {
        created: (job) => {
          said.push([job.state, job.payload]);
          return ok({ receipt: `for ${job.payload.amount}` });
        },
        charged: (job) => {
          said.push([job.state, job.payload]);
          return ok(job.payload.receipt);
        },
      },
    });
  for (let runs = 0; runs < 3; runs++) await runAll();
  assertEquals(said, [["created", { amount: 5 }], ["charged", { receipt: "for 5" }]]);
  const record = await billing.get({ id: "inv", ...fields }, { full: true });
  assertEquals([record?.state, record?.result], ["completed", "for 5"]);
  assertEquals((await billing.info(fields)).completed, 1);
  assertEquals((await billing.list("completed", { ...fields, cursor: null })).items.length, 1);
});

test("error() retries under the declared policy and goes where retryOr() says", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const job = workflow({
    type: "job",
    store,
    initialState: "work",
    states: {
      work: {
        retry: { maxRetries: 2, backoff: { kind: "fixed", baseMs: 1_000, jitterPct: 0 } },
        onError: retryOr("manual"),
      },
      manual: {},
    },
  });
  await job.create({ id: "a" });
  const states: unknown[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const [result] = await job.runOnce("work", {
      worker: "w",
      handler: () => {
        throw new TypeError("no luck");
      },
    });
    states.push([result?.record?.state, result?.record?.attempts]);
    assertEquals(await job.claimDue("work", { worker: "w" }), []);
    await time.advance(1_000);
  }
  assertEquals(states, [["work", 1], ["work", 2], ["manual", 0]]);
  const { error } = (await job.get("a", { full: true }))!;
  assertEquals((error as { name: string; message: string }).message, "no luck");
  const retries = (await job.history("a")).flatMap(({ retry }) => retry?.decision ?? []);
  assertEquals(retries, ["scheduled", "scheduled", "exhausted"]);
});

test("NonRetryableError ends a flow at once", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  await email.create({ id: "a", payload: "p" });
  const [result] = await email.runOnce("queued", {
    worker: "w",
    handler: () => {
      throw new NonRetryableError("no such address");
    },
  });
  assertEquals([result?.record?.state, result?.record?.attempts], ["failed", 0]);
});

test("installPolicy() makes retry() without a declared policy obey it", async () => {
  await using opened = await open();
  const { store } = opened;
  const states = {
    a: { onError: retryOr("failed"), retry: { maxRetries: 0 }, maxReclaims: 3 },
    b: { onError: fail() },
  } as const;
  const job = workflow({ type: "job", store, initialState: "a", states });
  const { generation } = await job.installPolicy({ expectedGeneration: 0 });
  const policy = await store.policyGet("job", { state: "a" });
  assertEquals(generation, 1);
  assertEquals(policy.states.a?.retry.maxRetries, 0);
  assertEquals(policy.states.a?.maxReclaims, 3);
  const { code } = await assertRejects(
    () => job.installPolicy({ expectedGeneration: 0 }),
    FlowError,
  );
  assertEquals(code, "generation_conflict");
});

test("a flow that loses its leases goes where its state says, with no policy installed", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const states = { a: { onError: retryOr("b"), maxReclaims: 1, leaseMs: 10 }, b: {} } as const;
  const job = workflow({ type: "job", store, initialState: "a", states });
  await job.create({ id: "a" });
  for (let reclaims = 0; reclaims < 2; reclaims++) {
    const [claimed] = await job.claimDue("a", { worker: "w" });
    assertEquals(claimed?.record.reclaims, reclaims);
    await time.advance(10);
  }
  assertEquals(await job.claimDue("a", { worker: "w" }), []);
  const flow = await job.get("a");
  assertEquals([flow?.state, flow?.reclaims], ["b", 0]);
});

test("a worker whose lease was taken over cannot overwrite, and costs the others nothing", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.createMany(["a", "b"].map((id) => ({ id, payload: id })));
  const taken = Promise.withResolvers<void>();
  const slow = email.runOnce("queued", {
    ...{ worker: "slow", limit: 2 },
    handler: async (job) => {
      if (job.id === "a") await taken.promise;
      return ok(`slow ${job.id}`);
    },
  });
  await time.advance(30_001);
  const [thief] = await email.reclaimOnce({ worker: "fast" });
  assertEquals([thief?.id, thief?.fencingToken, thief?.record.reclaims], ["a", 2, 1]);
  await email.ok(thief!, "fast a");
  taken.resolve();
  const results = await slow;
  const [first, second] = results;
  assertInstanceOf(first?.error, FlowError);
  assertEquals([first?.error.code, second?.record?.state], ["stale_lease", "completed"]);
  assertEquals((await email.get("a", { full: true }))?.result, "fast a");
});

test("a payload over the cap is settled as too_large, or handled without it", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  await email.create({ id: "a", payload: "x".repeat(70_000) });
  const [refused] = await email.runOnce("queued", { worker: "w", handler: () => ok() });
  assertEquals([refused?.outcome?.kind, refused?.record?.attempts], ["error", 1]);
  const stored = (await email.get("a", { full: true, payloadMaxBytes: 20_000 }))?.error;
  assertEquals((stored as { code: string }).code, "too_large");
  await opened.time.advance(60_000);
  const [handled] = await email.runOnce("queued", {
    ...{ worker: "w", onOmitted: "handle" },
    handler: (job) => ok(job.payloadSize),
  });
  assertEquals(handled?.outcome, ok(70_002) as never);
});

test("unknown options reach the store, which names them", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  const calls = [
    [() => email.create({ id: "a", payload: "p", idempotant: true } as never), "idempotant"],
    [() => email.claimDue("queued", { worker: "w", lease: 5 } as never), "lease"],
    [() => email.list("any", { max: 5 } as never), "max"],
    [() => email.installPolicy({ retries: 5 } as never), "retries"],
    [() => email.get("a", { whole: true } as never), "whole"],
  ] as const;
  for (const [call, name] of calls) {
    const { code, message } = await assertRejects(call as () => Promise<unknown>, FlowError);
    assertEquals(code, "invalid_argument");
    assertStringIncludes(message, name);
  }
});

test("createMany() is all or nothing, or item by item", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  await email.create({ id: "a", payload: "first" });
  const items = ["b", "a", "c"].map((id) => ({ id, payload: `again ${id}` }));
  const refused = await assertRejects(() => email.createMany(items), FlowBatchError);
  assertEquals(refused.outcomes.map(({ ok }) => ok), [false, false, false]);
  assertEquals(await email.get("b"), null);
  const outcomes = await email.createMany(items, { independent: true });
  assertEquals(outcomes.map(({ ok }) => ok), [true, false, true]);
});

test("commands refuse what the workflow itself says, and what nobody knows", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  const attributes = { id: "a", payload: "p" };
  const calls: readonly (readonly [() => Promise<unknown>, string, string])[] = [
    [() => email.create({ ...attributes, type: "other" } as never), "type", "known are id, state"],
    [() => email.create({ ...attributes, nowMs: 5 } as never), "nowMs", "known are id"],
    [() => email.create({ ...attributes, delayMs: 5 } as never), "delayMs", "use runAtMs"],
    [() => email.create(attributes, { type: "other" } as never), "type", "known are nowMs"],
    [
      () => email.createMany([attributes, { id: "b", type: "other" } as never]),
      "items[1].type",
      "known are id",
    ],
    [() => email.createMany([attributes], { type: "other" } as never), "type", "known are"],
    [() => email.createMany([attributes], { state: "failed" } as never), "state", "known are"],
    [() => email.installPolicy({ states: {} } as never), "states", "known are retry"],
  ];
  for (const [call, field, says] of calls) {
    const { code, details, message } = await assertRejects(call, FlowError);
    assertEquals([code, details.field], ["invalid_argument", field]);
    assertStringIncludes(message, `${field} is not an option: ${says}`);
  }
  assertEquals(await opened.store.get("a"), null);
});

test("through a workflow a flow of another type is not there", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  const billing = billingOn(opened.store);
  const record = await email.create({ id: "a", payload: "p" });
  assertEquals([await billing.get("a"), await billing.history("a")], [null, []]);
  assertEquals([(await email.get(record))?.id, (await email.history(record)).length], ["a", 1]);
});

test("transition() moves a flow that nobody holds, and parks it", async () => {
  await using opened = await open();
  const billing = billingOn(opened.store);
  const created = await billing.create({ tenantId: 1, invoiceId: 2, payload: { amount: 5 } });
  const parked = await billing.transition(created, "charged", { receipt: "r" }, { runAtMs: null });
  assertEquals([parked.state, parked.nextRunAtMs, parked.partitionKey], ["charged", null, "1:2"]);
  assertEquals(await billing.claimDue("any", { worker: "w" }), []);
  const { code } = await assertRejects(
    () => billing.transition(created, "created", undefined),
    FlowError,
  );
  assertEquals(code, "wrong_state");
});

test("startWorker() takes a thousand flows through two states, each exactly once", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const twoSteps = workflow({
    type: "steps",
    store,
    initialState: "first",
    states: {
      first: { payload: type<number>(), onOk: "second" },
      second: { payload: type<{ n: number }>(), onOk: complete() },
    },
  });
  const flowCount = 1_000;
  await twoSteps.createMany(
    Array.from({ length: flowCount }, (_, n) => ({ id: `flow-${n}`, payload: n })),
  );
  const seen: string[] = [];
  await using worker = startWorker(twoSteps, {
    ...{ worker: "w", concurrency: 64 },
    handlers: {
      first: (job) => {
        seen.push(`${job.id} first`);
        return ok({ n: job.payload });
      },
      second: (job) => {
        seen.push(`${job.id} second`);
        return ok(job.payload.n * 2);
      },
    },
  });
  await time.advance(250);
  await worker.drain();
  assertEquals([seen.length, new Set(seen).size], [2 * flowCount, 2 * flowCount]);
  const { claimed, settled, errors } = worker.stats;
  assertEquals([claimed, settled, errors], [2 * flowCount, 2 * flowCount, 0]);
  assertEquals((await twoSteps.info()).completed, flowCount);
  assertEquals((await twoSteps.get("flow-7", { full: true }))?.result, 14);
});

test("startWorker() wakes on create(), without asking again", async () => {
  await using opened = await open();
  const email = emailOn(opened.store);
  const done = Promise.withResolvers<string>();
  await using _worker = startWorker(email, {
    worker: "w",
    handler: (job) => {
      done.resolve(job.payload);
      return ok();
    },
  });
  await opened.time.advance(5);
  await email.create({ id: "a", payload: "now" });
  assertEquals(await done.promise, "now");
});

test("startWorker() that has waited for a day takes a flow when it is there, is due, or is free", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  const startMs = time.clock.wallMs();
  const dayMs = 86_400_000;
  await email.create({ id: "held", payload: "p" });
  await email.claimDue({ worker: "x", leaseMs: 3 * dayMs });
  const seen: [id: string, afterMs: number][] = [];
  await using _worker = startWorker(email, {
    worker: "w",
    handler: ({ id }) => {
      seen.push([id, time.clock.wallMs() - startMs]);
      return ok();
    },
  });
  await email.create({ id: "later", payload: "p", runAtMs: startMs + 2 * dayMs });
  await time.advance(dayMs);
  await email.create({ id: "now", payload: "p" });
  await time.advance(0);
  await time.advance(2 * dayMs);
  assertEquals(seen, [["now", dayMs], ["later", 2 * dayMs], ["held", 3 * dayMs]]);
});

test("startWorker() takes within a second what a leap of the clock has made due", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p", runAtMs: time.clock.wallMs() + 30_000 });
  await using _worker = startWorker(email, { worker: "w", handler: () => ok() });
  await time.advance(100);
  time.setWall(time.clock.wallMs() + 30_000);
  await time.advance(1_000);
  assertEquals((await email.get("a"))?.state, "completed");
});

test("startWorker() aborts the job of a flow that is cancelled, at once and without a heartbeat", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  const started = Promise.withResolvers<AbortSignal>();
  await using worker = startWorker(email, {
    ...{ worker: "w", heartbeat: false },
    handler: ({ signal }) => {
      started.resolve(signal);
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  const signal = await started.promise;
  await email.cancel("a", { reason: "not wanted" });
  await time.advance(0);
  assertInstanceOf(signal.reason, FlowError);
  assertEquals([signal.reason.code, worker.stats.lost], ["stale_lease", 1]);
  assertEquals((await email.get("a"))?.state, "cancelled");
});

/** A flow, and a worker whose handler works on it until it is told to finish. */
async function atWork(store: Store) {
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const handler = async () => {
    await promise;
    return ok();
  };
  return { email, finish, worker: startWorker(email, { worker: "w", handler }) };
}

test("startWorker() keeps a lease for as long as its handler runs", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const { email, worker, finish } = await atWork(store);
  for (let minutes = 0; minutes < 5; minutes++) {
    await time.advance(60_000);
    assertEquals(await email.reclaim({ worker: "thief" }), []);
  }
  finish();
  await time.advance(0);
  assertEquals([worker.stats.settled, (await email.get("a"))?.state], [1, "completed"]);
  await worker.stop();
});

test("startWorker() keeps its leases when the clock leaps ahead, as on a machine that slept", async () => {
  for (const leapMs of [45_000, 3_600_000]) {
    await using opened = await open();
    const { store, time } = opened;
    const { email, worker, finish } = await atWork(store);
    await time.advance(5_000);
    time.setWall(time.clock.wallMs() + leapMs);
    await time.advance(60_000);
    assertEquals(worker.stats, { ...worker.stats, claimed: 1, running: 1, lost: 0 });
    // Whoever does not extend his lease loses it all the same.
    await store.create("b", { type: "left" });
    await store.claimDue("left", { worker: "w", leaseMs: 20_000 });
    time.setWall(time.clock.wallMs() + leapMs);
    await time.advance(60_000);
    assertEquals((await store.reclaim("left", { worker: "thief" })).length, 1);
    finish();
    await time.advance(0);
    assertEquals([worker.stats.settled, (await email.get("a"))?.state], [1, "completed"]);
    await worker.stop();
  }
});

test("stop() hands a flow back as it was, and another worker has it at once", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  await email.runOnce("queued", { worker: "w", handler: () => error("once") });
  await time.advance(2_000);
  const started = Promise.withResolvers<void>();
  const worker = startWorker(email, {
    worker: "w",
    handler: ({ signal }) => {
      started.resolve();
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  await started.promise;
  await time.advance(100);
  await email.create({ id: "b", payload: "waits, too" });
  await worker.stop();
  const back = await email.get("a");
  assertEquals([back?.state, back?.attempts, back?.leaseToken], ["queued", 1, null]);
  const [next] = await email.claimDue("queued", { worker: "other" });
  assertEquals([next?.id, next?.attempts, next?.payload], ["a", 1, "p"]);
  assertGreater(next!.fencingToken, 1);
});

test("startWorker() settles a job whose result cannot be stored as one that went wrong", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.createMany(["a", "b", "c"].map((id) => ({ id, payload: id })));
  const errors: unknown[] = [];
  await using worker = startWorker(email, {
    worker: "w",
    handler: (job) => ok(job.id === "b" ? new Map() : job.id),
    onError: (error, { during, job }) => errors.push([(error as FlowError).code, during, job?.id]),
  });
  await time.advance(0);
  await time.advance(0);
  assertEquals([worker.stats.settled, worker.stats.refused, errors], [3, 0, []]);
  assertEquals((await email.info()).completed, 2);
  const record = await email.get("b", { full: true });
  const { code } = record?.error as { code: string };
  assertEquals([record?.state, record?.attempts, code], ["queued", 1, "invalid_argument"]);
});

test("startWorker() settles a job whose result cannot be read, and those that end with it", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.createMany(["a", "b", "c"].map((id) => ({ id, payload: id })));
  const transferred = new Uint8Array(8);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  const unreadable = {
    get x(): number {
      throw new Error("Nobody may look");
    },
  };
  await using worker = startWorker(email, {
    worker: "w",
    handler: ({ id }) => ok(id === "a" ? transferred : id === "b" ? unreadable : "sent"),
  });
  await time.advance(0);
  assertEquals([worker.stats.settled, worker.stats.refused], [3, 0]);
  const states = [];
  for (const id of ["a", "b", "c"]) states.push((await email.get(id))?.state);
  assertEquals(states, ["queued", "queued", "completed"]);
  const error = (await email.get("b", { full: true }))?.error as Record<string, unknown>;
  assertEquals(error.code, "invalid_argument");
  assertStringIncludes(String(error.message), "result cannot be read: Nobody may look");
});

test("startWorker() settles together what is too large for one command", async () => {
  await using opened = await open();
  const { store, time } = opened;
  const email = emailOn(store);
  await email.createMany(["a", "b", "c", "d", "e", "f"].map((id) => ({ id, payload: id })));
  await using worker = startWorker(email, {
    worker: "w",
    handler: () => ok("x".repeat(1_000_000)),
  });
  for (let turns = 0; turns < 5; turns++) await time.advance(0);
  assertEquals([worker.stats.settled, worker.stats.errors], [6, 0]);
  assertEquals((await email.info()).completed, 6);
});

test("startWorker() ends by itself when its store is closed", async () => {
  await using opened = await open();
  const worker = startWorker(emailOn(opened.store), { worker: "w", handler: () => ok() });
  await opened.time.advance(0);
  await opened.store.close();
  await worker.ended;
  assertEquals((worker.stats.lastError as FlowError).code, "store_closed");
});
