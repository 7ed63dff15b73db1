import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import type { FlowRecord } from "../../src/flow/mod.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

/** Asserts that a rewind is refused with a code, and that it changed nothing. */
function refused(store: CoreStore, code: FlowErrorCode, options: object): FlowError {
  const length = store.log.length;
  const error = assertThrows(() => store.rewind("f", options), FlowError);
  assertEquals(error.code, code, error.message);
  assertEquals(store.log.length, length);
  return error;
}

const proof = ({ leaseToken, fencingToken }: FlowRecord) => ({ leaseToken, fencingToken });

/**
 * A store with flow "f": created at 1,000, claimed, retried, claimed, completed at 1,040, each ten
 * milliseconds after the other; versions 1 to 5.
 */
function store(options: object = {}): CoreStore {
  const store = new CoreStore({ nowMs: 1_000 });
  store.create("f", { type: "t", payload: "first", priority: 1, ...options });
  const claim = () => {
    store.nowMs += 10;
    return store.claimDue("t", { worker: "w" })[0]!;
  };
  const first = claim();
  store.nowMs += 10;
  store.retry("f", { ...proof(first), error: "bad", payload: "second", runAtMs: 1_025 });
  const second = claim();
  store.nowMs += 10;
  store.complete("f", { ...proof(second), result: 7, ttlMs: 500 });
  store.nowMs += 10;
  return store;
}

test("rewind() gives an ended flow the state that it had after an event, to be claimed again", () => {
  const flows = store();
  const before = flows.get("f")!;
  const flow = flows.rewind("f", { toEvent: "1020-3", expectState: "completed" });
  assertEquals(
    {
      state: flow.state,
      version: flow.version,
      attempts: flow.attempts,
      attemptsTotal: flow.attemptsTotal,
      fencingToken: flow.fencingToken,
      nextRunAtMs: flow.nextRunAtMs,
      updatedAtMs: flow.updatedAtMs,
      terminalRetentionUntilMs: flow.terminalRetentionUntilMs,
      retentionTtlMs: flow.retentionTtlMs,
      rewoundToEventId: flow.rewoundToEventId,
    },
    {
      state: "queued",
      version: 6,
      attempts: 1,
      attemptsTotal: 1,
      fencingToken: before.fencingToken + 1,
      nextRunAtMs: 1_025,
      updatedAtMs: 1_050,
      terminalRetentionUntilMs: null,
      retentionTtlMs: 604_800_000,
      rewoundToEventId: "1020-3",
    },
  );
  const { payload, result, error } = flows.get("f", { payload: true })!;
  assertEquals([payload, result, error], ["second", undefined, "bad"]);
  const [claimed] = flows.claimDue("t", { worker: "w" });
  assertEquals([claimed?.id, claimed?.rewoundToEventId], ["f", null]);
});

test("rewind() adds an event to history and rewrites none", () => {
  const flows = store();
  const before = flows.history("f");
  flows.rewind("f", { toEvent: "1000-1" });
  const after = flows.history("f");
  assertEquals(after.slice(0, -1), before);
  const { event, eventId, rewoundToEventId, priority, attempts } = after.at(-1)!;
  assertEquals([event, eventId, rewoundToEventId], ["rewound", "1050-6", "1000-1"]);
  assertEquals([priority, attempts, flows.get("f")?.attemptsTotal], [1, 0, 1]);
  assertEquals(flows.history("f", { event: "rewound", values: true })[0]?.payload, "first");
  assertEquals(flows.rewind("f", { toEvent: "1050-6" }).rewoundToEventId, "1050-6");
});

test("rewind() takes a due time of the caller's, and keeps a flow parked that was", () => {
  const flows = store();
  assertEquals(flows.rewind("f", { toEvent: "1020-3", runAtMs: 9_000 }).nextRunAtMs, 9_000);
  const { fencingToken } = flows.get("f")!;
  flows.transition("f", { from: "queued", to: "parked", fencingToken, runAtMs: null });
  flows.cancel("f");
  const parked = flows.rewind("f", { toEvent: "1050-7" });
  assertEquals([parked.state, parked.nextRunAtMs], ["parked", null]);
});

test("rewind() to the end of a flow ends it again, from now on", () => {
  const flows = store();
  flows.rewind("f", { toEvent: "1000-1" });
  flows.nowMs = 2_000;
  const flow = flows.rewind("f", { toEvent: "1040-5" });
  assertEquals(
    [flow.state, flow.nextRunAtMs, flow.terminalRetentionUntilMs, flow.rewoundToEventId],
    ["completed", null, 2_500, "1040-5"],
  );
  assertEquals(flows.get("f", { payload: true })?.result, 7);
  const error = refused(flows, "invalid_argument", { toEvent: "1040-5", runAtMs: 3_000 });
  assertEquals(error.details["field"], "runAtMs");
});

test("rewind() refuses a leased flow, also if its lease is over", () => {
  const flows = store();
  flows.rewind("f", { toEvent: "1000-1" });
  flows.claimDue("t", { worker: "w", leaseMs: 1 });
  flows.nowMs += 10;
  assertStringIncludes(
    refused(flows, "rewind_leased", { toEvent: "1000-1", expectState: "other" }).message,
    'leased to "w"',
  );
});

test("rewind() refuses a flow that has a parent, before it looks at its state", () => {
  const flows = store({ parentFlowId: "parent" });
  refused(flows, "rewind_family", { toEvent: "1-1", expectState: "other" });
});

test("rewind() refuses another state than the expected one, before it looks for the event", () => {
  const error = refused(store(), "wrong_state", { toEvent: "1-1", expectState: "failed" });
  assertStringIncludes(error.message, 'is in state "completed", not in "failed"');
});

test("rewind() refuses events that the flow does not have", () => {
  for (const toEvent of ["1050-6", "1000-2", "999-1", "1040-3"]) {
    const error = refused(store(), "rewind_event_not_found", { toEvent });
    assertStringIncludes(error.message, toEvent);
  }
});

test("rewind() refuses events that the flow keeps no more", () => {
  const flows = store({ historyMaxEvents: 3 });
  refused(flows, "rewind_event_not_found", { toEvent: "1000-1" });
  assertEquals(flows.rewind("f", { toEvent: "1020-3" }).version, 6);
});

test("rewind() refuses events after which the flow was leased", () => {
  for (const toEvent of ["1010-2", "1030-4"]) {
    refused(store(), "rewind_event_unusable", { toEvent });
  }
});

test("rewind() refuses flows that are not there, are past their retention, or are two", () => {
  const flows = store();
  flows.nowMs = 1_540;
  refused(flows, "not_found", { toEvent: "1000-1" });
  const twins = store({ partitionKey: "p" });
  twins.create("f", { type: "t", partitionKey: "q" });
  assertStringIncludes(refused(twins, "invalid_argument", { toEvent: "1000-1" }).message, '"q"');
});

test("rewind() gives reclaims back: the flow starts with a clean sheet", () => {
  const flows = store();
  flows.rewind("f", { toEvent: "1000-1" });
  for (let round = 0; round < 2; round++) {
    flows.claimDue("t", { worker: "w", leaseMs: 1 });
    flows.nowMs += 10;
  }
  const [flow] = flows.claimDue("t", { worker: "w" });
  assert(flow!.reclaims === 2);
  flows.cancel("f");
  assertEquals(flows.rewind("f", { toEvent: "1000-1" }).reclaims, 0);
});
