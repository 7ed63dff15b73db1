/**
 * What becomes of handlers that run for longer than their state allows.
 *
 * @module
 */

import { FlowError, isFlowError } from "../../src/errors.ts";
import type { FlowStore } from "../../src/flow/mod.ts";
import {
  type FakeAnswers,
  fakeRecord,
  fakeStore,
  manualTime,
  memoryStore,
  runUntilIdle,
} from "../../src/testing/mod.ts";
import type { Time } from "../../src/time/mod.ts";
import { fail, noReply, ok, retryOr, startWorker, type, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { jobSource } from "./job_source.ts";

const never = (): Promise<never> => new Promise(() => {});

/** A queue whose handlers may run for five seconds. */
// deno-lint-ignore explicit-module-boundary-types -- the inferred type is what is tested
function limitedOn(store: FlowStore) {
  return workflow({
    type: "email",
    store,
    initialState: "queued",
    states: {
      queued: { payload: type<string>(), handlerTimeoutMs: 5_000, onError: retryOr("failed") },
    },
  });
}

function storedError(sent: readonly unknown[]): Record<string, unknown> {
  const [call] = sent as [string, object, { readonly error: Record<string, unknown> }][];
  return call?.[2].error ?? {};
}

test("a handler whose time is over is told so, and its job is settled by onError at once", async () => {
  const { store, time, add, sent } = jobSource();
  let reason: unknown;
  await using worker = startWorker(limitedOn(store), {
    worker: "w",
    handler: ({ signal }) => {
      signal.addEventListener("abort", () => reason = signal.reason);
      return never();
    },
  });
  add("a");
  await time.advance(4_999);
  assertEquals([reason, sent("retry").length], [undefined, 0]);
  await time.advance(1);
  assert(isFlowError(reason, "handler_timeout"));
  assertEquals(reason.details, {
    ...{ field: "handlerTimeoutMs", id: "a", state: "queued", limit: 5_000 },
  });
  // The way from an alarm to the worker tells nobody anything.
  assertEquals(reason.stack, String(reason));
  const { code, message } = storedError(sent("retry"));
  assertEquals([code, message], ["handler_timeout", reason.message]);
  assertStringIncludes(reason.message, 'flow "a" ran for longer than the 5000 ms that state');
  const { settled, running, timedOut, abandoned, errors } = worker.stats;
  assertEquals([settled, running, timedOut, abandoned, errors], [1, 0, 1, 1, 0]);
});

test("what a handler says when its time is over is not heard", async () => {
  const { store, time, add, sent } = jobSource();
  const finish = Promise.withResolvers<void>();
  await using worker = startWorker(limitedOn(store), {
    worker: "w",
    handler: ({ id, signal }) =>
      new Promise((resolve, reject) => {
        if (id === "late") void finish.promise.then(() => resolve(ok("late")));
        signal.addEventListener("abort", () => {
          if (id === "says") resolve(ok("because it was told"));
          if (id === "throws") reject(new Error("because it was told"));
        });
      }),
  });
  add("says", "throws", "late");
  await time.advance(5_000);
  assertEquals([worker.stats.timedOut, worker.stats.abandoned], [3, 1]);
  finish.resolve();
  await time.advance(60_000);
  assertEquals(worker.stats.abandoned, 0);
  assertEquals(sent("complete", "completeMany"), []);
  const retries = sent("retry") as [
    string,
    object,
    { readonly error: { readonly code: string } },
  ][];
  assertEquals(retries.map(([, , { error }]) => error.code), Array(3).fill("handler_timeout"));
});

test("a handler that hangs leaves its place to the next job", async () => {
  const { store, time, add } = jobSource();
  const started: string[] = [];
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", concurrency: 1 },
    handler: ({ id }) => {
      started.push(id);
      return id === "a" ? never() : ok();
    },
  });
  add("a", "b");
  await time.advance(4_999);
  assertEquals(started, ["a"]);
  await time.advance(1);
  assertEquals(started, ["a", "b"]);
  assertEquals([worker.stats.running, worker.stats.settled], [0, 2]);
});

test("a handler that ends in time leaves nothing behind", async () => {
  const { store, time, add, sent } = jobSource();
  const worker = startWorker(limitedOn(store), {
    worker: "w",
    handler: ({ id }) => {
      if (id === "a") throw new Error("not this time");
      return ok();
    },
  });
  add("a", "b");
  await time.advance(0);
  await worker.drain();
  assertEquals(time.nextAlarmMs, undefined);
  await time.advance(60_000);
  assertEquals([sent("retry").length, sent("complete").length], [1, 1]);
  assertEquals([worker.stats.timedOut, worker.stats.abandoned], [0, 0]);
});

test("a worker extends no lease of a handler whose time is over", async () => {
  const slow = Promise.withResolvers<ReturnType<typeof fakeRecord>>();
  const { store, time, add, sent } = jobSource({ retry: () => slow.promise });
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", leaseMs: 3_000, handler: never },
  });
  add("a");
  await time.advance(4_999);
  assertEquals(sent("extendLease").length, 4);
  await time.advance(60_000);
  assertEquals(sent("extendLease").length, 4);
  slow.resolve(fakeRecord());
  await time.advance(0);
  assertEquals(worker.stats.settled, 1);
});

test("a handler has its time also where nobody extends leases", async () => {
  const { store, time, add, sent } = jobSource();
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", heartbeat: false, handler: never },
  });
  add("a");
  await time.advance(5_000);
  assertEquals([sent("retry").length, worker.stats.timedOut], [1, 1]);
});

test("of a job whose lease was lost nothing is said, and its place is free when its time is over", async () => {
  const { store, time, add, sent } = jobSource({
    extendLease: () => {
      throw new FlowError("stale_lease", "Not yours", { details: { id: "a", state: "queued" } });
    },
  });
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", leaseMs: 3_000, concurrency: 1, handler: never },
  });
  add("a");
  await time.advance(4_999);
  assertEquals([worker.stats.lost, worker.stats.running], [1, 1]);
  await time.advance(1);
  assertEquals([worker.stats.running, worker.stats.abandoned], [0, 1]);
  assertEquals(sent("retry", "complete", "transition"), []);
});

test("a settlement that comes too late for the lease is refused, and onError hears of it", async () => {
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const { store, time, add } = jobSource({
    retry: () => {
      throw stale;
    },
  });
  const errors: unknown[] = [];
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", handler: never },
    onError: (error, { during, job }) => errors.push([error, during, job?.id]),
  });
  add("a");
  await time.advance(5_000);
  assertEquals(errors, [[stale, "settle", "a"]]);
  assertEquals([worker.stats.refused, worker.stats.running], [1, 0]);
});

for (const end of ["stop", "drain"] as const) {
  test(`${end}() waits for a handler that hangs until its time is over, and no longer`, async () => {
    const { store, time, add, sent } = jobSource();
    const worker = startWorker(limitedOn(store), { worker: "w", handler: never });
    add("a");
    await time.advance(1_000);
    let hasEnded = false;
    void worker[end]().then(() => hasEnded = true);
    await time.advance(3_999);
    assertEquals([hasEnded, sent("retry").length], [false, 0]);
    await time.advance(1);
    assertEquals([hasEnded, sent("retry").length, worker.stats.handedBack], [true, 1, 0]);
    assertEquals([time.nextAlarmMs, worker.stats.abandoned], [undefined, 1]);
  });
}

test("stop() hands back what gives up because of it, also under a limit", async () => {
  const { store, time, add, sent } = jobSource();
  const worker = startWorker(limitedOn(store), {
    worker: "w",
    handler: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  add("a");
  await time.advance(1_000);
  const stopped = worker.stop();
  await time.advance(0);
  await stopped;
  assertEquals([worker.stats.handedBack, worker.stats.timedOut], [1, 0]);
  assertEquals([sent("retry"), time.nextAlarmMs], [[], undefined]);
});

function oneJob(answers: FakeAnswers = {}): {
  readonly time: ReturnType<typeof manualTime>;
  readonly email: ReturnType<typeof limitedOn>;
} {
  const time = manualTime();
  const due = [fakeRecord({ id: "a", runState: "queued", payload: "a" })];
  const retried = fakeRecord({ id: "a", state: "queued" });
  const claimDue = () => due.splice(0);
  return {
    time,
    email: limitedOn(fakeStore({ time, claimDue, retry: () => retried, ...answers })),
  };
}

test("runOnce() settles a job whose handler hangs, and hands on its own signal until then", async () => {
  const { time, email } = oneJob();
  const controller = new AbortController();
  const reasons: unknown[] = [];
  const running = email.runOnce("queued", {
    ...{ worker: "w", signal: controller.signal },
    handler: ({ signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return never();
    },
  });
  await time.advance(1_000);
  controller.abort("enough");
  assertEquals(reasons, ["enough"]);
  await time.advance(4_000);
  const [result] = await running;
  assertEquals([result?.record?.state, result?.outcome?.kind], ["queued", "error"]);
  const { reason } = result?.outcome as { readonly reason: unknown };
  assert(isFlowError(reason, "handler_timeout"));
  // A signal aborts once.
  assertEquals(reasons, ["enough"]);
});

test("handle() limits its handler as the state of the job says", async () => {
  const { time, email } = oneJob();
  const [job] = await email.claimDue("queued", { worker: "w" });
  const handling = email.handle(job!, never);
  await time.advance(5_000);
  const { outcome } = await handling;
  assertEquals(outcome.kind, "error");
});

test("a handler with noReply as its answer has its time, too", async () => {
  const { time, email } = oneJob();
  const running = email.runOnce("queued", {
    worker: "w",
    handler: async () => {
      await never();
      return noReply;
    },
  });
  await time.advance(5_000);
  assertEquals((await running).map(({ outcome }) => outcome?.kind), ["error"]);
});

test("what a handler does to its flow when its time is over is refused", async () => {
  await using store = await memoryStore();
  const email = limitedOn(store);
  await email.create({ id: "email-1", payload: "a" });
  const late = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await using worker = startWorker(email, {
    worker: "w",
    handler: async (job) => {
      if (job.attempts > 0) return ok("the second time");
      await finish.promise;
      const { code } = await assertRejects(() => email.complete(job, "too late"), FlowError);
      assertEquals(code, "stale_lease");
      late.resolve();
      return noReply;
    },
  });
  await store.advance(5_000);
  assertEquals((await email.get("email-1"))?.state, "queued");
  finish.resolve();
  await late.promise;
  await store.advance(60_000);
  const flow = await email.get("email-1", { full: true });
  assertEquals([flow?.state, flow?.result], ["completed", "the second time"]);
  assertEquals([worker.stats.timedOut, worker.stats.settled], [1, 2]);
});

test("retries that are spent by handlers that hang lead where onError says", async () => {
  await using store = await memoryStore();
  const email = limitedOn(store);
  await email.create({ id: "email-1", payload: "a" });
  const run = () => email.runOnce("queued", { worker: "w", handler: never });
  for (let tries = 0; tries < 4; tries++) {
    const idle = runUntilIdle(run);
    await store.advance(60_000);
    await idle;
  }
  const flow = await email.get("email-1", { full: true });
  const { code } = flow?.error as { readonly code: string };
  assertEquals([flow?.state, code], ["failed", "handler_timeout"]);
});

test("onError: fail() ends a flow whose handler hangs", async () => {
  await using store = await memoryStore();
  const film = workflow({
    type: "film",
    store,
    initialState: "raw",
    states: { raw: { handlerTimeoutMs: 100, onError: fail() } },
  });
  await film.create({ id: "film-1" });
  await using _worker = startWorker(film, { worker: "w", handler: never });
  await store.advance(100);
  assertEquals((await film.get("film-1"))?.state, "failed");
});

test("a process that waits for a handler with a time limit stays until that is over", async () => {
  const { store, time, add } = jobSource();
  const { clock, random } = time;
  const kept: (boolean | undefined)[] = [];
  const alarm: Time["alarm"] = (ring) => {
    const inner = time.alarm(ring);
    return {
      set: (atMs, options) => {
        if (atMs === clock.monotonicMs() + 5_000) kept.push(options?.keepAlive);
        inner.set(atMs, options);
      },
      clear: () => inner.clear(),
    };
  };
  await using worker = startWorker(limitedOn(store), {
    ...{ worker: "w", heartbeat: false },
    time: { clock, random, manual: time.manual, alarm, defer: (act) => time.defer(act) },
    handler: never,
  });
  add("a");
  await time.advance(5_000);
  assertEquals([kept, worker.stats.claimed], [[true], 1]);
});
