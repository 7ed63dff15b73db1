/**
 * Taking over flows whose lease has expired.
 *
 * @module
 */
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner } from "./leasing.ts";

/** Six flows whose leases have expired, old0 first; then three that are due, new0 first. */
async function expiredAndDue(context: ConformanceContext): Promise<void> {
  const { store } = context;
  for (let n = 0; n < 6; n++) await create(store, `old${n}`, { runAtMs: n });
  await store.claimDue(JOB, { worker: "lost", limit: 6, leaseMs: 10 });
  await context.advance(1_000);
  for (let n = 0; n < 3; n++) await create(store, `new${n}`, { runAtMs: 500 + n });
}

/** Expired leases in `claimDue()`, and `reclaim()`. */
export const takeoverCases: readonly ConformanceCase[] = [
  {
    name:
      "a flow whose lease has ended is claimed by the next, with a new token and a higher number",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const first = await leased(store, "a", { state: "ready" });
      await context.advance(30_000);
      const second = await claimOne(store, { worker: "worker-2" });
      shows(second, {
        state: "running",
        runState: "ready",
        leaseOwner: "worker-2",
        leaseDeadlineMs: context.nowMs + 30_000,
        fencingToken: 2,
        reclaims: 1,
        attempts: 0,
        version: 3,
      });
      holds(second.leaseToken !== first.leaseToken, "Two leases have two tokens");
      same(await eventsOf(store, "a"), ["created", "claimed", "claimed"]);
      await refused(() => store.complete("a", owner(first)), "stale_lease", { id: "a" });
      shows(await store.complete("a", owner(second)), { state: "completed" });
    },
  },
  {
    name:
      "a claim is in the order of priority and due time, also where it takes over expired leases",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      // A quarter of 5, rounded up, is for expired leases; their deadlines stand in the order.
      const ids = await claimedIds(context.store, { limit: 5 });
      same(ids, ["new0", "new1", "new2", "old0", "old1"]);
    },
  },
  {
    name: "reclaimRatio is the share of the limit that expired leases get first, rounded up",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      const { store } = context;
      const claim = async (limit: number, reclaimRatio: number) =>
        (await claimedIds(store, { limit, reclaimRatio })).sort();
      same(await claim(2, 1), ["new0", "old0"]);
      same(await claim(2, 100), ["old1", "old2"]);
      same(await claim(2, 51), ["old3", "old4"]);
      // What one kind cannot fill, the other does.
      same(await claim(9, 25), ["new1", "new2", "old5"]);
    },
  },
  {
    name: "reclaimRatio is 25 percent unless said: a claim of one takes the expired lease first",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      const { store } = context;
      for (let n = 3; n < 9; n++) await create(store, `new${n}`, { runAtMs: 500 + n });
      same(await claimedIds(store, { limit: 1 }), ["old0"]);
      // One of four, and of five the first that is more than one: two.
      same(await claimedIds(store, { limit: 4 }), ["new0", "new1", "new2", "old1"]);
      same(await claimedIds(store, { limit: 5 }), ["new3", "new4", "new5", "old2", "old3"]);
    },
  },
  {
    name: "reclaimRatio 0 lets expired leases stand in line with what is due",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      const ids = await claimedIds(context.store, { limit: 4, reclaimRatio: 0 });
      same(ids, ["new0", "new1", "new2", "old0"]);
    },
  },
  {
    name: "reclaimExpired: false leaves expired leases alone",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      same(await claimedIds(context.store, { reclaimExpired: false }), ["new0", "new1", "new2"]);
    },
  },
  {
    name: "a state filter goes by the run state of expired leases, too",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      for (const state of ["s", "t"]) await create(store, state, { state });
      await claimedIds(store, { leaseMs: 10 });
      await context.advance(10);
      same(await claimedIds(store, { state: "other" }), []);
      same(await claimedIds(store, { state: "t" }), ["t"]);
    },
  },
  {
    name: "claimDue() of state running takes expired leases and nothing else",
    needs: ["manualClock"],
    async run(context) {
      await expiredAndDue(context);
      const { store } = context;
      same(await claimedIds(store, { state: "running", limit: 2 }), ["old0", "old1"]);
      same(await claimedIds(store, { states: ["running"], reclaimExpired: false, limit: 2 }), [
        "old2",
        "old3",
      ]);
    },
  },
  {
    name: "reclaim() takes over expired leases only, by priority, deadline and id",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      for (const [id, priority] of [["b", 0], ["a", 0], ["c", 1]] as const) {
        await create(store, id, { priority, state: `of-${id}` });
      }
      await store.claimDue(JOB, { worker: "lost", limit: 3, leaseMs: 10 });
      await create(store, "due");
      const options = { worker: "worker-2", limit: 9 };
      same(await store.reclaim(JOB, options), []);
      await context.advance(10);
      const flows = await store.reclaim(JOB, { ...options, leaseMs: 7 });
      same(flows.map(({ id }) => id), ["c", "a", "b"]);
      shows(flows[0], {
        runState: "of-c",
        leaseOwner: "worker-2",
        leaseDeadlineMs: context.nowMs + 7,
        fencingToken: 2,
        reclaims: 1,
      });
    },
  },
  {
    name:
      "reclaim() takes one flow unless limit says more, of a run state, partition or priority if asked",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      for (let n = 0; n < 8; n++) {
        const priority = n === 5 ? 1 : 0;
        await create(store, `${n}`, {
          state: `s${n}`,
          partitionKey: `p${n}`,
          priority,
          runAtMs: n,
          payload: n,
          values: { x: n, y: 0 },
        });
      }
      await store.claimDue(JOB, { worker: "lost", limit: 8, leaseMs: 10 });
      await context.advance(10);
      const worker = "worker-2";
      const reclaim = async (options: object) =>
        (await store.reclaim(JOB, { worker, ...options })).map(({ id }) => id);
      same(await reclaim({ state: "s7", limit: 9 }), ["7"]);
      same(await reclaim({ partitionKey: "p6", limit: 9 }), ["6"]);
      same(await reclaim({ partitionKeys: ["p4", "p2"], limit: 9 }), ["2", "4"]);
      same(await reclaim({ priority: 1, limit: 9 }), ["5"]);
      same(await reclaim({}), ["0"]);
      const [flow] = await store.reclaim(JOB, { worker, state: "running", payload: true });
      shows(flow, { id: "1", payload: 1 });
      const small = { worker, state: "any", payload: true, payloadMaxBytes: 0, values: "x" };
      const [capped] = await store.reclaim(JOB, small);
      shows(capped, { id: "3", payloadOmitted: true, payloadSize: 1, values: { x: 3 } });
    },
  },
];
