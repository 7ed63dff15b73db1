import fc from "fast-check";
import { HotCount } from "../../src/flow/core/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

const COUNT = 9_000;

function counted(store: CoreStore, partitionKey: string): HotCount {
  const hash = store.state.keys.hashOfText(partitionKey);
  return new HotCount(store.state, { type: "t", key: partitionKey, hash });
}

/** What a count is to be, flow by flow. */
function byState(store: CoreStore, partitionKey: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { identity, control } of store.state.table) {
    const { retentionUntilMs, lease } = control;
    if (identity.type !== "t" || identity.partitionKey !== partitionKey) continue;
    if (retentionUntilMs !== null && retentionUntilMs <= store.nowMs) continue;
    const state = lease === null ? control.state : "running";
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** The same from a count: states without flows are left out. */
function found(count: HotCount, nowMs: number): Record<string, number> {
  return Object.fromEntries([...count.now(nowMs)].filter(([_, listed]) => listed > 0));
}

function filled(count: number): CoreStore {
  const store = new CoreStore();
  for (let first = 0; first < count; first += 500) {
    const items = Array.from({ length: Math.min(500, count - first) }, (_, index) => {
      const number = first + index;
      return { id: `f${number}`, partitionKey: number % 3 === 0 ? "p" : "q" };
    });
    store.createMany(items, { type: "t", retentionTtlMs: 50 });
    store.nowMs += 1;
  }
  return store;
}

test("HotCount counts some flows in a slice, and what has changed meanwhile once more", () => {
  const store = filled(COUNT);
  const count = counted(store, "p");
  let looks = 0;
  const { table } = store.state;
  const isIn = table.isIn.bind(table);
  table.isIn = (handle, partitionKey) => {
    looks++;
    return isIn(handle, partitionKey);
  };
  let slices = 1;
  for (; !count.slice(store.nowMs); slices++) {
    assert(looks <= 8 * 512, `${looks} looks in a slice`);
    store.cancel({ id: `f${3 * slices}`, partitionKey: "p" });
    store.create(`new${slices}`, { type: "t", partitionKey: "p" });
    looks = 0;
  }
  assert(slices >= 3 && slices < 10, `${slices} slices`);
  looks = 0;
  const counts = found(count, store.nowMs);
  assert(looks <= 4 * 512, `${looks} looks at the end`);
  assertEquals(counts, byState(store, "p"));
});

test("HotCount comes to an end although everything changes all the time", () => {
  const store = filled(COUNT);
  const count = counted(store, "p");
  let slices = 1;
  for (; !count.slice(store.nowMs); slices++) {
    store.nowMs += 1;
    for (let number = 0; number < COUNT; number += 500) {
      const target = { id: `f${number + slices}`, partitionKey: (number + slices) % 3 ? "q" : "p" };
      if (store.get(target)?.state === "queued") store.cancel(target);
    }
    assert(slices < 50, "a count never ends");
  }
  assertEquals(found(count, store.nowMs), byState(store, "p"));
});

test("HotCount is right whatever happens between two slices", () => {
  const step = fc.record({
    number: fc.nat({ max: 1_999 }),
    what: fc.constantFrom("claim", "cancel", "cancel", "create", "sweep", "slice"),
    ms: fc.constantFrom(0, 1, 20),
  });
  const property = fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
    const store = filled(2_000);
    const count = counted(store, "p");
    for (const { number, what, ms } of steps) {
      store.nowMs += ms;
      const target = { id: `f${number}`, partitionKey: number % 3 === 0 ? "p" : "q" };
      const flow = store.get(target);
      if (what === "slice") count.slice(store.nowMs);
      else if (what === "sweep") store.retentionCleanup();
      else if (what === "claim") store.claimDue("t", { worker: "w", limit: 1 + number % 40 });
      else if (what === "create" && flow === null) {
        store.create(target.id, { type: "t", partitionKey: target.partitionKey });
      } else if (what === "cancel" && flow?.state === "queued") store.cancel(target);
      assertEquals(found(count, store.nowMs), byState(store, "p"));
    }
  });
  assertProperty(property, { file: import.meta.url, runs: 20 });
});

/** Flows in as many states as there are to be stretches. */
function inStates(count: number): CoreStore {
  const store = new CoreStore();
  for (let first = 0; first < count; first += 500) {
    const items = Array.from({ length: Math.min(500, count - first) }, (_, index) => (
      { id: `f${first + index}`, partitionKey: "p", state: `s${first + index}` }
    ));
    store.createMany(items, { type: "t" });
  }
  return store;
}

test("HotCount goes round once more, past what it has counted, some of it in a slice", () => {
  const store = inStates(1_100);
  const count = counted(store, "p");
  let slices = 1;
  while (!count.slice(store.nowMs)) slices++;
  // Eight at a time, and then a thousand that have not changed.
  assertEquals(slices, Math.ceil(1_100 / 8) + 2);
  assertEquals(found(count, store.nowMs), byState(store, "p"));
});

test("HotCount.isShort() says whether one slice counts all", () => {
  assertEquals([8, 9].map((count) => HotCount.isShort(inStates(count).state, "t")), [true, false]);
});
