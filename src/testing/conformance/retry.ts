/**
 * Giving flows back to be tried again.
 *
 * @module
 */
import type { FlowRecord, FlowStore, RetryPolicy } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner } from "./leasing.ts";

/** Claims flow "a" and retries it until it was retried so often; resolves to every record. */
async function retries(
  store: FlowStore,
  count: number,
  policy: RetryPolicy,
): Promise<FlowRecord[]> {
  await create(store, "a");
  const records: FlowRecord[] = [];
  for (let n = 1; n <= count; n++) {
    const flow = await claimOne(store);
    const record = await store.retry(flow, { ...owner(flow), retry: policy });
    records.push(record);
    const again = { from: record.state, to: record.state, fencingToken: n, runAtMs: 0 };
    await store.transition(record, again);
  }
  return records;
}

/** Retries two hundred flows for the first time; resolves to how long each waits. */
async function manyWaits(
  { store, nowMs }: { readonly store: FlowStore; readonly nowMs: number },
  retry?: RetryPolicy,
): Promise<number[]> {
  await store.createMany(Array.from({ length: 200 }, (_, n) => `${n}`), { type: JOB });
  const leases = await store.claimDue(JOB, { worker: "worker-1", limit: 200 });
  const items = leases.map((flow) => ({ id: flow.id, ...owner(flow) }));
  const records = await store.retryMany(items, { retry });
  return records.map(({ nextRunAtMs }) => nextRunAtMs! - nowMs);
}

/** A policy without jitter. */
function steady(kind: "none" | "fixed" | "linear" | "exponential", baseMs: number, maxMs: number) {
  return { maxRetries: 100, backoff: { kind, baseMs, maxMs, jitterPct: 0 } };
}

/** Backoffs, and the waits that they make of the first, second, … retry. */
const WAITS: readonly [RetryPolicy, readonly number[]][] = [
  [steady("none", 700, 5_000), [0, 0, 0]],
  [steady("fixed", 700, 5_000), [700, 700, 700]],
  [steady("fixed", 9_000, 4_000), [4_000, 4_000]],
  [steady("linear", 700, 5_000), [700, 1_400, 2_100, 2_800, 3_500, 4_200, 4_900, 5_000, 5_000]],
  [steady("exponential", 700, 5_000), [700, 1_400, 2_800, 5_000, 5_000]],
  [steady("exponential", 9_000, 4_000), [4_000, 4_000]],
  [
    { maxRetries: 9, backoff: { jitterPct: 0 } },
    [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
  ],
];

/** `retry()`. */
export const retryCases: readonly ConformanceCase[] = [
  {
    name: "retry() gives a flow back to the state it was claimed from, with one attempt more",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { state: "ready", payload: "old" });
      await context.advance(5);
      const retried = await store.retry(flow, { ...owner(flow), runAtMs: context.nowMs + 7 });
      same(retried, {
        ...flow,
        state: "ready",
        runState: null,
        version: 3,
        attempts: 1,
        attemptsTotal: 1,
        updatedAtMs: context.nowMs,
        nextRunAtMs: context.nowMs + 7,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
      });
      await context.advance(6);
      same(await claimedIds(store), []);
      await context.advance(1);
      shows(await claimOne(store), { runState: "ready", attempts: 1, fencingToken: 2 });
    },
  },
  {
    name:
      "retry() keeps an error and a new payload; without them it clears the error and keeps the payload",
    async run({ store }) {
      let flow = await leased(store, "a", { payload: "old" });
      await store.retry(flow, { ...owner(flow), error: { code: 7 }, payload: "new", runAtMs: 0 });
      shows(await store.get("a", { payload: true }), { error: { code: 7 }, payload: "new" });
      flow = await claimOne(store);
      const second = await store.retry(flow, { ...owner(flow), runAtMs: 0 });
      shows(second, { errorRef: null, payloadRef: flow.payloadRef, attempts: 2 });
    },
  },
  {
    name: "retry() is one event, retry, with what the policy decided",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const flow = await leased(store, "a", { state: "ready" });
      const retry = {
        maxRetries: 1,
        backoff: { kind: "fixed", baseMs: 50, maxMs: 60, jitterPct: 0 },
        exhaustedTo: "manual",
      } as const;
      await store.retry(flow, { ...owner(flow), retry });
      const facts = {
        decision: "scheduled",
        attempt: 1,
        runState: "ready",
        maxRetries: 1,
        backoffKind: "fixed",
        backoffBaseMs: 50,
        backoffMaxMs: 60,
        jitterPct: 0,
        exhaustedTo: "manual",
      } as const;
      shows((await store.history("a")).at(-1), {
        event: "retry",
        state: "ready",
        attempts: 1,
        nextRunAtMs: nowMs + 50,
        retry: facts,
      }, "The event");
      await store.transition("a", { from: "ready", to: "ready", fencingToken: 1 });
      const again = await claimOne(store);
      await store.retry(again, { ...owner(again), retry });
      shows((await store.history("a")).at(-1), {
        event: "retry",
        state: "manual",
        attempts: 0,
        nextRunAtMs: nowMs,
        retry: { ...facts, decision: "exhausted", attempt: 2 },
      }, "The event");
    },
  },
  ...WAITS.map(([policy, waits]): ConformanceCase => ({
    name: `the wait before a retry: ${backoffName(policy)} ` +
      `makes ${waits.map((ms) => `${ms}`).join(", ")} ms`,
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const records = await retries(store, waits.length, policy);
      same(records.map(({ nextRunAtMs }) => nextRunAtMs! - nowMs), [...waits]);
    },
  })),
  {
    name: "jitter is 20 percent up and down unless said",
    needs: ["manualClock"],
    async run(context) {
      const waits = await manyWaits(context);
      holds(waits.every((ms) => ms >= 800 && ms <= 1_200), `Waits of 1 s ± 20 %: ${waits}`);
      holds(Math.min(...waits) < 850 && Math.max(...waits) > 1_150, `They vary: ${waits}`);
    },
  },
  {
    name: "waits that have come to maxMs vary below it, and do not meet there",
    needs: ["manualClock"],
    async run(context) {
      const backoff = { kind: "fixed", baseMs: 10_000, maxMs: 10_000, jitterPct: 50 } as const;
      const waits = await manyWaits(context, { backoff });
      holds(waits.every((ms) => ms >= 5_000 && ms <= 10_000), `Waits of 5 to 10 s: ${waits}`);
      holds(new Set(waits).size > 150, `They vary: ${waits}`);
    },
  },
  {
    name: "jitter depends on nothing but id, attempt and time",
    needs: ["manualClock"],
    async run({ store }) {
      const waits: (number | null)[] = [];
      for (const partitionKey of ["p", "q", "r"]) {
        const flow = await leased(store, "a", { partitionKey, runAtMs: 0 });
        waits.push((await store.retry(flow, owner(flow))).nextRunAtMs);
      }
      same(waits, [waits[0]!, waits[0]!, waits[0]!]);
    },
  },
  {
    name: "jitter that is less than a millisecond is none",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const flow = await leased(store, "a");
      const backoff = { kind: "fixed", baseMs: 4, maxMs: 100, jitterPct: 20 } as const;
      shows(await store.retry(flow, { ...owner(flow), retry: { backoff } }), {
        nextRunAtMs: nowMs + 4,
      });
    },
  },
  {
    name: "a flow is retried three times unless a policy says otherwise; the fourth retry fails it",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "a", { retentionTtlMs: 9_000 });
      for (let n = 1; n <= 3; n++) {
        const flow = await claimOne(store);
        shows(await store.retry(flow, { ...owner(flow), runAtMs: 0 }), {
          attempts: n,
          state: "queued",
        });
      }
      const flow = await claimOne(store);
      const error = { last: true };
      shows(await store.retry(flow, { ...owner(flow), error, runAtMs: nowMs + 5 }), {
        state: "failed",
        runState: null,
        attempts: 4,
        attemptsTotal: 4,
        nextRunAtMs: null,
        leaseToken: null,
        terminalRetentionUntilMs: nowMs + 9_000,
      });
      shows(await store.get("a", { payload: true }), { error });
      same((await eventsOf(store, "a")).at(-1), "retry");
    },
  },
  {
    name: "maxRetries 0 ends a flow with its first retry",
    async run({ store }) {
      const flow = await leased(store, "a");
      const retry = { maxRetries: 0 };
      shows(await store.retry(flow, { ...owner(flow), retry }), { state: "failed", attempts: 1 });
    },
  },
  {
    name:
      "exhaustedTo may be any terminal state, or another state, where the flow is due at once with new retries",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      for (const exhaustedTo of ["completed", "failed", "cancelled"]) {
        const flow = await leased(store, exhaustedTo);
        const retry = { maxRetries: 0, exhaustedTo };
        shows(await store.retry(flow, { ...owner(flow), retry }), {
          state: exhaustedTo,
          nextRunAtMs: null,
        });
      }
      const flow = await leased(store, "a");
      const retry = { maxRetries: 0, exhaustedTo: "manual" };
      shows(await store.retry(flow, { ...owner(flow), retry, runAtMs: nowMs + 9 }), {
        state: "manual",
        attempts: 0,
        attemptsTotal: 1,
        nextRunAtMs: nowMs,
        terminalRetentionUntilMs: null,
      });
      same(await claimedIds(store, { state: "manual" }), ["a"]);
    },
  },
  {
    name: "exhaustedTo the same state makes the flow due at once, and its retries stay spent",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await store.policySet(JOB, { retry: { maxRetries: 1, exhaustedTo: "queued" } });
      await create(store, "a");
      for (let n = 1; n <= 3; n++) {
        const flow = await claimOne(store);
        const retried = await store.retry(flow, { ...owner(flow), runAtMs: 0 });
        shows(retried, { state: "queued", attempts: n, nextRunAtMs: n === 1 ? 0 : nowMs });
      }
    },
  },
  {
    name:
      "the policy of a retry: default, type, state and command, each over the one before, member by member",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const backoff = { kind: "fixed", baseMs: 500, maxMs: 5_000, jitterPct: 0 } as const;
      await store.policySet(JOB, {
        retry: { maxRetries: 7, backoff },
        states: { ready: { retry: { exhaustedTo: "manual", backoff: { baseMs: 100 } } } },
      });
      const flow = await leased(store, "a", { state: "ready" });
      const retry = { backoff: { maxMs: 60 } };
      shows(await store.retry(flow, { ...owner(flow), retry }), { nextRunAtMs: nowMs + 60 });
      same((await store.history("a")).at(-1)?.retry, {
        decision: "scheduled",
        attempt: 1,
        runState: "ready",
        maxRetries: 7,
        backoffKind: "fixed",
        backoffBaseMs: 100,
        backoffMaxMs: 60,
        jitterPct: 0,
        exhaustedTo: "manual",
      });
    },
  },
  {
    name: "a policy that is set later holds for the retries of flows that exist",
    async run({ store }) {
      const flow = await leased(store, "a");
      await store.policySet(JOB, { retry: { maxRetries: 0 } });
      shows(await store.retry(flow, owner(flow)), { state: "failed" });
    },
  },
  {
    name:
      "retry() takes no named values, and no state to go to when its retries are spent but a real one",
    async run({ store }) {
      const flow = await leased(store, "a");
      const call = (options: object) => () => store.retry(flow, { ...owner(flow), ...options });
      await refused(call({ values: { a: 1 } }), "invalid_argument", { field: "values" });
      await refused(call({ retry: { exhaustedTo: "running" } }), "invalid_argument", {
        field: "retry.exhaustedTo",
      });
      await refused(call({ retry: { exhaustedTo: "any" } }), "invalid_argument", {
        field: "retry.exhaustedTo",
      });
      same(await store.get("a"), flow);
    },
  },
];

function backoffName({ backoff }: RetryPolicy): string {
  const { kind, baseMs, maxMs } = backoff ?? {};
  return kind === undefined ? "the default" : `${kind} ${baseMs} up to ${maxMs}`;
}
