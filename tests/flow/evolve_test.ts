import { decodeEffect, evolve } from "../../src/flow/core/mod.ts";
import { decodeRecord } from "../../src/log/format/record.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";
import { assertIndexed } from "./indexed.ts";

/** A store in which most things have happened. */
function used(): CoreStore {
  const store = new CoreStore();
  store.policySet("t", { maxReclaims: 1 });
  store.createMany(["a", "b", "c"], { type: "t", retentionTtlMs: 5 });
  const [flow] = store.claimDue("t", { worker: "w", limit: 2 });
  store.complete("a", { leaseToken: flow!.leaseToken, fencingToken: 1, result: 1 });
  store.nowMs += 5;
  store.create("a", { type: "u" });
  store.policySet("t", {});
  return store;
}

test("evolve() ignores what it has seen", () => {
  const store = used();
  const { state } = store;
  const before = [...state.table];
  const policies = new Map(state.policies);
  // Newest first: whatever is let in again would undo something.
  for (const { lsn, bytes } of store.log.toReversed()) {
    const effect = decodeEffect(decodeRecord(bytes, lsn), state.dictionary);
    // The body of a flow that was deleted since would be a new flow, if its log ended there.
    if (effect.kind === "body" && state.table.get(effect.key) === undefined) continue;
    assertEquals(evolve(state, effect, lsn), 0);
  }
  assertEquals([...state.table], before);
  assertEquals(state.policies, policies);
  assertEquals(state.nascent.size, 0);
  assertIndexed(state);
});

test("evolve() of a removal takes the flow out of every index", () => {
  const { state, log } = used();
  const flow = [...state.table.findAll("b")][0]!;
  const handle = state.table.handleOf(flow.key)!;
  evolve(state, { kind: "del", key: flow.key }, log.length + 1);
  assertEquals(state.table.size, 2);
  assertEquals([...state.states.walk("t")].includes(handle), false);
  assertIndexed(state);
});

test("evolve() of a control block tells which one it replaces", () => {
  const { state, log } = used();
  const { key, control, lsn } = [...state.table.findAll("b")][0]!;
  const next = log.length + 1;
  const effect = {
    kind: "ctrl",
    key,
    control: { ...control, version: 9 },
    event: "retry",
  } as const;
  assertEquals(evolve(state, effect, next), lsn);
  assertEquals(evolve(state, effect, next + 1), next);
});
