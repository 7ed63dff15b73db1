/**
 * The options of commands over many flows: for all items, and for one.
 *
 * @module
 */
import type { FlowStore, Guard, ValueChangeOptions } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { JOB, owner } from "./leasing.ts";

/** Two leased flows as items of a batch, and how their named values are to change. */
interface TwoItems {
  /** The item that says for itself what is to happen. */
  readonly own: { readonly id: string } & Guard;
  /** The item that leaves it to the common options. */
  readonly common: { readonly id: string } & Guard;
  /** What the first item says about named values. */
  readonly ownChanges: ValueChangeOptions;
  /** What the common options say about named values. */
  readonly commonChanges: ValueChangeOptions;
}

async function twoItems(store: FlowStore): Promise<TwoItems> {
  const values = { held: "old", dropped: 1 };
  await store.createMany(["own", "common"], { type: JOB, payload: "old", values, runAtMs: 0 });
  const [common, own] = await store.claimDue(JOB, { worker: "worker-1", limit: 2 });
  const changes = async (name: string) => ({
    values: { held: name },
    overrideValues: ["held"],
    valueRefs: { link: (await store.valuePut(`link of ${name}`)).ref },
  });
  return {
    own: { id: "own", ...owner(own!) },
    common: { id: "common", ...owner(common!) },
    ownChanges: { ...await changes("own"), dropValues: [] },
    commonChanges: { ...await changes("common"), dropValues: ["dropped"] },
  };
}

/** The named values of both flows after their changes. */
const OWN_VALUES = { held: "own", dropped: 1, link: "link of own" };
const COMMON_VALUES = { held: "common", link: "link of common" };

/** What an item says wins over what the batch says. */
export const batchOptionCases: readonly ConformanceCase[] = [
  {
    name: "completeMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { own, common, ownChanges, commonChanges } = await twoItems(store);
      await store.completeMany(
        [
          { ...own, result: 1, payload: "own", ttlMs: 5, ...ownChanges },
          common,
        ],
        { result: 2, payload: "new", ttlMs: 7, ...commonChanges, nowMs: nowMs + 1 },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        result: 1,
        payload: "own",
        retentionTtlMs: 5,
        updatedAtMs: nowMs + 1,
        values: OWN_VALUES,
      });
      shows(await store.get("common", all), {
        result: 2,
        payload: "new",
        retentionTtlMs: 7,
        values: COMMON_VALUES,
      });
    },
  },
  {
    name: "failMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { own, common, ownChanges, commonChanges } = await twoItems(store);
      await store.failMany(
        [{ ...own, error: 1, payload: "own", ttlMs: 5, ...ownChanges }, common],
        {
          error: 2,
          payload: "new",
          ttlMs: 7,
          ...commonChanges,
          nowMs: nowMs + 1,
        },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        error: 1,
        payload: "own",
        retentionTtlMs: 5,
        values: OWN_VALUES,
      });
      shows(await store.get("common", all), {
        error: 2,
        payload: "new",
        retentionTtlMs: 7,
        updatedAtMs: nowMs + 1,
        values: COMMON_VALUES,
      });
    },
  },
  {
    name:
      "cancelMany(): what an item says wins over the common options; no fencing number is an operator's word",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { own, common, ownChanges, commonChanges } = await twoItems(store);
      await store.cancelMany(
        [{ ...own, reason: 1, ttlMs: 5, ...ownChanges }, { id: common.id }],
        { reason: 2, ttlMs: 7, ...commonChanges, nowMs: nowMs + 1 },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        error: 1,
        payload: "old",
        retentionTtlMs: 5,
        values: OWN_VALUES,
      });
      shows(await store.get("common", all), {
        error: 2,
        retentionTtlMs: 7,
        updatedAtMs: nowMs + 1,
        values: COMMON_VALUES,
      });
    },
  },
  {
    name: "retryMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { own, common } = await twoItems(store);
      await store.retryMany(
        [{ ...own, error: 1, payload: "own", runAtMs: 5, retry: { maxRetries: 9 } }, common],
        { error: 2, payload: "new", runAtMs: 7, retry: { maxRetries: 8 }, nowMs: nowMs + 1 },
      );
      shows(await store.get("own", { payload: true }), {
        error: 1,
        payload: "own",
        nextRunAtMs: 5,
      });
      shows(await store.get("common", { payload: true }), {
        error: 2,
        payload: "new",
        nextRunAtMs: 7,
        updatedAtMs: nowMs + 1,
      });
      const maxRetries = async (id: string) => (await store.history(id)).at(-1)?.retry?.maxRetries;
      same([await maxRetries("own"), await maxRetries("common")], [9, 8]);
    },
  },
  {
    name: "retryMany() refuses a policy that is none before it touches anything",
    async run({ store }) {
      const { own, common } = await twoItems(store);
      await refused(
        () => store.retryMany([own, { ...common, retry: { maxRetries: 1_001 } }]),
        "invalid_argument",
        { field: "items[1].retry.maxRetries", value: 1_001, limit: 1_000 },
      );
      await refused(
        () => store.retryMany([own, common], { retry: { backoff: { jitterPct: 101 } } }),
        "invalid_argument",
        { field: "retry.backoff.jitterPct", value: 101, limit: 100 },
      );
      shows(await store.get("own"), { state: "running", version: 2 });
    },
  },
  {
    name: "transitionMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { own, common, ownChanges, commonChanges } = await twoItems(store);
      await store.transitionMany(
        [
          {
            ...own,
            from: "queued",
            to: "own",
            runAtMs: null,
            priority: 2,
            payload: "own",
            ...ownChanges,
          },
          common,
        ],
        {
          from: "running",
          to: "moved",
          payload: "new",
          runAtMs: 7,
          priority: 1,
          ...commonChanges,
          nowMs: nowMs + 1,
        },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        state: "own",
        nextRunAtMs: null,
        priority: 2,
        payload: "own",
        values: OWN_VALUES,
      });
      shows(await store.get("common", all), {
        state: "moved",
        nextRunAtMs: 7,
        priority: 1,
        payload: "new",
        updatedAtMs: nowMs + 1,
        values: COMMON_VALUES,
      });
    },
  },
  {
    name: "transitionMany() takes a stored payload, for all items and for one",
    async run({ store }) {
      const { ref } = await store.valuePut("shared");
      await store.createMany(["a", "b"], { type: JOB, payloadRef: ref });
      const next = await store.valuePut("next");
      const [a, b] = ["a", "b"].map((id) => ({ id, fencingToken: 0 }));
      const move = { from: "queued", to: "moved", payloadRef: next.ref };
      const flows = await store.transitionMany([a!, { ...b!, payloadRef: ref }], move);
      same(flows.map(({ payloadRef }) => payloadRef), [next.ref, ref]);
    },
  },
  {
    name: "transitionMany() needs from and to, of the item or of the batch",
    async run({ store }) {
      await store.createMany(["a", "b"], { type: JOB });
      const [a, b] = ["a", "b"].map((id) => ({ id, fencingToken: 0 }));
      await refused(() => store.transitionMany([a!, b!], { to: "s" }), "invalid_argument", {
        field: "items[0].from",
      });
      await refused(
        () => store.transitionMany([{ ...a!, to: "s" }, b!], { from: "queued" }),
        "invalid_argument",
        { field: "items[1].to" },
      );
    },
  },
  {
    name: "a payload that a batch shares is stored, and can be changed, for every flow",
    async run({ store }) {
      await store.createMany(["a", "b"], { type: JOB, payload: { n: 1 } });
      const move = { from: "queued", to: "queued", fencingToken: 0, payload: { n: 2 } };
      await store.transition("a", move);
      shows(await store.get("a", { payload: true }), { payload: { n: 2 } });
      shows(await store.get("b", { payload: true }), { payload: { n: 1 } });
    },
  },
];
