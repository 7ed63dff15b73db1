import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

/** Creates a flow and lets it end well, with a result. */
function finish(store: CoreStore, id: string, options: object = {}): void {
  store.create(id, { type: "t", payload: 1, ...options });
  const [flow] = store.claimDue("t", { worker: "w" });
  const { leaseToken, fencingToken } = flow!;
  store.complete(id, { leaseToken, fencingToken, result: 2, ttlMs: 100 });
}

const NOTHING = { flows: 0, history: 0, values: 0, keys: 0 };

test("retentionCleanup() removes flow, history and values, at the end of the retention and not before", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  finish(store, "f");
  store.create("live", { type: "t", payload: 1 });
  store.nowMs = 1_099;
  assertEquals(store.retentionCleanup(), NOTHING);
  assertEquals(store.get("f")?.state, "completed");
  store.nowMs = 1_100;
  const length = store.log.length;
  assertEquals(store.retentionCleanup(), { flows: 1, history: 3, values: 2, keys: 0 });
  assertEquals(store.log.length, length + 1);
  assertEquals(store.state.table.size, 1);
  assertEquals(store.retentionCleanup(), NOTHING);
  assertEquals(store.log.length, length + 1);
  assertEquals(store.get("live")?.state, "queued");
});

test("retentionCleanup() takes up to its limit, those first that are over longest", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  for (const id of ["b", "c", "a"]) {
    finish(store, id);
    store.nowMs += id === "b" ? 10 : 0;
  }
  store.nowMs = 2_000;
  const left = () => [...store.state.table].map(({ identity }) => identity.id).sort().join("");
  assertEquals(store.retentionCleanup({ limit: 1 }).flows, 1);
  assertEquals(left(), "ac");
  assertEquals(store.retentionCleanup({ limit: 1 }).flows, 1);
  assertEquals(left(), "c");
  assertEquals(store.retentionCleanup({ limit: 5 }).flows, 1);
});

test("retentionCleanup() counts the history that was kept, and the values of every version", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  finish(store, "f", { historyMaxEvents: 2 });
  store.rewind("f", { toEvent: "1000-3" });
  store.nowMs = 2_000;
  assertEquals(store.retentionCleanup(), { flows: 1, history: 2, values: 2, keys: 0 });
});

test("retentionCleanup() leaves a flow alone that was rewound in time", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  finish(store, "f");
  store.rewind("f", { toEvent: "1000-1" });
  store.nowMs = 9_000;
  assertEquals(store.retentionCleanup(), NOTHING);
  assertEquals(store.get("f")?.state, "queued");
});

test("an id is free at once after its retention, and its flow begins anew after a cleanup", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  finish(store, "f");
  store.nowMs = 1_100;
  store.retentionCleanup();
  assertEquals(store.create("f", { type: "t" }).version, 1);
  assertEquals(store.history("f").map(({ event }) => event), ["created"]);
  assertEquals([...store.recovered().table], [...store.state.table]);
});
