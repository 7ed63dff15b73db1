/**
 * Reading flows by their relations.
 *
 * @module
 */
import type { ByParentOptions, FlowRecord, FlowStore } from "../../flow/mod.ts";
import { refused, same } from "./assertion.ts";
import { badBooleans, badCounts, badIntegers, badTexts, INSTANT_MS_MAX } from "./bad_argument.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { family, spawn } from "./family.ts";
import { claimOne, create, idsOf } from "./leasing.ts";
import { eachPage } from "./pages.ts";

const QUERIES = ["byParent", "byRoot", "byCorrelation"] as const;
type Query = typeof QUERIES[number];

/** Calls a query, with options that not all of them have. */
function ask(store: FlowStore, query: Query, options: ByParentOptions = {}): Promise<FlowRecord[]> {
  return store[query]("origin", options);
}

/**
 * Flows a to e, ten milliseconds apart, that all stem from "origin" in each of the three ways; b is
 * leased, c has been cancelled, e is in partition p. None of them is the root itself.
 */
async function relatives(context: ConformanceContext): Promise<void> {
  const { store } = context;
  const relation = { parentFlowId: "origin", rootFlowId: "origin", correlationId: "origin" };
  for (const id of ["a", "b", "c", "d", "e"]) {
    const partition = id === "e" ? { partitionKey: "p" } : {};
    await create(store, id, { ...relation, ...partition, state: id });
    if (id === "b") await claimOne(store, { state: "b" });
    if (id === "c") await store.cancel("c");
    await context.advance(10);
  }
  await create(store, "stranger", { parentFlowId: "x", rootFlowId: "x", correlationId: "x" });
}

/** The flows that every one of the three queries finds with these options. */
function found(
  name: string,
  optionsOf: (startMs: number) => ByParentOptions,
  expected: readonly string[],
): ConformanceCase[] {
  return QUERIES.map((query): ConformanceCase => ({
    name: `${query}() ${name}`,
    needs: ["manualClock"],
    async run(context) {
      const startMs = context.nowMs;
      await relatives(context);
      same(idsOf(await ask(context.store, query, optionsOf(startMs))), [...expected]);
    },
  }));
}

const ALL = ["a", "b", "c", "d", "e"];

/** `byParent()`, `byRoot()` and `byCorrelation()`. */
export const lineageCases: readonly ConformanceCase[] = [
  ...found("reads related flows of every state and partition, by last change", () => ({}), ALL),
  ...found("with a state", () => ({ state: "d" }), ["d"]),
  ...found("with state running reads those that are leased", () => ({ state: "running" }), ["b"]),
  ...found("with state any reads all", () => ({ state: "any" }), ALL),
  ...found("with terminalOnly reads those that have ended", () => ({ terminalOnly: true }), ["c"]),
  ...found("with activeOnly reads those that have not", () => ({ activeOnly: true }), [
    "a",
    "b",
    "d",
    "e",
  ]),
  ...found("with a partition reads those in it", () => ({ partitionKey: "p" }), ["e"]),
  ...found("with fromMs and toMs, both included", (startMs) => ({
    fromMs: startMs + 10,
    toMs: startMs + 30,
  }), ["b", "c", "d"]),
  ...found("with rev reads the latest first", () => ({ rev: true }), ALL.toReversed()),
  ...found("with count reads the first so many that pass", () => ({ count: 1, activeOnly: true }), [
    "a",
  ]),
  ...found("that may lag shows what was acknowledged long ago", () => ({ consistent: false }), ALL),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() with a cursor reads page by page, forward and back`,
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await relatives(context);
      for (const rev of [false, true]) {
        const pages = await Array.fromAsync(
          eachPage((cursor) => store[query]("origin", { count: 2, rev, cursor, activeOnly: true })),
        );
        same(pages.map(idsOf), rev ? [["e", "d"], ["b", "a"]] : [["a", "b"], ["d", "e"]]);
      }
    },
  })),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() finds nothing of nobody, and refuses what is wrong`,
    async run({ store }) {
      same(await store[query]("none"), []);
      same(await store[query]("none", { cursor: null }), { items: [], cursor: null });
      const call = (id: unknown, options?: unknown): Promise<unknown> =>
        (store[query] as (id: unknown, options?: unknown) => Promise<unknown>)(id, options);
      const bad = [
        ...badTexts("partitionKey", "state"),
        ...badCounts("count", 10_000),
        ...badIntegers("fromMs", 0, INSTANT_MS_MAX),
        ...badIntegers("toMs", 0, INSTANT_MS_MAX),
        ...badBooleans("terminalOnly", "activeOnly", "rev", "consistent"),
        { name: "cursor", value: "x" },
        { name: "zebra", value: 1 },
        ...query === "byParent" ? badTexts("parentPartitionKey", "groupId") : [],
        ...query === "byRoot" ? [{ name: "groupId", value: "g" }] : [],
      ];
      for (const { name, value, code = "invalid_argument" } of bad) {
        await refused(() => call("a", { [name]: value }), code, { field: name });
      }
      await refused(() => call("a", { fromMs: 2, toMs: 1 }), "invalid_argument", {
        field: "fromMs",
      });
      await refused(() => call("a", { terminalOnly: true, activeOnly: true }), "invalid_argument", {
        field: "activeOnly",
      });
      for (const id of ["", 7, null]) {
        await refused(() => call(id), "invalid_argument", { field: "id" });
      }
    },
  })),
  {
    name:
      "byParent() with a group, and with the partition of the parent, reads those children only",
    async run({ store }) {
      for (const partitionKey of ["q", "r"]) {
        await create(store, "p", { partitionKey });
        const options = {
          type: "job",
          waitState: "w",
          success: "s",
          failure: "f",
          fencingToken: 0,
        };
        const parent = { id: "p", partitionKey };
        await store.spawnChildren(parent, [`${partitionKey}1`], { ...options, groupId: "g" });
        await store.spawnChildren(parent, [`${partitionKey}2`], { ...options, groupId: "h" });
      }
      await create(store, "plain", { parentFlowId: "p" });
      const read = async (options?: ByParentOptions) =>
        idsOf(await store.byParent("p", options)).sort();
      same(await read(), ["plain", "q1", "q2", "r1", "r2"]);
      same(await read({ groupId: "h" }), ["q2", "r2"]);
      same(await read({ parentPartitionKey: "q" }), ["q1", "q2"]);
      same(await read({ parentPartitionKey: "q", groupId: "g" }), ["q1"]);
      same(await read({ groupId: "none" }), []);
    },
  },
  {
    name: "byParent() reads children, not grandchildren; byRoot() reads all, and the root itself",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await spawn(store, "a", ["b"]);
      same(idsOf(await store.byParent("p")), ["a"]);
      same(idsOf(await store.byRoot("p")).sort(), ["a", "b", "p"]);
      same(idsOf(await store.byRoot("a")), []);
      same(idsOf(await store.byRoot("p", { state: "b" })), ["b"]);
    },
  },
  {
    name: "what is past its retention is no relative any more",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", {
        parentFlowId: "origin",
        rootFlowId: "origin",
        correlationId: "origin",
      });
      await store.cancel("a", { ttlMs: 10 });
      await context.advance(10);
      for (const query of QUERIES) same(await ask(store, query), []);
    },
  },
  {
    name:
      "byParent() of a group, or with the partition of the parent, is about the parent as it is now",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const { partitionKey } = await family(store, "p", ["a", "b"]);
      await store.cancel("p", { ttlMs: 10 });
      await context.advance(10);
      const ofGroup = async () => idsOf(await store.byParent("p", { groupId: "g" })).sort();
      // Nobody else has its id yet.
      same(await ofGroup(), ["a", "b"]);
      await create(store, "p", { partitionKey });
      same(await ofGroup(), []);
      await spawn(store, "p", ["c"]);
      same(await ofGroup(), ["c"]);
      const ofParent = { parentPartitionKey: partitionKey };
      same(idsOf(await store.byParent("p", ofParent)), ["c"]);
      same(idsOf(await store.byParent("p")).sort(), ["a", "b", "c"]);
    },
  },
  {
    name: "relations are there when the store is closed and opened again",
    needs: ["durable", "manualClock"],
    async run(context) {
      await relatives(context);
      await context.reopen();
      for (const query of QUERIES) same(idsOf(await ask(context.store, query)), ALL);
    },
  },
];
