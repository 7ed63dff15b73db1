import { assertEquals, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

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
    valueRefs: {},
    resultRef: null,
    errorRef: null,
    parentFlowId: null,
    parentPartitionKey: null,
    parentGroupId: null,
    childGroups: {},
    rootFlowId: "f",
    correlationId: null,
    attributes: {},
    rewoundToEventId: null,
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
  assertStringIncludes(
    error.message,
    'Flow "f" of type "t" exists in partition "p", in state "queued"',
  );
  assertEquals(store.create("f", { type: "t", partitionKey: "q" }).version, 1);
});

test("create() says which type has an id, since all types share them", () => {
  const store = new CoreStore();
  store.create("f", { type: "invoice" });
  const create = { type: "email", idempotent: true };
  for (
    const error of [
      refused(store, "already_exists", () => store.create("f", { type: "email" })),
      refused(store, "idempotency_conflict", () => store.create("f", create)),
    ]
  ) {
    assertStringIncludes(error.message, 'Flow "f" of type "invoice"');
    assertEquals(error.details["type"], "invoice");
  }
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
