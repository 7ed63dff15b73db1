import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

test("signal() to a flow that waits is one version and one event, and changes nothing else", () => {
  const store = new CoreStore();
  const made = store.create("f", { type: "t", state: "a", payload: 1, runAtMs: 9_000 });
  store.nowMs = 2_000;
  const told = store.signal("f", { signal: "nudge", runAtMs: 3 });
  assertEquals(told, { ...made, version: 2, updatedAtMs: 2_000 });
  const last = store.history("f").at(-1);
  assertEquals([last?.event, last?.signal, last?.state, last?.version], [
    "signaled",
    "nudge",
    "a",
    2,
  ]);
  assertEquals(store.history("f")[0]?.signal, undefined);
});

test("signal() leaves a lease as it is", () => {
  const { store, flow } = claimed();
  const told = store.signal("f", { signal: "nudge" });
  assertEquals([told.leaseToken, told.leaseDeadlineMs], [flow.leaseToken, flow.leaseDeadlineMs]);
  assertEquals(store.complete("f", proof(flow)).state, "completed");
});

test("signal() with transitionTo takes the lease away", () => {
  const { store, flow } = claimed({ state: "a" });
  const move = { signal: "stop", ifState: "running", transitionTo: "b", runAtMs: 5_000 };
  const moved = store.signal("f", move);
  assertEquals(
    [moved.state, moved.runState, moved.nextRunAtMs, moved.leaseToken, moved.fencingToken],
    ["b", null, 5_000, null, flow.fencingToken],
  );
  refused(store, "stale_lease", () => store.complete("f", proof(flow)));
});

test("signal() wakes a parked flow, and parks one", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "waiting" });
  const parked = store.signal("f", {
    signal: "hold",
    ifState: ["waiting", "other"],
    transitionTo: "waiting",
    runAtMs: null,
  });
  assertEquals(parked.nextRunAtMs, null);
  assertEquals(store.claimDue("t", { worker: "w" }), []);
  store.signal("f", { signal: "approve", ifState: "waiting", transitionTo: "approved" });
  assertEquals(store.claimDue("t", { worker: "w" })[0]?.runState, "approved");
});

test("signal() to another state begins a new budget of retries, to the same one it goes on", () => {
  const { store, flow } = claimed({ state: "a" });
  store.retry("f", { ...proof(flow), runAtMs: 1_000 });
  const same = store.signal("f", { signal: "s", ifState: "a", transitionTo: "a" });
  assertEquals([same.attempts, same.attemptsTotal], [1, 1]);
  const moved = store.signal("f", { signal: "s", ifState: "a", transitionTo: "b" });
  assertEquals([moved.attempts, moved.attemptsTotal], [0, 1]);
});

test("signal() is applied once under a key, whatever became of the flow since", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a" });
  const approve = {
    signal: "approve",
    idempotencyKey: "k",
    ifState: ["a", "b"],
    transitionTo: "c",
  };
  store.signal("f", approve);
  const [flow] = store.claimDue("t", { worker: "w" });
  assertEquals(store.signal("f", { ...approve, ifState: ["b", "a", "b"] }), flow);
  store.complete("f", proof(flow!));
  const { length } = store.log;
  assertEquals(store.signal("f", approve).state, "completed");
  assertEquals(store.log.length, length);
  const different = [
    { signal: "deny" },
    { ifState: "a" },
    { transitionTo: "d" },
    { runAtMs: 1_000 },
    { runAtMs: null },
  ];
  for (const change of different) {
    refused(store, "signal_conflict", () => store.signal("f", { ...approve, ...change }));
  }
});

test("signal() keys are those of one flow", () => {
  const store = new CoreStore();
  store.createMany(["f", "g"], { type: "t" });
  store.signal("f", { signal: "s", idempotencyKey: "k" });
  assertEquals(store.signal("g", { signal: "z", idempotencyKey: "k" }).version, 2);
  assertEquals(store.signal("f", { signal: "s", idempotencyKey: "l" }).version, 3);
});

test("signal() that is refused does not use up its key", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a" });
  const move = { signal: "s", idempotencyKey: "k", transitionTo: "b" };
  refused(store, "state_mismatch", () => store.signal("f", { ...move, ifState: "b" }));
  assertEquals(store.signal("f", { ...move, ifState: "a" }).state, "b");
});

test("signal() forgets the oldest of more than 1,000 keys", () => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  const send = (key: number) => store.signal("f", { signal: "s", idempotencyKey: `${key}` });
  for (let key = 0; key <= 1_000; key++) send(key);
  const { length } = store.log;
  send(1);
  assertEquals(store.log.length, length, "the second is still known");
  send(0);
  assertEquals(store.log.length, length + 2, "the first is not");
  assertEquals(store.recovered().signals, store.state.signals);
});

test("signal() keys go with the flow", () => {
  const store = new CoreStore();
  const make = () => store.create("f", { type: "t", retentionTtlMs: 10 });
  make();
  store.signal("f", { signal: "s", idempotencyKey: "k" });
  store.cancel("f");
  store.nowMs += 10;
  refused(store, "not_found", () => store.signal("f", { signal: "s", idempotencyKey: "k" }));
  make();
  assertEquals(store.state.signals.size, 0);
  assertEquals(store.signal("f", { signal: "z", idempotencyKey: "k" }).version, 2);
});

test("signal() to a flow that has ended keeps it for its retention again, and moves it nowhere", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", retentionTtlMs: 100 });
  store.cancel("f");
  store.nowMs += 60;
  const told = store.signal("f", { signal: "late", ifState: "cancelled" });
  assertEquals([told.state, told.terminalRetentionUntilMs], ["cancelled", 1_160]);
  const move = { signal: "late", transitionTo: "a" };
  refused(store, "flow_terminal", () => store.signal("f", move));
  refused(store, "flow_terminal", () => store.signal("f", { ...move, ifState: "a" }));
});

test("signal() is refused if the flow is in another state, or if it moves without naming one", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a" });
  const error = refused(
    store,
    "state_mismatch",
    () => store.signal("f", { signal: "s", ifState: ["b", "running"] }),
  );
  assert(error.message.includes('in state "a", and the signal is for "b", "running"'));
  assertEquals(error.details["expected"], ["b", "running"]);
  refused(store, "guard_required", () => store.signal("f", { signal: "s", transitionTo: "b" }));
  refused(store, "not_found", () => store.signal("g", { signal: "s" }));
});
