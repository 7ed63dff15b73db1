/**
 * Moving flows from state to state.
 *
 * @module
 */
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, leased, owner } from "./leasing.ts";

/** `transition()`. */
export const transitionCases: readonly ConformanceCase[] = [
  {
    name: "transition() moves a leased flow, gives up its lease, and makes it due at once",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { state: "created", priority: 1, payload: 1 });
      await context.advance(5);
      const move = { ...owner(flow), from: "running", to: "charged" };
      same(await store.transition(flow, move), {
        ...flow,
        state: "charged",
        runState: null,
        version: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: context.nowMs,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
      });
      shows((await store.history("a")).at(-1), {
        event: "transitioned",
        state: "charged",
        runState: null,
        leaseOwner: null,
        leaseDeadlineMs: 0,
        fencingToken: 1,
      }, "The event");
      same(await claimedIds(store, { state: "created" }), []);
      shows(await claimOne(store, { state: "charged" }), { runState: "charged" });
    },
  },
  {
    name: "transition() by the owner may name the state that the flow was claimed from",
    async run({ store }) {
      const flow = await leased(store, "a", { state: "created" });
      const move = { from: "created", to: "charged", fencingToken: 1 };
      await refused(() => store.transition("a", move), "wrong_state", {
        state: "running",
        expected: "created",
      });
      shows(await store.transition("a", { ...move, ...owner(flow) }), { state: "charged" });
    },
  },
  {
    name: "transition() of a flow that nobody leases needs its fencing number and no token",
    async run({ store }) {
      await create(store, "a", { state: "created" });
      const move = { from: "created", to: "charged", fencingToken: 0 };
      await refused(() => store.transition("a", { ...move, fencingToken: 1 }), "stale_lease");
      await refused(() => store.transition("a", { ...move, leaseToken: "1-1" }), "stale_lease");
      shows(await store.transition("a", move), { state: "charged", version: 2 });
    },
  },
  {
    name:
      "transition() from another state is refused with wrong_state, whatever the fencing number",
    async run({ store }) {
      await create(store, "a", { state: "created" });
      const move = { from: "other", to: "charged", fencingToken: 7 };
      await refused(() => store.transition("a", move), "wrong_state", {
        id: "a",
        state: "created",
        expected: "other",
      });
      await refused(() => store.transition("none", move), "not_found", { id: "none" });
      shows(await store.get("a"), { version: 1 });
    },
  },
  {
    name: "who quotes a lease that is over hears stale_lease, whatever state he expects",
    async run({ store }) {
      const flow = await leased(store, "a", { state: "s" });
      const guard = owner(flow);
      await store.cancel("a");
      for (const from of ["s", "running", "other", "cancelled"]) {
        const move = { ...guard, from, to: "t" };
        await refused(() => store.transition("a", move), "stale_lease", { state: "cancelled" });
      }
    },
  },
  {
    name: "transition() of a flow that has ended is refused with flow_terminal",
    async run({ store }) {
      await create(store, "a");
      await store.cancel("a");
      const move = { from: "cancelled", to: "charged", fencingToken: 7 };
      await refused(() => store.transition("a", move), "flow_terminal", { state: "cancelled" });
      await refused(() => store.transition("a", { ...move, from: "queued" }), "wrong_state");
    },
  },
  {
    name: "transition() to running, to a terminal state or to a reserved name is refused",
    async run({ store }) {
      await create(store, "a");
      const to = (name: string) => () =>
        store.transition("a", { from: "queued", to: name, fencingToken: 0 });
      await refused(to("running"), "running_reserved", { field: "to", value: "running" });
      for (const name of ["completed", "failed", "cancelled"]) {
        await refused(to(name), "terminal_target", { field: "to", value: name });
      }
      for (const name of ["any", "Auto"]) {
        await refused(to(name), "invalid_argument", { field: "to" });
      }
      same(await eventsOf(store, "a"), ["created"]);
    },
  },
  {
    name: "transition() with runAtMs makes the flow due then; in the past it is due at once",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await create(store, "a", { state: "s" });
      const move = { from: "s", to: "s", fencingToken: 0 };
      shows(await store.transition("a", { ...move, runAtMs: nowMs + 10 }), {
        nextRunAtMs: nowMs + 10,
      });
      await context.advance(9);
      same(await claimedIds(store), []);
      shows(await store.transition("a", { ...move, runAtMs: 5 }), { nextRunAtMs: 5 });
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name: "transition() with runAtMs null parks the flow: not due until something gives it a time",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      const park = { ...owner(flow), from: "running", to: "waiting", runAtMs: null };
      shows(await store.transition("a", park), { state: "waiting", nextRunAtMs: null });
      await context.advance(100 * 86_400_000);
      same(await claimedIds(store), []);
      shows(await store.info("job"), { due: 0, scheduled: 0, states: { waiting: 1 } }, "info");
      const go = { from: "waiting", to: "waiting", fencingToken: 1 };
      shows(await store.transition("a", go), { nextRunAtMs: context.nowMs });
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name: "transition() keeps priority and payload unless it is given others",
    async run({ store }) {
      const before = await create(store, "a", { state: "s", priority: 1, payload: "old" });
      const move = { from: "s", to: "s", fencingToken: 0 };
      shows(await store.transition("a", move), { priority: 1, payloadRef: before.payloadRef });
      await store.transition("a", { ...move, priority: 0, payload: "new" });
      shows(await store.get("a", { payload: true }), { priority: 0, payload: "new" });
      const { ref } = await store.valuePut("shared");
      await store.transition("a", { ...move, payloadRef: ref });
      shows(await store.get("a", { payload: true }), { payload: "shared", payloadRef: ref });
      await refused(
        () => store.transition("a", { ...move, payload: 1, payloadRef: ref }),
        "invalid_argument",
        { field: "payloadRef" },
      );
      await store.transition("a", { ...move, payload: null });
      shows(await store.get("a", { payload: true }), { payload: null });
    },
  },
  {
    name:
      "attempts stay in the same state and begin again in another; attemptsTotal counts for life",
    async run({ store }) {
      const flow = await leased(store, "a", { state: "s" });
      await store.retry(flow, { ...owner(flow), runAtMs: 0 });
      const move = { from: "s", fencingToken: 1 };
      shows(await store.transition("a", { ...move, to: "s" }), { attempts: 1, attemptsTotal: 1 });
      shows(await store.transition("a", { ...move, to: "t" }), { attempts: 0, attemptsTotal: 1 });
    },
  },
  {
    name: "transition() leaves result, error and retention as they are",
    async run({ store }) {
      const flow = await leased(store, "a", { retentionTtlMs: 77 });
      const retried = await store.retry(flow, { ...owner(flow), error: "e", runAtMs: 0 });
      shows(await store.transition("a", { from: "queued", to: "t", fencingToken: 1 }), {
        errorRef: retried.errorRef,
        resultRef: null,
        retentionTtlMs: 77,
        terminalRetentionUntilMs: null,
      });
    },
  },
];
