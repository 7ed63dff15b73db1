/**
 * Claiming flows that are due.
 *
 * @module
 */
import type { ClaimOptions } from "../../flow/mod.ts";
import { holds, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, JOB, leased } from "./leasing.ts";

/** `claimDue()`, what it takes and in which order. */
export const claimCases: readonly ConformanceCase[] = [
  {
    name: "claimDue() leases a due flow: state running, and the state it came from as runState",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const before = await create(store, "a", { state: "ready", priority: 1, payload: 1 });
      await context.advance(5);
      const flow = await claimOne(store, { worker: "worker-7" });
      holds(flow.leaseToken !== null && flow.leaseToken !== "", "A lease has a token");
      same(flow, {
        ...before,
        state: "running",
        runState: "ready",
        version: 2,
        fencingToken: 1,
        updatedAtMs: context.nowMs,
        nextRunAtMs: context.nowMs + 30_000,
        leaseOwner: "worker-7",
        leaseToken: flow.leaseToken,
        leaseDeadlineMs: context.nowMs + 30_000,
      });
      same(await store.get("a"), flow);
    },
  },
  {
    name: "claimDue() is one event, claimed, which names the worker and not the token",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await leased(store, "a", { state: "ready" });
      const [, event] = await store.history("a");
      shows(event, {
        eventId: `${nowMs}-2`,
        event: "claimed",
        version: 2,
        state: "running",
        runState: "ready",
        fencingToken: 1,
        leaseOwner: "worker-1",
        leaseDeadlineMs: nowMs + 30_000,
        nextRunAtMs: nowMs + 30_000,
      }, "The event");
      holds(!("leaseToken" in event!), "A lease token is in no history");
    },
  },
  {
    name: "claimDue() with leaseMs makes the lease last so long",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "a");
      shows(await claimOne(store, { leaseMs: 1 }), { leaseDeadlineMs: nowMs + 1 });
    },
  },
  {
    name: "claimDue() takes one flow unless limit says more, and never more than limit",
    async run({ store }) {
      for (const id of ["a", "b", "c", "d"]) await create(store, id, { runAtMs: 1 });
      same(await claimedIds(store, { limit: undefined }), ["a"]);
      same(await claimedIds(store, { limit: 2 }), ["b", "c"]);
      same(await claimedIds(store, { limit: 1_000 }), ["d"]);
    },
  },
  {
    name: "claimDue() finds nothing: an empty array, not an error",
    async run({ store }) {
      same(await claimedIds(store), []);
      await store.create("a", { type: "other" });
      same(await claimedIds(store), []);
    },
  },
  {
    name: "claimDue() hands out by priority, then by due time, then by the bytes of the id",
    async run({ store }) {
      const rows = [
        ["b", 0, 10],
        ["a", 0, 10],
        ["\u{1F600}", 0, 10],
        ["\uFFFD", 0, 10],
        ["c", 0, 5],
        ["d", 1, 20],
        ["e", 2, 30],
      ] as const;
      for (const [id, priority, runAtMs] of rows) await create(store, id, { priority, runAtMs });
      same(await claimedIds(store), ["e", "d", "c", "a", "b", "\uFFFD", "\u{1F600}"]);
    },
  },
  {
    name: "claimDue() takes the most urgent first, however long others have been due",
    async run({ store }) {
      await create(store, "patient", { priority: 0, runAtMs: 1 });
      await create(store, "urgent", { priority: 2 });
      same(await claimedIds(store, { limit: 1 }), ["urgent"]);
    },
  },
  {
    name: "claimDue() takes flows of one state, of several, or of any",
    async run({ store }) {
      const claims: readonly [Partial<ClaimOptions>, string[]][] = [
        [{ state: "s1" }, ["1"]],
        [{ state: ["s2"] }, ["2"]],
        [{ state: ["s3", "s4", "s3"] }, ["3", "4"]],
        [{ states: ["s5", "none"] }, ["5"]],
        [{ state: "none" }, []],
        [{ state: "any", limit: 1 }, ["6"]],
        [{ state: "ANY", limit: 1 }, ["7"]],
        [{ states: ["any"] }, ["8", "9"]],
      ];
      for (let n = 1; n <= 9; n++) await create(store, `${n}`, { state: `s${n}`, runAtMs: n });
      for (const [options, ids] of claims) same(await claimedIds(store, options), ids);
    },
  },
  {
    name: "claimDue() takes flows of one partition, of several, or of all",
    async run({ store }) {
      for (const key of ["p", "q", "r"]) await create(store, key, { partitionKey: key });
      await create(store, "automatic");
      same(await claimedIds(store, { partitionKey: "p" }), ["p"]);
      same(await claimedIds(store, { partitionKeys: ["q", "none", "q"] }), ["q"]);
      same((await claimedIds(store)).sort(), ["automatic", "r"]);
    },
  },
  {
    name: "claimDue() with a priority takes flows of that priority only",
    async run({ store }) {
      for (const priority of [0, 1, 2] as const) await create(store, `${priority}`, { priority });
      same(await claimedIds(store, { priority: 1 }), ["1"]);
      same(await claimedIds(store, { priority: 0 }), ["0"]);
    },
  },
  {
    name: "claimDue() takes only what passes all of its filters",
    async run({ store }) {
      const wanted = { state: "s", partitionKey: "p", priority: 1 } as const;
      await create(store, "state", { ...wanted, state: "other" });
      await create(store, "partition", { ...wanted, partitionKey: "other" });
      await create(store, "priority", { ...wanted, priority: 2 });
      await create(store, "wanted", wanted);
      same(await claimedIds(store, wanted), ["wanted"]);
    },
  },
  {
    name: "claimDue() brings no payload along unless asked",
    async run({ store }) {
      const flow = await leased(store, "a", { payload: 1, values: { note: 2 } });
      same(["payload" in flow, flow.payloadSize, flow.values], [false, undefined, undefined]);
    },
  },
  {
    name: "claimDue() with payload brings it along with its size, up to payloadMaxBytes",
    async run({ store }) {
      const claim = async (id: string, payload: unknown, payloadMaxBytes?: number) => {
        await create(store, id, { payload });
        return await claimOne(store, { payload: true, payloadMaxBytes });
      };
      shows(await claim("a", { a: 1 }), { payload: { a: 1 }, payloadSize: 7 });
      shows(await claim("b", "1234", 6), { payload: "1234", payloadSize: 6 });
      const tooLong = await claim("c", "1234", 5);
      shows(tooLong, { payloadOmitted: true, payloadSize: 6, state: "running" });
      holds(!("payload" in tooLong), "A payload above the cap is left out");
      shows(await claim("d", new Uint8Array(65_536)), {
        payloadSize: 65_536,
        payloadOmitted: undefined,
      });
      shows(await claim("e", new Uint8Array(65_537)), {
        payloadSize: 65_537,
        payloadOmitted: true,
      });
    },
  },
  {
    name: "claimDue() with values brings named values along: all, one, or several",
    async run({ store }) {
      const values = { a: 1, b: "two", c: new Uint8Array([3]) };
      const claim = async (id: string, selection: ClaimOptions["values"]) => {
        await create(store, id, { values });
        return (await claimOne(store, { values: selection })).values;
      };
      same(await claim("1", true), values);
      same(await claim("2", "b"), { b: "two" });
      same(await claim("3", ["c", "none"]), { c: values.c });
      same(await claim("4", false), undefined);
      same(await claim("5", []), undefined);
      same(await claim("6", "none"), undefined);
    },
  },
  {
    name: "two claims at once never get the same flow",
    async run({ store }) {
      const ids = Array.from({ length: 20 }, (_, n) => `${n}`);
      await store.createMany(ids, { type: JOB });
      const claims = await Promise.all(ids.map(() => claimedIds(store, { limit: 3 })));
      same(claims.flat().sort(), ids.toSorted());
    },
  },
  {
    name: "a leased flow is not claimed again while its lease holds",
    needs: ["manualClock"],
    async run(context) {
      await leased(context.store, "a");
      await context.advance(29_999);
      same(await claimedIds(context.store), []);
    },
  },
];
