import fc from "fast-check";
import { isFlowError } from "../../src/errors.ts";
import {
  endedRows,
  type Flow,
  listedRows,
  readSearched,
  relatedRows,
  RowSearch,
} from "../../src/flow/core/mod.ts";
import type { LineageQuery, ListQuery, TerminalsQuery } from "../../src/flow/core/queries/query.ts";
import { positionOf } from "../../src/flow/core/queries/rows.ts";
import type { FlowTable } from "../../src/flow/core/table/flow_table.ts";
import type { FlowRecord } from "../../src/flow/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

/** Flows become cold as soon as time has gone on. */
const AT_ONCE = { hotFlowsMax: 0, aheadMs: 0 };

const LIST: ListQuery = {
  ...{ type: "t", state: null, partitionKey: "p", count: 3 },
  ...{ after: undefined, hydration: null },
};

const ENDED: TerminalsQuery = {
  ...{ type: "t", states: ["completed", "cancelled"], partitionKey: "p", fromMs: undefined },
  ...{ toMs: undefined, rev: true, count: 3, after: undefined, hydration: null },
};

const CHILDREN: LineageQuery = {
  ...{ relation: "parent", id: "p", partitionKey: null, parentPartitionKey: null },
  ...{ groupId: "g", state: null, hasEnded: undefined, fromMs: undefined, toMs: undefined },
  ...{ rev: false, count: 3, after: undefined, hydration: null },
};

const CORRELATED: LineageQuery = {
  ...{ relation: "correlation", id: "c", partitionKey: null, parentPartitionKey: null },
  ...{ groupId: null, state: null, hasEnded: false, fromMs: undefined, toMs: undefined },
  ...{ rev: false, count: 3, after: undefined, hydration: null },
};

function idsOf({ flows }: { readonly flows: readonly Flow[] }): string[] {
  return flows.map(({ identity: { id, partitionKey }, lsn }) => `${partitionKey}/${id}@${lsn}`);
}

const NEW = { type: "t", state: "a", runAtMs: 1e9, retentionTtlMs: 30 };

/** Lets a parent take a flow into a group of one of two names, unless it is in one. */
function adopt(store: CoreStore, { id, partitionKey }: FlowRecord, number: number): void {
  const parent = { id: "p", partitionKey: `of-${number}` };
  store.create("p", { type: "p", partitionKey: parent.partitionKey });
  const groupId = number % 3 === 0 ? "other" : "g";
  try {
    store.spawnChildren(parent, [{ id, partitionKey, ...NEW, idempotent: true }], {
      ...{ groupId, wait: "none", success: "queued", fencingToken: 0 },
      onParentClosed: "abandon_children",
    });
  } catch (error) {
    if (!isFlowError(error, "idempotency_conflict")) throw error;
  }
}

/** What happens between two slices, to the flow with a number. */
const step = fc.record({
  number: fc.nat({ max: 40 }),
  what: fc.constantFrom(
    ...["create", "create", "create", "cancel", "move", "sweep", "look", "adopt"] as const,
  ),
  ms: fc.constantFrom(0, 0, 1, 3),
});

test("RowSearch finds between any changes the rows that a walk over all flows finds", () => {
  let found = 0;
  let passed = 0;
  const property = fc.property(
    fc.array(step, { minLength: 40, maxLength: 120 }),
    fc.array(step, { minLength: 10, maxLength: 40 }),
    fc.record({
      isCold: fc.boolean(),
      kind: fc.constantFrom("list", "ended", "correlated", "children"),
      rev: fc.boolean(),
      count: fc.integer({ min: 1, max: 6 }),
      stepsMax: fc.constantFrom(1, 2, 5, 20),
      fromMs: fc.constantFrom(undefined, undefined, 1_010),
      toMs: fc.constantFrom(undefined, undefined, 1_030),
    }),
    (before, meanwhile, { isCold, kind, stepsMax, count, ...range }) => {
      const store = new CoreStore({ coolingPlan: isCold ? AT_ONCE : undefined });
      const ofParent = kind === "children" ? { parentFlowId: "p", rootFlowId: "p" } : {};
      let parents = 0;
      const act = ({ number, what, ms }: typeof before[number]): void => {
        store.nowMs += ms;
        const partitionKey = number % 3 === 0 ? "p" : "q";
        const id = `f${number}`;
        const flow = store.get({ id, partitionKey });
        if (what === "sweep") store.retentionCleanup();
        else if (flow === null) {
          if (what === "create") {
            const correlationId = kind === "correlated" && number % 2 === 0 ? "c" : undefined;
            store.create(id, {
              ...{ partitionKey, ...NEW },
              ...correlationId && { correlationId },
              ...ofParent,
            });
          }
        } else if (what === "adopt") {
          if (kind === "children") adopt(store, flow, parents++);
        } else if (flow.state !== "a") return;
        else if (what === "cancel") store.cancel({ id, partitionKey });
        else if (what === "move") {
          store.transition({ id, partitionKey }, { from: "a", to: "a", fencingToken: 0 });
        }
      };
      before.forEach(act);
      const { state } = store;
      const rows = kind === "list"
        ? listedRows({ ...LIST, count })
        : kind === "ended"
        ? endedRows({ ...ENDED, ...range, count })
        : kind === "children"
        ? relatedRows({ ...CHILDREN, ...range, count })
        : relatedRows({ ...CORRELATED, ...range, hasEnded: count % 2 === 0, count });
      const search = new RowSearch(state, rows, store.nowMs, stepsMax);
      for (const one of meanwhile) {
        if (!search.slice(store.nowMs)) passed++;
        act(one);
        const read = (within?: RowSearch) => readSearched([state], rows, store.nowMs, () => within);
        const wanted = idsOf(read());
        assertEquals(idsOf(read(search)), wanted);
        found += wanted.length;
      }
    },
  );
  assertProperty(property, { file: import.meta.url, runs: 400 });
  assert(found > 5_000 && passed > 500, `${found} rows were found, ${passed} slices were full`);
});

test("RowSearch looks at no more flows in a slice than it was told to", () => {
  const store = new CoreStore();
  for (let number = 0; number < 4_000; number++) {
    store.nowMs += 1;
    store.create(`f${number}`, { type: "t", partitionKey: number === 3_600 ? "p" : "q" });
  }
  store.nowMs += 1;
  const [made, passed] = [
    countCalls(store.state.table, "at"),
    countCalls(store.state.table, "isIn"),
  ];
  const search = new RowSearch(store.state, listedRows(LIST), store.nowMs, 100);
  let slices = 1;
  for (; !search.slice(store.nowMs); slices++) {
    // Objects are made of few of those that are in other partitions.
    assert(made.take() <= 101, "in a slice there are 100 steps");
    assert(passed.take() <= 808, "a step is past eight flows at most");
  }
  assertEquals(slices, 6);
  made.take();
  passed.take();
  const { flows } = readSearched([store.state], listedRows(LIST), store.nowMs, () => search);
  assertEquals(flows.map(({ identity }) => identity.id), ["f3600"]);
  assert(made.take() <= 1 && passed.take() <= 8, "at the end hardly anything is looked at again");
});

test("RowSearch looks for children of a group a little at a time, and begins anew if flows come into one", () => {
  const store = new CoreStore();
  const child = { ...NEW, parentFlowId: "p", rootFlowId: "p", partitionKey: "q" };
  for (let number = 0; number < 1_000; number++) {
    store.nowMs += 1;
    store.create(`f${number}`, child);
  }
  store.nowMs += 1;
  const made = countCalls(store.state.table, "at");
  const rows = relatedRows(CHILDREN);
  const search = (between: (slice: number) => void): number => {
    const found = new RowSearch(store.state, rows, store.nowMs, 100);
    let slices = 1;
    for (made.take(); !found.slice(store.nowMs); slices++) {
      assert(made.take() <= 101, "in a slice there are 100 steps");
      between(slices);
      made.take();
    }
    const { flows } = readSearched([store.state], rows, store.nowMs, () => found);
    assertEquals(idsOf({ flows }), idsOf(readSearched([store.state], rows, store.nowMs)));
    return slices;
  };
  assertEquals(search(() => {}), 11);
  let parents = 0;
  const take = (number: number) =>
    adopt(store, store.get({ id: `f${number}`, partitionKey: "q" })!, parents++);
  assertEquals(search((slice) => slice === 5 && take(3)), 16);
  assertEquals(search((slice) => take(10 + slice)), 5);
});

test("RowSearch that begins anew does so behind the row that was the last of a page", () => {
  const store = new CoreStore();
  const child = { ...NEW, parentFlowId: "p", rootFlowId: "p", partitionKey: "q" };
  for (let number = 0; number < 600; number++) {
    store.nowMs += 1;
    store.create(`f${number}`, child);
  }
  store.nowMs += 1;
  const flow = (number: number) => store.get({ id: `f${number}`, partitionKey: "q" })!;
  const after = positionOf(store.state.table.find("q", "f300")!);
  const rows = relatedRows({ ...CHILDREN, after });
  const search = new RowSearch(store.state, rows, store.nowMs, 100);
  assertEquals(search.slice(store.nowMs), false);
  // A row now, and before those that are wanted.
  adopt(store, flow(3), 1);
  adopt(store, flow(500), 2);
  while (!search.slice(store.nowMs));
  const { flows } = readSearched([store.state], rows, store.nowMs, () => search);
  assertEquals(idsOf({ flows }), idsOf(readSearched([store.state], rows, store.nowMs)));
});

test("RowSearch reads few cold flows in a slice", () => {
  const store = new CoreStore({ coolingPlan: AT_ONCE });
  for (let number = 0; number < 40; number++) {
    store.nowMs += 1;
    store.create(`f${number}`, { type: "t", partitionKey: "p", runAtMs: 1e9 });
  }
  store.nowMs += 10_000;
  store.create("last", { type: "u", partitionKey: "q" });
  assertEquals(store.state.cold.size, 40);
  const rows = listedRows({ ...LIST, count: 29 });
  const search = new RowSearch(store.state, rows, store.nowMs, 100);
  let slices = 1;
  while (!search.slice(store.nowMs)) slices++;
  assert(slices >= 10, `${slices} slices`);
  const { flows } = readSearched([store.state], rows, store.nowMs, () => search);
  assertEquals(flows.length, 29);
});

/** Counts the calls of a method of an object. */
function countCalls<Name extends "at" | "isIn">(table: FlowTable, name: Name) {
  let count = 0;
  const method = table[name] as (...given: unknown[]) => unknown;
  Object.assign(table, {
    [name]: (...given: unknown[]) => {
      count++;
      return method.apply(table, given);
    },
  });
  return {
    /** How many there were since it was last asked. */
    take(): number {
      const taken = count;
      count = 0;
      return taken;
    },
  };
}

test("RowSearch stops among cold flows of other partitions, too", () => {
  const store = new CoreStore({ coolingPlan: AT_ONCE });
  for (let number = 0; number < 3_000; number++) {
    if (number % 10 === 0) store.nowMs += 1;
    store.create(`f${number}`, {
      type: "t",
      partitionKey: number === 2_500 ? "p" : `q${number}`,
      runAtMs: 1e9,
    });
  }
  store.nowMs += 10_000;
  store.create("last", { type: "t", partitionKey: "q" });
  assert(store.state.cold.size >= 3_000, `${store.state.cold.size} are cold`);
  const search = new RowSearch(store.state, listedRows(LIST), store.nowMs, 1);
  let slices = 1;
  for (; !search.slice(store.nowMs); slices++);
  assert(slices > 5 && slices < 50, `${slices} slices`);
  const { flows } = readSearched([store.state], listedRows(LIST), store.nowMs, () => search);
  assertEquals(flows.map(({ identity }) => identity.id), ["f2500"]);
});
