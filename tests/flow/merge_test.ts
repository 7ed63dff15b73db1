import type { Effect, FlowKey } from "../../src/flow/core/mod.ts";
import type { FlowRecord } from "../../src/flow/mod.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../assert.ts";
import { test } from "../harness.ts";
import { proof } from "./cases.ts";
import { rareMutants, SegmentedStore, survivors } from "./core_merge.ts";
import type { CoreStore } from "./core_store.ts";
import { heldBy } from "./held_state.ts";

/** A life of a flow, from its creation to when it can be removed. */
function complete(store: CoreStore, id: string, options: object = {}): void {
  const [flow] = [store.create(id, { type: "t", payload: id, retentionTtlMs: 10, ...options })];
  const [job] = store.claimDue("t", { worker: "w" });
  assertEquals(job?.id, flow.id);
  store.complete(id, { ...proof(job!), result: 1 });
}

function removeAll(store: CoreStore): void {
  store.nowMs += 10;
  store.retentionCleanup();
}

/** Changes the payload of a flow that waits in the state "queued". */
function change(store: CoreStore, id: string, payload: unknown): FlowRecord {
  return store.transition(id, { from: "queued", to: "queued", fencingToken: 0, payload });
}

/** Opens a store again and asserts that nothing it holds has changed. */
function reopen(segments: SegmentedStore): void {
  const held = heldBy(segments.store.state);
  segments.open();
  assertEquals(heldBy(segments.store.state), held);
}

test("Survivors leaves nothing of a flow that was created and removed in the run", () => {
  const segments = new SegmentedStore();
  segments.store.create("before", { type: "t", runAtMs: 1e9 });
  segments.cut();
  complete(segments.store, "f");
  segments.cut();
  removeAll(segments.store);
  segments.cut();
  assertEquals(segments.merge({ first: 1 }), ["body", "ctrl"], "Those of the flow before");
  reopen(segments);
  assertEquals(segments.store.get("f"), null);
});

test("Survivors keeps a removal as long as there may be something to remove", () => {
  const segments = new SegmentedStore();
  complete(segments.store, "f");
  segments.cut();
  removeAll(segments.store);
  complete(segments.store, "f");
  removeAll(segments.store);
  segments.cut();
  const first = ["body", "value", "ctrl", "ctrl", "value", "ctrl"];
  assertEquals(segments.merge({ first: 1 }), [...first, "del"], "The last one removes both lives");
  reopen(segments);
  assertEquals(segments.store.get("f"), null);
  assertEquals(segments.merge(), []);
  reopen(segments);
});

test("Survivors keeps the removal of a flow that was only taken into a group in the run", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  const child = { type: "c", idempotent: true, retentionTtlMs: 10 };
  const partitionKey = "q";
  store.create("c", { ...child, parentFlowId: "p", rootFlowId: "p", partitionKey });
  cut();
  store.create("p", { type: "p", partitionKey });
  store.spawnChildren({ id: "p", partitionKey }, [{ ...child, id: "c" }], {
    ...{ groupId: "g", wait: "none", success: "queued", fencingToken: 0 },
    onParentClosed: "abandon_children",
  });
  store.cancel({ id: "c", partitionKey });
  removeAll(store);
  cut();
  assert(merge({ first: 1 }).includes("del"));
  open();
  assertEquals(store.get({ id: "c", partitionKey: "q" }), null);
});

test("Survivors keeps the newest of a key, and its removal until the log begins with the run", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  store.kvSet("a", 1);
  store.kvSet("b", 1);
  cut();
  for (const value of [2, 3]) store.kvSet("a", value);
  store.kvDelete("b");
  cut();
  assertEquals(merge({ first: 1 }), ["kv", "kv", "kv", "kv_del"]);
  open();
  assertEquals([store.kvGet("a")?.value, store.kvGet("b")], [3, null]);
  assertEquals(merge(), ["kv"]);
  open();
  assertEquals([store.kvGet("a")?.value, store.kvGet("b")], [3, null]);
});

test("Survivors keeps the newest policy of each type", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  for (const maxRetries of [1, 2]) store.policySet("t", { retry: { maxRetries } });
  store.policySet("u", {});
  const before = store.policyGet("t");
  cut();
  assertEquals(merge(), ["policy", "policy"]);
  open();
  assertEquals(store.policyGet("t"), before);
});

test("Survivors keeps what history() shows, with payloads, and the birth of the flow", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  store.create("f", { type: "t", payload: 0, historyMaxEvents: 3, values: { a: 1 } });
  for (let payload = 1; payload <= 10; payload++) change(store, "f", payload);
  cut();
  const before = store.history("f", { values: true });
  assertEquals(before.map(({ payload }) => payload), [8, 9, 10]);
  const shown = ["value", "ctrl", "value", "ctrl", "value", "ctrl"];
  assertEquals(merge(), ["body", "value", "values", "ctrl", ...shown]);
  assertEquals(store.history("f", { values: true }), before);
  open();
  assertEquals(store.history("f", { values: true }), before);
  assertEquals(store.get("f", { values: true })?.values, { a: 1 });
  change(store, "f", 11);
  cut();
  assertEquals(merge().length, 10);
});

test("Survivors asks the living flow how much of its history counts, but no later one", () => {
  const lives = (lives: number): string[] => {
    const { store, cut, merge } = bound(new SegmentedStore());
    store.create("f", { type: "t", historyMaxEvents: 1, retentionTtlMs: 10 });
    cut();
    for (let payload = 1; payload <= 3; payload++) change(store, "f", payload);
    cut();
    if (lives === 2) {
      store.cancel("f");
      store.nowMs += 10;
      store.create("f", { type: "t", historyMaxEvents: 1 });
    }
    return merge({ first: 1, count: 1 }).slice(2, 8);
  };
  assertEquals(lives(1), ["value", "ctrl"]);
  assertEquals(lives(2), ["value", "ctrl", "value", "ctrl", "value", "ctrl"]);
});

/** A flow links the payload of another one, which is gone when the log is merged. */
function withLink(link: "payload" | "value" | "child"): SegmentedStore {
  const segments = new SegmentedStore();
  const { store, cut } = bound(segments);
  complete(store, "owner", { payload: "kept", values: { v: "kept, too" } });
  cut();
  const { payloadRef, valueRefs } = store.get("owner")!;
  const own = { type: "u", runAtMs: 1e9, payload: "own" };
  if (link === "payload") store.create("f", { ...own, payload: undefined, payloadRef });
  if (link === "value") store.create("f", { ...own, valueRefs: { v: valueRefs["v"]! } });
  if (link === "child") {
    store.create("p", own);
    store.spawnChildren("p", [{ ...own, id: "f", payload: undefined, payloadRef }], {
      ...{ groupId: "g", wait: "none", success: "queued", fencingToken: 0 },
    });
  }
  cut();
  removeAll(store);
  cut();
  return segments;
}

for (const link of ["payload", "value", "child"] as const) {
  test(`Survivors keeps the value of a removed flow that another one links (${link})`, () => {
    const read = (segments: SegmentedStore): unknown => {
      const record = segments.store.get("f", { payload: true, values: true })!;
      return link === "value" ? record.values?.["v"] : record.payload;
    };
    const expected = link === "value" ? "kept, too" : "kept";
    const segments = withLink(link);
    for (const [first, count] of [[0, 1], [2, 1], [0, 2], [0, 2]] as const) {
      segments.merge({ first, count });
      assertEquals(read(segments), expected);
      segments.open();
      assertEquals(read(segments), expected);
    }
    const { store, cut, merge } = bound(segments);
    store.cancel("f", { ttlMs: 10 });
    removeAll(store);
    cut();
    const left = link === "child" ? ["value"] : [];
    // What was a link once counts until the store is opened without it.
    merge();
    segments.open();
    assertEquals(merge().filter((kind) => kind === "value"), left, "Only of the parent");
  });
}

test("Survivors does not know by the run alone what is linked", () => {
  const { store, cut, merge } = bound(new SegmentedStore());
  complete(store, "owner", { payload: "kept" });
  cut();
  const { payloadRef } = store.get("owner")!;
  removeAll(store);
  cut();
  store.create("f", { type: "u", payloadRef });
  cut();
  const payload = () => store.get("f", { payload: true })?.payload;
  merge({ count: 2 });
  assertEquals(payload(), "kept");
  merge({ count: 1, mutant: rareMutants.linkedValueDropped });
  assertEquals(payload(), null);
});

test("Survivors keeps a value of no flow until its time is over", () => {
  const { store, cut, merge } = bound(new SegmentedStore());
  const [soon, later, never] = [{ ttlMs: 5 }, { ttlMs: 6 }, {}].map((ttl) =>
    store.valuePut(1, ttl)
  );
  store.nowMs += 5;
  store.kvSet("a", 1);
  cut();
  assertEquals(merge(), ["value", "value", "kv"]);
  const refs = [soon!.ref, later!.ref, never!.ref];
  assertEquals(store.valueMget(refs), [null, 1, 1]);
  merge({ mutant: rareMutants.expiredTooEarly });
  assertEquals(store.valueMget(refs), [null, null, 1]);
});

test("Survivors keeps nothing for a reference that leads to no value", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  complete(store, "f");
  removeAll(store);
  const last = store.log.length;
  const valueRefs = Object.fromEntries(
    Array.from({ length: last }, (_, index) => [`${index}`, `v${index + 1}`]),
  );
  store.create("g", { type: "u", valueRefs });
  cut();
  assertEquals(merge(), ["value", "value", "body", "values", "ctrl"]);
  open();
  assertEquals(store.get("f"), null);
});

test("Survivors keeps parts with their value, and the last ones of the run for what may follow", () => {
  const limits = { valueInlineBytesMax: 4 };
  const { store, cut, merge } = bound(new SegmentedStore({ limits }));
  store.create("f", { type: "t", payload: "123456", historyMaxEvents: 1 });
  change(store, "f", "abcdef");
  store.kvSet("k", "uvwxyz");
  store.kvSet("k", "UVWXYZ");
  cut();
  const [two, three] = [["value_part", "value_part"], ["value_part", "value_part"]];
  assertEquals(merge(), ["body", "ctrl", ...two, "value", "ctrl", ...three, "kv"]);
  assertEquals(store.get("f", { payload: true })?.payload, "abcdef");
  assertEquals(store.kvGet("k")?.value, "UVWXYZ");

  const bytes = new Uint8Array(4);
  const part = (index: number): Effect => ({ kind: "value_part", index, bytes });
  const effects = [part(0), { kind: "inbox", from: 1, lsn: 1 } as const, part(0), part(1)];
  assertEquals(survivors(effects), [2, 3, 4], "Nobody named the first one, and nobody will");
});

test("Survivors keeps messages until they have arrived, and the newest word of what has", () => {
  const effects = [
    { kind: "outbox", to: 1, message: { kind: "close", group: 1 } },
    { kind: "outbox", to: 2, message: { kind: "close", group: 2 } },
    { kind: "outbox", to: 1, message: { kind: "close", group: 3 } },
    { kind: "inbox", from: 1, lsn: 7 },
    { kind: "inbox", from: 2, lsn: 7 },
    { kind: "inbox", from: 1, lsn: 9 },
  ] as const;
  const oldestUnheardLsn = (to: number): number => to === 1 ? 3 : Infinity;
  assertEquals(survivors(effects, { oldestUnheardLsn }), [3, 5, 6]);
});

test("Survivors keeps values that a message on its way links", () => {
  const key: FlowKey = { hi: 1, lo: 4 };
  const value = { encoding: 0, bytes: new Uint8Array(1) } as const;
  const link = (linkLsn: number) => ({ linkLsn });
  const request = {
    payload: link(1),
    values: { drop: [], link: new Map([["a", link(2)], ["b", link(2 ** 44 + 3)]]) },
  };
  const effects = [
    ...[1, 2, 3].map(() => ({ kind: "value", key, value, untilMs: null }) as const),
    { kind: "outbox", to: 1, message: { kind: "birth", request } },
  ] as unknown as Effect[];
  const oldestUnheardLsn = () => 4;
  assertEquals(survivors(effects, { oldestUnheardLsn }), [1, 2, 4], "The third is in shard 1");
  assertEquals(survivors(effects), []);
});

test("Survivors keeps closings that are not done, and that one is until the run is the first", () => {
  const closing = (group: number, isDone: boolean) => ({ kind: "closing", group, isDone }) as const;
  const effects = [closing(1, false), closing(2, false), closing(1, true), closing(3, true)];
  assertEquals(survivors(effects, {}, { isFirst: true }), [2]);
  assertEquals(survivors(effects, {}, { isFirst: false }), [2, 3, 4]);
});

test("Survivors keeps as many signals as a flow remembers", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  store.create("f", { type: "t", historyMaxEvents: 1 });
  for (let index = 0; index < 1_010; index++) {
    store.signal("f", { signal: "s", idempotencyKey: `${index}` });
  }
  cut();
  const { version } = store.get("f")!;
  assertEquals(merge().filter((kind) => kind === "signal_key").length, 1_000);
  open();
  store.signal("f", { signal: "s", idempotencyKey: "10" });
  assertEquals(store.get("f")!.version, version);
  store.signal("f", { signal: "s", idempotencyKey: "9" });
  assertEquals(store.get("f")!.version, version + 1);
});

test("Survivors keeps the newest of each group; groups stay in the order in which they began", () => {
  const { store, cut, merge, open } = bound(new SegmentedStore());
  const partitionKey = "q";
  const target = { id: "p", partitionKey };
  store.create("p", { type: "p", partitionKey, historyMaxEvents: 1 });
  for (const groupId of ["first", "second"]) {
    store.spawnChildren(target, [{ id: groupId, type: "c" }, { id: `${groupId} b`, type: "c" }], {
      ...{ groupId, wait: "all", waitState: "waiting", success: "done", failure: "broken" },
      fencingToken: 0,
    });
  }
  store.cancel({ id: "first", partitionKey });
  cut();
  const { childGroups } = store.get(target)!;
  assertEquals(Object.keys(childGroups), ["first", "second"]);
  assertEquals(merge().filter((kind) => kind === "group").length, 2);
  open();
  assertEquals(Object.entries(store.get(target)!.childGroups), Object.entries(childGroups));
});

test("A log of flows that are gone takes next to nothing once it is merged", () => {
  const { store, cut, merge, bytes } = bound(new SegmentedStore());
  for (let index = 0; index < 500; index++) {
    store.create(`${index}`, { type: "t", payload: "x".repeat(100), retentionTtlMs: 10 });
  }
  for (const job of store.claimDue("t", { worker: "w", limit: 500 })) {
    store.complete(job.id, { ...proof(job), result: "y".repeat(100) });
  }
  removeAll(store);
  for (let left = 500; left > 0; left -= 100) store.retentionCleanup({ limit: 100 });
  cut();
  assertGreater(bytes(), 300_000);
  merge();
  assertLess(bytes(), 200);
});

test("A flow that lives long takes what its history takes, however often its payload changes", () => {
  const { store, cut, merge, bytes } = bound(new SegmentedStore());
  store.create("f", { type: "t", historyMaxEvents: 10 });
  for (let index = 0; index < 1_000; index++) change(store, "f", `${index}`.padEnd(1_000));
  cut();
  assertGreater(bytes(), 1_000_000);
  merge();
  assertLess(bytes(), 10 * 1_250);
});

/** A store in segments, by its methods. */
function bound(segments: SegmentedStore) {
  return {
    store: segments.store,
    cut: () => segments.cut(),
    merge: (...run: Parameters<SegmentedStore["merge"]>) => segments.merge(...run),
    open: () => reopen(segments),
    bytes: () => segments.bytes(),
  };
}
