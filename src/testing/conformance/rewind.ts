/**
 * Putting flows back to where they were.
 *
 * @module
 */
import type { FlowRecord } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, leased, owner, WEEK_MS } from "./leasing.ts";

/**
 * Flow "a": created, claimed, retried, claimed, completed, ten milliseconds apart; versions 1 to 5.
 * Resolves to the ids of its events, oldest first.
 */
async function livedThrough(context: ConformanceContext, options: object = {}): Promise<string[]> {
  const { store } = context;
  await create(store, "a", { payload: "first", priority: 1, values: { x: 1 }, ...options });
  const claim = async (): Promise<FlowRecord> => {
    await context.advance(10);
    return await claimOne(store);
  };
  const first = await claim();
  await context.advance(10);
  await store.retry(first, { ...owner(first), error: "bad", payload: "second", runAtMs: 5 });
  const second = await claim();
  await context.advance(10);
  const values = { values: { x: 2, y: 2 }, overrideValues: "x" };
  await store.complete(second, { ...owner(second), result: 7, ttlMs: 500, ...values });
  await context.advance(10);
  return (await store.history("a")).map(({ eventId }) => eventId);
}

/** `rewind()`. */
export const rewindCases: readonly ConformanceCase[] = [
  {
    name:
      "rewind() gives a flow that has ended the state that it had after an event, to be claimed again",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [, , retried] = await livedThrough(context);
      const before = await store.get("a");
      const flow = await store.rewind("a", { toEvent: retried! });
      same(flow, {
        ...before!,
        state: "queued",
        version: 6,
        attempts: 1,
        attemptsTotal: 1,
        fencingToken: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: 5,
        terminalRetentionUntilMs: null,
        // As long as it was to be kept then, not as long as its end had said.
        retentionTtlMs: WEEK_MS,
        payloadRef: flow.payloadRef,
        resultRef: null,
        errorRef: flow.errorRef,
        valueRefs: flow.valueRefs,
        rewoundToEventId: retried!,
      });
      shows(await store.get("a", { payload: true, values: true }), {
        payload: "second",
        error: "bad",
        result: undefined,
        values: { x: 1 },
      });
      shows(await claimOne(store), { id: "a", fencingToken: 4, rewoundToEventId: null });
    },
  },
  {
    name: "rewind() is one event, rewound, and history is not rewritten",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [created] = await livedThrough(context);
      const before = await store.history("a");
      await store.rewind("a", { toEvent: created! });
      const after = await store.history("a");
      same(after.slice(0, -1), before);
      shows(after.at(-1), {
        eventId: `${context.nowMs}-6`,
        event: "rewound",
        rewoundToEventId: created!,
        state: "queued",
        priority: 1,
        attempts: 0,
        fencingToken: 3,
      }, "The event");
      shows(await store.get("a", { payload: true }), { payload: "first", attemptsTotal: 1 });
    },
  },
  {
    name:
      "rewind() with runAtMs makes the flow due then; otherwise it is due as it was, parked if it was",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [, , retried] = await livedThrough(context);
      const runAtMs = context.nowMs + 10;
      shows(await store.rewind("a", { toEvent: retried!, runAtMs }), { nextRunAtMs: runAtMs });
      same(await claimedIds(store), []);
      const park = { from: "queued", to: "parked", fencingToken: 3, runAtMs: null };
      await store.transition("a", park);
      const parked = (await store.history("a")).at(-1)!.eventId;
      await store.cancel("a");
      shows(await store.rewind("a", { toEvent: parked }), { state: "parked", nextRunAtMs: null });
    },
  },
  {
    name: "rewind() of a flow that has not ended, and of one that was rewound before",
    async run({ store }) {
      await create(store, "a", { state: "s", priority: 2 });
      const move = { from: "s", to: "t", fencingToken: 0, priority: 0 } as const;
      await store.transition("a", move);
      const [created, transitioned] = (await store.history("a")).map(({ eventId }) => eventId);
      shows(await store.rewind("a", { toEvent: created! }), { state: "s", priority: 2 });
      shows(await store.rewind("a", { toEvent: transitioned! }), { state: "t", priority: 0 });
      const rewound = (await store.history("a", { rev: true }))[1]!.eventId;
      shows(await store.rewind("a", { toEvent: rewound }), { state: "s", fencingToken: 3 });
    },
  },
  {
    name: "rewind() to the end of a flow ends it again, and its retention begins again",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const events = await livedThrough(context);
      await store.rewind("a", { toEvent: events[0]! });
      await context.advance(10_000);
      const toEvent = events[4]!;
      await refused(() => store.rewind("a", { toEvent, runAtMs: 1 }), "invalid_argument", {
        field: "runAtMs",
      });
      shows(await store.rewind("a", { toEvent }), {
        state: "completed",
        nextRunAtMs: null,
        retentionTtlMs: 500,
        terminalRetentionUntilMs: context.nowMs + 500,
        rewoundToEventId: toEvent,
      });
      shows(await store.get("a", { payload: true, values: true }), {
        result: 7,
        values: { x: 2, y: 2 },
      });
    },
  },
  {
    name: "rewind() makes reclaims 0",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "a");
      await context.advance(30_000);
      shows(await claimOne(store), { reclaims: 1 });
      await store.cancel(flow);
      const [created] = await store.history("a");
      shows(await store.rewind("a", { toEvent: created!.eventId }), { reclaims: 0 });
    },
  },
  {
    name: "rewind() before the end of the retention rescues a flow",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [created] = await livedThrough(context);
      await store.rewind("a", { toEvent: created! });
      await context.advance(100_000_000);
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name:
      "rewind() of a leased flow is refused with rewind_leased, before anything else is looked at",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await leased(store, "a", { parentFlowId: "parent" });
      await context.advance(100_000);
      await refused(
        () => store.rewind("a", { toEvent: "1-1", expectState: "other" }),
        "rewind_leased",
        { id: "a" },
      );
    },
  },
  {
    name:
      "rewind() of a flow that has a parent is refused with rewind_family, before its state is looked at",
    async run({ store }) {
      await create(store, "a", { parentFlowId: "parent" });
      await refused(
        () => store.rewind("a", { toEvent: "1-1", expectState: "other" }),
        "rewind_family",
        { id: "a", parentFlowId: "parent" },
      );
    },
  },
  {
    name:
      "rewind() with expectState is refused with wrong_state in another state, before the event is looked for",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [created] = await livedThrough(context);
      await refused(
        () => store.rewind("a", { toEvent: "1-1", expectState: "failed" }),
        "wrong_state",
        { id: "a", state: "completed", expected: "failed" },
      );
      shows(await store.rewind("a", { toEvent: created!, expectState: "completed" }), {
        version: 6,
      });
    },
  },
  {
    name: "rewind() to an event that the flow does not have is refused with rewind_event_not_found",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const [created, claimed] = await livedThrough(context);
      const ms = created!.split("-")[0];
      for (const toEvent of [`${ms}-6`, `${ms}-2`, "1-1", claimed!.replace(/.$/, "3")]) {
        await refused(() => store.rewind("a", { toEvent }), "rewind_event_not_found", {
          id: "a",
          eventId: toEvent,
        });
      }
      await refused(() => store.rewind("none", { toEvent: "1-1" }), "not_found", { id: "none" });
    },
  },
  {
    name: "rewind() to an event that is kept no more is refused with rewind_event_not_found",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { historyMaxEvents: 3, state: "s" });
      const [created] = await store.history("a");
      const move = { from: "s", to: "s", fencingToken: 0 };
      for (let n = 0; n < 3; n++) await store.transition("a", move);
      await refused(
        () => store.rewind("a", { toEvent: created!.eventId }),
        "rewind_event_not_found",
        {
          limit: 3,
        },
      );
      const [oldest] = await store.history("a");
      shows(await store.rewind("a", { toEvent: oldest!.eventId }), { version: 5 });
    },
  },
  {
    name:
      "rewind() to an event after which the flow was leased is refused with rewind_event_unusable",
    needs: ["manualClock"],
    async run(context) {
      const [, claimed] = await livedThrough(context);
      await refused(
        () => context.store.rewind("a", { toEvent: claimed! }),
        "rewind_event_unusable",
        {
          id: "a",
          eventId: claimed!,
        },
      );
      same((await eventsOf(context.store, "a")).length, 5);
    },
  },
];
