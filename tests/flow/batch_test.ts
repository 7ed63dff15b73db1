import { FlowBatchError } from "../../src/flow/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { claimed, proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

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
  assertEquals(String(error).split(":")[0], "FlowBatchError");
  assertEquals(
    error.outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.code),
    ["not_applied", "already_exists", "idempotency_conflict", "not_applied"],
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

test("flows whose hashes are the same keep apart within one batch", () => {
  const store = new CoreStore({ hash: () => ({ hi: 7, lo: 0 }) });
  store.createMany(["a", "b", "c", "d"], { type: "t" });
  assertEquals(store.list("t").map(({ id }) => id), ["a", "b", "c", "d"]);
  assertThrows(() => store.create("e", { type: "t" }), InvariantError);
});
