/**
 * How much a store takes at once.
 *
 * @module
 */
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext, ConformanceSettings } from "./case.ts";
import { claimedIds, claimOne, create, JOB, leased, owner } from "./leasing.ts";

/** A case on a store with one limit lowered. */
function limited(
  name: string,
  limits: NonNullable<ConformanceSettings["limits"]>,
  run: (context: ConformanceContext) => Promise<void>,
): ConformanceCase {
  return { name, needs: ["limits"], settings: { limits }, run };
}

/** The limits of a store. */
export const limitsCases: readonly ConformanceCase[] = [
  limited(
    "a value has as many bytes as valueBytesMax at most: payload, result, error, reason, named or of no flow",
    { valueBytesMax: 10 },
    async ({ store }) => {
      const good = new Uint8Array(10);
      const bad = new Uint8Array(11);
      const details = { value: 11, limit: 10 };
      const tooLarge = (field: string, call: () => Promise<unknown>) =>
        refused(call, "too_large", { field, ...details });
      await tooLarge("payload", () => create(store, "a", { payload: bad }));
      await tooLarge("values.x", () => create(store, "a", { values: { x: bad } }));
      await tooLarge("value", () => store.valuePut(bad));
      await tooLarge(
        "items[0].payload",
        () => store.createMany([{ id: "a", type: JOB, payload: bad }]),
      );
      const flow = await leased(store, "a", { payload: good });
      const guard = owner(flow);
      await tooLarge("result", () => store.complete(flow, { ...guard, result: bad }));
      await tooLarge("error", () => store.fail(flow, { ...guard, error: bad }));
      await tooLarge("error", () => store.retry(flow, { ...guard, error: bad }));
      await tooLarge("reason", () => store.cancel(flow, { reason: bad }));
      const move = { ...guard, from: "running", to: "s" };
      await tooLarge("payload", () => store.transition(flow, { ...move, payload: bad }));
      await tooLarge("values.x", () => store.signal(flow, { signal: "x", values: { x: bad } }));
      // Of JSON its text counts: quotes are two of its bytes.
      await refused(() => create(store, "b", { payload: "123456789" }), "too_large", details);
      await create(store, "b", { payload: "12345678" });
      same(await store.get("a"), flow);
      await store.complete(flow, { ...guard, result: good });
    },
  ),
  {
    name: "a value above valueInlineBytesMax comes back as it was",
    needs: ["limits"],
    settings: { limits: { valueInlineBytesMax: 100 } },
    async run({ store }) {
      const large = Uint8Array.from({ length: 1_234 }, (_, n) => n % 251);
      const flow = await leased(store, "a", { payload: large, values: { large } });
      await store.complete(flow, { ...owner(flow), result: { text: "x".repeat(500) } });
      shows(await store.get("a", { payload: true, values: true }), {
        payload: large,
        result: { text: "x".repeat(500) },
        values: { large },
      });
      same(await store.valueMget([flow.payloadRef!]), [large]);
    },
  },
  limited(
    "a command writes as many bytes as commandBytesMax at most",
    { commandBytesMax: 10_000 },
    async ({ store }) => {
      const payload = new Uint8Array(6_000);
      const items = ["a", "b"].map((id) => ({ id, payload }));
      const options = { type: JOB, partitionKey: "p" };
      await refused(() => store.createMany(items, options), "too_large", { limit: 10_000 });
      same(await store.get("a"), null);
      await create(store, "a", { payload });
    },
  ),
  limited(
    "a text has as many bytes as idBytesMax at most",
    { idBytesMax: 4 },
    async ({ store }) => {
      const details = { value: 5, limit: 4 };
      await refused(() => store.create("12345", { type: "t" }), "too_large", {
        field: "id",
        ...details,
      });
      await refused(() => store.create("a", { type: "12345" }), "too_large", {
        field: "type",
        ...details,
      });
      await store.create("1234", { type: "1234", partitionKey: "1234" });
    },
  ),
  limited("a batch has as many items as batchItemsMax at most", { batchItemsMax: 2 }, async (
    { store },
  ) => {
    await refused(() => store.createMany(["a", "b", "c"], { type: JOB }), "limit_exceeded", {
      field: "items.length",
      value: 3,
      limit: 2,
    });
    await store.createMany(["a", "b"], { type: JOB });
  }),
  limited("a claim takes as many flows as claimLimitMax at most", { claimLimitMax: 2 }, async (
    { store },
  ) => {
    const details = { field: "limit", value: 3, limit: 2 };
    await refused(() => claimedIds(store, { limit: 3 }), "limit_exceeded", details);
    await refused(() => store.reclaim(JOB, { worker: "w", limit: 3 }), "limit_exceeded", details);
    await store.createMany(["a", "b", "c"], { type: JOB });
    same((await claimedIds(store, { limit: 2 })).length, 2);
  }),
  limited(
    "a claim names as many states or partitions as claimFilterMax at most",
    { claimFilterMax: 2 },
    async ({ store }) => {
      const names = ["1", "2", "3"];
      const limit = 2;
      await refused(() => claimedIds(store, { states: names }), "limit_exceeded", {
        field: "states.length",
        limit,
      });
      await refused(() => claimedIds(store, { partitionKeys: names }), "limit_exceeded", {
        field: "partitionKeys.length",
        limit,
      });
      same(await claimedIds(store, { states: ["1", "2"], partitionKeys: ["1", "2"] }), []);
    },
  ),
  limited("a query shows as many rows as queryCountMax at most", { queryCountMax: 3 }, async (
    { store },
  ) => {
    await create(store, "a");
    const details = { field: "count", value: 4, limit: 3 };
    const count = 4;
    await refused(() => store.list(JOB, { count }), "limit_exceeded", details);
    await refused(() => store.history("a", { count }), "limit_exceeded", details);
    await refused(() => store.terminals(JOB, { count }), "limit_exceeded", details);
    await refused(() => store.failures(JOB, { count }), "limit_exceeded", details);
    await refused(() => store.stuck(JOB, { count }), "limit_exceeded", details);
    same((await store.list(JOB, { count: 3 })).length, 1);
  }),
  limited(
    "a cleanup removes as many flows as cleanupLimitMax at most",
    { cleanupLimitMax: 2 },
    async ({ store }) => {
      await refused(() => store.retentionCleanup({ limit: 3 }), "limit_exceeded", {
        field: "limit",
        value: 3,
        limit: 2,
      });
      await store.retentionCleanup();
    },
  ),
  limited(
    "one claim returns values of claimBytesMax bytes in all; of the rest it returns their size",
    { claimBytesMax: 100 },
    async ({ store }) => {
      const payload = new Uint8Array(60);
      await store.createMany(["a", "b"], { type: JOB, payload, values: { x: payload } });
      const claim = { worker: "w", limit: 2, payload: true, payloadMaxBytes: 60 };
      const [a, b] = await store.claimDue(JOB, claim);
      shows(a, { payload, payloadSize: 60 });
      shows(b, { payload: undefined, payloadOmitted: true, payloadSize: 60, state: "running" });
      await store.createMany(["c", "d"], { type: JOB, values: { x: payload } });
      const [c, d] = await store.claimDue(JOB, { worker: "w", limit: 2, values: true });
      shows(c, { values: { x: payload }, valuesOmitted: undefined });
      shows(d, { values: undefined, valuesOmitted: ["x"] });
    },
  ),
  limited(
    "a flow has as many attributes as attributesMax at most, of attributeBytesMax bytes each",
    { attributesMax: 2, attributeBytesMax: 4 },
    async ({ store }) => {
      const make = (attributes: Record<string, string>) => () => create(store, "a", { attributes });
      await refused(make({ a: "", b: "", c: "" }), "limit_exceeded", {
        field: "attributes.length",
        value: 3,
        limit: 2,
      });
      await refused(make({ a: "12345" }), "too_large", {
        field: "attributes.a",
        value: 5,
        limit: 4,
      });
      await refused(make({ abcde: "" }), "too_large", { field: "attributes name", limit: 4 });
      await make({ abcd: "1234", b: "" })();
    },
  ),
  limited(
    "a flow has as many names of values as namedValuesMax at most, dropped ones included",
    { namedValuesMax: 2 },
    async ({ store }) => {
      const values = { a: 1, b: 2, c: 3 };
      await refused(() => create(store, "f", { values }), "limit_exceeded", { limit: 2 });
      await create(store, "f", { values: { a: 1, b: 2 } });
      const change = { signal: "x", dropValues: "a", values: { c: 3 } };
      await refused(() => store.signal("f", change), "limit_exceeded", {
        id: "f",
        value: 3,
        limit: 2,
      });
      await store.signal("f", { signal: "x", dropValues: "a" });
      await store.signal("f", { signal: "x", values: { a: 4 } });
      shows(await store.get("f", { values: true }), { values: { a: 4, b: 2 } });
    },
  ),
  limited(
    "a policy names as many states as policyStatesMax at most",
    { policyStatesMax: 1 },
    async ({ store }) => {
      await refused(() => store.policySet(JOB, { states: { a: {}, b: {} } }), "limit_exceeded", {
        field: "states.length",
        value: 2,
        limit: 1,
      });
      await store.policySet(JOB, { states: { a: {} } });
    },
  ),
  {
    name:
      "a claim gives up as many flows as claimLimitMax that have lost too many leases, and takes what is due",
    needs: ["limits", "manualClock"],
    settings: { limits: { claimLimitMax: 2 } },
    async run(context) {
      const { store } = context;
      await store.policySet(JOB, { maxReclaims: 0 });
      for (const id of ["a", "b", "c"]) {
        await create(store, id);
        await claimOne(store, { leaseMs: 1 });
      }
      await create(store, "due");
      await context.advance(1);
      same(await claimedIds(store, { limit: 1 }), ["due"]);
      same((await store.info(JOB)).failed, 2);
      same(await claimedIds(store, { limit: 2 }), []);
      same((await store.info(JOB)).failed, 3);
    },
  },
];
