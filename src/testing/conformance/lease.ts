/**
 * Leases and fencing numbers: who may do what to a flow.
 *
 * @module
 */
import type { FlowStore, Guard } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner } from "./leasing.ts";

/** Every command that only the owner of a lease may give. */
const OWNERS: Readonly<Record<string, (store: FlowStore, guard: Guard) => Promise<unknown>>> = {
  extendLease: (store, guard) => store.extendLease("a", guard),
  complete: (store, guard) => store.complete("a", guard),
  retry: (store, guard) => store.retry("a", guard),
  fail: (store, guard) => store.fail("a", guard),
  transition: (store, guard) => store.transition("a", { ...guard, from: "running", to: "b" }),
  cancel: (store, guard) => store.cancel("a", guard),
};

/** Leases, fencing, poisoned flows. */
export const leaseCases: readonly ConformanceCase[] = [
  ...Object.entries(OWNERS).map(([command, call]): ConformanceCase => ({
    name:
      `${command}() is refused with stale_lease unless lease token and fencing number are the present ones`,
    async run({ store }) {
      const flow = await leased(store, "a");
      const guard = owner(flow);
      const wrong: readonly Guard[] = [
        { ...guard, leaseToken: `${guard.leaseToken}0` },
        { ...guard, fencingToken: 0 },
        { ...guard, fencingToken: 2 },
      ];
      for (const each of wrong) {
        await refused(() => call(store, each), "stale_lease", { id: "a", state: "running" });
      }
      same(await store.get("a"), flow);
      await call(store, guard);
      shows(await store.get("a"), { version: 3 });
    },
  })),
  ...Object.entries(OWNERS).map(([command, call]): ConformanceCase => ({
    name: `${command}() of a flow that there is not is refused with not_found`,
    async run({ store }) {
      await refused(
        () => call(store, { leaseToken: "1-1", fencingToken: 1 }),
        "not_found",
        { id: "a" },
      );
    },
  })),
  ...Object.entries(OWNERS).map(([command, call]): ConformanceCase => ({
    name:
      `${command}() by the owner of a lease that is over succeeds until somebody else claims the flow`,
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      await context.advance(1_000_000);
      await call(store, owner(flow));
      shows(await store.get("a"), { version: 3 });
    },
  })),
  ...Object.entries(OWNERS).map(([command, call]): ConformanceCase => ({
    name: `${command}() by a worker whose flow was taken over is refused with stale_lease`,
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      await context.advance(30_000);
      const taken = await claimOne(store, { worker: "worker-2" });
      await refused(() => call(store, owner(flow)), "stale_lease", { id: "a" });
      same(await store.get("a"), taken);
    },
  })),
  {
    name:
      "extendLease() makes the lease last leaseMs from now, 30 seconds unless said, also shorter",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      await context.advance(10_000);
      const extended = await store.extendLease(flow, owner(flow));
      same(extended, {
        ...flow,
        version: 3,
        updatedAtMs: context.nowMs,
        leaseDeadlineMs: context.nowMs + 30_000,
        nextRunAtMs: context.nowMs + 30_000,
      });
      shows(await store.extendLease(flow, { ...owner(flow), leaseMs: 5 }), {
        leaseDeadlineMs: context.nowMs + 5,
        leaseToken: flow.leaseToken,
        fencingToken: 1,
      });
      await context.advance(4);
      same(await claimedIds(store), []);
      await context.advance(1);
      same(await claimedIds(store), ["a"]);
      same(await eventsOf(store, "a"), [
        "created",
        "claimed",
        "lease_extended",
        "lease_extended",
        "claimed",
      ]);
    },
  },
  {
    name: "extendLease() leaves reclaims as they are; whatever settles the flow makes them 0",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const lose = async (id: string) => {
        await create(store, id);
        await claimOne(store, { leaseMs: 1 });
        await context.advance(1);
        const flow = await claimOne(store);
        shows(flow, { id, reclaims: 1 });
        shows(await store.extendLease(flow, owner(flow)), { reclaims: 1 });
        return { flow, guard: owner(flow) };
      };
      const moved = await lose("moved");
      const plan = { from: "running", to: "queued", runAtMs: null };
      shows(await store.transition(moved.flow, { ...moved.guard, ...plan }), { reclaims: 0 });
      const retried = await lose("retried");
      shows(await store.retry(retried.flow, retried.guard), { reclaims: 0 });
      const completed = await lose("completed");
      shows(await store.complete(completed.flow, completed.guard), { reclaims: 0 });
      const failed = await lose("failed");
      shows(await store.fail(failed.flow, failed.guard), { reclaims: 0 });
      const cancelled = await lose("cancelled");
      shows(await store.cancel(cancelled.flow), { reclaims: 0 });
    },
  },
  {
    name: "a fencing number goes up by one with every claim, and never goes down",
    async run({ store }) {
      let flow = await leased(store, "a");
      for (let n = 1; n <= 4; n++) {
        same(flow.fencingToken, n);
        const back = { ...owner(flow), from: "running", to: "queued" };
        shows(await store.transition(flow, back), { fencingToken: n });
        flow = await claimOne(store);
      }
      shows(await store.complete(flow, owner(flow)), { fencingToken: 5 });
    },
  },
  {
    name: "a worker that has given a flow back may still move it, until the next claim",
    async run({ store }) {
      const flow = await leased(store, "a");
      await store.transition(flow, { ...owner(flow), from: "running", to: "b" });
      shows(await store.transition("a", { from: "b", to: "c", fencingToken: 1 }), { state: "c" });
      await claimOne(store);
      await refused(
        () => store.transition("a", { from: "running", to: "d", fencingToken: 1 }),
        "stale_lease",
      );
    },
  },
  {
    name: "a flow that loses more than maxReclaims leases in a row fails with the error lease_lost",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await store.policySet(JOB, { maxReclaims: 2 });
      await create(store, "a", { state: "ready", retentionTtlMs: 1_000 });
      for (let reclaims = 0; reclaims <= 2; reclaims++) {
        shows(await claimOne(store, { leaseMs: 10 }), { reclaims });
        await context.advance(10);
      }
      same(await claimedIds(store), []);
      const flow = shows(await store.get("a", { payload: true }), {
        state: "failed",
        runState: null,
        reclaims: 0,
        fencingToken: 4,
        version: 5,
        leaseToken: null,
        leaseDeadlineMs: 0,
        nextRunAtMs: null,
        terminalRetentionUntilMs: context.nowMs + 1_000,
      });
      shows(flow.error as object, {
        code: "lease_lost",
        leaseOwner: "worker-1",
        runState: "ready",
      }, "error");
      const event = (await store.history("a")).at(-1);
      shows(event, { event: "lease_lost", state: "failed", fencingToken: 4 }, "The event");
    },
  },
  {
    name: "a flow may lose ten leases in a row unless a policy says otherwise; null is no cap",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await store.policySet(JOB, { states: { endless: { maxReclaims: null } } });
      await create(store, "a");
      await create(store, "b", { state: "endless" });
      for (let n = 0; n <= 10; n++) {
        same((await claimedIds(store, { leaseMs: 1 })).sort(), ["a", "b"]);
        await context.advance(1);
      }
      same(await claimedIds(store), ["b"]);
      shows(await store.get("a"), { state: "failed" });
      shows(await store.get("b"), { reclaims: 11 });
    },
  },
  {
    name:
      "maxReclaims sends a flow where exhaustedTo says: to another state, due now, with all its retries",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const policy = { maxReclaims: 0, retry: { exhaustedTo: "manual" } };
      await store.policySet(JOB, { states: { ready: policy } });
      const flow = await leased(store, "a", { state: "ready" });
      await store.retry(flow, { ...owner(flow), runAtMs: 0 });
      shows(await claimOne(store, { leaseMs: 10 }), { attempts: 1 });
      await context.advance(10);
      same(await claimedIds(store, { state: "ready" }), []);
      shows(await store.get("a"), {
        state: "manual",
        attempts: 0,
        attemptsTotal: 1,
        reclaims: 0,
        nextRunAtMs: context.nowMs,
        leaseToken: null,
      });
      shows(await claimOne(store, { state: "manual" }), { id: "a", runState: "manual" });
    },
  },
  {
    name:
      "what a claim says about lost leases wins over the policy, state by state, member by member",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await store.policySet(JOB, {
        maxReclaims: 0,
        states: { ready: { retry: { exhaustedTo: "manual" } } },
      });
      for (const id of ["a", "b"]) await create(store, id, { state: "ready" });
      await create(store, "c", { state: "other" });
      same((await claimedIds(store, { leaseMs: 10, limit: 3 })).sort(), ["a", "b", "c"]);
      await context.advance(10);
      const patient = { limit: 1, leaseMs: 10, lostLeases: { ready: { maxReclaims: 1 } } };
      same(await claimedIds(store, { ...patient, state: "ready" }), ["a"]);
      same(
        await claimedIds(store, { lostLeases: { ready: { maxReclaims: null } }, state: "other" }),
        [],
      );
      shows(await store.get("c"), { state: "failed" });
      const review = { lostLeases: { ready: { exhaustedTo: "review" } } };
      same((await store.reclaim(JOB, { worker: "worker-1", ...review })).map(({ id }) => id), []);
      shows(await store.get("b"), { state: "review", reclaims: 0 });
      await context.advance(10);
      same(await claimedIds(store, { ...patient, state: "ready" }), []);
      shows(await store.get("a"), { state: "manual" });
    },
  },
  {
    name: "reclaims of a flow that was lost to its own state stay until it is settled or moved",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await store.policySet(JOB, { maxReclaims: 1, retry: { exhaustedTo: "s" } });
      await create(store, "a", { state: "s" });
      for (let n = 0; n < 2; n++) {
        shows(await claimOne(store, { leaseMs: 1 }), { reclaims: n });
        await context.advance(1);
      }
      same(await claimedIds(store), []);
      shows(await store.get("a"), { state: "s", reclaims: 1 });
      const move = { from: "s", fencingToken: 3 };
      shows(await store.transition("a", { ...move, to: "s" }), { reclaims: 1 });
      shows(await store.transition("a", { ...move, to: "t" }), { reclaims: 0 });
    },
  },
  {
    name: "reclaims begin again from 0 in another state",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { state: "s" });
      await claimOne(store, { leaseMs: 1 });
      await context.advance(1);
      shows(await claimOne(store), { reclaims: 1 });
      const move = { signal: "go", ifState: "running", transitionTo: "t" };
      shows(await store.signal("a", move), { reclaims: 0 });
    },
  },
  {
    name: "a lease is kept when the store is closed and opened again",
    needs: ["durable", "manualClock"],
    async run(context) {
      const flow = await leased(context.store, "a");
      await context.reopen();
      same(await claimedIds(context.store), []);
      same(await context.store.get("a"), flow);
      holds(flow.leaseToken !== null, "A lease has a token");
      shows(await context.store.complete("a", owner(flow)), { state: "completed", version: 3 });
    },
  },
];
