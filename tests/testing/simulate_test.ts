import { complete, ok, startWorker, type, workflow } from "../../mod.ts";
import { FlowError } from "../../src/errors.ts";
import { type Scenario, simulate, SimulationFailure } from "../../src/testing/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

const payment = workflow({
  type: "payment",
  initialState: "due",
  states: { due: { payload: type<number>(), onOk: complete(), leaseMs: 30_000 } },
});

/** A payment that is made in a bank, which keeps an account of charges. */
function paying(charge: (charges: Map<string, number>, id: string) => unknown): () => Scenario {
  return () => {
    const charges = new Map<string, number>();
    return {
      async start(store) {
        const payments = payment.on(store);
        await payments.create({ id: "p-1", payload: 100, idempotent: true });
        startWorker(payments, {
          worker: "w",
          handler: (job) => {
            charge(charges, job.id);
            return ok();
          },
        });
      },
      async check(store) {
        assertEquals((await payment.on(store).get("p-1"))?.state, "completed");
        assertEquals(charges.get("p-1"), 1);
      },
    };
  };
}

const once = paying((charges, id) => charges.set(id, 1));
const everyTime = paying((charges, id) => charges.set(id, (charges.get(id) ?? 0) + 1));

test("simulate() strikes every call of a program that does no harm twice", async () => {
  const { callCount } = await simulate(once, { runs: 1 });
  const report = await simulate(once, { runs: callCount });
  assertEquals(report.runs, callCount);
  assert(report.powerCuts > callCount / 4, `${report.powerCuts} of ${callCount}`);
  assert(report.kills > callCount / 8, `${report.kills} of ${callCount}`);
  assert(report.powerCuts + report.kills >= callCount);
});

test("simulate() finds a handler that does harm when it runs again", async () => {
  const failure = await assertRejects(() => simulate(everyTime), SimulationFailure);
  assert(failure.run > 0);
  assertEquals(failure.seed, 1);
  assertStringIncludes(failure.message, `Run ${failure.run} of 100 failed: `);
  assertStringIncludes(failure.story[0]!, "Process 1 ");
  const replay = `simulate(scenario, { seed: 1, runs: 100, only: ${failure.run} })`;
  assertStringIncludes(failure.message, replay);
  const again = await assertRejects(
    () => simulate(everyTime, { only: failure.run }),
    SimulationFailure,
  );
  assertEquals(again.message, failure.message);
});

test("simulate() finds a start that cannot be made a second time", async () => {
  const failure = await assertRejects(() =>
    simulate(() => ({
      start: (store) => store.create("a", { type: "email" }),
      check: () => {},
    })), SimulationFailure);
  assert(failure.run > 0);
  assert(failure.cause instanceof FlowError && failure.cause.code === "already_exists");
});

test("simulate() says what is wrong without a crash", async () => {
  const wrong = new Error("nothing is right");
  const failure = await assertRejects(
    () => simulate(() => ({ start: () => {}, check: () => Promise.reject(wrong) })),
    SimulationFailure,
  );
  assertEquals([failure.run, failure.story, failure.cause], [0, [], wrong]);
  assertStringIncludes(failure.message, "The run without a crash failed: nothing is right");
});

test("simulate() refuses a start that waits for what is not simulated", async () => {
  const failure = await assertRejects(
    () => simulate(() => ({ start: () => new Promise(() => {}), check: () => {} })),
    SimulationFailure,
  );
  assertStringIncludes(failure.message, "not come to its end in 600000 ms of simulated time");
});

test("simulate() lets nothing of a process go on after its end", async () => {
  const lateSteps: string[] = [];
  await simulate(() => {
    let living = 0;
    return {
      async start(store, { number, sleep }) {
        living = number;
        const step = (name: string): void => {
          if (living !== number) lateSteps.push(name);
        };
        await store.create("a", { type: "email", idempotent: true });
        void sleep(120_000).then(() => step("sleep"));
        void (async () => {
          for await (const _ of store.events()) step("event");
          step("end of events");
        })();
        for (let round = 0; round < 3; round++) {
          await store.kv.set("round", round).catch(() => lateSteps.push("refusal"));
          await sleep(10).finally(() => step("sleep"));
        }
      },
      check: async (store) => {
        assertEquals((await store.kv.get("round"))?.value, 2);
      },
    };
  });
  assertEquals(lateSteps, []);
});

test("simulate() passes the time of retries", async () => {
  const flaky = workflow({
    type: "flaky",
    initialState: "tried",
    states: {
      tried: { retry: { maxRetries: 5, backoff: { kind: "fixed", baseMs: 60_000 } } },
    },
  });
  const report = await simulate(() => {
    let tries = 0;
    return {
      async start(store) {
        const flows = flaky.on(store);
        await flows.create({ id: "f-1", idempotent: true });
        startWorker(flows, {
          worker: "w",
          handler: () => {
            if (++tries <= 3) throw new Error("not yet");
            return ok();
          },
        });
      },
      async check(store) {
        assertEquals((await flaky.on(store).get("f-1"))?.state, "completed");
      },
    };
  }, { runs: 20 });
  assertEquals(report.runs, 20);
});

test("simulate() opens stores as it is told to, and draws the same for the same run", async () => {
  const drawn = new Map<number, number[]>();
  const shardCounts = new Set<number>();
  for (const only of [undefined, 3]) {
    await simulate(({ run, random }) => {
      drawn.set(run, [...drawn.get(run) ?? [], random.u32()]);
      return {
        start: (store) => {
          shardCounts.add(store.stats().shards.length);
        },
        check: () => {},
      };
    }, { runs: 5, seed: 9, only, store: { shards: 2 } });
  }
  assertEquals([...shardCounts], [2]);
  assertEquals([...drawn.keys()], [0, 1, 2, 3, 4, 5]);
  assertEquals(drawn.get(3)![0], drawn.get(3)![1]);
  assertEquals(new Set([...drawn.values()].map(([first]) => first)).size, 6);
});

test("simulate() refuses options that are none", async () => {
  for (
    const [options, field] of [
      [{ runs: 0 }, "runs"],
      [{ seed: -1 }, "seed"],
      [{ runs: 5, only: 6 }, "only"],
      [{ processMs: 0 }, "processMs"],
      [{ store: [] as never }, "store"],
      [{ run: 3 } as never, "run"],
      [null as never, "options"],
    ] as const
  ) {
    const error = await assertRejects(() => simulate(once, options), FlowError);
    assertEquals([error.code, error.details["field"]], ["invalid_argument", field]);
  }
});
