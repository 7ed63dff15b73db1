/**
 * Reading flows: one by its id, many by their type.
 *
 * @module
 */
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { claimOne, create, idsOf, JOB, leased, owner } from "./leasing.ts";
import { eachPage } from "./pages.ts";

/** Creates flows of state s, a millisecond apart. */
async function createInTurn(context: ConformanceContext, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await create(context.store, id, { state: "s" });
    await context.advance(1);
  }
}

/** `get()`, `list()` and `stuck()`. */
export const listCases: readonly ConformanceCase[] = [
  {
    name: "get() resolves to null for a flow that there is not",
    async run({ store }) {
      same(await store.get("none"), null);
      await create(store, "a", { partitionKey: "p" });
      same(await store.get({ id: "a", partitionKey: "q" }), null);
    },
  },
  {
    name: "get() finds a flow by its id, by its id and partition, and by its record",
    async run({ store }) {
      const flow = await create(store, "a", { partitionKey: "p" });
      for (const ref of ["a", { id: "a" }, { id: "a", partitionKey: "p" }, flow]) {
        same(await store.get(ref), flow);
      }
    },
  },
  {
    name: "get() shows payload, result and error only if asked, by payload or by full",
    async run({ store }) {
      const flow = await leased(store, "a", { payload: "in" });
      await store.complete(flow, { ...owner(flow), result: "out" });
      const plain = await store.get("a");
      holds(
        plain !== null && !("payload" in plain || "result" in plain),
        "Values come if asked for",
      );
      const members = { payload: "in", payloadSize: 4, result: "out", resultSize: 5 };
      for (const options of [{ payload: true }, { full: true }, { payload: true, full: false }]) {
        shows(await store.get("a", options), members);
      }
      const none = await store.get("a", { payload: false, full: true });
      holds(none !== null && !("payload" in none), "payload says more than full");
    },
  },
  {
    name:
      "get() with payloadMaxBytes leaves each value out that is larger, and says how large it is",
    async run({ store }) {
      const flow = await leased(store, "a", { payload: new Uint8Array(8) });
      await store.complete(flow, { ...owner(flow), result: new Uint8Array(9) });
      const record = await store.get("a", { payload: true, payloadMaxBytes: 8 });
      shows(record, {
        payload: new Uint8Array(8),
        payloadSize: 8,
        payloadOmitted: undefined,
        resultOmitted: true,
        resultSize: 9,
        result: undefined,
      });
      shows(await store.get("a", { payload: true, payloadMaxBytes: 0 }), { payloadOmitted: true });
      await create(store, "empty", { payload: new Uint8Array(0) });
      shows(await store.get("empty", { payload: true, payloadMaxBytes: 0 }), {
        payload: new Uint8Array(0),
        payloadSize: 0,
      });
    },
  },
  {
    name: "get() caps values at 65,536 bytes unless said otherwise; named values have no cap",
    async run({ store }) {
      const large = new Uint8Array(65_537);
      await create(store, "a", { payload: large, values: { large } });
      const record = await store.get("a", { payload: true, values: true });
      shows(record, { payloadOmitted: true, payloadSize: 65_537, values: { large } });
      shows(await store.get("a", { payload: true, payloadMaxBytes: 65_537 }), { payload: large });
    },
  },
  {
    name: "get() with values shows all named values, one, or several",
    async run({ store }) {
      const values = { a: 1, b: 2, c: 3 };
      await create(store, "f", { values });
      const shown = async (selection: boolean | string | string[]) =>
        (await store.get("f", { values: selection }))?.values;
      same(await shown(true), values);
      same(await shown("b"), { b: 2 });
      same(await shown(["c", "a", "none"]), { a: 1, c: 3 });
      for (const none of [false, [], "none"]) same(await shown(none), undefined);
    },
  },
  {
    name: "payloads come back as they were: any JSON value, and bytes as bytes",
    async run({ store }) {
      const payloads: readonly unknown[] = [
        "text \u{1F600} \n",
        0,
        -1.5,
        true,
        [],
        {},
        { nested: [{ deep: [null, "x"] }] },
        new Uint8Array([0, 255, 1]),
        { ["__proto__"]: 1 },
      ];
      for (const [n, payload] of payloads.entries()) {
        await create(store, `${n}`, { payload });
        shows(await store.get(`${n}`, { payload: true }), { payload });
      }
    },
  },
  {
    name: "list() reads flows of a type in the order of their last change, then by id",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await createInTurn(context, ["b", "a", "c"]);
      await store.create("other", { type: "other" });
      await store.signal("b", { signal: "touch" });
      await create(store, "0");
      same(idsOf(await store.list(JOB)), ["a", "c", "0", "b"]);
      same(await store.list("none"), []);
    },
  },
  {
    name: "list() with a state reads flows of that state, running ones too; any is every state",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await createInTurn(context, ["a", "b", "c"]);
      await claimOne(store);
      await store.cancel("b");
      same(idsOf(await store.list(JOB, { state: "s" })), ["c"]);
      same(idsOf(await store.list(JOB, { state: "running" })), ["a"]);
      same(idsOf(await store.list(JOB, { state: "cancelled" })), ["b"]);
      for (const state of ["any", "ANY", undefined]) {
        same(idsOf(await store.list(JOB, { state })), ["c", "a", "b"]);
      }
      same(await store.list(JOB, { state: "none" }), []);
    },
  },
  {
    name: "list() with a partition reads its flows; without one those of all",
    async run({ store }) {
      for (const key of ["p", "q"]) await create(store, key, { partitionKey: key });
      await create(store, "automatic");
      same(idsOf(await store.list(JOB, { partitionKey: "q" })), ["q"]);
      same((await store.list(JOB)).length, 3);
    },
  },
  {
    name: "list() shows 100 flows unless count says otherwise, and sees its own writes",
    async run({ store }) {
      const ids = Array.from({ length: 103 }, (_, n) => `${n}`.padStart(3, "0"));
      await store.createMany(ids, { type: JOB });
      same(idsOf(await store.list(JOB)), ids.slice(0, 100));
      same(idsOf(await store.list(JOB, { count: 2, consistent: true })), ids.slice(0, 2));
      same(idsOf(await store.list(JOB, { count: 10_000, consistent: false })), ids);
    },
  },
  {
    name:
      "list() with a cursor reads page by page: null is the first, and null comes after the last",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await createInTurn(context, ["e", "d", "c", "b", "a"]);
      const first = await store.list(JOB, { cursor: null, count: 2 });
      same(idsOf(first.items), ["e", "d"]);
      const second = await store.list(JOB, { cursor: first.cursor, count: 2 });
      same(idsOf(second.items), ["c", "b"]);
      const third = await store.list(JOB, { cursor: second.cursor, count: 2 });
      same([idsOf(third.items), third.cursor], [["a"], null]);
      const whole = await store.list(JOB, { cursor: null, count: 5 });
      same([whole.items.length, whole.cursor], [5, null]);
      same(await store.list("none", { cursor: null }), { items: [], cursor: null });
    },
  },
  {
    name: "pages of a filtered list miss nothing",
    async run({ store }) {
      const ids = Array.from({ length: 30 }, (_, n) => `${n}`.padStart(2, "0"));
      await store.createMany(
        ids.map((id, n) => ({
          id,
          state: n % 3 === 0 ? "s" : "t",
          partitionKey: n % 2 === 0 ? "p" : "q",
        })),
        { type: JOB },
      );
      const pages = await Array.fromAsync(
        eachPage((cursor) => store.list(JOB, { state: "s", partitionKey: "p", count: 2, cursor })),
      );
      same(pages.flatMap(idsOf), ["00", "06", "12", "18", "24"]);
    },
  },
  {
    name: "list() refuses a cursor that no page gave",
    async run({ store }) {
      await refused(() => store.list(JOB, { cursor: "7" }), "invalid_argument", {
        field: "cursor",
      });
    },
  },
  {
    name: "stuck() with a cursor reads page by page, also of leases that expired at one time",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const ids = ["a", "b", "c", "d", "e"];
      await store.createMany(ids, { type: JOB, partitionKey: "p" });
      await create(store, "a", { partitionKey: "q", runAtMs: context.nowMs + 1 });
      await store.claimDue(JOB, { worker: "w", limit: 1, leaseMs: 20 });
      await store.claimDue(JOB, { worker: "w", limit: 4, leaseMs: 10 });
      same(await store.stuck(JOB, { cursor: null }), { items: [], cursor: null });
      await context.advance(1);
      await store.claimDue(JOB, { worker: "w", leaseMs: 19 });
      await context.advance(30);
      const pages: string[][] = [];
      for await (const items of eachPage((cursor) => store.stuck(JOB, { count: 2, cursor }))) {
        pages.push(items.map(({ id, partitionKey }) => `${partitionKey}/${id}`));
        // What has gone from a page is not missed on the next one.
        if (pages.length === 1) await store.cancel({ id: "b", partitionKey: "p" });
      }
      same(pages, [["p/b", "p/c"], ["p/d", "p/e"], ["p/a", "q/a"]]);
      same(idsOf((await store.stuck(JOB, { cursor: null, partitionKey: "q" })).items), ["a"]);
    },
  },
  {
    name: "stuck() reads leased flows whose lease is over, the longest expired first",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      for (const [id, leaseMs] of [["c", 30], ["b", 10], ["a", 10], ["long", 99]] as const) {
        await create(store, id, { partitionKey: `of-${id}` });
        await claimOne(store, { leaseMs });
      }
      await create(store, "waiting");
      same(await store.stuck(JOB), []);
      await context.advance(9);
      same(await store.stuck(JOB), []);
      await context.advance(1);
      same(idsOf(await store.stuck(JOB)), ["a", "b"]);
      await context.advance(20);
      const flows = await store.stuck(JOB);
      same(idsOf(flows), ["a", "b", "c"]);
      shows(flows[0], { state: "running", leaseOwner: "worker-1" });
      same(idsOf(await store.stuck(JOB, { olderThanMs: 20 })), ["a", "b"]);
      same(await store.stuck(JOB, { olderThanMs: 21 }), []);
      same(idsOf(await store.stuck(JOB, { count: 1 })), ["a"]);
      same(idsOf(await store.stuck(JOB, { partitionKey: "of-c" })), ["c"]);
      same(await store.stuck("none"), []);
    },
  },
];
