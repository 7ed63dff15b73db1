/**
 * The options of commands over many flows: for all items, and for one.
 *
 * @module
 */
import type { FlowStore, Guard } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { JOB, owner } from "./leasing.ts";

/** Two leased flows, "own" and "common", as items. */
async function twoItems(
  store: FlowStore,
): Promise<[own: { id: string } & Guard, common: { id: string } & Guard]> {
  const values = { held: "old", dropped: 1 };
  await store.createMany(["own", "common"], { type: JOB, payload: "old", values, runAtMs: 0 });
  const flows = await store.claimDue(JOB, { worker: "worker-1", limit: 2 });
  const [common, own] = flows.map((flow) => ({ id: flow.id, ...owner(flow) }));
  return [own!, common!];
}

/** What an item changes of named values, and what the common options do. */
const OWN_VALUES = {
  values: { held: "own" },
  overrideValues: ["held"],
  dropValues: [],
} as const;
const COMMON_VALUES = {
  values: { held: "common" },
  overrideValues: "held",
  dropValues: ["dropped"],
} as const;

/** What an item says wins over what the batch says. */
export const batchOptionCases: readonly ConformanceCase[] = [
  {
    name: "completeMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const [own, common] = await twoItems(store);
      const { ref } = await store.valuePut("linked");
      await store.completeMany(
        [
          { ...own, result: 1, payload: "own", ttlMs: 5, ...OWN_VALUES, valueRefs: { link: ref } },
          common,
        ],
        { result: 2, payload: "new", ttlMs: 7, ...COMMON_VALUES, nowMs: nowMs + 1 },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        result: 1,
        payload: "own",
        retentionTtlMs: 5,
        updatedAtMs: nowMs + 1,
        values: { held: "own", dropped: 1, link: "linked" },
      });
      shows(await store.get("common", all), {
        result: 2,
        payload: "new",
        retentionTtlMs: 7,
        values: { held: "common" },
      });
    },
  },
  {
    name: "failMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const [own, common] = await twoItems(store);
      const { ref } = await store.valuePut("linked");
      await store.failMany(
        [{ ...own, error: 1, payload: "own", ttlMs: 5, ...OWN_VALUES }, common],
        {
          error: 2,
          payload: "new",
          ttlMs: 7,
          ...COMMON_VALUES,
          valueRefs: { link: ref },
          nowMs: nowMs + 1,
        },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        error: 1,
        payload: "own",
        retentionTtlMs: 5,
        values: { held: "own", dropped: 1, link: "linked" },
      });
      shows(await store.get("common", all), {
        error: 2,
        payload: "new",
        retentionTtlMs: 7,
        updatedAtMs: nowMs + 1,
        values: { held: "common", link: "linked" },
      });
    },
  },
  {
    name:
      "cancelMany(): what an item says wins over the common options; no fencing number is an operator's word",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const [own, common] = await twoItems(store);
      const { ref } = await store.valuePut("linked");
      const link = { valueRefs: { link: ref } };
      await store.cancelMany(
        [{ ...own, reason: 1, ttlMs: 5, ...OWN_VALUES, ...link }, { id: common.id }],
        { reason: 2, ttlMs: 7, ...COMMON_VALUES, nowMs: nowMs + 1 },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        error: 1,
        payload: "old",
        retentionTtlMs: 5,
        values: { held: "own", dropped: 1, link: "linked" },
      });
      shows(await store.get("common", all), {
        error: 2,
        retentionTtlMs: 7,
        updatedAtMs: nowMs + 1,
        values: { held: "common" },
      });
    },
  },
  {
    name: "retryMany(): what an item says wins over the common options",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const [own, common] = await twoItems(store);
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
      const [own, common] = await twoItems(store);
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
      const [own, common] = await twoItems(store);
      const { ref } = await store.valuePut("shared");
      await store.transitionMany(
        [
          {
            ...own,
            from: "queued",
            to: "own",
            runAtMs: null,
            priority: 2,
            payload: "own",
            ...OWN_VALUES,
            valueRefs: { link: ref },
          },
          common,
        ],
        {
          from: "running",
          to: "moved",
          runAtMs: 7,
          priority: 1,
          ...COMMON_VALUES,
          nowMs: nowMs + 1,
        },
      );
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        state: "own",
        nextRunAtMs: null,
        priority: 2,
        payload: "own",
        values: { held: "own", dropped: 1, link: "shared" },
      });
      shows(await store.get("common", all), {
        state: "moved",
        nextRunAtMs: 7,
        priority: 1,
        payload: "old",
        updatedAtMs: nowMs + 1,
        values: { held: "common" },
      });
    },
  },
  {
    name: "transitionMany() takes a stored payload for all items",
    async run({ store }) {
      const { ref } = await store.valuePut("shared");
      await store.createMany(["a", "b"], { type: JOB, payloadRef: ref });
      const next = await store.valuePut("next");
      const items = ["a", "b"].map((id) => ({ id, fencingToken: 0 }));
      const move = { from: "queued", to: "moved", payloadRef: next.ref };
      const flows = await store.transitionMany(items, move);
      same(flows.map(({ payloadRef }) => payloadRef), [next.ref, next.ref]);
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
