import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { throughCheckpoint } from "./checkpoint_trip.ts";
import { CoreStore } from "./core_store.ts";
import { heldBy } from "./held_state.ts";
import { assertIndexed } from "./indexed.ts";

/** A store with flows of two types, one of them with everything that a flow can have. */
function used(): CoreStore {
  const store = new CoreStore();
  store.createMany(["a", "b", "c"], { type: "t", retentionTtlMs: 5 });
  store.create("d", {
    type: "u",
    values: { name: "value \ud800" },
    attributes: { x: 1 },
    correlationId: "k",
  });
  const [flow] = store.claimDue("t", { worker: "w", limit: 2 });
  store.complete("a", { leaseToken: flow!.leaseToken, fencingToken: 1, result: 1 });
  store.spawnChildren("d", ["x", "y"], {
    ...{ groupId: "g", waitState: "w", success: "s", failure: "f", type: "t", fencingToken: 0 },
  });
  store.signal("d", { signal: "s", idempotencyKey: "once" });
  store.kvSet("key", 1, { ttlMs: 10 });
  store.kvSet("other", 2, {});
  return store;
}

test("loadState() makes of what saveState() writes the same state, with every order over it", () => {
  const { state } = used();
  const loaded = throughCheckpoint(state);
  assertEquals(heldBy(loaded), heldBy(state));
  assertIndexed(loaded);
  assertEquals(heldBy(throughCheckpoint(loaded)), heldBy(state));
});

test("loadState() lets whoever waits for flows of a type look again", () => {
  const { state } = used();
  state.takeChangedTypes();
  const changed = throughCheckpoint(state).takeChangedTypes();
  assertEquals(["t", "u"].map((type) => changed.has(type)), [true, true]);
});
