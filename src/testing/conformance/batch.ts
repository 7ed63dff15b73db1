/**
 * One command over many flows.
 *
 * @module
 */
import {
  type BatchOutcome,
  FlowBatchError,
  type FlowRecord,
  type FlowStore,
  type Guard,
} from "../../flow/mod.ts";
import { fail, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { create, eventsOf, JOB, owner } from "./leasing.ts";

/** Items that quote leases, as every command over leased flows takes them. */
type Item = { readonly id: string; readonly partitionKey?: string } & Guard;

/** A command over many flows. */
interface Many {
  /** Its name. */
  readonly command: string;
  /** The state in which it leaves a flow. */
  readonly leaves: string;
  /** The event that it adds. */
  readonly event: string;
  /** Gives the command. */
  call(store: FlowStore, items: readonly Item[], options?: object): Promise<FlowRecord[]>;
}

const MANY: readonly Many[] = [
  {
    command: "completeMany",
    leaves: "completed",
    event: "completed",
    call: (store, items, options) => store.completeMany(items, options),
  },
  {
    command: "failMany",
    leaves: "failed",
    event: "failed",
    call: (store, items, options) => store.failMany(items, options),
  },
  {
    command: "retryMany",
    leaves: "queued",
    event: "retry",
    call: (store, items, options) => store.retryMany(items, options),
  },
  {
    command: "transitionMany",
    leaves: "moved",
    event: "transitioned",
    call: (store, items, options) =>
      store.transitionMany(items, { from: "running", to: "moved", ...options }),
  },
  {
    command: "cancelMany",
    leaves: "cancelled",
    event: "cancelled",
    call: (store, items, options) => store.cancelMany(items, options),
  },
];

/** Creates flows of partition p and leases them; resolves to the items that quote their leases. */
async function leasedItems(store: FlowStore, ids: readonly string[]): Promise<Item[]> {
  await store.createMany(ids, { type: JOB, partitionKey: "p" });
  const flows = await store.claimDue(JOB, { worker: "worker-1", limit: ids.length });
  return flows.map((flow) => ({ id: flow.id, ...owner(flow) }));
}

/** Asserts that a batch is refused as a whole; resolves to what it says about each item. */
async function refusedBatch(
  call: () => Promise<unknown>,
  code: Parameters<typeof refused>[1],
  index: number,
): Promise<readonly BatchOutcome[]> {
  const error = await refused(call, code, { index });
  if (!(error instanceof FlowBatchError)) return fail(`Expected a FlowBatchError, got ${error}`);
  return error.outcomes;
}

/** How an outcome ended: the state of the record, or the code of the error. */
function endOf(outcome: unknown): string {
  const { ok, record, error } = outcome as {
    ok: boolean;
    record?: FlowRecord;
    error?: { code: string };
  };
  return ok ? record!.state : error!.code;
}

/** Commands over many flows. */
export const batchCases: readonly ConformanceCase[] = [
  {
    name:
      "createMany() takes ids and items, and resolves to their records in the order of the call",
    async run({ store }) {
      const common = { type: JOB, state: "s", priority: 1, payload: "common" } as const;
      const flows = await store.createMany(
        ["c", { id: "a", state: "t", priority: 2, payload: "own" }, { id: "b", type: "other" }],
        common,
      );
      same(flows.map(({ id, type, state, priority }) => [id, type, state, priority]), [
        ["c", JOB, "s", 1],
        ["a", JOB, "t", 2],
        ["b", "other", "s", 1],
      ]);
      for (const [id, payload] of [["c", "common"], ["a", "own"], ["b", "common"]] as const) {
        shows(await store.get(id, { payload: true }), { payload, version: 1 });
      }
      same(await eventsOf(store, "a"), ["created"]);
    },
  },
  {
    name: "createMany() takes every option of create(), in an item and for all of them",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const options = {
        type: JOB,
        state: "s",
        partitionKey: "p",
        runAtMs: 7,
        priority: 2,
        values: { note: 1 },
        parentFlowId: "parent",
        rootFlowId: "root",
        correlationId: "order",
        attributes: { size: 1 },
        retentionTtlMs: 9,
        historyMaxEvents: 3,
      } as const;
      const { runAtMs, values, ...rest } = options;
      const { ref } = await store.valuePut("shared");
      const links = { payloadRef: ref, valueRefs: { link: ref } };
      const [item] = await store.createMany([{ id: "a", ...options, ...links, idempotent: true }]);
      const [common] = await store.createMany(["b"], {
        ...options,
        ...links,
        idempotent: true,
        nowMs: nowMs + 5,
      });
      shows(item, { ...rest, nextRunAtMs: runAtMs });
      shows(common, { ...rest, nextRunAtMs: runAtMs, createdAtMs: nowMs + 5 });
      for (const id of ["a", "b"]) {
        const all = { payload: true, values: true };
        shows(await store.get(id, all), {
          payload: "shared",
          values: { ...values, link: "shared" },
        });
      }
    },
  },
  {
    name:
      "createMany() is all or nothing: one id that is there refuses all, the others say not_applied, and nothing is created",
    async run({ store }) {
      await create(store, "b", { partitionKey: "p" });
      const outcomes = await refusedBatch(
        () => store.createMany(["a", "b", "c"], { type: JOB, partitionKey: "p" }),
        "already_exists",
        1,
      );
      same(outcomes.map(endOf), ["not_applied", "already_exists", "not_applied"]);
      same(await Promise.all(["a", "c"].map((id) => store.get(id))), [null, null]);
      same(await store.history("a"), []);
    },
  },
  {
    name:
      "createMany() with idempotent creates what is new and finds what the same request had created",
    async run({ store }) {
      const request = { type: JOB, partitionKey: "p", idempotent: true };
      const [old] = await store.createMany(["a"], request);
      const flows = await store.createMany(["b", "a"], request);
      same(flows.map(({ id, version }) => [id, version]), [["b", 1], ["a", 1]]);
      same(flows[1], old);
      const conflicting = [{ id: "c" }, { id: "a", state: "other" }];
      await refusedBatch(
        () => store.createMany(conflicting, request),
        "idempotency_conflict",
        1,
      );
      same(await store.get("c"), null);
    },
  },
  {
    name:
      "createMany() with independent lets every item stand alone; of an id that repeats the first wins",
    async run({ store }) {
      await create(store, "there", { state: "old" });
      const outcomes = await store.createMany(["a", "there", "a", "b"], {
        type: JOB,
        independent: true,
      });
      same(outcomes.map(endOf), ["queued", "already_exists", "already_exists", "queued"]);
      shows(await store.get("there"), { state: "old" });
    },
  },
  {
    name: "a bad item refuses the whole call, also with independent: nothing is applied",
    async run({ store }) {
      for (const independent of [false, true]) {
        await refused(
          () =>
            store.createMany([{ id: "a" }, { id: "b", priority: 3 as 2 }], {
              type: JOB,
              independent,
            }),
          "invalid_argument",
          { field: "items[1].priority", value: 3, index: 1 },
        );
        await refused(
          () => store.createMany([{ id: "a", type: JOB }, { id: "b" }], { independent }),
          "invalid_argument",
          { field: "items[1].type", index: 1 },
        );
        const large = { payload: new Uint8Array(17 * 1_048_576) };
        for (
          const [item, code] of [
            [{ id: "x".repeat(1_025) }, "too_large"],
            [{ id: "b", ...large }, "too_large"],
            [{ id: "b", payload: 1n }, "invalid_argument"],
            [{ id: "b", state: "running" }, "running_reserved"],
            [{ id: "b", unknown: 1 }, "invalid_argument"],
            [7, "invalid_argument"],
          ] as const
        ) {
          const items = ["a", item as never, "c"];
          const call = () => store.createMany(items, { type: JOB, independent });
          await refused(call, code, { index: 1 });
        }
        // An option of all items is no item's.
        const error = await refused(
          () => store.createMany(["a", "b"], { type: JOB, priority: 3 as 2, independent }),
          "invalid_argument",
          { field: "priority" },
        );
        same(error.details["index"], undefined);
      }
      same(await store.get("a"), null);
    },
  },
  {
    name: "a batch has at least one item, and 1,000 at most",
    async run({ store }) {
      const ids = Array.from({ length: 1_001 }, (_, n) => `${n}`);
      await refused(() => store.createMany(ids, { type: JOB }), "limit_exceeded", {
        field: "items.length",
        value: 1_001,
        limit: 1_000,
      });
      const flows = await store.createMany(ids.slice(1), { type: JOB });
      same(flows.map(({ id }) => id), ids.slice(1));
      for (const { call } of MANY) {
        await refused(() => call(store, []), "invalid_argument", { field: "items" });
        const items = ids.map((id) => ({ id, leaseToken: "1-1", fencingToken: 1 }));
        await refused(() => call(store, items), "limit_exceeded", { field: "items.length" });
      }
    },
  },
  {
    name: "a flow that stands twice in a batch is refused with duplicate_id, unless independent",
    async run({ store }) {
      await refused(() => store.createMany(["a", "b", "a"], { type: JOB }), "duplicate_id", {
        field: "items[2].id",
        index: 2,
      });
      const items = await leasedItems(store, ["a", "b"]);
      const twice = [...items, items[0]!];
      for (const { call } of MANY) {
        await refused(() => call(store, twice), "duplicate_id", { index: 2 });
      }
      shows(await store.get("a"), { version: 2 });
      const outcomes = await store.completeMany(twice, { independent: true });
      same(outcomes.map(endOf), ["completed", "completed", "stale_lease"]);
    },
  },
  {
    name: "a flow that stands in a batch by its id and by its partition is there twice",
    async run({ store }) {
      const [item] = await leasedItems(store, ["a"]);
      const named = { ...item!, partitionKey: "p" };
      await refused(() => store.completeMany([item!, named]), "duplicate_id", { index: 1 });
      shows(await store.get("a"), { state: "running" });
    },
  },
  {
    name: "the same id in two partitions is two flows, also in a batch",
    async run({ store }) {
      const flows = await store.createMany(
        ["p", "q"].map((partitionKey) => ({ id: "a", partitionKey })),
        { type: JOB },
      );
      same(flows.map(({ partitionKey }) => partitionKey), ["p", "q"]);
    },
  },
  {
    name: "a batch for a partition refuses an item that names another one with partition_mismatch",
    async run({ store }) {
      const details = { field: "items[1].partitionKey", value: "q", limit: "p" };
      await refused(
        () =>
          store.createMany([{ id: "a", partitionKey: "p" }, { id: "b", partitionKey: "q" }], {
            type: JOB,
            partitionKey: "p",
          }),
        "partition_mismatch",
        details,
      );
      const items = await leasedItems(store, ["a", "b"]);
      const mixed = [items[0]!, { ...items[1]!, partitionKey: "q" }];
      for (const { call } of MANY) {
        await refused(
          () => call(store, mixed, { partitionKey: "p" }),
          "partition_mismatch",
          details,
        );
      }
      shows(await store.get("a"), { state: "running", version: 2 });
    },
  },
  {
    name: "a batch for a partition finds its flows there",
    async run({ store }) {
      const items = await leasedItems(store, ["a", "b"]);
      for (const { call } of MANY) {
        await refused(() => call(store, items, { partitionKey: "q" }), "not_found", { index: 0 });
      }
    },
  },
  ...MANY.map(({ command, leaves, call }): ConformanceCase => ({
    name: `${command}() for a partition, of items that name the same one or none`,
    async run({ store }) {
      const [a, b] = await leasedItems(store, ["a", "b"]);
      const flows = await call(store, [{ ...a!, partitionKey: "p" }, b!], { partitionKey: "p" });
      same(flows.map(({ id, state }) => [id, state]), [["a", leaves], ["b", leaves]]);
    },
  })),
  ...MANY.map(({ command, leaves, event, call }): ConformanceCase => ({
    name:
      `${command}() resolves to the records in the order of the call, one version and event each`,
    async run({ store }) {
      const items = await leasedItems(store, ["a", "b", "c"]);
      const flows = await call(store, items.toReversed());
      same(flows.map(({ id, state, version }) => [id, state, version]), [
        ["c", leaves, 3],
        ["b", leaves, 3],
        ["a", leaves, 3],
      ]);
      same(await eventsOf(store, "b"), ["created", "claimed", event]);
    },
  })),
  ...MANY.map(({ command, call }): ConformanceCase => ({
    name:
      `${command}() is all or nothing: the first item that is refused says why, each says its own, and nothing changes`,
    async run({ store }) {
      const items = await leasedItems(store, ["a", "b", "c"]);
      const wrong = [
        items[0]!,
        { ...items[1]!, fencingToken: 9 },
        { ...items[2]!, id: "none" },
      ];
      const outcomes = await refusedBatch(() => call(store, wrong), "stale_lease", 1);
      same(outcomes.map(endOf), ["not_applied", "stale_lease", "not_found"]);
      const [first] = outcomes;
      const said = first?.ok === false ? first.error.details : fail("The first item was applied");
      same(said, { index: 1, refusedWith: "stale_lease" }, "What the others hear");
      for (const { id } of items) shows(await store.get(id), { state: "running", version: 2 });
    },
  })),
  ...MANY.map(({ command, leaves, call }): ConformanceCase => ({
    name:
      `${command}() with independent resolves to one outcome per item, in the order of the call`,
    async run({ store }) {
      const items = await leasedItems(store, ["a", "b", "c"]);
      const mixed = [{ ...items[0]!, fencingToken: 9 }, items[1]!, { ...items[2]!, id: "none" }];
      const outcomes: unknown[] = await call(store, mixed, { independent: true });
      same(outcomes.map(endOf), ["stale_lease", leaves, "not_found"]);
      shows(await store.get("a"), { state: "running", version: 2 });
    },
  })),
  {
    name: "independent items see what those before them have done",
    async run({ store }) {
      await create(store, "a", { state: "s" });
      const item = { id: "a", fencingToken: 0 };
      const outcomes = await store.transitionMany([
        { ...item, from: "s", to: "t" },
        { ...item, from: "t", to: "u" },
        { ...item, from: "s", to: "v" },
      ], { independent: true });
      same(outcomes.map(endOf), ["t", "u", "wrong_state"]);
      shows(await store.get("a"), { state: "u", version: 3 });
    },
  },
];
