import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

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

test("claimDue() gives up as many flows as its limit allows, and takes what is due all the same", () => {
  const store = new CoreStore({ limits: { claimLimitMax: 4 } });
  store.policySet("t", { maxReclaims: 0 });
  for (let n = 0; n < 6; n++) store.create(`old${n}`, { type: "t" });
  store.claimDue("t", { worker: "w", limit: 4, leaseMs: 10 });
  store.claimDue("t", { worker: "w", limit: 4, leaseMs: 10 });
  store.create("new", { type: "t" });
  store.create("newer", { type: "t" });
  store.nowMs += 10;
  assertEquals(store.claimDue("t", { worker: "v" }).map(({ id }) => id), ["new"]);
  assertEquals(store.info("t").failed, 4);
  assertEquals(store.claimDue("t", { worker: "v" }).map(({ id }) => id), ["newer"]);
  assertEquals(store.info("t").failed, 6);
});

test("claimDue() with reclaimRatio 0 takes what is due behind more lost leases than it may give up", () => {
  const store = new CoreStore({ limits: { claimLimitMax: 2 } });
  store.policySet("t", { maxReclaims: 0 });
  for (let n = 0; n < 5; n++) {
    store.create(`old${n}`, { type: "t", priority: 2 });
    store.claimDue("t", { worker: "w", leaseMs: 10 });
  }
  store.create("new", { type: "t" });
  store.nowMs += 10;
  const claimed = store.claimDue("t", { worker: "v", reclaimRatio: 0 });
  assertEquals([claimed.map(({ id }) => id), store.info("t").failed], [["new"], 2]);
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

test("a lost lease is told in an error, however small the values are that go inline", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 10 } });
  store.policySet("t", { maxReclaims: 0 });
  store.create("f", { type: "t" });
  store.claimDue("t", { worker: "w", leaseMs: 1 });
  store.nowMs += 1;
  assertEquals(store.claimDue("t", { worker: "w" }), []);
  const flow = store.get("f", { payload: true })!;
  assertEquals([flow.state, (flow.error as { code: string }).code], ["failed", "lease_lost"]);
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
