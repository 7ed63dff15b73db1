/**
 * Values that come with the rows of a query.
 *
 * @module
 */
import type { FlowRecord, FlowStore, Page, RowsOptions } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import { badBooleans, badIntegers } from "./bad_argument.ts";
import type { ConformanceCase } from "./case.ts";
import { idsOf, JOB, owner } from "./leasing.ts";
import { eachPage } from "./pages.ts";

/** What stands before the options of each query for rows. */
const SUBJECTS = {
  list: JOB,
  terminals: JOB,
  failures: JOB,
  byParent: "origin",
  byRoot: "origin",
  byCorrelation: "origin",
} as const;

type Query = keyof typeof SUBJECTS;

const QUERIES = Object.keys(SUBJECTS) as Query[];

/** The overloads of all queries as one. */
interface Ask {
  (
    subject: string,
    options: RowsOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  (subject: string, options: RowsOptions): Promise<FlowRecord[]>;
}

function rows(store: FlowStore, query: Query, options: RowsOptions): Promise<FlowRecord[]> {
  return (store[query] as Ask)(SUBJECTS[query], options);
}

/** Flows that every one of the queries finds, with a payload of so many bytes, an error and a name. */
async function failedFlows(
  store: FlowStore,
  ids: readonly string[],
  payloadBytes = 8,
): Promise<void> {
  await store.createMany(ids, {
    type: JOB,
    parentFlowId: "origin",
    rootFlowId: "origin",
    correlationId: "origin",
    payload: new Uint8Array(payloadBytes),
    values: { x: 1, y: 2 },
  });
  const flows = await store.claimDue(JOB, { worker: "worker-1", limit: ids.length });
  for (const flow of flows) await store.fail(flow, { ...owner(flow), error: flow.id });
}

/** The flows of all pages. */
function pagesOf(
  store: FlowStore,
  query: Query,
  options: RowsOptions,
): Promise<(readonly FlowRecord[])[]> {
  return Array.fromAsync(
    eachPage((cursor) => (store[query] as Ask)(SUBJECTS[query], { ...options, cursor })),
  );
}

/** As many bytes as one answer may have. */
const LIMITED = { needs: ["limits"], settings: { limits: { claimBytesMax: 100 } } } as const;

/** Values of `list()`, `terminals()`, `failures()` and the queries by relation. */
export const rowValuesCases: readonly ConformanceCase[] = [
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() shows payload, result, error and named values only if asked`,
    async run({ store }) {
      await failedFlows(store, ["a", "b"]);
      for (const flow of await rows(store, query, {})) {
        holds(!("payload" in flow || "error" in flow || "values" in flow), "Nobody has asked");
      }
      for (const options of [{ full: true }, { payload: true }, { payload: true, full: false }]) {
        for (const flow of await rows(store, query, options)) {
          shows(flow, { payload: new Uint8Array(8), payloadSize: 8, error: flow.id });
          holds(!("values" in flow), "Nobody has asked for what has a name");
        }
      }
      const named = await rows(store, query, { values: ["y"] });
      same(named.map(({ values }) => values), [{ y: 2 }, { y: 2 }]);
      holds(named.every((flow) => !("payload" in flow)), "Nobody has asked for the payload");
      const page = await (store[query] as Ask)(SUBJECTS[query], {
        full: true,
        values: true,
        cursor: null,
      });
      for (const flow of page.items) shows(flow, { error: flow.id, values: { x: 1, y: 2 } });
    },
  })),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() with payloadMaxBytes leaves each larger value out, and says how large it is`,
    async run({ store }) {
      await failedFlows(store, ["a"]);
      const [flow] = await rows(store, query, { full: true, payloadMaxBytes: 7 });
      shows(flow, { payloadOmitted: true, payloadSize: 8, payload: undefined, error: "a" });
    },
  })),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() with values reads 1,000 rows at most`,
    async run({ store }) {
      for (const options of [{ full: true }, { payload: true }, { values: true }]) {
        await refused(() => rows(store, query, { ...options, count: 1_001 }), "limit_exceeded", {
          field: "count",
          value: 1_001,
          limit: 1_000,
        });
        same(await rows(store, query, { ...options, count: 1_000 }), []);
      }
      const bad = [
        ...badBooleans("full", "payload"),
        ...badIntegers("payloadMaxBytes", 0, Number.MAX_SAFE_INTEGER),
      ];
      for (const { name, value } of bad) {
        const options = { [name]: value } as RowsOptions;
        await refused(() => rows(store, query, options), "invalid_argument", { field: name });
      }
    },
  })),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `a page of ${query}() ends before its values are more than claimBytesMax`,
    ...LIMITED,
    async run({ store }) {
      const ids = ["a", "b", "c", "d", "e"];
      await failedFlows(store, ids, 40);
      const pages = await pagesOf(store, query, { full: true, count: 4, payloadMaxBytes: 40 });
      // Two payloads and their errors; three payloads are too much.
      same(pages.map(({ length }) => length), [2, 2, 1]);
      same(idsOf(pages.flat()).sort(), ids);
      for (const flow of pages.flat()) shows(flow, { payload: new Uint8Array(40), error: flow.id });
      const capped = await pagesOf(store, query, { full: true, count: 4, payloadMaxBytes: 39 });
      same(capped.map(({ length }) => length), [4, 1]);
    },
  })),
  ...QUERIES.map((query): ConformanceCase => ({
    name: `${query}() without pages is refused if its values are more than claimBytesMax`,
    ...LIMITED,
    async run({ store }) {
      await failedFlows(store, ["a", "b", "c"], 40);
      const options = { full: true, payloadMaxBytes: 40 };
      await refused(() => rows(store, query, options), "too_large", {
        field: "count",
        rows: 2,
        limit: 120,
      });
      same((await rows(store, query, { ...options, count: 2 })).length, 2);
    },
  })),
  {
    name: "values come along also of flows to which nothing has happened for long",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const ids = ["a", "b", "c"];
      await store.createMany(ids, { type: JOB, payload: "in", values: { x: 1 } });
      const flows = await store.claimDue(JOB, { worker: "worker-1", limit: 3 });
      for (const flow of flows) await store.complete(flow, { ...owner(flow), result: flow.id });
      await context.advance(3_600_000);
      for (const query of ["list", "terminals"] as const) {
        const found = await rows(store, query, { full: true, values: true });
        same(idsOf(found), ids);
        for (const flow of found) shows(flow, { payload: "in", result: flow.id, values: { x: 1 } });
        same((await pagesOf(store, query, { full: true, count: 1 })).map(idsOf), [
          ["a"],
          ["b"],
          ["c"],
        ]);
      }
    },
  },
  {
    name: "a page has at least one row, with what there is room for",
    ...LIMITED,
    async run({ store }) {
      const values = { x: new Uint8Array(60), y: new Uint8Array(60) };
      await store.createMany(["a", "b"], { type: JOB, values });
      const pages = await pagesOf(store, "list", { values: true });
      same(pages.map(idsOf), [["a"], ["b"]]);
      for (const flow of pages.flat()) {
        shows(flow, { values: { x: new Uint8Array(60) }, valuesOmitted: ["y"] });
      }
      const large = { full: true, payloadMaxBytes: 1_000 };
      await store.create("c", { type: JOB, payload: new Uint8Array(1_000), state: "s" });
      const [flow] = await store.list(JOB, { ...large, state: "s" });
      shows(flow, { payload: new Uint8Array(1_000) });
    },
  },
];
