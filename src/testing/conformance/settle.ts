/**
 * Ending flows: complete, fail, cancel.
 *
 * @module
 */
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, leased, owner, WEEK_MS } from "./leasing.ts";

/** `complete()`, `fail()` and `cancel()`. */
export const settleCases: readonly ConformanceCase[] = [
  {
    name:
      "complete() ends a flow in state completed, without lease or due time, and keeps it for its retention",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { state: "ready", payload: 1 });
      await context.advance(5);
      const ended = await store.complete(flow, owner(flow));
      same(ended, {
        ...flow,
        state: "completed",
        runState: null,
        version: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: null,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
        terminalRetentionUntilMs: context.nowMs + WEEK_MS,
      });
      same(await store.get("a"), ended);
      const event = (await store.history("a")).at(-1);
      shows(event, {
        event: "completed",
        state: "completed",
        runState: null,
        nextRunAtMs: null,
        leaseOwner: null,
        leaseDeadlineMs: 0,
      }, "The event");
    },
  },
  {
    name: "complete() keeps a result, and a new payload if one is given",
    async run({ store }) {
      const flow = await leased(store, "a", { payload: "old" });
      const options = { ...owner(flow), result: { ok: true }, payload: "new" };
      const ended = await store.complete(flow, options);
      holds(ended.resultRef !== null && ended.payloadRef !== flow.payloadRef, "Both are stored");
      shows(await store.get("a", { payload: true }), {
        payload: "new",
        result: { ok: true },
        resultSize: 11,
        error: undefined,
      });
    },
  },
  {
    name: "complete() without a result has none; null is a result",
    async run({ store }) {
      let flow = await leased(store, "none");
      same((await store.complete(flow, owner(flow))).resultRef, null);
      flow = await leased(store, "null");
      await store.complete(flow, { ...owner(flow), result: null });
      shows(await store.get("null", { payload: true }), { result: null, resultSize: 4 });
    },
  },
  {
    name: "complete() leaves the error of an earlier retry to be seen",
    async run({ store }) {
      const first = await leased(store, "a");
      await store.retry(first, { ...owner(first), error: "once", runAtMs: 0 });
      const second = await claimOne(store);
      await store.complete(second, { ...owner(second), result: 1 });
      shows(await store.get("a", { payload: true }), { error: "once", result: 1, attempts: 1 });
    },
  },
  {
    name: "complete() twice is refused with stale_lease: ending a flow is not idempotent",
    async run({ store }) {
      const flow = await leased(store, "a");
      const ended = await store.complete(flow, owner(flow));
      for (const call of [store.complete, store.fail, store.retry, store.extendLease]) {
        await refused(() => call.call(store, flow, owner(flow)), "stale_lease", {
          id: "a",
          state: "completed",
        });
      }
      same(await store.get("a"), ended);
    },
  },
  {
    name: "complete(), fail() and cancel() with ttlMs replace the retention of the flow",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const ttlMs = 5_000;
      const members = { retentionTtlMs: ttlMs, terminalRetentionUntilMs: context.nowMs + ttlMs };
      let flow = await leased(store, "completed", { retentionTtlMs: 1 });
      shows(await store.complete(flow, { ...owner(flow), ttlMs }), members);
      flow = await leased(store, "failed");
      shows(await store.fail(flow, { ...owner(flow), ttlMs }), members);
      await create(store, "cancelled");
      shows(await store.cancel("cancelled", { ttlMs }), members);
    },
  },
  {
    name: "fail() ends a flow in state failed with its error; there is no retry",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const flow = await leased(store, "a", { payload: 1 });
      const ended = await store.fail(flow, {
        ...owner(flow),
        error: { why: "broken" },
        payload: 2,
      });
      shows(ended, {
        state: "failed",
        runState: null,
        version: 3,
        attempts: 0,
        nextRunAtMs: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
        terminalRetentionUntilMs: nowMs + WEEK_MS,
      });
      shows(await store.get("a", { payload: true }), { error: { why: "broken" }, payload: 2 });
      same(await eventsOf(store, "a"), ["created", "claimed", "failed"]);
    },
  },
  {
    name: "fail() without an error has none, also if a retry had one",
    async run({ store }) {
      const first = await leased(store, "a");
      await store.retry(first, { ...owner(first), error: "once", runAtMs: 0 });
      const second = await claimOne(store);
      holds(second.errorRef !== null, "The retry left its error");
      same((await store.fail(second, owner(second))).errorRef, null);
    },
  },
  {
    name: "an ended flow is never claimed again",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      let flow = await leased(store, "completed");
      await store.complete(flow, owner(flow));
      flow = await leased(store, "failed");
      await store.fail(flow, owner(flow));
      await create(store, "cancelled");
      await store.cancel("cancelled");
      await context.advance(100_000);
      same(await claimedIds(store), []);
      same(await store.reclaim("job", { worker: "worker-1", limit: 9 }), []);
    },
  },
  {
    name:
      "cancel() without a fencing number ends any flow that has not ended, and its reason is the error",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "waiting", { runAtMs: nowMs + 9_000, payload: 1 });
      shows(await store.cancel("waiting", { reason: { by: "operator" } }), {
        state: "cancelled",
        version: 2,
        nextRunAtMs: null,
        terminalRetentionUntilMs: nowMs + WEEK_MS,
      });
      shows(await store.get("waiting", { payload: true }), {
        error: { by: "operator" },
        payload: 1,
      });
      same(await eventsOf(store, "waiting"), ["created", "cancelled"]);
    },
  },
  {
    name: "cancel() without a fencing number takes the lease away: its owner gets stale_lease",
    async run({ store }) {
      const flow = await leased(store, "a");
      shows(await store.cancel("a"), {
        state: "cancelled",
        runState: null,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
        fencingToken: 1,
      });
      await refused(() => store.complete(flow, owner(flow)), "stale_lease", { state: "cancelled" });
      await refused(() => store.extendLease(flow, owner(flow)), "stale_lease");
    },
  },
  {
    name:
      "cancel() with a fencing number needs the lease token if the flow is leased, and refuses it if not",
    async run({ store }) {
      await create(store, "a");
      await refused(() => store.cancel("a", { fencingToken: 1 }), "stale_lease", { id: "a" });
      await refused(() => store.cancel("a", { fencingToken: 0, leaseToken: "1-1" }), "stale_lease");
      const flow = await claimOne(store);
      await refused(() => store.cancel("a", { fencingToken: 1 }), "stale_lease");
      await refused(
        () => store.cancel("a", { leaseToken: owner(flow).leaseToken }),
        "invalid_argument",
        { field: "fencingToken" },
      );
      shows(await store.cancel("a", owner(flow)), { state: "cancelled" });
      await create(store, "b");
      shows(await store.cancel("b", { fencingToken: 0 }), { state: "cancelled" });
    },
  },
  {
    name: "cancel() without a reason leaves no error, also if a retry had one",
    async run({ store }) {
      const flow = await leased(store, "a");
      await store.retry(flow, { ...owner(flow), error: "once" });
      same((await store.cancel("a")).errorRef, null);
    },
  },
  {
    name: "cancel() of a flow that has ended is refused with flow_terminal",
    async run({ store }) {
      const flow = await leased(store, "a");
      await store.complete(flow, owner(flow));
      await refused(() => store.cancel("a"), "flow_terminal", { id: "a", state: "completed" });
      await refused(() => store.cancel("a", { fencingToken: 1 }), "flow_terminal");
      await refused(() => store.cancel("a", { fencingToken: 2 }), "stale_lease");
      await refused(() => store.cancel("none"), "not_found", { id: "none" });
    },
  },
];
