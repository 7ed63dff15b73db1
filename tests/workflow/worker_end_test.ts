import { setTimeout as sleep } from "node:timers/promises";
import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, manualTime } from "../../src/testing/mod.ts";
import { error, fanout, ok, startWorker } from "../../src/workflow/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

const handBackOf = (id: string): object => ({
  ...{ from: "queued", to: "queued", leaseToken: `lease-of-${id}`, fencingToken: 1 },
  runAtMs: 1_600_000_000_000,
});

test("drain() lets running handlers finish, settles them and claims nothing more", async () => {
  const { store, time, add, sent } = jobSource();
  const finish = Promise.withResolvers<void>();
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async ({ signal }) => {
      await finish.promise;
      return ok(signal.aborted);
    },
  });
  add("a", "b");
  await time.advance(0);
  const claimCount = sent("claimDue").length;
  let drained = false;
  const draining = worker.drain().then(() => drained = true);
  add("c");
  await time.advance(1_000);
  assertEquals([drained, sent("claimDue").length], [false, claimCount]);
  finish.resolve();
  await time.advance(0);
  await draining;
  assertEquals([worker.stats.settled, worker.stats.errors], [2, 0]);
  const [, items] = sent("completeMany")[0] as [string, { result: unknown }[]];
  assertEquals(items.map(({ result }) => result), [false, false]);
  assertEquals(time.nextAlarmMs, undefined);
});

for (const end of ["drain", "stop"] as const) {
  test(`${end}() waits for fan-outs for which there was no room in one macrotask`, async () => {
    const { store, time, add, sent } = jobSource({ spawnChildren: () => fakeRecord() });
    const finish = Promise.withResolvers<void>();
    const children = Array.from({ length: 1_000 }, (_, at) => ({ type: "child", id: `${at}` }));
    const worker = startWorker(emailOn(store), {
      worker: "w",
      handler: async () => {
        await finish.promise;
        return fanout(children, {
          groupId: "g",
          wait: "none",
          success: "failed",
          failure: "failed",
        });
      },
    });
    add("a", "b", "c");
    await time.advance(0);
    const ending = worker[end]();
    finish.resolve();
    await time.advance(0);
    await ending;
    assertEquals([sent("spawnChildren").length, worker.stats.settled], [3, 3]);
  });
}

test("stop() aborts the jobs and hands back those that give up because of it", async () => {
  const { store, time, add, sent } = jobSource();
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: ({ id, signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => {
          if (id === "a") reject(signal.reason);
          else if (id === "b") resolve(ok("done in time"));
          else if (id === "c") reject(new Error("broken by the abort"));
          else resolve(error(signal.reason));
        });
      }),
  });
  add("a", "b", "c", "d");
  await time.advance(0);
  const stopping = worker.stop();
  await time.advance(0);
  await stopping;
  const flowOf = (id: string): object => ({ id, partitionKey: "partition-1" });
  assertEquals(sent("transition", "transitionMany"), [[
    "transitionMany",
    [{ ...flowOf("a"), ...handBackOf("a") }, { ...flowOf("d"), ...handBackOf("d") }],
    { independent: true },
  ]]);
  assertEquals([sent("complete").length, sent("retry").length], [1, 1]);
  assertEquals([worker.stats.handedBack, worker.stats.settled], [2, 2]);
});

test("stop() takes no error for an abort that only looks like one, or leads in a circle", async () => {
  const { store, time, add, sent } = jobSource();
  const circle = new Error("round and round");
  circle.cause = circle;
  const thrown: Readonly<Record<string, unknown>> = {
    a: { name: "AbortError" },
    b: circle,
    c: new Error("outer", { cause: { name: "AbortError" } }),
    d: new Error("outer", { cause: new DOMException("inner", "AbortError") }),
  };
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: ({ id, signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(thrown[id]))),
  });
  add("a", "b", "c", "d");
  await time.advance(0);
  const stopping = worker.stop();
  await time.advance(0);
  await stopping;
  assertEquals([worker.stats.handedBack, worker.stats.settled], [1, 3]);
  const [[, , handedBack]] = sent("transition") as [[string, unknown, object]];
  assertEquals(handedBack, handBackOf("d"));
});

test("stop() hands back jobs whose handlers were told by what they waited for", async () => {
  const { store, time, add, sent } = jobSource();
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async ({ id, signal }) => {
      try {
        await sleep(3_600_000, undefined, { signal });
      } catch (cause) {
        if (id === "a") throw cause;
        if (id === "b") throw new Error("The mail server was not reached", { cause });
        throw new DOMException("What does not say why", "AbortError");
      }
      return ok();
    },
  });
  add("a", "b", "c");
  await time.advance(0);
  const stopping = worker.stop();
  while (worker.stats.running > 0) await sleep(1);
  await time.advance(0);
  await stopping;
  assertEquals([worker.stats.handedBack, worker.stats.settled], [3, 0]);
  assertEquals(sent("retry", "retryMany"), []);
});

test("stop() hands back jobs of a claim that was on its way", async () => {
  const time = manualTime();
  const claim = Promise.withResolvers<ReturnType<typeof fakeRecord>[]>();
  const store = fakeStore({
    time,
    claimDue: () => claim.promise,
    transition: () => fakeRecord(),
  });
  let started = 0;
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: () => {
      started++;
      return ok();
    },
  });
  const stopping = worker.stop();
  claim.resolve([
    fakeRecord({ id: "a", runState: "queued", createdAtMs: 1_600_000_000_000, attempts: 2 }),
  ]);
  await time.advance(0);
  await stopping;
  const [, call] = store.calls;
  assertEquals([started, call as unknown], [0, {
    command: "transition",
    args: [{ id: "a", partitionKey: "partition-1" }, handBackOf("a")],
  }]);
  assertEquals([worker.stats.handedBack, worker.stats.claimed], [1, 1]);
});

test("stop() tells onError of a job that could not be handed back", async () => {
  const time = manualTime();
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const claim = Promise.withResolvers<ReturnType<typeof fakeRecord>[]>();
  const store = fakeStore({
    time,
    claimDue: () => claim.promise,
    transition: () => {
      throw stale;
    },
  });
  const errors: unknown[] = [];
  const worker = startWorker(emailOn(store), {
    ...{ worker: "w", handler: () => ok() },
    onError: (error, { during, job }) => errors.push([error, during, job?.id]),
  });
  const stopping = worker.stop();
  claim.resolve([fakeRecord({ id: "a", runState: "queued" })]);
  await time.advance(0);
  await stopping;
  assertEquals(errors, [[stale, "handBack", "a"]]);
});

test("stop() while a worker drains aborts what is left, and both resolve", async () => {
  const { store, time, add } = jobSource();
  const worker = startWorker(emailOn(store), {
    worker: "w",
    handler: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  add("a");
  await time.advance(0);
  const draining = worker.drain();
  await time.advance(0);
  const stopping = worker.stop();
  await time.advance(0);
  await Promise.all([draining, stopping, worker.ended, worker.stop()]);
  assertEquals(worker.stats.handedBack, 1);
});

test("startWorker() stops with its signal", async () => {
  const { store, time } = jobSource();
  const controller = new AbortController();
  const { signal } = controller;
  const worker = startWorker(emailOn(store), { worker: "w", signal, handler: () => ok() });
  await time.advance(0);
  controller.abort();
  await worker.ended;
  assertEquals([worker.stats.errors, time.nextAlarmMs], [0, undefined]);
});

test("a worker that has ended leaves nothing at its signal", async () => {
  const { store, time } = jobSource();
  const { signal } = new AbortController();
  const there = new Set<unknown>();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...given: unknown[]) => {
    there.add(given[1]);
    Reflect.apply(add, signal, given);
  };
  signal.removeEventListener = (...given: unknown[]) => {
    there.delete(given[1]);
    Reflect.apply(remove, signal, given);
  };
  const worker = startWorker(emailOn(store), { worker: "w", handler: () => ok(), signal });
  await time.advance(0);
  assertEquals(there.size, 1);
  await worker.drain();
  assertEquals(there.size, 0);
});

test("startWorker() with a signal that has aborted claims nothing", async () => {
  const store = fakeStore({ time: manualTime() });
  const signal = AbortSignal.abort();
  await startWorker(emailOn(store), { worker: "w", signal, handler: () => ok() }).ended;
  assertEquals(store.calls, []);
});

test("a worker stops at the end of its scope", async () => {
  const { store, time } = jobSource();
  let ended: Promise<void>;
  {
    await using worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
    await time.advance(0);
    ended = worker.ended;
  }
  await ended;
  assert(store.calls.length === 1);
});

test("drain() ends a pause at once", async () => {
  const time = manualTime();
  const store = fakeStore({ time, claimDue: () => [] });
  const worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
  await time.advance(10);
  await worker.drain();
  assertEquals([store.calls.length, time.nextAlarmMs], [1, undefined]);
});
