/**
 * The time of commands.
 *
 * @module
 */
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, leased, owner } from "./leasing.ts";

/** Time as commands see it. */
export const timeCases: readonly ConformanceCase[] = [
  {
    name: "nowMs is the time of a command, on a store whose clock is moved by hand",
    needs: ["manualClock"],
    async run({ store, nowMs: startMs }) {
      let nowMs = startMs;
      const next = (): { nowMs: number } => ({ nowMs: nowMs += 10 });
      await create(store, "a", { ...next(), state: "s" });
      shows(await store.get("a"), { createdAtMs: nowMs, nextRunAtMs: nowMs });
      let flow = await claimOne(store, { ...next(), leaseMs: 7 });
      shows(flow, { updatedAtMs: nowMs, leaseDeadlineMs: nowMs + 7 });
      flow = await store.extendLease(flow, { ...owner(flow), ...next(), leaseMs: 9 });
      shows(flow, { updatedAtMs: nowMs, leaseDeadlineMs: nowMs + 9 });
      [flow] = await store.reclaim("job", { worker: "w", ...next() }) as [typeof flow];
      shows(flow, { updatedAtMs: nowMs, leaseDeadlineMs: nowMs + 30_000 });
      flow = await store.retry(flow, {
        ...owner(flow),
        ...next(),
        retry: { backoff: { kind: "none" } },
      });
      shows(flow, { updatedAtMs: nowMs, nextRunAtMs: nowMs });
      flow = await store.transition("a", { from: "s", to: "s", fencingToken: 2, ...next() });
      shows(flow, { updatedAtMs: nowMs, nextRunAtMs: nowMs });
      flow = await store.signal("a", { signal: "x", ...next() });
      shows(flow, { updatedAtMs: nowMs });
      await store.valuePut(1, { ownerFlowId: "a", name: "x", ...next() });
      shows(await store.get("a"), { updatedAtMs: nowMs });
      flow = await store.cancel("a", { ...next(), ttlMs: 1_000 });
      shows(flow, { updatedAtMs: nowMs, terminalRetentionUntilMs: nowMs + 1_000 });
      const [created] = await store.history("a");
      flow = await store.rewind("a", { toEvent: created!.eventId, ...next() });
      shows(flow, { updatedAtMs: nowMs });
      flow = await claimOne(store, next());
      flow = await store.complete(flow, { ...owner(flow), ...next(), ttlMs: 2_000 });
      shows(flow, { updatedAtMs: nowMs, terminalRetentionUntilMs: nowMs + 2_000 });
      flow = await leased(store, "b");
      shows(await store.fail(flow, { ...owner(flow), ...next() }), { updatedAtMs: nowMs });
    },
  },
  {
    name: "nowMs is refused by a store that goes by the machine's clock",
    needs: ["systemClock"],
    settings: { clock: "system" },
    async run({ store }) {
      const calls: readonly (() => Promise<unknown>)[] = [
        () => create(store, "a", { nowMs: 1 }),
        () => store.createMany(["a"], { type: "job", nowMs: 1 }),
        () => claimOne(store, { nowMs: 1 }),
        () => store.signal("a", { signal: "x", nowMs: 1 }),
        () => store.retentionCleanup({ nowMs: 1 }),
        () => store.valuePut(1, { nowMs: 1 }),
      ];
      for (const call of calls) await refused(call, "invalid_argument", { field: "nowMs" });
      same(await store.get("a"), null);
    },
  },
  {
    name: "time never runs backwards: what a clock or a nowMs says that is earlier counts as now",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await create(store, "a", { state: "s" });
      shows(await store.signal("a", { signal: "early", nowMs: 5 }), { updatedAtMs: nowMs });
      context.setWall(nowMs - 10_000);
      const move = { from: "s", to: "s", fencingToken: 0 };
      const moved = await store.transition("a", move);
      holds(moved.updatedAtMs >= nowMs, `${moved.updatedAtMs} is before ${nowMs}`);
      same(await claimedIds(store), ["a"]);
      const events = await store.history("a");
      for (const [n, { atMs, version, eventId }] of events.entries()) {
        same(eventId, `${atMs}-${version}`);
        holds(n === 0 || atMs >= events[n - 1]!.atMs, "An event is not before the one before it");
      }
    },
  },
  {
    name: "the machine's clock is the time of commands, unless a store has another",
    needs: ["systemClock"],
    settings: { clock: "system" },
    async run({ store }) {
      const [first, second] = [await create(store, "a"), await create(store, "b")];
      // The suite reads no clock; this was written in 2026.
      holds(first.createdAtMs > 1_750_000_000_000, `${first.createdAtMs} is long ago`);
      holds(second.createdAtMs >= first.createdAtMs, "Time runs forward");
    },
  },
  {
    name: "the earliest instant there is: 0",
    async run({ store }) {
      await create(store, "a", { runAtMs: 0 });
      shows(await claimOne(store), { id: "a" });
    },
  },
];
