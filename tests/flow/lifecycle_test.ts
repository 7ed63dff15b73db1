import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { InvariantError } from "../../src/invariant.ts";
import { FlowBatchError, type FlowRecord } from "../../src/flow/mod.ts";
import { CoreStore } from "./core_store.ts";

/** Asserts that a command is refused with a code, and that it changed nothing. */
function refused(store: CoreStore, code: FlowErrorCode, run: () => unknown): FlowError {
  const length = store.log.length;
  const error = assertThrows(run, FlowError);
  assertEquals(error.code, code, error.message);
  assertEquals(store.log.length, length);
  return error;
}

/** What proves that a record's lease is the caller's. */
function proof({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken, fencingToken };
}

/** A store with one flow, claimed. */
function claimed(options: object = {}): { store: CoreStore; flow: FlowRecord } {
  const store = new CoreStore();
  store.create("f", { type: "t", ...options });
  const [flow] = store.claimDue("t", { worker: "w" });
  assert(flow !== undefined);
  return { store, flow };
}

test("create() makes a record with all its defaults", () => {
  const store = new CoreStore({ nowMs: 5_000 });
  assertEquals(store.create("f", { type: "t" }), {
    id: "f",
    type: "t",
    state: "queued",
    runState: null,
    version: 1,
    attempts: 0,
    attemptsTotal: 0,
    reclaims: 0,
    fencingToken: 0,
    createdAtMs: 5_000,
    updatedAtMs: 5_000,
    nextRunAtMs: 5_000,
    priority: 0,
    retentionTtlMs: 604_800_000,
    terminalRetentionUntilMs: null,
    historyMaxEvents: 100_000,
    partitionKey: "__flow_auto__:224",
    payloadRef: null,
    resultRef: null,
    errorRef: null,
    parentFlowId: null,
    rootFlowId: "f",
    correlationId: null,
    attributes: {},
    leaseOwner: null,
    leaseToken: null,
    leaseDeadlineMs: 0,
  });
});

test("create() refuses an id that is taken, in that partition", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", partitionKey: "p" });
  const error = refused(
    store,
    "already_exists",
    () => store.create("f", { type: "t", partitionKey: "p" }),
  );
  assertStringIncludes(error.message, 'Flow "f" exists in partition "p", in state "queued"');
  assertEquals(store.create("f", { type: "t", partitionKey: "q" }).version, 1);
});

test("create() with idempotent finds what the same request created, wherever it has got to", () => {
  const { store, flow } = claimed({ payload: { a: 1 }, attributes: { x: 1 }, priority: 1 });
  const same = {
    type: "t",
    payload: { a: 1 },
    attributes: { x: 1 },
    priority: 1,
    idempotent: true,
  };
  assertEquals(store.create("f", same), flow);
  store.complete("f", proof(flow));
  assertEquals(store.create("f", same).state, "completed");
  for (
    const other of [
      { type: "u" },
      { payload: { a: 2 } },
      { payload: undefined },
      { attributes: undefined },
      { attributes: { x: 1, y: 2 } },
      { priority: 2 },
      { state: "queued" },
      { runAtMs: 1_000 },
      { correlationId: "c" },
    ]
  ) refused(store, "idempotency_conflict", () => store.create("f", { ...same, ...other }));
});

test("create() takes the id of a flow whose retention is over, and begins a new history", () => {
  const { store, flow } = claimed({ retentionTtlMs: 500 });
  store.complete("f", { ...proof(flow), result: "done" });
  store.nowMs += 499;
  assertEquals(store.get("f")?.state, "completed");
  refused(store, "already_exists", () => store.create("f", { type: "t" }));
  store.nowMs += 1;
  assertEquals(store.get("f"), null);
  assertEquals(store.history("f"), []);
  assertEquals(store.list("t"), []);
  assertEquals(store.info("t").completed, 0);
  refused(store, "not_found", () => store.cancel("f"));
  const again = store.create("f", { type: "t" });
  assertEquals([again.version, again.fencingToken, again.resultRef], [1, 0, null]);
  assertEquals(store.history("f").map(({ event }) => event), ["created"]);
  assertEquals(store.state.table.size, 1);
});

test("claimDue() leases a flow and keeps its logical state as the run state", () => {
  const { flow } = claimed({ state: "ready", priority: 2 });
  assertEquals(flow.state, "running");
  assertEquals(flow.runState, "ready");
  assertEquals(flow.leaseOwner, "w");
  assertEquals(flow.leaseDeadlineMs, 31_000);
  assertEquals(flow.nextRunAtMs, 31_000);
  assertEquals([flow.fencingToken, flow.version, flow.attempts], [1, 2, 0]);
  assert(flow.leaseToken !== null && flow.leaseToken !== "");
});

test("claimDue() returns nothing while the lease holds, and the flow again once it has expired", () => {
  const { store, flow } = claimed();
  store.nowMs = 30_999;
  assertEquals(store.claimDue("t", { worker: "v" }), []);
  store.nowMs = 31_000;
  const [again] = store.claimDue("t", { worker: "v" });
  assertEquals(again?.leaseOwner, "v");
  assertEquals([again?.fencingToken, again?.reclaims], [2, 1]);
  assert(again?.leaseToken !== flow.leaseToken);
  assertEquals(store.history("f").map(({ event }) => event), ["created", "claimed", "claimed"]);
});

test("claimDue() hands out by priority, then by due time, then by the bytes of the id", () => {
  const store = new CoreStore();
  const rows = [["b", 0, 10], ["a", 0, 10], ["\u{1F600}", 0, 10], ["\uFFFD", 0, 10], ["c", 0, 5], [
    "d",
    1,
    20,
  ], ["e", 2, 30]] as const;
  for (const [id, priority, runAtMs] of rows) store.create(id, { type: "t", priority, runAtMs });
  assertEquals(
    store.claimDue("t", { worker: "w", limit: 10 }).map(({ id }) => id),
    ["e", "d", "c", "a", "b", "\uFFFD", "\u{1F600}"],
  );
});

test("claimDue() filters by state, partition and priority", () => {
  const store = new CoreStore();
  for (const state of ["a", "b", "c"]) {
    for (const partitionKey of ["p", "q"]) {
      for (const priority of [0, 1]) {
        store.create(`${state}${partitionKey}${priority}`, {
          type: "t",
          state,
          partitionKey,
          priority,
        });
      }
    }
  }
  const claim = (options: object) =>
    store.claimDue("t", { worker: "w", limit: 100, ...options }).map(({ id }) => id).sort();
  assertEquals(claim({ state: ["a"], partitionKey: "p", priority: 1 }), ["ap1"]);
  assertEquals(claim({ states: ["b", "c", "b"], partitionKeys: ["q", "none"] }), [
    "bq0",
    "bq1",
    "cq0",
    "cq1",
  ]);
  assertEquals(claim({ state: "a", priority: 0 }), ["ap0", "aq0"]);
  assertEquals(claim({ state: "ANY" }), ["aq1", "bp0", "bp1", "cp0", "cp1"]);
  assertEquals(claim({}), []);
});

test("claimDue() gives expired leases their share first, then what is due, then more of them", () => {
  const make = (reclaims: object) => {
    const store = new CoreStore();
    for (let n = 0; n < 6; n++) store.create(`old${n}`, { type: "t", runAtMs: 100 + n });
    store.claimDue("t", { worker: "w", limit: 6, leaseMs: 10 });
    store.nowMs = 2_000;
    for (let n = 0; n < 3; n++) store.create(`new${n}`, { type: "t", runAtMs: 500 + n });
    return store.claimDue("t", { worker: "v", limit: 5, ...reclaims }).map(({ id }) => id);
  };
  assertEquals(make({}), ["new0", "new1", "new2", "old0", "old1"]);
  assertEquals(make({ reclaimRatio: 80 }), ["new0", "old0", "old1", "old2", "old3"]);
  assertEquals(make({ reclaimRatio: 1 }), ["new0", "new1", "new2", "old0", "old1"]);
  assertEquals(make({ reclaimExpired: false }), ["new0", "new1", "new2"]);
  // Without a share all stand in one line: the leases expired after the others were due.
  assertEquals(make({ reclaimRatio: 0 }), ["new0", "new1", "new2", "old0", "old1"]);
  assertEquals(make({ limit: 1 }), ["old0"]);
  assertEquals(make({ state: "other" }), []);
  assertEquals(make({ state: "running", limit: 3 }), ["old0", "old1", "old2"]);
});

test("claimDue() rounds the share of expired leases up, and keeps the rest for what is due", () => {
  const shares = [[1, 1], [20, 1], [25, 2], [60, 3], [61, 4], [100, 5]] as const;
  for (const [reclaimRatio, share] of shares) {
    const store = new CoreStore();
    for (let n = 0; n < 6; n++) store.create(`old${n}`, { type: "t" });
    store.claimDue("t", { worker: "w", limit: 6, leaseMs: 10 });
    store.nowMs = 2_000;
    for (let n = 0; n < 6; n++) store.create(`new${n}`, { type: "t" });
    const claimed = store.claimDue("t", { worker: "v", limit: 5, reclaimRatio });
    assertEquals(claimed.filter(({ reclaims }) => reclaims === 1).length, share);
    assertEquals(claimed.length, 5);
  }
});

test("claimDue() touches no more flows than its limit allows, however many leases were lost", () => {
  const store = new CoreStore({ limits: { claimLimitMax: 4 } });
  store.policySet("t", { maxReclaims: 0 });
  for (let n = 0; n < 6; n++) store.create(`old${n}`, { type: "t" });
  store.claimDue("t", { worker: "w", limit: 4, leaseMs: 10 });
  store.claimDue("t", { worker: "w", limit: 4, leaseMs: 10 });
  store.create("new", { type: "t" });
  store.nowMs += 10;
  assertEquals(store.claimDue("t", { worker: "v" }), []);
  assertEquals(store.info("t").failed, 4);
  assertEquals(store.claimDue("t", { worker: "v" }).map(({ id }) => id), ["new"]);
  assertEquals(store.info("t").failed, 6);
});

test("reclaim() takes expired leases only, of the run state that it names", () => {
  const store = new CoreStore();
  store.create("a", { type: "t", state: "a" });
  store.create("b", { type: "t", state: "b" });
  store.claimDue("t", { worker: "w", limit: 2 });
  store.create("c", { type: "t", state: "a" });
  assertEquals(store.reclaim("t", { worker: "v", limit: 9 }), []);
  store.nowMs += 30_000;
  assertEquals(store.reclaim("t", { worker: "v", limit: 9, state: "b" }).map(({ id }) => id), [
    "b",
  ]);
  assertEquals(
    store.reclaim("t", { worker: "v", limit: 9, state: "running" }).map(({ id }) => id),
    [
      "a",
    ],
  );
});

test("claimDue() sends a flow that loses its last allowed lease where its policy says", () => {
  const store = new CoreStore();
  store.policySet("t", { maxReclaims: 1 });
  store.create("f", { type: "t" });
  store.claimDue("t", { worker: "w", leaseMs: 10 });
  store.nowMs += 10;
  assertEquals(store.claimDue("t", { worker: "w", leaseMs: 10 })[0]?.reclaims, 1);
  store.nowMs += 10;
  assertEquals(store.claimDue("t", { worker: "w", leaseMs: 10 }), []);
  const flow = store.get("f", { payload: true });
  assertEquals([flow?.state, flow?.fencingToken, flow?.reclaims, flow?.version], [
    "failed",
    3,
    0,
    4,
  ]);
  assertEquals(flow?.error, {
    code: "lease_lost",
    message: "The lease expired 2 times in a row",
    leaseOwner: "w",
    runState: "queued",
  });
  assertEquals(store.history("f").at(-1)?.event, "lease_lost");
});

test("claimDue() sends a lost flow to an active state, from which it is claimed again", () => {
  const store = new CoreStore();
  store.policySet("t", { states: { a: { maxReclaims: 0, retry: { exhaustedTo: "manual" } } } });
  store.create("f", { type: "t", state: "a" });
  store.create("g", { type: "t", state: "b", runAtMs: 9_000 });
  store.claimDue("t", { worker: "w", leaseMs: 10 });
  store.nowMs = 20_000;
  assertEquals(store.claimDue("t", { worker: "w", state: ["a", "b"] }).map(({ id }) => id), ["g"]);
  const [flow] = store.claimDue("t", { worker: "w", state: "manual" });
  assertEquals([flow?.id, flow?.runState, flow?.attempts, flow?.fencingToken], [
    "f",
    "manual",
    0,
    3,
  ]);
});

test("maxReclaims: null never gives up", () => {
  const store = new CoreStore();
  store.policySet("t", { maxReclaims: null });
  store.create("f", { type: "t" });
  for (let n = 0; n < 30; n++) {
    assertEquals(store.claimDue("t", { worker: "w", leaseMs: 10 })[0]?.reclaims, n);
    store.nowMs += 10;
  }
});

test("extendLease() counts from now, and works after the end of a lease that nobody took over", () => {
  const { store, flow } = claimed();
  store.nowMs = 500_000;
  const extended = store.extendLease("f", { ...proof(flow), leaseMs: 5 });
  assertEquals([extended.leaseDeadlineMs, extended.nextRunAtMs, extended.version], [
    500_005,
    500_005,
    3,
  ]);
  assertEquals(extended.leaseToken, flow.leaseToken);
  store.nowMs = 500_005;
  store.claimDue("t", { worker: "v" });
  refused(store, "stale_lease", () => store.extendLease("f", proof(flow)));
});

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

test("reclaims returns to 0 when the owner settles the flow, or its state changes", () => {
  const lost = () => {
    const { store } = claimed({ state: "a" });
    store.nowMs += 30_000;
    const [flow] = store.claimDue("t", { worker: "v" });
    assertEquals(flow?.reclaims, 1);
    return { store, flow: flow!, owner: proof(flow!) };
  };
  let { store, flow, owner } = lost();
  assertEquals(store.extendLease("f", owner).reclaims, 1);
  assertEquals(store.transition("f", { ...owner, from: "a", to: "a" }).reclaims, 0);
  ({ store, owner } = lost());
  assertEquals(store.retry("f", owner).reclaims, 0);
  ({ store, flow, owner } = lost());
  store.policySet("t", { maxReclaims: 1, retry: { exhaustedTo: "a" } });
  store.nowMs += 30_000;
  assertEquals(store.claimDue("t", { worker: "v" }), []);
  // Nobody has settled it, and it is where it was.
  assertEquals([store.get("f")?.reclaims, store.get("f")?.state], [1, "a"]);
  assertEquals(
    store.transition("f", { from: "a", to: "a", fencingToken: flow.fencingToken + 1 }).reclaims,
    1,
  );
  assertEquals(
    store.transition("f", { from: "a", to: "b", fencingToken: flow.fencingToken + 1 }).reclaims,
    0,
  );
});

test("a flow that is lost to another state begins there with all its retries", () => {
  const { store, flow } = claimed({ state: "a" });
  store.policySet("t", { maxReclaims: 0, retry: { exhaustedTo: "b" } });
  store.retry("f", { ...proof(flow), runAtMs: 1_000 });
  assertEquals(store.claimDue("t", { worker: "w" })[0]?.attempts, 1);
  store.nowMs += 30_000;
  store.claimDue("t", { worker: "w" });
  assertEquals([store.get("f")?.state, store.get("f")?.attempts], ["b", 0]);
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

test("a bare id is found in any partition, and refused when it stands in two", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", partitionKey: "p" });
  assertEquals(store.get("f")?.partitionKey, "p");
  assertEquals(store.get({ id: "f", partitionKey: "q" }), null);
  store.create("f", { type: "t", partitionKey: "q", retentionTtlMs: 10 });
  const error = assertThrows(() => store.get("f"), FlowError);
  assertEquals(error.code, "invalid_argument");
  assertStringIncludes(error.message, '"p" and "q"');
  assertEquals(store.get({ id: "f", partitionKey: "q" })?.partitionKey, "q");
  store.cancel({ id: "f", partitionKey: "q" });
  store.nowMs += 10;
  assertEquals(store.get("f")?.partitionKey, "p");
});

test("createMany() is all or nothing, and says what was wrong with which item", () => {
  const store = new CoreStore();
  store.create("b", { type: "t" });
  store.create("d", { type: "u" });
  const error = assertThrows(
    () =>
      store.createMany(["a", "b", { id: "d", idempotent: true }, "c"], { type: "t", payload: 1 }),
    FlowBatchError,
  );
  assertEquals(error.code, "already_exists");
  assertEquals(error.details["index"], 1);
  assertEquals(
    error.outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.code),
    ["already_exists", "already_exists", "idempotency_conflict", "already_exists"],
  );
  assertEquals(store.get("a"), null);
  const made = store.createMany(["a", { id: "c", priority: 2, payload: 2 }], {
    type: "t",
    payload: 1,
  });
  assertEquals(made.map(({ id, priority }) => [id, priority]), [["a", 0], ["c", 2]]);
  assertEquals(store.get("a", { payload: true })?.payload, 1);
  assertEquals(store.get("c", { payload: true })?.payload, 2);
});

test("createMany() with independent answers for every item, the first of a repeated id wins", () => {
  const store = new CoreStore();
  const outcomes = store.outcomes(() =>
    store.createMany(["a", "a", "b"], { type: "t", independent: true })
  );
  assertEquals(outcomes.map((outcome) => outcome.ok ? outcome.record.id : outcome.error.code), [
    "a",
    "already_exists",
    "b",
  ]);
});

test("completeMany() with independent lets later items see earlier ones", () => {
  const { store, flow } = claimed();
  const item = { id: "f", ...proof(flow) };
  const outcomes = store.outcomes(() => store.completeMany([item, item], { independent: true }));
  assertEquals(outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.code), [
    "ok",
    "stale_lease",
  ]);
  assertEquals(store.get("f")?.version, 3);
});

test("a batch refuses the same flow twice, also when one item names its partition", () => {
  const { store, flow } = claimed({ partitionKey: "p" });
  const item = { id: "f", ...proof(flow) };
  refused(store, "duplicate_id", () => store.completeMany([item, item]));
  refused(store, "duplicate_id", () => store.completeMany([item, { ...item, partitionKey: "p" }]));
  refused(
    store,
    "partition_mismatch",
    () => store.completeMany([{ ...item, partitionKey: "p" }], { partitionKey: "q" }),
  );
  assertEquals(store.completeMany([item], { partitionKey: "p", result: 1 })[0]?.state, "completed");
});

test("policySet() replaces the policy and counts generations", () => {
  const store = new CoreStore();
  assertEquals(store.policyGet("t").generation, 0);
  const policy = store.policySet("t", {
    retry: { maxRetries: 5 },
    states: { a: { retry: { backoff: { baseMs: 7 } } } },
    expectedGeneration: 0,
  });
  assertEquals([policy.generation, policy.retry.maxRetries], [1, 5]);
  assertEquals(policy.states["a"]?.retry, {
    maxRetries: 5,
    backoff: { kind: "exponential", baseMs: 7, maxMs: 30_000, jitterPct: 20 },
    exhaustedTo: "failed",
  });
  refused(store, "generation_conflict", () => store.policySet("t", { expectedGeneration: 0 }));
  assertEquals(store.policySet("t", { expectedGeneration: 1 }).retry.maxRetries, 3);
  assertEquals(store.policyGet("t", { state: "x" }).states["x"]?.retry.maxRetries, 3);
});

test("policySet() keeps states apart whose names every object has", () => {
  const store = new CoreStore();
  const states = JSON.parse('{"__proto__":{"maxReclaims":1},"constructor":{"maxReclaims":2}}');
  const policy = store.policySet("t", { states });
  assertEquals(Object.keys(policy.states), ["__proto__", "constructor"]);
  assertEquals(policy.states["constructor"]?.maxReclaims, 2);
  assertEquals(store.policyGet("t", { state: "toString" }).states["toString"]?.maxReclaims, 10);
  assertEquals(store.recovered().policies.get("t")?.policy, store.state.policies.get("t")?.policy);
});

test("retention is decided when the flow is created, and a policy set later changes nothing", () => {
  const store = new CoreStore();
  store.policySet("t", {
    retention: { ttlMs: 100, historyMaxEvents: 5 },
    states: { a: { retention: { ttlMs: 200 } } },
  });
  const made = store.create("f", { type: "t", state: "a" });
  store.policySet("t", {});
  assertEquals([made.retentionTtlMs, made.historyMaxEvents], [200, 5]);
  assertEquals(store.cancel("f").terminalRetentionUntilMs, 1_200);
  const own = store.create("g", { type: "t", retentionTtlMs: 1, historyMaxEvents: 2 });
  assertEquals([own.retentionTtlMs, own.historyMaxEvents], [1, 2]);
});

test("history() shows the newest events, oldest first, no more than the flow keeps", () => {
  const store = new CoreStore();
  store.create("f", { type: "t", state: "a", historyMaxEvents: 3 });
  for (let n = 0; n < 12; n++) store.transition("f", { from: "a", to: "a", fencingToken: 0 });
  assertEquals(store.history("f").map(({ eventId }) => eventId), ["1000-11", "1000-12", "1000-13"]);
  assertEquals(store.history("f", { count: 2, rev: true }).map(({ version }) => version), [13, 12]);
});

test("list() is in the order of the last change, and pages go on where they ended", () => {
  const store = new CoreStore();
  for (const id of ["c", "a", "b"]) store.create(id, { type: "t", partitionKey: id });
  store.nowMs += 1;
  store.create("d", { type: "t", partitionKey: "p" });
  store.cancel("a");
  assertEquals(store.list("t").map(({ id }) => id), ["b", "c", "a", "d"]);
  assertEquals(store.list("t", { state: "queued", count: 2 }).map(({ id }) => id), ["b", "c"]);
  assertEquals(store.list("t", { partitionKey: "p" }).map(({ id }) => id), ["d"]);
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = store.page("t", { count: 1 }, cursor);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  assertEquals(ids, ["b", "c", "a", "d"]);
});

test("info() counts every state, what is due and what is scheduled", () => {
  const { store } = claimed();
  store.create("g", { type: "t", state: "ready", runAtMs: 900 });
  store.create("h", { type: "t", runAtMs: 2_000 });
  store.create("i", { type: "t", partitionKey: "p" });
  store.cancel("i");
  const info = store.info("t");
  assertEquals(info, {
    type: "t",
    partitionKey: null,
    states: { queued: 1, running: 1, ready: 1, cancelled: 1 },
    queued: 1,
    running: 1,
    completed: 0,
    failed: 0,
    cancelled: 1,
    inflight: 1,
    due: 1,
    scheduled: 1,
    oldestDueMs: 900,
  });
  assertEquals(store.info("t", { partitionKey: "p" }).states, { cancelled: 1 });
  assertEquals(store.info("none").states, {});
});

test("stuck() shows leases that have expired, the longest expired first", () => {
  const store = new CoreStore();
  store.createMany(["a", "b", "c"], { type: "t", partitionKey: "p" });
  store.claimDue("t", { worker: "w", leaseMs: 300 });
  store.claimDue("t", { worker: "w", leaseMs: 100 });
  store.claimDue("t", { worker: "w", leaseMs: 900 });
  store.nowMs = 1_400;
  assertEquals(store.stuck("t").map(({ id }) => id), ["b", "a"]);
  assertEquals(store.stuck("t", { olderThanMs: 200 }).map(({ id }) => id), ["b"]);
  assertEquals(store.stuck("t", { count: 1, partitionKey: "p" }).map(({ id }) => id), ["b"]);
  assertEquals(store.stuck("t", { olderThanMs: 1_000_000 }), []);
});

test("claimDue() shows values only when asked, marks what is over the cap, and minds its budget", () => {
  const store = new CoreStore({ limits: { claimBytesMax: 25 } });
  for (const id of ["a", "b", "c"]) store.create(id, { type: "t", payload: "x".repeat(8) });
  store.create("d", { type: "t", payload: "x".repeat(30) });
  const claim = (limit: number, options: object) =>
    store.claimDue("t", { worker: "w", limit, leaseMs: 1, payloadMaxBytes: 10, ...options })
      .map(({ payload, payloadSize, payloadOmitted }) => [payload, payloadSize, payloadOmitted]);
  assertEquals(claim(4, {}), [1, 2, 3, 4].map(() => [undefined, undefined, undefined]));
  store.nowMs += 1;
  assertEquals(claim(4, { payload: true }), [
    ["xxxxxxxx", 10, undefined],
    ["xxxxxxxx", 10, undefined],
    [undefined, 10, true],
    [undefined, 32, true],
  ]);
});

test("a value above the inline limit travels in parts and comes back whole", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 10 } });
  const bytes = Uint8Array.from({ length: 35 }, (_, index) => index);
  store.create("f", { type: "t", payload: bytes });
  assertEquals(store.get("f", { payload: true })?.payload, bytes);
  assertEquals(store.get("f", { payload: true, payloadMaxBytes: 34 })?.payloadOmitted, true);
  store.createMany(["g", "h"], { type: "t", payload: "y".repeat(40) });
  assertEquals(store.get("h", { payload: true })?.payload, "y".repeat(40));
});

test("flows whose hashes are the same keep apart", () => {
  const store = new CoreStore({ hash: () => ({ hi: 7, lo: 0xffff_fffe }) });
  for (const id of ["a", "b", "c", "d"]) store.create(id, { type: "t", retentionTtlMs: 1 });
  assertEquals(store.list("t").map(({ id }) => id), ["a", "b", "c", "d"]);
  store.cancel("b");
  store.nowMs += 1;
  store.create("b", { type: "u" });
  assertEquals(store.get("b")?.type, "u");
  assertEquals(store.get("d")?.type, "t");
});

test("flows whose hashes are the same keep apart within one batch", () => {
  const store = new CoreStore({ hash: () => ({ hi: 7, lo: 0 }) });
  store.createMany(["a", "b", "c", "d"], { type: "t" });
  assertEquals(store.list("t").map(({ id }) => id), ["a", "b", "c", "d"]);
  assertThrows(() => store.create("e", { type: "t" }), InvariantError);
});

test("payload null is a payload, undefined is none, bytes stay bytes", () => {
  const store = new CoreStore();
  store.create("a", { type: "t", payload: null });
  store.create("b", { type: "t", payload: undefined });
  store.create("c", { type: "t", payload: new Uint8Array(0) });
  assertEquals(store.get("a", { payload: true })?.payload, null);
  assertEquals(store.get("b", { payload: true })?.payloadRef, null);
  assertEquals(store.get("c", { payload: true, payloadMaxBytes: 0 })?.payload, new Uint8Array(0));
});

test("nextDueMs() is when a claim could find something, and what changed is noted once", () => {
  const store = new CoreStore();
  const filter = {
    type: "t",
    states: null,
    partitionKeys: null,
    priority: null,
    waiting: true,
    expired: true,
  } as const;
  assertEquals(store.state.nextDueMs(filter), Infinity);
  store.create("f", { type: "t", runAtMs: 7_000 });
  assertEquals(store.state.nextDueMs(filter), 7_000);
  assertEquals(store.state.nextDueMs({ ...filter, states: ["x"] }), Infinity);
  assertEquals([...store.state.takeChangedTypes()], ["t"]);
  assertEquals([...store.state.takeChangedTypes()], []);
  store.nowMs = 8_000;
  assert(store.state.isClaimable(filter, 8_000));
  store.claimDue("t", { worker: "w" });
  assertEquals(store.state.nextDueMs(filter), 38_000);
  assertEquals(store.state.nextDueMs({ ...filter, expired: false }), Infinity);
});
