import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { fakeRecord } from "../../src/testing/mod.ts";
import { fanout, ok, startWorker } from "../../src/workflow/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

const extension = (id: string, leaseMs: number): unknown => [
  "extendLease",
  { id, partitionKey: "partition-1" },
  { leaseToken: `lease-of-${id}`, fencingToken: 1, leaseMs },
];

test("startWorker() extends leases at a third of their length, and stops when the job ends", async () => {
  const { store, time, add, sent } = jobSource();
  const finish = Promise.withResolvers<void>();
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", leaseMs: 9_000 },
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(2_000);
  add("b");
  await time.advance(999);
  assertEquals(sent("extendLease"), []);
  await time.advance(1);
  assertEquals(sent("extendLease"), [extension("a", 9_000)]);
  await time.advance(2_000);
  assertEquals(sent("extendLease"), [extension("a", 9_000), extension("b", 9_000)]);
  await time.advance(1_000);
  assertEquals(sent("extendLease").length, 3);
  finish.resolve();
  await time.advance(30_000);
  assertEquals(sent("extendLease").length, 3);
});

test("startWorker() without a heartbeat extends nothing", async () => {
  const { store, time, add, sent } = jobSource();
  const finish = Promise.withResolvers<void>();
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", heartbeat: false },
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(60_000);
  assertEquals(sent("extendLease"), []);
  finish.resolve();
  await time.advance(0);
});

const gone: readonly FlowErrorCode[] = ["stale_lease", "not_found", "flow_terminal", "wrong_state"];

for (const code of gone) {
  test(`startWorker() aborts a job whose extension is refused with ${code}, and sends nothing for it`, async () => {
    const refusal = new FlowError(code, "Not yours");
    const { store, time, add, sent } = jobSource({
      extendLease: () => {
        throw refusal;
      },
    });
    let reason: unknown;
    await using worker = startWorker(emailOn(store), {
      worker: "w",
      handler: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            resolve(ok("too late"));
          });
        }),
    });
    add("a");
    await time.advance(10_000);
    assertEquals(reason, refusal);
    assertEquals(sent("complete", "retry", "transition", "fail"), []);
    const { lost, settled, running, errors } = worker.stats;
    assertEquals([lost, settled, running, errors], [1, 0, 0, 0]);
    await time.advance(60_000);
    assertEquals(sent("extendLease").length, 1);
  });
}

test("startWorker() extends no lease that is lost, also if the handler goes on regardless", async () => {
  const { store, time, add, sent } = jobSource({
    extendLease: () => {
      throw new FlowError("stale_lease", "Not yours", { details: { id: "a", state: "queued" } });
    },
  });
  const finish = Promise.withResolvers<void>();
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(60_000);
  assertEquals([sent("extendLease").length, worker.stats.lost], [1, 1]);
  finish.resolve();
  await time.advance(0);
  assertEquals([sent("complete").length, worker.stats.settled], [0, 0]);
});

test("startWorker() goes on with a job whose extension fails otherwise, and tries again", async () => {
  const busy = new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 } });
  let failures = 1;
  const { store, time, add, sent } = jobSource({
    extendLease: () => {
      if (failures-- > 0) throw busy;
      return fakeRecord();
    },
  });
  const finish = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async () => {
      await finish.promise;
      return ok();
    },
    onError: (error, { during, job }) => errors.push([error, during, job?.id]),
  });
  add("a");
  await time.advance(20_000);
  assertEquals(errors, [[busy, "heartbeat", "a"]]);
  assertEquals(sent("extendLease").length, 2);
  finish.resolve();
  await time.advance(0);
  assertEquals(worker.stats.settled, 1);
});

test("startWorker() sends no second extension while the first is on its way", async () => {
  const slow = Promise.withResolvers<ReturnType<typeof fakeRecord>>();
  const { store, time, add, sent } = jobSource({ extendLease: () => slow.promise });
  const finish = Promise.withResolvers<void>();
  await using _worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(25_000);
  assertEquals(sent("extendLease").length, 1);
  slow.resolve(fakeRecord());
  await time.advance(10_000);
  assertEquals(sent("extendLease").length, 2);
  finish.resolve();
  await time.advance(0);
});

test("startWorker() does not take a job for lost whose extension came after its settlement", async () => {
  const late = Promise.withResolvers<never>();
  const { store, time, add } = jobSource({ extendLease: () => late.promise });
  const finish = Promise.withResolvers<void>();
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(10_000);
  finish.resolve();
  await time.advance(0);
  late.reject(
    new FlowError("stale_lease", "Completed meanwhile", { details: { id: "a", state: "queued" } }),
  );
  await time.advance(0);
  assertEquals([worker.stats.lost, worker.stats.settled, worker.stats.errors], [0, 1, 0]);
});

test("a heartbeat goes on while a fan-out waits for its turn, and not after that", async () => {
  const { store, time, add, sent } = jobSource({
    spawnChildren: () => {
      time.tick(11_000);
      return fakeRecord();
    },
  });
  const children = Array.from({ length: 1_000 }, (_, at) => ({ type: "child", id: `${at}` }));
  await using _ = startWorker(emailOn(store), {
    worker: "w",
    handler: () =>
      fanout(children, { groupId: "g", wait: "none", success: "failed", failure: "failed" }),
  });
  add("a", "b", "c");
  await time.advance(0);
  const calls = sent("spawnChildren", "extendLease") as [string, { readonly id: string }][];
  assertEquals(calls.map(([command, { id }]) => [command, id]), [
    ...[["spawnChildren", "a"], ["extendLease", "b"], ["extendLease", "c"]],
    ...[["spawnChildren", "b"], ["extendLease", "c"], ["spawnChildren", "c"]],
  ]);
});
