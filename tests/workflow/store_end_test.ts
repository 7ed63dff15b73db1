/**
 * What becomes of a worker when its store ends.
 *
 * @module
 */
import { FlowError, openStore, type Store } from "../../mod.ts";
import { SimulatedDisk } from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { noReply, ok, startWorker } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { type WatchedTime, watchedTime } from "../time/kept_alive.ts";
import { emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

/** Both ways in which a store ends. */
const ends = ["store_closed", "store_failed"] as const;

interface Ending {
  readonly store: Store;
  readonly time: WatchedTime;
  /** Ends the store, and lets everybody hear of it. No time goes by. */
  end(code: typeof ends[number]): Promise<void>;
}

async function ending(): Promise<Ending> {
  const time = watchedTime();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({ files: disk.directory(), time });
  return {
    store,
    time,
    async end(code) {
      if (code === "store_failed") {
        disk.arm({ call: "flush" });
        await assertRejects(() => store.create("x", { type: "other" }), FlowError);
      } else await store.close();
      await time.advance(0);
    },
  };
}

/** A handler that waits for its signal. */
function untilAbort({ signal }: { readonly signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

for (const code of ends) {
  for (const heartbeat of [true, false]) {
    const kind = `${heartbeat ? "with" : "without"} a heartbeat`;

    test(`a worker ${kind} whose handlers are all busy ends at once with ${code}`, async () => {
      const { store, time, end } = await ending();
      const email = emailOn(store);
      for (const id of ["a", "b", "c", "d", "e"]) await email.create({ id, payload: id });
      const reasons: unknown[] = [];
      const errors: [string, string][] = [];
      const worker = startWorker(email, {
        ...{ worker: "w", concurrency: 2, leaseMs: 30_000, heartbeat },
        handler: async (job) =>
          await untilAbort(job).catch(async (reason) => {
            reasons.push(reason.code);
            // This one still cleans up when the worker has been stopped.
            if (job.id === "b") await new Promise<void>((resolve) => time.alarm(resolve).set(0));
            throw reason;
          }),
        onError: (error, { during }) => void errors.push([(error as FlowError).code, during]),
      });
      await time.advance(0);
      assertEquals(worker.stats.running, 2);
      await end(code);
      await worker.ended;
      assertEquals(reasons, [code, code]);
      // Nothing can be handed back any more, and that is told.
      const told = errors.filter(([, during]) => during !== "claim");
      assertEquals(told, [[code, "handBack"], [code, "handBack"]]);
      const { running, lost, handedBack, refused } = worker.stats;
      assertEquals([running, lost, handedBack, refused], [0, 0, 0, 0]);
      assert(!time.isKeptAlive);
      await store.close();
    });

    test(`a handler that never returns keeps no process alive ${kind} after ${code}`, async () => {
      const { store, time, end } = await ending();
      const email = emailOn(store);
      await email.create({ id: "a", payload: "a" });
      const worker = startWorker(email, {
        ...{ worker: "w", concurrency: 1, leaseMs: 1_500, heartbeat, onError: () => {} },
        handler: () => new Promise(() => {}),
      });
      await time.advance(2_000);
      assertEquals([worker.stats.running, time.isKeptAlive], [1, heartbeat]);
      await end(code);
      assert(!time.isKeptAlive);
      await time.advance(60_000);
      assertEquals([worker.stats.errors, time.isKeptAlive], [0, false]);
      await store.close();
    });
  }

  test(`a worker that waits for more aborts its jobs with ${code} as well`, async () => {
    const { store, time, end } = await ending();
    const email = emailOn(store);
    await email.create({ id: "a", payload: "a" });
    const reasons: unknown[] = [];
    const worker = startWorker(email, {
      ...{ worker: "w", onError: () => {} },
      handler: async (job) => await untilAbort(job).finally(() => reasons.push(job.signal.reason)),
    });
    await time.advance(0);
    await end(code);
    await worker.ended;
    assertEquals(reasons.map((reason) => (reason as FlowError).code), [code]);
    await store.close();
  });

  test(`a worker whose store cannot watch leases ends at the next heartbeat after ${code}`, async () => {
    const gone = new FlowError(code, "Gone");
    const { store, time, add, sent } = jobSource({
      extendLease: () => {
        throw gone;
      },
    });
    const reasons: unknown[] = [];
    const worker = startWorker(emailOn(store), {
      ...{ worker: "w", concurrency: 2, leaseMs: 9_000, onError: () => {} },
      handler: ({ signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        return new Promise(() => {});
      },
    });
    add("a", "b");
    await time.advance(60_000);
    assertEquals(reasons, [gone, gone]);
    // Both were on their way; the first that came back says it for all.
    assertEquals([sent("extendLease").length, worker.stats.errors], [2, 1]);
    assertEquals(time.nextAlarmMs, undefined);
  });
}

test("a worker that was stopped hears that its store is closed, and extends nothing more", async () => {
  const { store, time, end } = await ending();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "a" });
  const worker = startWorker(email, {
    ...{ worker: "w", leaseMs: 1_500, onError: () => {} },
    handler: () => new Promise(() => {}),
  });
  await time.advance(0);
  void worker.stop();
  await time.advance(5_000);
  assert(time.isKeptAlive);
  await end("store_closed");
  await time.advance(5_000);
  assertEquals([time.isKeptAlive, worker.stats.errors], [false, 0]);
});

test("runOnce() aborts the signal of its job when the store is closed", async () => {
  const { store, time, end } = await ending();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "a" });
  const reasons: unknown[] = [];
  const run = email.runOnce("queued", {
    worker: "w",
    handler: async (job) => {
      await untilAbort(job).catch(({ code }) => reasons.push(code));
      return noReply;
    },
  });
  await time.advance(0);
  await end("store_closed");
  await run;
  assertEquals(reasons, ["store_closed"]);
});

test("an outcome that comes after the store was closed is told to onError", async () => {
  const { store, time, end } = await ending();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "a" });
  const errors: [string, string][] = [];
  const worker = startWorker(email, {
    ...{ worker: "w", concurrency: 1 },
    handler: async (job) => {
      await untilAbort(job).catch(() => {});
      return ok();
    },
    onError: (error, { during }) => void errors.push([(error as FlowError).code, during]),
  });
  await time.advance(0);
  await end("store_closed");
  await worker.ended;
  assertEquals(errors[0], ["store_closed", "settle"]);
});
