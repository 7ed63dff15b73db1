/**
 * How long flows are kept after their end, and what is left then.
 *
 * @module
 */
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { create, JOB, leased, owner, WEEK_MS } from "./leasing.ts";

/** Creates flows and cancels them, each with a retention of its own. */
async function cancelled(
  context: ConformanceContext,
  retentions: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [id, retentionTtlMs] of Object.entries(retentions)) {
    await create(context.store, id, { retentionTtlMs });
    await context.store.cancel(id);
  }
}

/** Retention, lazy expiry and `retentionCleanup()`. */
export const retentionCases: readonly ConformanceCase[] = [
  {
    name:
      "a flow keeps the retention that it was created with: option, else state, else type, else seven days",
    async run({ store }) {
      shows(await create(store, "default"), { retentionTtlMs: WEEK_MS, historyMaxEvents: 100_000 });
      await store.policySet(JOB, {
        retention: { ttlMs: 10, historyMaxEvents: 20 },
        states: { s: { retention: { ttlMs: 11 } } },
      });
      shows(await create(store, "type"), { retentionTtlMs: 10, historyMaxEvents: 20 });
      shows(await create(store, "state", { state: "s" }), {
        retentionTtlMs: 11,
        historyMaxEvents: 20,
      });
      const own = { state: "s", retentionTtlMs: 12, historyMaxEvents: 21 };
      shows(await create(store, "option", own), { retentionTtlMs: 12, historyMaxEvents: 21 });
      await store.policySet(JOB, { retention: { ttlMs: 99 } });
      shows(await store.get("type"), { retentionTtlMs: 10 });
    },
  },
  {
    name: "a flow that is past its retention reads as absent everywhere, at that millisecond",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { retentionTtlMs: 10, payload: 1 });
      await store.fail(flow, owner(flow));
      await context.advance(9);
      shows(await store.get("a"), { state: "failed" });
      await context.advance(1);
      same(await store.get("a"), null);
      same(await store.history("a"), []);
      same(await store.list(JOB), []);
      same(await store.terminals(JOB), []);
      same(await store.failures(JOB), []);
      same((await store.info(JOB)).states, {});
      const toEvent = "1-1";
      await refused(() => store.rewind("a", { toEvent }), "not_found", { id: "a" });
      await refused(() => store.signal("a", { signal: "x" }), "not_found", { id: "a" });
      await refused(() => store.cancel("a"), "not_found", { id: "a" });
      await refused(() => store.complete(flow, owner(flow)), "not_found");
      await refused(() => store.valuePut(1, { ownerFlowId: "a", name: "x" }), "not_found");
      shows(await create(store, "a", { idempotent: true }), { version: 1, state: "queued" });
    },
  },
  {
    name: "a flow that has not ended is kept for ever",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { retentionTtlMs: 1 });
      await context.advance(1_000_000_000);
      shows(await store.get("a"), { state: "queued", terminalRetentionUntilMs: null });
      same(await store.retentionCleanup(), { flows: 0, history: 0, values: 0, keys: 0 });
    },
  },
  {
    name: "retentionCleanup() removes flows past their retention, and counts what they had",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { payload: 1 });
      await store.complete(flow, { ...owner(flow), result: 2, ttlMs: 10 });
      await cancelled(context, { b: 11 });
      await context.advance(9);
      same(await store.retentionCleanup(), { flows: 0, history: 0, values: 0, keys: 0 });
      await context.advance(1);
      same(await store.retentionCleanup(), { flows: 1, history: 3, values: 2, keys: 0 });
      same(await store.retentionCleanup(), { flows: 0, history: 0, values: 0, keys: 0 });
      shows(await store.get("b"), { state: "cancelled" });
    },
  },
  {
    name:
      "retentionCleanup() removes up to limit flows, 100 unless said, those first that are over longest",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await cancelled(context, { late: 30, first: 10, second: 20 });
      await context.advance(30);
      same((await store.retentionCleanup({ limit: 2 })).flows, 2);
      same((await store.retentionCleanup()).flows, 1);
      const ids = Array.from({ length: 101 }, (_, n) => `${n}`);
      await store.createMany(ids, { type: JOB });
      await store.cancelMany(ids.map((id) => ({ id })), { ttlMs: 1 });
      await context.advance(1);
      same((await store.retentionCleanup()).flows, 100);
      same((await store.retentionCleanup({ limit: 1_000 })).flows, 1);
    },
  },
  {
    name: "retentionCleanup() goes by the time that its nowMs says",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await cancelled(context, { a: 1_000 });
      same((await store.retentionCleanup({ nowMs: nowMs + 999 })).flows, 0);
      same((await store.retentionCleanup({ nowMs: nowMs + 1_000 })).flows, 1);
    },
  },
  {
    name: "the history of a removed flow counts what could still be read of it",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { historyMaxEvents: 2, state: "s" });
      await store.transition("a", { from: "s", to: "t", fencingToken: 0 });
      await store.cancel("a", { ttlMs: 1 });
      await context.advance(1);
      same(await store.retentionCleanup(), { flows: 1, history: 2, values: 0, keys: 0 });
    },
  },
  {
    name: "a value of no flow stays when flows that link it are removed",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const { ref } = await store.valuePut("shared");
      await create(store, "a", { payloadRef: ref, valueRefs: { link: ref } });
      await store.cancel("a", { ttlMs: 1 });
      await context.advance(1);
      same((await store.retentionCleanup()).flows, 1);
      same(await store.valueMget([ref]), ["shared"]);
    },
  },
  {
    name: "a flow of the same id begins anew after the old one was removed",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await cancelled(context, { a: 1 });
      await context.advance(1);
      await store.retentionCleanup();
      shows(await create(store, "a"), { version: 1, fencingToken: 0 });
      same((await store.history("a")).length, 1);
    },
  },
];
