/**
 * What is there after a store was closed and opened again, and what a closed store says.
 *
 * @module
 */
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, JOB, leased, owner } from "./leasing.ts";

/** Closing and opening. */
export const durabilityCases: readonly ConformanceCase[] = [
  {
    name: "everything that was acknowledged is there when the store is opened again",
    needs: ["durable", "manualClock"],
    async run(context) {
      const before = context.store;
      await create(before, "done", { payload: "in", values: { x: 1 }, attributes: { n: 1 } });
      let flow = await claimOne(before);
      await before.retry(flow, { ...owner(flow), error: "once", runAtMs: 0 });
      flow = await claimOne(before);
      await before.complete(flow, { ...owner(flow), result: new Uint8Array([1, 2]) });
      await leased(before, "held", { state: "s", parentFlowId: "p", correlationId: "c" });
      await create(before, "later", { runAtMs: context.nowMs + 10, priority: 2 });
      await create(before, "parked", { state: "t" });
      const park = { from: "t", to: "t", fencingToken: 0, runAtMs: null };
      await before.transition("parked", park);
      const { ref } = await before.valuePut({ shared: true });

      const read = async () => {
        const { store } = context;
        const all = { payload: true, values: true } as const;
        const ids = ["done", "held", "later", "parked"];
        return {
          flows: await Promise.all(ids.map((id) => store.get(id, all))),
          histories: await Promise.all(ids.map((id) => store.history(id, { values: true }))),
          list: await store.list(JOB),
          terminals: await store.terminals(JOB),
          info: await store.info(JOB),
          values: await store.valueMget([ref]),
        };
      };
      const was = await read();
      await context.reopen();
      same(await read(), was);
      await context.advance(10);
      same(await claimedIds(context.store), ["later"]);
    },
  },
  {
    name: "a store goes on where it was: versions, fencing numbers and retentions",
    needs: ["durable", "manualClock"],
    async run(context) {
      await leased(context.store, "a");
      await create(context.store, "gone");
      await context.store.cancel("gone", { ttlMs: 10 });
      await context.reopen();
      await context.advance(30_000);
      const flow = await claimOne(context.store);
      shows(flow, { version: 3, fencingToken: 2, reclaims: 1 });
      same(await context.store.get("gone"), null);
      await refused(() => create(context.store, "a"), "already_exists");
      shows(await context.store.complete(flow, owner(flow)), { version: 4 });
    },
  },
  {
    name: "an idempotent create is recognised when the store is opened again",
    needs: ["durable"],
    async run(context) {
      const request = { payload: { n: 1 }, idempotent: true };
      const flow = await create(context.store, "a", request);
      await context.reopen();
      same(await create(context.store, "a", request), flow);
      await refused(
        () => create(context.store, "a", { ...request, payload: { n: 2 } }),
        "idempotency_conflict",
      );
    },
  },
  {
    name: "a store that was closed refuses every command with store_closed",
    needs: ["durable"],
    async run(context) {
      const closed = context.store;
      await create(closed, "a");
      await context.reopen();
      const guard = { leaseToken: "1-1", fencingToken: 1 };
      const calls: readonly (() => Promise<unknown>)[] = [
        () => create(closed, "b"),
        () => claimOne(closed),
        () => closed.reclaim(JOB, { worker: "w" }),
        () => closed.complete("a", guard),
        () => closed.retryMany([{ id: "a", ...guard }]),
        () => closed.cancel("a"),
        () => closed.signal("a", { signal: "x" }),
        () => closed.rewind("a", { toEvent: "1-1" }),
        () => closed.valuePut(1),
        () => closed.valueMget([]),
        () => closed.get("a"),
        () => closed.history("a"),
        () => closed.list(JOB),
        () => closed.terminals(JOB),
        () => closed.info(JOB),
        () => closed.stuck(JOB),
        () => closed.retentionCleanup(),
        () => closed.policySet(JOB, {}),
        () => closed.policyGet(JOB),
      ];
      for (const call of calls) await refused(call, "store_closed");
      shows(await context.store.get("a"), { version: 1 });
    },
  },
  {
    name: "a claim that waits when the store is closed is refused with store_closed",
    needs: ["durable", "manualClock", "blocking"],
    async run(context) {
      const claim = context.store.claimDue(JOB, { worker: "w", blockMs: 0 });
      const ending = refused(() => claim, "store_closed");
      await context.advance(1);
      await context.reopen();
      await ending;
    },
  },
];
