/**
 * Reading flows that have ended.
 *
 * @module
 */
import type { TerminalsOptions } from "../../flow/mod.ts";
import { refused, same } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { create, idsOf, JOB, leased, owner } from "./leasing.ts";

/** Ends "done", "bad", "off" and "late" (failed, too), ten milliseconds apart; "open" goes on. */
async function ended(context: ConformanceContext): Promise<void> {
  const { store } = context;
  await create(store, "open", { runAtMs: context.nowMs + 100_000 });
  let flow = await leased(store, "done");
  await store.complete(flow, owner(flow));
  await context.advance(10);
  flow = await leased(store, "bad");
  await store.fail(flow, owner(flow));
  await context.advance(10);
  await create(store, "off", { partitionKey: "p" });
  await store.cancel("off");
  await context.advance(10);
  flow = await leased(store, "late", { partitionKey: "p" });
  await store.retry(flow, { ...owner(flow), retry: { maxRetries: 0 } });
}

/** The flows that `terminals()` finds with these options. */
function found(
  name: string,
  optionsOf: (startMs: number) => TerminalsOptions,
  expected: readonly string[],
): ConformanceCase {
  return {
    name: `terminals() ${name}`,
    needs: ["manualClock"],
    async run(context) {
      const startMs = context.nowMs;
      await ended(context);
      same(idsOf(await context.store.terminals(JOB, optionsOf(startMs))), [...expected]);
    },
  };
}

/** `terminals()` and `failures()`. */
export const terminalsCases: readonly ConformanceCase[] = [
  found("reads flows that have ended, either way, in the order in which they did", () => ({}), [
    "done",
    "bad",
    "off",
    "late",
  ]),
  found("with state any reads all of them", () => ({ state: "any" }), [
    "done",
    "bad",
    "off",
    "late",
  ]),
  found("with a state reads those that ended in it", () => ({ state: "completed" }), ["done"]),
  found("with state failed reads also what a retry has ended", () => ({ state: "failed" }), [
    "bad",
    "late",
  ]),
  found("with a partition reads its flows", () => ({ partitionKey: "p" }), ["off", "late"]),
  found("with fromMs and toMs, both included", (startMs) => ({
    fromMs: startMs + 10,
    toMs: startMs + 20,
  }), ["bad", "off"]),
  found("with fromMs leaves out what ended before", (startMs) => ({ fromMs: startMs + 21 }), [
    "late",
  ]),
  found("with toMs leaves out what ended after", (startMs) => ({ toMs: startMs + 9 }), ["done"]),
  found("with count reads the first so many", () => ({ count: 2 }), ["done", "bad"]),
  found("with rev reads the latest first", () => ({ rev: true }), ["late", "off", "bad", "done"]),
  found("with rev and count reads the latest so many", () => ({ rev: true, count: 1 }), ["late"]),
  found("that may lag shows what was acknowledged long ago", () => ({ consistent: false }), [
    "done",
    "bad",
    "off",
    "late",
  ]),
  {
    name: "failures() is terminals() of state failed, with the same options",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await ended(context);
      same(idsOf(await store.failures(JOB)), ["bad", "late"]);
      same(idsOf(await store.failures(JOB, { rev: true, consistent: true })), ["late", "bad"]);
      same(idsOf(await store.failures(JOB, { partitionKey: "p" })), ["late"]);
      same(idsOf(await store.failures(JOB, { fromMs: nowMs, toMs: nowMs + 29 })), ["bad"]);
      same(idsOf(await store.failures(JOB, { count: 1 })), ["bad"]);
      const page = await store.failures(JOB, { count: 1, cursor: null });
      const next = await store.failures(JOB, { count: 1, cursor: page.cursor });
      same([idsOf(next.items), next.cursor], [["late"], null]);
    },
  },
  {
    name: "terminals() with a cursor reads page by page, forward and back",
    needs: ["manualClock"],
    async run(context) {
      await ended(context);
      for (
        const [rev, pages] of [
          [false, [["done", "bad", "off"], ["late"]]],
          [true, [["late", "off", "bad"], ["done"]]],
        ] as const
      ) {
        const first = await context.store.terminals(JOB, { count: 3, rev, cursor: null });
        same(idsOf(first.items), [...pages[0]]);
        const options = { count: 3, rev, cursor: first.cursor };
        const second = await context.store.terminals(JOB, options);
        same([idsOf(second.items), second.cursor], [[...pages[1]], null]);
      }
    },
  },
  {
    name: "a flow that was rewound has not ended",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await ended(context);
      const [created] = await store.history("off");
      await store.rewind("off", { toEvent: created!.eventId });
      same(idsOf(await store.terminals(JOB)), ["done", "bad", "late"]);
    },
  },
  {
    name: "terminals() refuses other states, and a range that ends before it begins",
    async run({ store }) {
      const state = "queued" as "failed";
      await refused(() => store.terminals(JOB, { state }), "invalid_argument", { field: "state" });
      const range = { fromMs: 2, toMs: 1 };
      await refused(() => store.terminals(JOB, range), "invalid_argument", { field: "fromMs" });
      await refused(() => store.failures(JOB, range), "invalid_argument", { field: "fromMs" });
      await refused(
        () => store.failures(JOB, { state: "failed" } as object),
        "invalid_argument",
        { field: "state" },
      );
    },
  },
];
