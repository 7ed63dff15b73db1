import type { Flow } from "../../src/flow/core/flow.ts";
import { answer } from "../../src/flow/core/mod.ts";
import { stepsBack } from "../../src/flow/core/queries/history.ts";
import type { FlowRecord, HistoryEvent } from "../../src/flow/mod.ts";
import { assert, assertEquals, assertFalse } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

/**
 * A store with a flow "f" of eight events, ten milliseconds apart: created at 1,000; claimed by
 * "ada", retried, claimed by "bob", extended, moved, claimed by "ada", completed.
 */
function store(options: object = {}): CoreStore {
  const store = new CoreStore({ nowMs: 1_000 });
  store.create("f", { type: "t", payload: "first", ...options });
  const next = <T>(run: () => T): T => {
    store.nowMs += 10;
    return run();
  };
  const claim = (worker: string) => next(() => store.claimDue("t", { worker, leaseMs: 5 }))[0]!;
  const proof = ({ leaseToken, fencingToken }: FlowRecord) => ({ leaseToken, fencingToken });
  let flow = claim("ada");
  next(() => store.retry("f", { ...proof(flow), error: "bad", runAtMs: 0 }));
  flow = claim("bob");
  next(() => store.extendLease("f", { ...proof(flow), leaseMs: 5 }));
  next(() =>
    store.transition("f", { ...proof(flow), from: "queued", to: "b", payload: "a longer one" })
  );
  flow = claim("ada");
  next(() => store.complete("f", { ...proof(flow), result: 7 }));
  return store;
}

const versions = (events: readonly HistoryEvent[]) => events.map(({ version }) => version).join();

test("history() returns the newest events, oldest first, or newest first with rev", () => {
  const flows = store();
  assertEquals(versions(flows.history("f")), "1,2,3,4,5,6,7,8");
  assertEquals(versions(flows.history("f", { rev: true })), "8,7,6,5,4,3,2,1");
  assertEquals(versions(flows.history("f", { count: 3 })), "6,7,8");
  assertEquals(versions(flows.history("f", { count: 3, rev: true })), "8,7,6");
  assertEquals(flows.history("f")[2]?.eventId, "1020-3");
});

test("history() returns the newest events that pass all filters", () => {
  const flows = store();
  const found = (options: object) => versions(flows.history("f", options));
  assertEquals(found({ fromVersion: 3, toVersion: 5 }), "3,4,5");
  assertEquals(found({ fromVersion: 9 }), "");
  assertEquals(found({ toVersion: 0 }), "");
  assertEquals(found({ fromMs: 1_020, toMs: 1_030 }), "3,4");
  assertEquals(found({ fromMs: 1_021, toMs: 1_029 }), "");
  assertEquals(found({ toMs: 999 }), "");
  assertEquals(found({ fromEvent: "1020-3", toEvent: "1040-5" }), "3,4,5");
  assertEquals(found({ event: "claimed" }), "2,4,7");
  assertEquals(found({ event: "claimed", count: 2 }), "4,7");
  assertEquals(found({ event: "claimed", worker: "ada" }), "2,7");
  assertEquals(found({ worker: "bob" }), "4,5");
  assertEquals(found({ worker: "bob", fromMs: 1_040, rev: true }), "5");
  assertEquals(found({ worker: "nobody" }), "");
});

test("history() takes names of events that the flow never had as places between events", () => {
  const flows = store();
  const found = (options: object) => versions(flows.history("f", options));
  assertEquals(found({ fromEvent: "1020-4" }), "4,5,6,7,8");
  assertEquals(found({ toEvent: "1020-2" }), "1,2");
  assertEquals(found({ fromEvent: "1035-1", toEvent: "1055-99" }), "5,6");
});

test("history() with values shows each event's own payload, result and error", () => {
  const events = store().history("f", { values: true });
  assertEquals(
    events.map(({ payload, error, result }) => [payload, error, result]),
    [
      ["first", undefined, undefined],
      ["first", undefined, undefined],
      ["first", "bad", undefined],
      ["first", "bad", undefined],
      ["first", "bad", undefined],
      ["a longer one", "bad", undefined],
      ["a longer one", "bad", undefined],
      ["a longer one", "bad", 7],
    ],
  );
  assertEquals(events[0]?.payloadSize, 7);
  assertFalse("payload" in store().history("f")[0]!);
});

test("history() leaves out and marks values above payloadMaxBytes", () => {
  const events = store().history("f", { values: true, payloadMaxBytes: 7, fromVersion: 5 });
  assertEquals(
    events.map(({ payload, payloadSize, payloadOmitted }) => [
      payload,
      payloadSize,
      payloadOmitted,
    ]),
    [
      ["first", 7, undefined],
      [undefined, 14, true],
      [undefined, 14, true],
      [undefined, 14, true],
    ],
  );
});

test("history() shows no more bytes in all than one answer may have", () => {
  const flows = new CoreStore({ limits: { claimBytesMax: 25 } });
  flows.create("f", { type: "t", payload: "12345678" });
  const [flow] = flows.claimDue("t", { worker: "w" });
  for (let round = 0; round < 3; round++) {
    flows.extendLease("f", { leaseToken: flow!.leaseToken, fencingToken: flow!.fencingToken });
  }
  const events = flows.history("f", { values: true, payloadMaxBytes: 10 });
  assertEquals(
    events.map(({ payloadOmitted }) => payloadOmitted ?? false),
    [false, false, true, true, true],
  );
});

test("history() ends at historyMaxEvents, whatever the filter", () => {
  const flows = store({ historyMaxEvents: 3 });
  assertEquals(versions(flows.history("f", { count: 10 })), "6,7,8");
  assertEquals(versions(flows.history("f", { event: "claimed" })), "7");
  assertEquals(versions(flows.history("f", { toVersion: 5 })), "");
  assertEquals(versions(flows.history("f", { fromVersion: 1, toVersion: 6 })), "6");
});

test("answer() marks values whose bytes are gone", () => {
  const flows = store();
  const [flow] = [...flows.state.table];
  const hydration = { maxBytes: 100, totalBytesMax: 100, values: [] };
  const record = answer({ kind: "flow", flow: flow!, hydration }, () => undefined) as FlowRecord;
  assertEquals(
    [record.payload, record.payloadMissing, "payloadSize" in record, record.payloadOmitted],
    [null, true, false, undefined],
  );
  assertEquals([record.result, record.resultMissing], [null, true]);
});

test("stepsBack() goes back a million versions a thousand at a time", () => {
  const count = 1_000_000;
  const flow = {
    ...{ lsn: 10 * count, control: { version: count }, identity: { historyMaxEvents: count } },
  } as unknown as Flow;
  let steps = 0;
  const parts = stepsBack(flow, 1, { previous: (lsn) => (steps += 1, lsn - 10) });
  for (let before = 0;; before = steps) {
    const { done, value } = parts.next();
    assert(steps - before <= 1_000, `${steps - before} steps in one part`);
    if (done !== true) continue;
    assertEquals([value, steps], [10, count - 1]);
    break;
  }
});
