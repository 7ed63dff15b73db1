import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

test("complete() ends the flow, keeps its result and stamps its retention", () => {
  const { store, flow } = claimed({ payload: "in" });
  store.nowMs = 2_000;
  const done = store.complete("f", { ...proof(flow), result: { ok: true }, ttlMs: 7_000 });
  assertEquals([done.state, done.runState, done.leaseToken, done.leaseDeadlineMs], [
    "completed",
    null,
    null,
    0,
  ]);
  assertEquals([done.nextRunAtMs, done.retentionTtlMs, done.terminalRetentionUntilMs], [
    null,
    7_000,
    9_000,
  ]);
  const full = store.get("f", { full: true });
  assertEquals([full?.payload, full?.result, full?.resultSize], ["in", { ok: true }, 11]);
  refused(store, "stale_lease", () => store.complete("f", proof(flow)));
  assertEquals(store.claimDue("t", { worker: "w" }), []);
});

test("complete() needs the lease token and the fencing number of the present lease", () => {
  const { store, flow } = claimed();
  refused(store, "stale_lease", () => store.complete("f", { ...proof(flow), leaseToken: "other" }));
  refused(store, "stale_lease", () => store.complete("f", { ...proof(flow), fencingToken: 0 }));
  refused(store, "not_found", () => store.complete("g", proof(flow)));
});

test("complete() with a lease that is not the present one says what is known of the flow", () => {
  const { store, flow } = claimed({ state: "a" });
  const says = (call: () => unknown, what: string): void => {
    const { message } = refused(store, "stale_lease", call);
    assertEquals(message, `Flow "f" ${what}. Work on a flow only while you hold its lease`);
  };
  const complete = (lease = proof(flow)) => () => store.complete("f", lease);
  says(complete({ ...proof(flow), leaseToken: "other" }), "is leased under another leaseToken");
  says(complete({ ...proof(flow), fencingToken: 7 }), "has fencingToken 1, not 7");

  store.transition("f", { ...proof(flow), from: "a", to: "b" });
  const free = 'is in state "b" and not leased: claim it, and use the job or record of that claim';
  says(complete(), free);
  says(() => store.transition("f", { ...proof(flow), from: "b", to: "c" }), free);

  const [again] = store.claimDue("t", { worker: "w2" });
  says(complete(), "was claimed again: another worker owns it now");
  says(() => store.cancel("f", proof(flow)), "was claimed again: another worker owns it now");

  store.complete("f", proof(again!));
  says(complete(proof(again!)), 'has ended in state "completed": its lease is over');
  const { store: other, flow: cancelled } = claimed();
  other.cancel("f");
  const { message } = refused(other, "stale_lease", () => other.complete("f", proof(cancelled)));
  assertStringIncludes(message, 'Flow "f" has ended in state "cancelled": its lease is over');
});

test("transition() takes the logical state or running from the owner", () => {
  const { store, flow } = claimed({ state: "a" });
  const moved = store.transition("f", { ...proof(flow), from: "a", to: "b", priority: 1 });
  assertEquals([moved.state, moved.runState, moved.priority, moved.nextRunAtMs], [
    "b",
    null,
    1,
    1_000,
  ]);
  const [again] = store.claimDue("t", { worker: "w" });
  assertEquals(
    store.transition("f", { ...proof(again!), from: "running", to: "c" }).state,
    "c",
  );
});

test("transition() without a lease needs the fencing number and no token", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a" });
  const move = { from: "a", to: "b", fencingToken: 0 };
  refused(store, "wrong_state", () => store.transition("f", { ...move, from: "x" }));
  refused(store, "stale_lease", () => store.transition("f", { ...move, fencingToken: 1 }));
  refused(store, "stale_lease", () => store.transition("f", { ...move, leaseToken: "x" }));
  assertEquals(store.transition("f", move).state, "b");
});

test("transition() of a leased flow tells the owner of an old lease that it is over", () => {
  const { store, flow } = claimed();
  refused(
    store,
    "wrong_state",
    () => store.transition("f", { from: "queued", to: "b", fencingToken: 1 }),
  );
  refused(
    store,
    "stale_lease",
    () => store.transition("f", { from: "running", to: "b", fencingToken: 1 }),
  );
  store.cancel("f");
  refused(
    store,
    "stale_lease",
    () => store.transition("f", { ...proof(flow), from: "running", to: "b" }),
  );
  refused(
    store,
    "flow_terminal",
    () => store.transition("f", { from: "cancelled", to: "b", fencingToken: 1 }),
  );
});

test("transition() with runAtMs null parks the flow", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a" });
  const move = { from: "a", to: "a", fencingToken: 0 };
  assertEquals(store.transition("f", { ...move, runAtMs: null }).nextRunAtMs, null);
  store.nowMs += 1_000_000;
  assertEquals(store.claimDue("t", { worker: "w" }), []);
  assertEquals(store.info("t").scheduled, 0);
  assertEquals(store.transition("f", move).nextRunAtMs, store.nowMs);
});

test("retry() counts in the state, and for life", () => {
  const store = new CoreStore();
  store.policySet("t", { retry: { maxRetries: 1, backoff: { kind: "none" }, exhaustedTo: "b" } });
  store.create("f", { type: "t", state: "a" });
  const retried = () => {
    const [flow] = store.claimDue("t", { worker: "w" });
    return store.retry("f", proof(flow!));
  };
  let flow = retried();
  assertEquals([flow.state, flow.attempts, flow.attemptsTotal], ["a", 1, 1]);
  flow = retried();
  assertEquals([flow.state, flow.attempts, flow.attemptsTotal], ["b", 0, 2]);
  assertEquals(store.history("f").at(-1)?.retry?.decision, "exhausted");
  assertEquals(store.history("f").at(-1)?.retry?.attempt, 2);
  flow = retried();
  assertEquals([flow.state, flow.attempts, flow.attemptsTotal], ["b", 1, 3]);
  // The same state has spent its budget.
  flow = retried();
  assertEquals([flow.state, flow.attempts, flow.attemptsTotal], ["b", 2, 4]);
});

test("transition() keeps attempts in the same state, and begins anew in another", () => {
  const { store, flow } = claimed({ state: "a" });
  store.retry("f", { ...proof(flow), runAtMs: 1_000 });
  const [second] = store.claimDue("t", { worker: "w" });
  const same = store.transition("f", { ...proof(second!), from: "a", to: "a" });
  assertEquals([same.attempts, same.attemptsTotal], [1, 1]);
  const other = store.transition("f", { from: "a", to: "b", fencingToken: 2 });
  assertEquals([other.attempts, other.attemptsTotal], [0, 1]);
});

test("retry() ends the flow when its retries are spent, with a retry event", () => {
  const { store, flow } = claimed();
  const ended = store.retry("f", { ...proof(flow), error: "no", retry: { maxRetries: 0 } });
  assertEquals([ended.state, ended.attempts, ended.nextRunAtMs], ["failed", 1, null]);
  assertEquals(ended.terminalRetentionUntilMs, 1_000 + 604_800_000);
  assertEquals(store.get("f", { payload: true })?.error, "no");
  assertEquals(store.history("f").at(-1)?.event, "retry");
  assertEquals(store.history("f").at(-1)?.retry, {
    decision: "exhausted",
    attempt: 1,
    runState: "queued",
    maxRetries: 0,
    backoffKind: "exponential",
    backoffBaseMs: 1_000,
    backoffMaxMs: 30_000,
    jitterPct: 20,
    exhaustedTo: "failed",
  });
});

test("retry() takes runAtMs instead of the backoff, and clears an error that is not given", () => {
  const { store, flow } = claimed();
  const first = store.retry("f", { ...proof(flow), error: "no", runAtMs: 1_500 });
  assertEquals([first.nextRunAtMs, first.state], [1_500, "queued"]);
  assert(first.errorRef !== null);
  store.nowMs = 1_500;
  const [again] = store.claimDue("t", { worker: "w" });
  assertEquals(again?.errorRef, first.errorRef);
  assertEquals(store.retry("f", proof(again!)).errorRef, null);
});

test("fail() ends the flow badly and leaves the result alone", () => {
  const { store, flow } = claimed();
  const failed = store.fail("f", { ...proof(flow), error: { why: 1 } });
  assertEquals(failed.state, "failed");
  assertEquals(store.get("f", { payload: true })?.error, { why: 1 });
});

test("fail() without an error clears the one of an earlier retry, complete() keeps it", () => {
  const { store, flow } = claimed();
  store.create("g", { type: "t" });
  const [other] = store.claimDue("t", { worker: "w" });
  for (const each of [flow, other!]) {
    store.retry(each, { ...proof(each), error: "once", runAtMs: 1_000 });
  }
  const [f, g] = store.claimDue("t", { worker: "w", limit: 2 });
  assertEquals(store.fail("f", proof(f!)).errorRef, null);
  assertEquals(store.complete("g", proof(g!)).errorRef, g?.errorRef);
});

test("cancel() without a fencing number overrides any lease", () => {
  const { store, flow } = claimed();
  const cancelled = store.cancel("f", { reason: "stop" });
  assertEquals([cancelled.state, cancelled.leaseToken], ["cancelled", null]);
  assertEquals(store.get("f", { payload: true })?.error, "stop");
  refused(store, "stale_lease", () => store.complete("f", proof(flow)));
  refused(store, "flow_terminal", () => store.cancel("f"));
});

test("cancel() with a fencing number is the owner's or nobody's", () => {
  const { store, flow } = claimed();
  refused(store, "stale_lease", () => store.cancel("f", { fencingToken: 1 }));
  refused(store, "stale_lease", () => store.cancel("f", { ...proof(flow), fencingToken: 0 }));
  assertEquals(store.cancel("f", proof(flow)).state, "cancelled");
});
