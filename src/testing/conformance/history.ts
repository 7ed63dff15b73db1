/**
 * Reading what happened to a flow.
 *
 * @module
 */
import type { HistoryOptions } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimOne, create, owner } from "./leasing.ts";

/**
 * Flow "a": created, claimed by worker-1, retried, claimed by worker-2, completed, ten milliseconds
 * apart from `startMs` on; versions 1 to 5.
 */
async function livedThrough(context: ConformanceContext, options: object = {}): Promise<void> {
  const { store } = context;
  await create(store, "a", { payload: "first", ...options });
  await context.advance(10);
  const first = await claimOne(store);
  await context.advance(10);
  await store.retry(first, { ...owner(first), error: "bad", payload: "second", runAtMs: 0 });
  await context.advance(10);
  const second = await claimOne(store, { worker: "worker-2" });
  await context.advance(10);
  await store.complete(second, { ...owner(second), result: { n: 7 } });
}

/** The versions of the events that a filter leaves of the flow of `livedThrough()`. */
function versions(
  name: string,
  filterOf: (startMs: number) => HistoryOptions,
  expected: readonly number[],
): ConformanceCase {
  return {
    name: `history() ${name}`,
    needs: ["manualClock"],
    async run(context) {
      const startMs = context.nowMs;
      await livedThrough(context);
      const events = await context.store.history("a", filterOf(startMs));
      same(events.map(({ version }) => version), [...expected]);
    },
  };
}

/** `history()`. */
export const historyCases: readonly ConformanceCase[] = [
  {
    name: "history() is one event per version, oldest first, each with the flow as it was after it",
    needs: ["manualClock"],
    async run(context) {
      const startMs = context.nowMs;
      await livedThrough(context, { state: "s" });
      const events = await context.store.history("a");
      same(
        events.map(({ eventId, atMs, event, version, state, runState, attempts, fencingToken }) => [
          eventId,
          atMs,
          event,
          version,
          state,
          runState,
          attempts,
          fencingToken,
        ]),
        ([
          ["created", 1, "s", null, 0, 0],
          ["claimed", 2, "running", "s", 0, 1],
          ["retry", 3, "s", null, 1, 1],
          ["claimed", 4, "running", "s", 1, 2],
          ["completed", 5, "completed", null, 1, 2],
        ] as const).map(([event, version, ...rest]) => {
          const atMs = startMs + 10 * (version - 1);
          return [`${atMs}-${version}`, atMs, event, version, ...rest];
        }),
      );
      holds(events.every((event) => !("payload" in event)), "Values come only if asked for");
    },
  },
  versions("with count: the newest so many, oldest first", () => ({ count: 2 }), [4, 5]),
  versions("with rev: newest first", () => ({ rev: true }), [5, 4, 3, 2, 1]),
  versions("with rev and count: the newest", () => ({ rev: true, count: 2 }), [5, 4]),
  versions("with rev: false is oldest first", () => ({ rev: false }), [1, 2, 3, 4, 5]),
  versions("with fromVersion and toVersion, both included", () => ({
    fromVersion: 2,
    toVersion: 4,
  }), [2, 3, 4]),
  versions("with a version that is not there yet", () => ({ fromVersion: 6 }), []),
  versions("with toVersion 0 is empty", () => ({ toVersion: 0 }), []),
  versions("with fromMs and toMs, both included", (startMs) => ({
    fromMs: startMs + 10,
    toMs: startMs + 30,
  }), [2, 3, 4]),
  versions("with fromMs after an event leaves it out", (startMs) => ({ fromMs: startMs + 11 }), [
    3,
    4,
    5,
  ]),
  versions("with toMs before an event leaves it out", (startMs) => ({ toMs: startMs + 9 }), [1]),
  versions("with fromEvent and toEvent, both included", (startMs) => ({
    fromEvent: `${startMs + 10}-2`,
    toEvent: `${startMs + 20}-3`,
  }), [2, 3]),
  versions("with the name of an event", () => ({ event: "claimed" }), [2, 4]),
  versions("with a worker: events after which it held the lease", () => ({ worker: "worker-2" }), [
    4,
  ]),
  versions("with several filters: what passes all of them, the newest of it", () => ({
    event: "claimed",
    toVersion: 4,
    count: 1,
  }), [4]),
  versions("with several filters that exclude each other is empty", () => ({
    event: "claimed",
    worker: "worker-3",
  }), []),
  versions("that may lag shows what was acknowledged long ago", () => ({ consistent: false }), [
    1,
    2,
    3,
    4,
    5,
  ]),
  {
    name: "history() shows the newest 100 events unless count says more",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      const move = { from: "s", to: "s", fencingToken: 0 };
      await Promise.all(Array.from({ length: 104 }, () => store.transition("a", move)));
      const shown = (await store.history("a")).map(({ version }) => version);
      same([shown.length, shown[0], shown.at(-1)], [100, 6, 105]);
      same((await store.history("a", { count: 10_000 })).length, 105);
      same((await store.history("a", { fromVersion: 1, toVersion: 3 })).length, 3);
    },
  },
  {
    name: "history() is in the order of versions, also within one millisecond",
    needs: ["manualClock"],
    async run({ store }) {
      await create(store, "a", { state: "s" });
      const move = { from: "s", to: "s", fencingToken: 0 };
      for (let n = 0; n < 10; n++) await store.transition("a", move);
      const events = await store.history("a");
      same(events.map(({ version }) => version), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const fromEvent = events[8]!.eventId;
      same((await store.history("a", { fromEvent })).map(({ version }) => version), [9, 10, 11]);
    },
  },
  {
    name: "history() with values shows payload, result and error as they were after each event",
    needs: ["manualClock"],
    async run(context) {
      await livedThrough(context);
      const events = await context.store.history("a", { values: true });
      same(
        events.map(({ payload, payloadSize, error, result, resultSize }) => [
          payload,
          payloadSize,
          error,
          result,
          resultSize,
        ]),
        [
          ["first", 7, undefined, undefined, undefined],
          ["first", 7, undefined, undefined, undefined],
          ["second", 8, "bad", undefined, undefined],
          ["second", 8, "bad", undefined, undefined],
          ["second", 8, "bad", { n: 7 }, 7],
        ],
      );
    },
  },
  {
    name: "history() with payloadMaxBytes leaves larger values out and marks them",
    needs: ["manualClock"],
    async run(context) {
      await livedThrough(context);
      const options = { values: true, payloadMaxBytes: 7, rev: true, count: 1 };
      const [event] = await context.store.history("a", options);
      shows(event, {
        payload: undefined,
        payloadOmitted: true,
        payloadSize: 8,
        result: { n: 7 },
        error: "bad",
      }, "The event");
    },
  },
  {
    name: "history() keeps the newest historyMaxEvents events",
    async run({ store }) {
      await create(store, "a", { state: "s", historyMaxEvents: 3 });
      const move = { from: "s", to: "s", fencingToken: 0 };
      for (let n = 0; n < 4; n++) await store.transition("a", move);
      same((await store.history("a")).map(({ version }) => version), [3, 4, 5]);
      same(await store.history("a", { toVersion: 2 }), []);
      same(await store.history("a", { event: "created" }), []);
    },
  },
  {
    name: "history() shows many events, up to the moment at which it was called",
    async run({ store }) {
      await create(store, "a", { state: "s", payload: "p", historyMaxEvents: 700 });
      const move = { from: "s", to: "s", fencingToken: 0 };
      const move600 = Array.from({ length: 600 }, () => store.transition("a", move));
      await Promise.all(move600);
      const [events, filtered] = await Promise.all([
        store.history("a", { count: 1_000, values: true, rev: true }),
        store.history("a", { event: "created", count: 1_000 }),
        store.cancel("a"),
      ]);
      same(events.map(({ version }) => version), Array.from({ length: 601 }, (_, n) => 601 - n));
      holds(events.every(({ payload }) => payload === "p"), "Each event has its values");
      same(filtered.map(({ version }) => version), [1]);
    },
  },
  {
    name:
      "history() of a flow that there is not, is in another partition, or is past its retention is empty",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      same(await store.history("none"), []);
      await create(store, "a", { partitionKey: "p", retentionTtlMs: 10 });
      same(await store.history({ id: "a", partitionKey: "q" }), []);
      same((await store.history({ id: "a", partitionKey: "p" })).length, 1);
      await store.cancel("a");
      await context.advance(10);
      same(await store.history("a"), []);
    },
  },
  {
    name: "history() from after its end is refused: fromMs, fromVersion and fromEvent come first",
    async run({ store }) {
      await create(store, "a");
      const ranges: readonly [HistoryOptions, string][] = [
        [{ fromMs: 2, toMs: 1 }, "fromMs"],
        [{ fromVersion: 2, toVersion: 1 }, "fromVersion"],
        [{ fromEvent: "2-1", toEvent: "1-2" }, "fromEvent"],
        [{ fromEvent: "1-2", toEvent: "1-1" }, "fromEvent"],
      ];
      for (const [options, field] of ranges) {
        await refused(() => store.history("a", options), "invalid_argument", { field });
      }
      same((await store.history("a", { fromVersion: 1, toVersion: 1 })).length, 1);
    },
  },
];
