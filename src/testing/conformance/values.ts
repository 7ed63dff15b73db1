/**
 * Named values, and values that several flows share.
 *
 * @module
 */
import type { FlowStore, SignalOptions, ValueChangeOptions } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { create, eventsOf, leased, owner } from "./leasing.ts";

/** SHA-256 of the bytes of `hello`. */
const HELLO_DIGEST = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

const hello = (): Uint8Array => new TextEncoder().encode("hello");

/** The named values of a flow. */
async function valuesOf(store: FlowStore, id: string): Promise<unknown> {
  return (await store.get(id, { values: true }))?.values;
}

/** Every command that changes named values of a flow, which is leased. */
const CHANGING: Readonly<
  Record<string, (store: FlowStore, changes: ValueChangeOptions) => Promise<unknown>>
> = {
  transition: async (store, changes) => {
    const move = { from: "running", to: "moved", ...changes };
    return store.transition("a", { ...owner((await store.get("a"))!), ...move });
  },
  complete: async (store, changes) =>
    store.complete("a", { ...owner((await store.get("a"))!), ...changes }),
  fail: async (store, changes) =>
    store.fail("a", { ...owner((await store.get("a"))!), ...changes }),
  cancel: (store, changes) => store.cancel("a", changes),
  signal: (store, changes) => store.signal("a", { signal: "x", ...changes } as SignalOptions),
};

/** `valuePut()`, `valueMget()`, and `values` of the other commands. */
export const valuesCases: readonly ConformanceCase[] = [
  {
    name: "create() with values holds each under its name: a reference, version 1, and its digest",
    async run({ store }) {
      const values = { text: "hello", bytes: hello(), none: null, list: [1, { two: 2 }] };
      const flow = await create(store, "a", { values });
      same(Object.keys(flow.valueRefs).sort(), Object.keys(values).sort());
      shows(flow.valueRefs["bytes"], { version: 1, digest: HELLO_DIGEST }, "The reference");
      same(await valuesOf(store, "a"), values);
      same(await store.valueMget([flow.valueRefs["list"]!.ref]), [[1, { two: 2 }]]);
      same((await create(store, "b", { values: {} })).valueRefs, {});
    },
  },
  {
    name:
      "create() with valueRefs links values that are stored: they have no version and no digest",
    async run({ store }) {
      const { ref } = await store.valuePut("shared");
      const first = await create(store, "a", { valueRefs: { link: ref }, values: { own: 1 } });
      same(first.valueRefs["link"], { ref, version: null, digest: null });
      const second = await create(store, "b", { valueRefs: first.valueRefs });
      same(await valuesOf(store, "b"), { link: "shared", own: 1 });
      shows(second.valueRefs["own"], { ref: first.valueRefs["own"]!.ref, version: null });
    },
  },
  {
    name: "create() with a name in values and in valueRefs is refused with value_conflict",
    async run({ store }) {
      const { ref } = await store.valuePut(1);
      await refused(
        () => create(store, "a", { values: { x: 1 }, valueRefs: { x: ref } }),
        "value_conflict",
        { id: "a", name: "x" },
      );
      same(await store.get("a"), null);
    },
  },
  ...Object.entries(CHANGING).flatMap(([command, change]): ConformanceCase[] => [
    {
      name: `${command}() drops, then links, then puts named values, in one version of the flow`,
      async run({ store }) {
        const { ref } = await store.valuePut("shared");
        await leased(store, "a", {
          values: { same: 1, held: "old", dropped: 1, linked: 1, kept: 2 },
        });
        await change(store, {
          dropValues: ["dropped", "held", "none"],
          valueRefs: { linked: ref, also: { ref } },
          values: { same: 1, held: "new", added: 3 },
        });
        same(await valuesOf(store, "a"), {
          same: 1,
          held: "new",
          linked: "shared",
          also: "shared",
          kept: 2,
          added: 3,
        });
        const flow = await store.get("a");
        same(flow?.version, 3);
        shows(flow?.valueRefs["same"], { version: 1 }, "A value that is the same");
        shows(flow?.valueRefs["held"], { version: 2 }, "A value that was dropped and put");
      },
    },
    {
      name:
        `${command}() with another value for a name is refused with value_conflict, unless it is in overrideValues`,
      async run({ store }) {
        const before = await leased(store, "a", { values: { x: "old", y: "old" } });
        const values = { x: "new", y: "new" };
        for (const overrideValues of [undefined, [], "x", ["x"]]) {
          await refused(() => change(store, { values, overrideValues }), "value_conflict", {
            id: "a",
            name: overrideValues?.includes("x") ? "y" : "x",
          });
        }
        same(await store.get("a"), before);
        await change(store, { values, overrideValues: ["x", "y"] });
        same(await valuesOf(store, "a"), values);
        const flow = await store.get("a");
        shows(flow?.valueRefs["x"], { version: 2 }, "The reference");
        same(await store.valueMget([before.valueRefs["x"]!.ref]), ["old"]);
      },
    },
  ]),
  {
    name: "a flow without named values shows none; dropping the last one leaves none",
    async run({ store }) {
      await create(store, "a", { values: { x: 1 } });
      const flow = await store.signal("a", { signal: "drop", dropValues: "x" });
      same(flow.valueRefs, {});
      same(await valuesOf(store, "a"), undefined);
    },
  },
  {
    name: "a name keeps its count of versions when its value is dropped",
    async run({ store }) {
      await create(store, "a", { values: { x: 1 } });
      await store.signal("a", { signal: "drop", dropValues: ["x"] });
      const flow = await store.signal("a", { signal: "put", values: { x: 1 } });
      shows(flow.valueRefs["x"], { version: 2 }, "The reference");
    },
  },
  {
    name: "a string and the bytes of its JSON are two different values",
    async run({ store }) {
      await create(store, "a", { values: { x: "hello" } });
      const values = { x: new TextEncoder().encode('"hello"') };
      await refused(() => store.signal("a", { signal: "x", values }), "value_conflict");
    },
  },
  {
    name: "valuePut() without options stores a value of no flow, anew each time",
    async run({ store }) {
      const [first, second] = [await store.valuePut(hello()), await store.valuePut(hello())];
      same(first, {
        ref: first.ref,
        partitionKey: null,
        ownerFlowId: null,
        name: null,
        version: null,
        digest: HELLO_DIGEST,
        created: true,
        stored: true,
      });
      holds(first.ref !== second.ref, "Two values have two references");
      same((await store.valuePut(1, { partitionKey: "p" })).partitionKey, "p");
      same(await store.valueMget([second.ref, first.ref]), [hello(), hello()]);
    },
  },
  {
    name: "valuePut() with ttlMs: the value can be read so long",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const { ref } = await store.valuePut(1, { ttlMs: 1_000 });
      const later = await store.valuePut(2, { ttlMs: 1_000, nowMs: context.nowMs + 5 });
      await context.advance(999);
      same(await store.valueMget([ref, later.ref]), [1, 2]);
      await context.advance(1);
      same(await store.valueMget([ref, later.ref]), [null, 2]);
      await context.advance(5);
      same(await store.valueMget([ref, later.ref]), [null, null]);
    },
  },
  {
    name:
      "valuePut() under a name of a flow is a version and an event of it, whoever has its lease",
    async run({ store }) {
      const flow = await leased(store, "a", { partitionKey: "p" });
      const put = await store.valuePut(hello(), { ownerFlowId: "a", name: "x" });
      same(put, {
        ref: put.ref,
        partitionKey: "p",
        ownerFlowId: "a",
        name: "x",
        version: 1,
        digest: HELLO_DIGEST,
        created: true,
        stored: true,
      });
      shows(await store.get("a"), {
        version: 3,
        leaseToken: flow.leaseToken,
        leaseDeadlineMs: flow.leaseDeadlineMs,
        valueRefs: { x: { ref: put.ref, version: 1, digest: HELLO_DIGEST } },
      });
      same(await eventsOf(store, "a"), ["created", "claimed", "value_put"]);
    },
  },
  {
    name: "valuePut() of the same value under its name changes nothing",
    async run({ store }) {
      const flow = await create(store, "a", { values: { x: { n: 1 } } });
      for (const override of [false, true]) {
        const put = await store.valuePut({ n: 1 }, { ownerFlowId: "a", name: "x", override });
        const { ref } = flow.valueRefs["x"]!;
        shows(put, { ref, version: 1, created: false, stored: false }, "The answer");
      }
      same(await store.get("a"), flow);
    },
  },
  {
    name:
      "valuePut() of another value under a name is refused with value_conflict, unless override is true",
    async run({ store }) {
      await create(store, "a", { values: { x: 1 } });
      const place = { ownerFlowId: "a", name: "x" };
      await refused(() => store.valuePut(2, place), "value_conflict", { id: "a", name: "x" });
      const put = await store.valuePut(2, { ...place, override: true });
      shows(put, { version: 2, created: false, stored: true }, "The answer");
      same(await valuesOf(store, "a"), { x: 2 });
    },
  },
  {
    name:
      "valuePut() finds its flow in the partition that is named, and is refused with not_found elsewhere",
    async run({ store }) {
      for (const partitionKey of ["p", "q"]) await create(store, "a", { partitionKey });
      const place = { ownerFlowId: "a", name: "x" };
      await refused(() => store.valuePut(1, place), "invalid_argument", { field: "partitionKey" });
      await store.valuePut(1, { ...place, partitionKey: "q" });
      await refused(() => store.valuePut(1, { ...place, partitionKey: "r" }), "not_found", {
        id: "a",
      });
      same((await store.get({ id: "a", partitionKey: "p" }))?.version, 1);
      same((await store.get({ id: "a", partitionKey: "q" }))?.version, 2);
    },
  },
  {
    name: "valuePut() to a flow that has ended works, and its retention stays",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a");
      const ended = await store.cancel("a");
      await context.advance(5);
      await store.valuePut(1, { ownerFlowId: "a", name: "x" });
      shows(await store.get("a"), {
        version: 3,
        updatedAtMs: context.nowMs,
        terminalRetentionUntilMs: ended.terminalRetentionUntilMs,
      });
    },
  },
  {
    name:
      "valueMget() answers in the order of the references, each as often as asked, null for what there is not",
    async run({ store }) {
      const { ref } = await store.valuePut({ a: [1, null, "x"] });
      const other = await store.valuePut(null);
      same(await store.valueMget([]), []);
      same(await store.valueMget([ref, "none", other.ref, ref]), [
        { a: [1, null, "x"] },
        null,
        null,
        { a: [1, null, "x"] },
      ]);
    },
  },
  {
    name:
      "a payload whose bytes are gone is null and marked, a named value is left out, and the flow goes on",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const { ref } = await store.valuePut("short", { ttlMs: 10 });
      await create(store, "a", { payloadRef: ref, valueRefs: { link: ref }, values: { own: 1 } });
      await context.advance(10);
      const all = { payload: true, values: true };
      const members = { payload: null, payloadMissing: true, values: { own: 1 } } as const;
      const shown = shows(await store.get("a", all), members);
      same([shown.payloadSize, shown.payloadRef], [undefined, ref]);
      const [flow] = await store.claimDue("job", { worker: "w", ...all });
      shows(flow, { ...members, state: "running" });
      const [event] = await store.history("a", { values: true });
      shows(event, { payload: null, payloadMissing: true }, "The event");
    },
  },
  {
    name: "a reference that this store never gave is refused",
    async run({ store }) {
      const flow = await create(store, "a", { values: { x: 1 } });
      const { ref } = flow.valueRefs["x"]!;
      for (const payloadRef of ["none", ref.replace(/\d+/, "9999999")]) {
        await refused(() => create(store, "b", { payloadRef }), "invalid_argument", {
          field: "payloadRef",
        });
        const valueRefs = { x: payloadRef };
        await refused(() => store.signal("a", { signal: "x", valueRefs }), "invalid_argument", {
          field: "valueRefs.x",
        });
      }
      same([await store.get("a"), await store.get("b")], [flow, null]);
    },
  },
  {
    name: "a payload, result and error can be read by their references",
    async run({ store }) {
      const flow = await leased(store, "a", { payload: "in" });
      const { resultRef } = await store.complete(flow, { ...owner(flow), result: "out" });
      same(await store.valueMget([resultRef!, flow.payloadRef!]), ["out", "in"]);
    },
  },
  {
    name: "what a caller does to bytes after the call does not change what was stored",
    async run({ store }) {
      const bytes = hello();
      const putting = store.valuePut(bytes);
      bytes.fill(0);
      same(await store.valueMget([(await putting).ref]), [hello()]);
    },
  },
];
