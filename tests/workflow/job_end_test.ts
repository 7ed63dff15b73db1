/**
 * How jobs of a worker end, and what is left of them.
 *
 * @module
 */
import { FlowError } from "../../src/errors.ts";
import type { FlowStore } from "../../src/flow/mod.ts";
import { fakeRecord, manualTime } from "../../src/testing/mod.ts";
import { ok, startWorker } from "../../src/workflow/mod.ts";
import { Heartbeat } from "../../src/workflow/worker/heartbeat.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

const lost = new FlowError("stale_lease", "Taken over", { details: { id: "a", state: "queued" } });

/** Jobs whose leases are lost when the test says so. */
function watched() {
  const watching = new Set<(error: FlowError) => void>();
  const watchLease: NonNullable<FlowStore["watchLease"]> = (_flow, { onLost }) => {
    watching.add(onLost);
    return () => void watching.delete(onLost);
  };
  const source = jobSource();
  return { ...source, store: Object.assign(source.store, { watchLease }), watching };
}

test("a job whose lease is lost is extended no more, and counts as lost once", async () => {
  const { store, time, add, sent, watching } = watched();
  const finish = Promise.withResolvers<void>();
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", leaseMs: 9_000 },
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(3_000);
  assertEquals(sent("extendLease").length, 1);
  for (const onLost of watching) for (const _ of ["once", "and again"]) onLost(lost);
  await time.advance(30_000);
  assertEquals([sent("extendLease").length, worker.stats.lost], [1, 1]);
  finish.resolve();
  await time.advance(0);
  assertEquals([sent("complete", "transition"), worker.stats.running], [[], 0]);
});

test("a worker claims the next job when the handler of a lost one has ended", async () => {
  const { store, time, add, watching } = watched();
  const finish = Promise.withResolvers<void>();
  const started: string[] = [];
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", concurrency: 1 },
    handler: async ({ id }) => {
      started.push(id);
      await finish.promise;
      return ok();
    },
  });
  add("a", "b");
  await time.advance(0);
  for (const onLost of watching) onLost(lost);
  await time.advance(0);
  assertEquals(started, ["a"]);
  finish.resolve();
  await time.advance(0);
  assertEquals(started, ["a", "b"]);
});

test("a worker claims the next job when the last one but one is settled, though none runs", async () => {
  const settling: (() => void)[] = [];
  const { store, time, add } = jobSource({
    complete: () => new Promise((resolve) => settling.push(() => resolve(fakeRecord()))) as never,
  });
  const started: string[] = [];
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", concurrency: 1 },
    handler: ({ id }) => {
      started.push(id);
      return ok();
    },
  });
  add("a", "b", "c");
  await time.advance(0);
  assertEquals([started, worker.stats.running, settling.length], [["a", "b"], 0, 2]);
  settling.shift()!();
  await time.advance(0);
  assertEquals(started, ["a", "b", "c"]);
  for (const settle of settling) settle();
});

test("a job that has ended is watched no more", async () => {
  const { store, time, add, watching } = watched();
  await using worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
  add("a");
  await time.advance(0);
  assertEquals([watching.size, worker.stats.settled], [0, 1]);
});

test("a handler that gives up by itself is not taken for one that was stopped", async () => {
  const { store, time, add, sent } = jobSource();
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: () => {
      throw new DOMException("The request took too long", "AbortError");
    },
  });
  add("a");
  await time.advance(0);
  assertEquals([sent("retry").length, worker.stats.handedBack], [1, 0]);
});

test("a job that a store has no room to settle is left to its lease, and told of", async () => {
  const overloaded = new FlowError("overloaded", "Full", { details: { retryAfterMs: 10 } });
  const { store, time, add, sent } = jobSource({
    complete: () => {
      throw overloaded;
    },
  });
  const heard: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", handler: () => ok(), onError: (error: unknown) => void heard.push(error) },
  });
  add("a");
  await time.advance(1_000);
  const { refused, handedBack } = worker.stats;
  assertEquals([heard, refused, handedBack, sent("retry", "transition")], [
    [overloaded],
    1,
    0,
    [],
  ]);
});

test("Heartbeat beats once a millisecond at most, and not for a job that is lost", async () => {
  const time = manualTime();
  let beats = 0;
  const told: unknown[] = [];
  const heartbeat = new Heartbeat<object>({
    ...{ time, leaseMs: 1 },
    extend: () => {
      if (++beats === 3) throw lost;
      return Promise.resolve();
    },
    onLost: (_job, error) => void told.push(error),
    onError: (_job, error) => void told.push(error),
  });
  heartbeat.add({});
  await time.advance(0);
  assertEquals(beats, 0);
  await time.advance(2);
  assertEquals(beats, 2);
  await time.advance(10);
  assertEquals([beats, told, time.nextAlarmMs], [3, [lost], undefined]);
});
