/**
 * Counting flows.
 *
 * @module
 */
import { same } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimOne, create, JOB, leased, owner } from "./leasing.ts";

const NOTHING = {
  type: JOB,
  partitionKey: null,
  states: {},
  queued: 0,
  running: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  inflight: 0,
  due: 0,
  scheduled: 0,
  oldestDueMs: null,
};

/** `types()` and `info()`. */
export const infoCases: readonly ConformanceCase[] = [
  {
    name: "types() names the types of which there are flows, each once, in order",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      same(await store.types(), []);
      for (const [id, type] of [["1", "b"], ["2", "é"], ["3", "a"], ["4", "b"]] as const) {
        await store.create(id, { type, partitionKey: id });
      }
      await store.create("5", { type: "c", retentionTtlMs: 10 });
      await store.policySet("d", { retention: { ttlMs: 1 } });
      await store.cancel("5");
      same(await store.types(), ["a", "b", "c", "é"]);
      // What is past its retention reads as absent.
      await context.advance(10);
      same(await store.types(), ["a", "b", "é"]);
    },
  },
  {
    name: "info() of a type that there is not counts nothing",
    async run({ store }) {
      await store.create("a", { type: "other" });
      same(await store.info(JOB), NOTHING);
    },
  },
  {
    name: "info() counts flows of every state, and which are due, scheduled and leased",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      let flow = await leased(store, "completed");
      await store.complete(flow, owner(flow));
      flow = await leased(store, "failed");
      await store.fail(flow, owner(flow));
      await create(store, "cancelled");
      await store.cancel("cancelled");
      await leased(store, "running", { state: "s" });
      await create(store, "due-1", { runAtMs: nowMs - 7 });
      await create(store, "due-2", { state: "s" });
      await create(store, "later", { state: "s", runAtMs: nowMs + 1 });
      await create(store, "parked", { state: "t" });
      const park = { from: "t", to: "t", fencingToken: 0, runAtMs: null };
      await store.transition("parked", park);
      same(await store.info(JOB), {
        ...NOTHING,
        states: { completed: 1, failed: 1, cancelled: 1, running: 1, queued: 1, s: 2, t: 1 },
        queued: 1,
        running: 1,
        completed: 1,
        failed: 1,
        cancelled: 1,
        inflight: 1,
        due: 2,
        scheduled: 1,
        oldestDueMs: nowMs - 7,
      });
    },
  },
  {
    name: "info() counts a flow as due from the millisecond on at which it is",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await create(store, "a", { runAtMs: nowMs + 1 });
      const { due, scheduled, oldestDueMs } = await store.info(JOB);
      same([due, scheduled, oldestDueMs], [0, 1, null]);
      await context.advance(1);
      const now = await store.info(JOB);
      same([now.due, now.scheduled, now.oldestDueMs], [1, 0, nowMs + 1]);
    },
  },
  {
    name: "info() of a partition counts its flows only",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "p", { partitionKey: "p", state: "s" });
      await create(store, "q", { partitionKey: "q", runAtMs: 5 });
      await create(store, "r", { partitionKey: "q", runAtMs: nowMs + 5 });
      await claimOne(store, { partitionKey: "p" });
      same(await store.info(JOB, { partitionKey: "q" }), {
        ...NOTHING,
        partitionKey: "q",
        states: { queued: 2 },
        queued: 2,
        due: 1,
        scheduled: 1,
        oldestDueMs: 5,
      });
    },
  },
  {
    name: "info() follows every change",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { state: "s" });
      same((await store.info(JOB)).states, { running: 1 });
      await store.retry(flow, owner(flow));
      same((await store.info(JOB)).states, { s: 1 });
      await context.advance(30_000);
      same((await store.info(JOB)).due, 1);
      await store.transition("a", { from: "s", to: "t", fencingToken: 1 });
      same((await store.info(JOB)).states, { t: 1 });
      await store.cancel("a", { ttlMs: 10 });
      same((await store.info(JOB)).states, { cancelled: 1 });
      await context.advance(10);
      same(await store.info(JOB), NOTHING);
    },
  },
];
