import type { Effect, FlowKey } from "../../src/flow/core/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { proof } from "./cases.ts";
import { SegmentedStore, survivors } from "./core_merge.ts";
import type { CoreStore } from "./core_store.ts";
import { heldBy } from "./held_state.ts";

/** A store in segments that are replaced one by one. */
function segmented(options?: ConstructorParameters<typeof SegmentedStore>[0]) {
  const segments = new SegmentedStore(options);
  const { store } = segments;
  const cut = (): void => segments.cut();
  const merge = (): string[] => segments.merge();
  const replace = (staying?: readonly number[], doneCount?: number): string[][] =>
    segments.replace(staying, doneCount);
  /** Opens it, and asserts that nothing it holds has changed. */
  const open = (): void => {
    const held = heldBy(store.state);
    segments.open();
    assertEquals(heldBy(store.state), held);
    store.records.assertStrung();
  };
  return { store, cut, merge, replace, open };
}

function complete(store: CoreStore, id: string): void {
  const [job] = store.claimDue("t", { worker: "w" });
  store.complete(id, { ...proof(job!), result: 1 });
}

function removeAll(store: CoreStore): void {
  store.nowMs += 10;
  store.retentionCleanup();
}

/** Changes a flow that waits in the state "queued". */
function change(store: CoreStore, id: string, changes: object = {}): void {
  store.transition(id, { from: "queued", to: "queued", fencingToken: 0, ...changes });
}

const F = { type: "t", retentionTtlMs: 10 };

test("Survivors leaves the removal of a flow, and nothing else, where all of it is replaced", () => {
  const { store, cut, merge, replace, open } = segmented();
  store.create("f", { ...F, payload: 1, values: { a: 1 } });
  store.signal("f", { signal: "s", idempotencyKey: "k" });
  cut();
  complete(store, "f");
  cut();
  removeAll(store);
  cut();
  const first = ["body", "value", "value", "values", "ctrl", "signal_key", "ctrl"];
  const second = ["ctrl", "value", "ctrl"];
  // Wherever the process ends, the newest are replaced first.
  assertEquals(replace([], 1), [first, second, ["del"]]);
  open();
  assertEquals(replace([], 2), [first, [], ["del"]]);
  open();
  assertEquals(replace(), [[], [], ["del"]]);
  open();
  assertEquals(merge(), []);
  open();
});

test("Survivors leaves all that a flow was before its last removal if some of that stays", () => {
  const { store, cut, replace, open } = segmented();
  const life = ["body", "value", "ctrl"];
  for (const round of [1, 2, 3]) {
    store.create("f", { ...F, payload: round });
    cut();
    complete(store, "f");
    removeAll(store);
    cut();
  }
  store.create("f", { ...F, payload: 4 });
  cut();
  // Values are not what holds a life together.
  const begun = ["body", "ctrl"];
  const ended = ["ctrl", "ctrl", "del"];
  assertEquals(replace([2]), [begun, ended, life, ended, begun, ended, life]);
  open();
  assertEquals(replace([5, 6]), [begun, ended, begun, ended, begun, ended, life]);
  open();
  assertEquals(
    replace([6]),
    [[], [], [], [], [], ["del"], life],
    "The present life is none of them",
  );
  open();
});

test("Survivors leaves all that a flow was if the body stays that took it into a group", () => {
  const { store, cut, replace, open } = segmented();
  const partitionKey = "q";
  const child = { type: "c", idempotent: true, retentionTtlMs: 10 };
  store.create("c", { ...child, parentFlowId: "p", rootFlowId: "p", partitionKey });
  cut();
  store.create("p", { type: "p", partitionKey });
  store.spawnChildren({ id: "p", partitionKey }, [{ ...child, id: "c" }], {
    ...{ groupId: "g", wait: "none", success: "queued", fencingToken: 0 },
    onParentClosed: "abandon_children",
  });
  cut();
  store.cancel({ id: "c", partitionKey });
  removeAll(store);
  cut();
  const [first, , last] = replace([1]);
  assertEquals([first, last?.at(-1)], [["body", "ctrl"], "del"]);
  open();
  assertEquals(store.get({ id: "c", partitionKey }), null);
});

test("Survivors leaves of a flow that lives what it shows, and a link from segment to segment", () => {
  const { store, cut, replace, open, merge } = segmented();
  store.create("f", { type: "t", payload: 0, historyMaxEvents: 1, values: { a: 0 } });
  for (let payload = 1; payload <= 2; payload++) change(store, "f", { payload });
  cut();
  for (let payload = 3; payload <= 5; payload++) change(store, "f", { payload });
  cut();
  for (let payload = 6; payload <= 8; payload++) change(store, "f", { payload });
  cut();
  const birth = ["body", "value", "values", "ctrl"];
  const all = ["value", "ctrl", "value", "ctrl", "value", "ctrl"];
  // Nothing that is not shown keeps a value; what is in force is shown.
  const before = store.history("f", { values: true });
  assertEquals(replace([], 1)[2], ["value", "ctrl"]);
  open();
  assertEquals(replace([1]), [[...birth, "ctrl"], all, ["value", "ctrl"]]);
  open();
  assertEquals(replace(), [[...birth, "ctrl"], ["ctrl"], ["value", "ctrl"]]);
  open();
  assertEquals(store.history("f", { values: true }), before);
  assertEquals(merge(), [...birth, "value", "ctrl"]);
  open();
  assertEquals(store.history("f", { values: true }), before);
});

test("Survivors strings events together, whichever segments were left when a merge ended early", () => {
  const { store, cut, replace, open } = segmented();
  store.create("f", { type: "t", historyMaxEvents: 1 });
  change(store, "f");
  cut();
  for (const _ of [1, 2]) {
    change(store, "f");
    cut();
  }
  // The middle one is to be replaced as well, and is not; then others are chosen.
  assertEquals(replace([0], 1), [["body", "ctrl", "ctrl"], ["ctrl"], ["ctrl"]]);
  assertEquals(replace([2]), [["body", "ctrl", "ctrl"], ["ctrl"], ["ctrl"]]);
  open();
});

test("Survivors leaves control blocks that are links their lists", () => {
  const { store, cut, replace, open } = segmented();
  store.create("f", { type: "t", historyMaxEvents: 1 });
  for (let round = 1; round <= 4; round++) {
    change(store, "f", { values: { [`v${round}`]: round } });
    change(store, "f");
    if (round !== 2) cut();
  }
  const all = store.get("f", { values: true })?.values;
  assertEquals(all, { v1: 1, v2: 2, v3: 3, v4: 4 });
  // The values are shown by the newest list, wherever they stand.
  assertEquals(replace().map((kinds) => kinds.filter((kind) => kind !== "value")), [
    ["body", "ctrl", "values", "ctrl"],
    ["values", "ctrl"],
    ["values", "ctrl"],
  ]);
  open();
  assertEquals(store.get("f", { values: true })?.values, all);
});

test("Survivors leaves a control block that stays its list, and no value that nothing shows", () => {
  const { store, cut, replace, open } = segmented();
  store.create("f", { type: "t", payload: 0, historyMaxEvents: 1 });
  change(store, "f", { payload: 1, values: { a: 1 } });
  cut();
  change(store, "f");
  cut();
  change(store, "f", { payload: 2, values: { a: 2 }, overrideValues: ["a"] });
  cut();
  const [first] = replace([1]);
  assertEquals(first, ["body", "ctrl", "values", "ctrl"]);
  open();
  assertEquals(store.get("f", { values: true })?.values, { a: 2 });
  assertEquals(store.history("f").length, 1);
});

test("Survivors leaves parts for a value or a key that stays, though nobody may want it any more", () => {
  const bytes = new Uint8Array(4);
  const part = (index: number): Effect => ({ kind: "value_part", index, bytes });
  const value = (firstLsn: number) => ({
    ...{ encoding: 0, size: 8, parts: { firstLsn, count: 2 } } as const,
  });
  const key: FlowKey = { hi: 1, lo: 4 };
  const effects: Effect[] = [
    ...[part(0), part(1), part(0), part(1)],
    { kind: "value", key, untilMs: null, value: value(1) },
    { kind: "value", key, untilMs: null, value: value(3) },
  ];
  const stretches = [{ lastLsn: 4, stays: false }, { lastLsn: 5, stays: true }, {
    lastLsn: 6,
    stays: false,
  }];
  const kept = survivors(effects, {}, { isFirst: true, stretches });
  assertEquals(kept, [1, 2, 5], "Whoever has a reference gets the whole value or nothing");
});

test("Survivors leaves the removal of a key as long as there may be something to remove", () => {
  const { store, cut, merge, replace, open } = segmented();
  store.kvSet("a", 1);
  cut();
  store.kvSet("a", 2);
  cut();
  store.kvDelete("a");
  cut();
  assertEquals(replace([], 1), [["kv"], ["kv"], ["kv_del"]]);
  open();
  assertEquals(replace([0]), [["kv"], [], ["kv_del"]]);
  open();
  assertEquals(replace(), [[], [], ["kv_del"]]);
  open();
  assertEquals(merge(), []);
});
