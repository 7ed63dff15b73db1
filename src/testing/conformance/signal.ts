/**
 * Messages to flows from outside.
 *
 * @module
 */
import type { SignalOptions } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, leased, owner } from "./leasing.ts";

/** `signal()`. */
export const signalCases: readonly ConformanceCase[] = [
  {
    name: "signal() is one version and one event with its name, and changes nothing else of a flow",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await create(store, "a", { state: "s", payload: 1, runAtMs: 9 });
      await context.advance(5);
      const told = await store.signal("a", { signal: "nudge" });
      same(told, { ...flow, version: 2, updatedAtMs: context.nowMs });
      const [created, signaled] = await store.history("a");
      shows(signaled, { event: "signaled", signal: "nudge", state: "s", version: 2 }, "The event");
      same(created?.signal, undefined);
    },
  },
  {
    name:
      "signal() without transitionTo leaves lease, due time and attempts alone, also with runAtMs",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const first = await leased(store, "a");
      await store.retry(first, { ...owner(first), runAtMs: 0 });
      const flow = await claimOne(store);
      await context.advance(5);
      const told = await store.signal("a", { signal: "nudge", runAtMs: 3 });
      same(told, { ...flow, version: 5, updatedAtMs: context.nowMs });
      shows(await store.complete(flow, owner(flow)), { state: "completed" });
    },
  },
  {
    name: "signal() to a flow that has ended keeps it for its whole retention again",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { retentionTtlMs: 1_000 });
      await store.cancel("a");
      await context.advance(999);
      shows(await store.signal("a", { signal: "late" }), {
        state: "cancelled",
        terminalRetentionUntilMs: context.nowMs + 1_000,
      });
      await context.advance(999);
      shows(await store.get("a"), { version: 3 });
      await context.advance(1);
      same(await store.get("a"), null);
    },
  },
  {
    name: "signal() with transitionTo moves a flow, takes its lease away, and makes it due at once",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a", { state: "s" });
      await context.advance(5);
      const move = { signal: "stop", ifState: "running", transitionTo: "t" };
      same(await store.signal("a", move), {
        ...flow,
        state: "t",
        runState: null,
        version: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: context.nowMs,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
      });
      await refused(() => store.complete(flow, owner(flow)), "stale_lease");
      same(await claimedIds(store, { state: "t" }), ["a"]);
    },
  },
  {
    name: "signal() with runAtMs makes the flow that it moves due then; null parks it",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "a", { state: "s" });
      const move = { signal: "later", ifState: "s", transitionTo: "s" };
      shows(await store.signal("a", { ...move, runAtMs: nowMs + 5 }), { nextRunAtMs: nowMs + 5 });
      same(await claimedIds(store), []);
      shows(await store.signal("a", { ...move, runAtMs: null }), { nextRunAtMs: null });
      shows(await store.signal("a", move), { nextRunAtMs: nowMs });
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name: "signal() keeps attempts in the same state, and begins them again in another",
    async run({ store }) {
      const flow = await leased(store, "a", { state: "s" });
      await store.retry(flow, { ...owner(flow), runAtMs: 0 });
      const move = { signal: "go", ifState: "s" };
      shows(await store.signal("a", { ...move, transitionTo: "s" }), { attempts: 1 });
      shows(await store.signal("a", { ...move, transitionTo: "t" }), {
        attempts: 0,
        attemptsTotal: 1,
      });
    },
  },
  {
    name:
      "signal() to another state than ifState names is refused with state_mismatch, also if it moves nothing",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      for (const ifState of ["t", ["t", "u"], "running"]) {
        await refused(() => store.signal("a", { signal: "x", ifState }), "state_mismatch", {
          id: "a",
          state: "s",
          expected: Array.isArray(ifState) ? ifState : [ifState],
        });
        await refused(
          () => store.signal("a", { signal: "x", ifState, transitionTo: "v" }),
          "state_mismatch",
        );
      }
      shows(await store.get("a"), { version: 1 });
      shows(await store.signal("a", { signal: "x", ifState: ["t", "s", "s"] }), { version: 2 });
      await claimOne(store);
      await refused(() => store.signal("a", { signal: "x", ifState: "s" }), "state_mismatch");
      shows(await store.signal("a", { signal: "x", ifState: "running" }), { version: 4 });
    },
  },
  {
    name: "signal() that moves a flow without ifState is refused with guard_required",
    async run({ store }) {
      await create(store, "a");
      await refused(() => store.signal("a", { signal: "x", transitionTo: "t" }), "guard_required", {
        field: "ifState",
        id: "a",
        state: "queued",
      });
    },
  },
  {
    name:
      "signal() that would move an ended flow is refused with flow_terminal, before its guard is looked at",
    async run({ store }) {
      await create(store, "a");
      await store.cancel("a");
      const move = { signal: "x", transitionTo: "t" };
      await refused(() => store.signal("a", move), "flow_terminal", { state: "cancelled" });
      await refused(() => store.signal("a", { ...move, ifState: "queued" }), "flow_terminal");
      shows(await store.signal("a", { signal: "x", ifState: "cancelled" }), { version: 3 });
    },
  },
  {
    name: "signal() to running, to a terminal state, to a reserved name or to nothing is refused",
    async run({ store }) {
      await create(store, "a");
      const to = (transitionTo: string) => () =>
        store.signal("a", { signal: "x", ifState: "queued", transitionTo });
      await refused(to("running"), "running_reserved", { field: "transitionTo" });
      await refused(to("failed"), "terminal_target", { field: "transitionTo", value: "failed" });
      await refused(to("any"), "invalid_argument", { field: "transitionTo" });
      await refused(to(""), "invalid_argument", { field: "transitionTo" });
      await refused(() => store.signal("none", { signal: "x" }), "not_found", { id: "none" });
    },
  },
  {
    name: "signal() with an idempotencyKey is applied once, whatever became of the flow since",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      const approve = {
        signal: "approve",
        idempotencyKey: "k",
        ifState: ["s", "t"],
        transitionTo: "u",
        values: { by: "me" },
      } as const;
      await store.signal("a", approve);
      const flow = await claimOne(store);
      same(await store.signal("a", { ...approve, ifState: ["t", "s", "t"] }), flow);
      const ended = await store.complete(flow, owner(flow));
      same(await store.signal("a", approve), ended);
      same(await eventsOf(store, "a"), ["created", "signaled", "claimed", "completed"]);
    },
  },
  {
    name: "another signal under the same idempotencyKey is refused with signal_conflict",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      const { ref } = await store.valuePut(1);
      const first: SignalOptions = {
        signal: "approve",
        idempotencyKey: "k",
        ifState: "s",
        transitionTo: "s",
        runAtMs: 5,
        values: { by: "me" },
        valueRefs: { link: ref },
        dropValues: ["old"],
        overrideValues: ["by"],
      };
      await store.signal("a", first);
      const others: readonly Partial<SignalOptions>[] = [
        { signal: "deny" },
        { ifState: ["s", "t"] },
        { transitionTo: "t" },
        { runAtMs: 6 },
        { runAtMs: null },
        { values: { by: "you" } },
        { valueRefs: undefined },
        { dropValues: [] },
        { overrideValues: [] },
      ];
      for (const other of others) {
        await refused(() => store.signal("a", { ...first, ...other }), "signal_conflict", {
          field: "idempotencyKey",
          id: "a",
          idempotencyKey: "k",
        });
      }
      shows(await store.get("a"), { version: 2 });
    },
  },
  {
    name: "an idempotencyKey is of one flow, and a signal that was refused does not use it up",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      await create(store, "b", { state: "s" });
      const key = { idempotencyKey: "k" };
      await refused(
        () => store.signal("a", { ...key, signal: "x", ifState: "t" }),
        "state_mismatch",
      );
      shows(await store.signal("a", { ...key, signal: "y" }), { version: 2 });
      shows(await store.signal("b", { ...key, signal: "z" }), { version: 2 });
    },
  },
  {
    name: "a flow remembers its newest 1,000 signals",
    async run({ store }) {
      await create(store, "a", { historyMaxEvents: 1 });
      const keys = Array.from({ length: 1_001 }, (_, n) => `${n}`);
      await Promise.all(
        keys.map((idempotencyKey) => store.signal("a", { signal: "x", idempotencyKey })),
      );
      shows(await store.signal("a", { signal: "x", idempotencyKey: "1" }), { version: 1_002 });
      shows(await store.signal("a", { signal: "x", idempotencyKey: "0" }), { version: 1_003 });
    },
  },
  {
    name: "a signal's memory goes with the flow",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const key = { idempotencyKey: "k" };
      await create(store, "a", { retentionTtlMs: 1 });
      await store.signal("a", { ...key, signal: "x" });
      await store.cancel("a");
      await context.advance(1);
      await create(store, "a");
      shows(await store.signal("a", { ...key, signal: "y" }), { version: 2 });
    },
  },
  {
    name: "signals are remembered when the store is closed and opened again",
    needs: ["durable"],
    async run(context) {
      await create(context.store, "a");
      const signal = { signal: "x", idempotencyKey: "k" };
      await context.store.signal("a", signal);
      await context.reopen();
      shows(await context.store.signal("a", signal), { version: 2 });
      await refused(() => context.store.signal("a", { ...signal, signal: "y" }), "signal_conflict");
    },
  },
];
