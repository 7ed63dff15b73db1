import { FlowError } from "../../src/errors.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

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

test("stuck() looks at the flows of a page, also if very many were on those before", () => {
  const store = new CoreStore();
  for (let number = 0; number < 10; number++) {
    store.createMany(Array.from({ length: 100 }, (_, index) => `${number}-${index}`), {
      type: "t",
    });
    // Half of them end at the same instant.
    store.claimDue("t", { worker: "w", limit: 100, leaseMs: number < 5 ? 100 : 100 + number });
  }
  store.nowMs += 1_000;
  const all = store.stuck("t", { count: 1_000 }).map(({ id }) => id);
  const { table } = store.state;
  const { at } = table;
  let lookCount = 0;
  table.at = (handle) => {
    lookCount++;
    return at.call(table, handle);
  };
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = store.stuckPage("t", { count: 10 }, cursor);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  assertEquals([ids.length, ids], [1_000, all]);
  // One more for each page, to see whether there are more.
  assert(lookCount <= 1_100, `${lookCount} flows were looked at`);
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
  store.claimDue("t", { worker: "w" });
  assertEquals(store.state.nextDueMs(filter), 38_000);
  assertEquals(store.state.nextDueMs({ ...filter, expired: false }), Infinity);
});
