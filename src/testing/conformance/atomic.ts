/**
 * Several commands of one partition that take effect together.
 *
 * @module
 */
import { FlowAtomicError } from "../../flow/mod.ts";
import { fail, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase, ConformanceContext } from "./case.ts";
import { GROUP } from "./family.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner } from "./leasing.ts";

const IN_P = { partitionKey: "p" } as const;

/** Asserts that nothing of an `atomic()` was applied to flow "a", which it would have changed. */
async function unchanged({ store, kv }: ConformanceContext, version: number): Promise<void> {
  shows(await store.get("a"), { version });
  same(await store.get("b"), null);
  same(await kv.get("k", IN_P), null);
}

/** `atomic()`. */
export const atomicCases: readonly ConformanceCase[] = [
  {
    name:
      "atomic() applies commands of flows and keys together, and resolves to the results that it returns",
    needs: ["atomic", "kv"],
    async run({ store, kv, atomic }) {
      const flow = await leased(store, "a", IN_P);
      const [created, entry, done] = await atomic("p", (tx) => {
        const ended = tx.complete(flow, { ...owner(flow), result: "paid" });
        const key = tx.kv.set("k", { n: 1 });
        return [tx.create("b", { type: JOB, payload: 1 }), key, ended];
      });
      shows(done, { id: "a", state: "completed", version: 3 });
      shows(created, { id: "b", partitionKey: "p", version: 1 });
      same(await kv.get("k", IN_P), { ...entry, value: { n: 1 } });
      shows(await store.get("a", { payload: true }), { result: "paid" });
      same(await claimedIds(store), ["b"]);
    },
  },
  {
    name: "atomic() that returns no commands resolves to the results of all, in their order",
    needs: ["atomic", "kv"],
    async run({ atomic, kv }) {
      await kv.set("gone", 1, IN_P);
      const results = await atomic("p", (tx) => {
        tx.create("a", { type: JOB });
        tx.kv.delete("gone");
        tx.kv.delete("none");
      });
      same([results.length, results[1], results[2]], [3, true, false]);
      same(await atomic("p", () => {}), []);
    },
  },
  {
    name: "atomic() has every command that changes flows one by one",
    needs: ["atomic"],
    async run(context) {
      const { store, atomic } = context;
      const ids = ["complete", "retry", "fail", "move", "extend"];
      await store.createMany(ids, { type: JOB, ...IN_P });
      const flows = await store.claimDue(JOB, { worker: "w", limit: 5 });
      const guard = (id: string) => owner(flows.find((flow) => flow.id === id)!);
      for (const id of ["cancel", "signal", "parent"]) await create(store, id, IN_P);
      const records = await atomic("p", (tx) => [
        tx.complete("complete", { ...guard("complete"), result: 1 }),
        tx.retry("retry", { ...guard("retry"), error: 1, runAtMs: 0 }),
        tx.fail("fail", { ...guard("fail"), error: 1 }),
        tx.transition("move", { ...guard("move"), from: "running", to: "s" }),
        tx.extendLease("extend", { ...guard("extend"), leaseMs: 1 }),
        tx.cancel("cancel", { reason: 1 }),
        tx.signal("signal", { signal: "x", values: { x: 1 } }),
        tx.spawnChildren("parent", ["child"], GROUP),
      ]);
      same(records.map(({ id, state, version }) => [id, state, version]), [
        ["complete", "completed", 3],
        ["retry", "queued", 3],
        ["fail", "failed", 3],
        ["move", "s", 3],
        ["extend", "running", 3],
        ["cancel", "cancelled", 2],
        ["signal", "queued", 2],
        ["parent", "waiting", 2],
      ]);
      shows(await store.get("child"), { partitionKey: "p", parentFlowId: "parent" });
      const [put] = await atomic("p", (tx) => [
        tx.valuePut(7, { ownerFlowId: "signal", name: "y" }),
      ]);
      shows(put, { ownerFlowId: "signal", name: "y", version: 1, partitionKey: "p" }, "The value");
      shows(await store.get("signal", { values: true }), { values: { x: 1, y: 7 } });
    },
  },
  {
    name:
      "each command of an atomic() sees what those before it have done, and resolves to what it made",
    needs: ["atomic", "kv"],
    async run({ store, atomic }) {
      const [created, moved, cancelled, first, second] = await atomic("p", (tx) => [
        tx.create("a", { type: JOB, state: "s" }),
        tx.transition("a", { from: "s", to: "t", fencingToken: 0 }),
        tx.cancel("a"),
        tx.kv.set("k", 1, { ifVersion: null }),
        tx.kv.set("k", 2),
      ]);
      same([created.state, moved.state, cancelled.state], ["s", "t", "cancelled"]);
      same([created.version, moved.version, cancelled.version], [1, 2, 3]);
      same(first.version < second.version, true);
      same(await eventsOf(store, "a"), ["created", "transitioned", "cancelled"]);
    },
  },
  {
    name:
      "atomic() is all or nothing: the first command that is refused is named, and nothing is applied",
    needs: ["atomic", "kv"],
    async run(context) {
      const { store, atomic } = context;
      await create(store, "a", IN_P);
      const call = () =>
        atomic("p", (tx) => {
          tx.kv.set("k", 1);
          tx.create("b", { type: JOB });
          tx.cancel("a");
          tx.cancel("a");
        });
      const error = await refused(call, "flow_terminal", { index: 3, command: "cancel", id: "a" });
      if (!(error instanceof FlowAtomicError)) fail(`Expected a FlowAtomicError, got ${error}`);
      same([error.index, error.command], [3, "cancel"]);
      await unchanged(context, 1);
      await refused(
        () => atomic("p", (tx) => [tx.cancel("a"), tx.kv.set("k", 1, { ifVersion: 7 })]),
        "version_conflict",
        { index: 1, command: "kv.set" },
      );
      await refused(
        () => atomic("p", (tx) => [tx.cancel("a"), tx.kv.delete("k", { ifVersion: 7 })]),
        "version_conflict",
        { index: 1, command: "kv.delete" },
      );
      await refused(
        () => atomic("p", (tx) => [tx.kv.set("k", 1), tx.create("a", { type: JOB })]),
        "already_exists",
        { index: 1, command: "create" },
      );
      await unchanged(context, 1);
    },
  },
  {
    name:
      "a bare id in atomic() is the flow of its partition; another partition is refused with partition_mismatch",
    needs: ["atomic", "kv"],
    async run(context) {
      const { store, atomic } = context;
      for (const partitionKey of ["p", "q"]) await create(store, "a", { partitionKey });
      const [record] = await atomic("q", (tx) => [tx.cancel("a")]);
      shows(record, { partitionKey: "q", state: "cancelled" });
      const details = { index: 0, field: "partitionKey", value: "q", limit: "p" };
      const other = { partitionKey: "q" };
      await refused(
        () => atomic("p", (tx) => [tx.cancel({ id: "a", ...other })]),
        "partition_mismatch",
        details,
      );
      await refused(
        () => atomic("p", (tx) => [tx.create("b", { type: JOB, ...other })]),
        "partition_mismatch",
        details,
      );
      await refused(
        () => atomic("p", (tx) => [tx.kv.set("k", 1, other)]),
        "partition_mismatch",
        details,
      );
      await refused(() => atomic("r", (tx) => [tx.cancel("a")]), "not_found", { id: "a" });
      shows(await store.get({ id: "a", partitionKey: "p" }), { version: 1 });
    },
  },
  {
    name: "atomic() happens at one time, that of its nowMs where the clock is moved by hand",
    needs: ["atomic", "kv", "manualClock"],
    async run({ atomic, nowMs }) {
      const results = await atomic("p", (tx) => [
        tx.create("a", { type: JOB }),
        tx.kv.set("k", 1),
      ], { nowMs: nowMs + 5 });
      same(results.map(({ updatedAtMs }) => updatedAtMs), [nowMs + 5, nowMs + 5]);
      await refused(
        () => atomic("p", (tx) => [tx.cancel("a", { nowMs: 1 } as object)]),
        "invalid_argument",
        { index: 0, field: "nowMs" },
      );
    },
  },
  {
    name: "atomic() refuses a bad command at once, however many good ones there are",
    needs: ["atomic", "kv"],
    async run(context) {
      const { store, atomic } = context;
      await create(store, "a", IN_P);
      await refused(
        () =>
          atomic("p", (tx) => {
            tx.cancel("a");
            tx.create("b", { type: "" });
          }),
        "invalid_argument",
        { index: 1, command: "create", field: "type" },
      );
      await refused(
        () =>
          atomic("p", (tx) => {
            tx.kv.set("k", 1);
            try {
              tx.kv.set("", 1);
            } catch {
              // Who ignores it hears of it all the same.
            }
          }),
        "invalid_argument",
        { index: 1, command: "kv.set", field: "key" },
      );
      await unchanged(context, 1);
    },
  },
  {
    name: "what the callback of atomic() throws comes back as it is, and nothing is applied",
    needs: ["atomic", "kv"],
    async run(context) {
      const { store, atomic } = context;
      await create(store, "a", IN_P);
      const reason = new RangeError("mine");
      const ending = await atomic("p", (tx) => {
        tx.cancel("a");
        throw reason;
      }).then(() => undefined, (error: unknown) => error);
      same(ending === reason, true);
      await unchanged(context, 1);
    },
  },
  {
    name: "atomic() refuses what is no partition, no callback, or a callback that waits",
    needs: ["atomic", "kv"],
    async run(context) {
      const { store, atomic } = context;
      await create(store, "a", IN_P);
      const untyped = atomic as (...args: readonly unknown[]) => Promise<unknown>;
      const nothing = () => {};
      for (const partitionKey of ["", 7, null, undefined]) {
        await refused(() => untyped(partitionKey, nothing), "invalid_argument", {
          field: "partitionKey",
        });
      }
      for (const build of [undefined, null, []]) {
        await refused(() => untyped("p", build), "invalid_argument", { field: "build" });
      }
      await refused(() => untyped("p", nothing, { zebra: 1 }), "invalid_argument", {
        field: "zebra",
      });
      const waits = async (tx: { cancel(id: string): unknown }) => {
        tx.cancel("a");
        await Promise.resolve();
      };
      await refused(() => untyped("p", waits), "invalid_argument", { field: "build" });
      await unchanged(context, 1);
    },
  },
  {
    name: "atomic() takes as many commands as batchItemsMax, and writes as much as commandBytesMax",
    needs: ["atomic", "kv", "limits"],
    settings: { limits: { batchItemsMax: 2, commandBytesMax: 10_000 } },
    async run(context) {
      const { store, atomic } = context;
      await create(store, "a", IN_P);
      const three = () =>
        atomic("p", (tx) => {
          for (const key of ["1", "2", "3"]) tx.kv.set(key, 1);
        });
      await refused(three, "limit_exceeded", { value: 3, limit: 2 });
      const payload = new Uint8Array(6_000);
      const large = () =>
        atomic("p", (tx) => [tx.create("b", { type: JOB, payload }), tx.kv.set("k", payload)]);
      await refused(large, "too_large", { limit: 10_000 });
      await unchanged(context, 1);
    },
  },
  {
    name: "atomic() wakes claims that wait",
    needs: ["atomic", "blocking"],
    async run({ store, atomic }) {
      const claim = claimOne(store, { blockMs: 0 });
      await atomic("p", (tx) => [tx.create("a", { type: JOB })]);
      shows(await claim, { id: "a" });
    },
  },
  {
    name: "what atomic() has done is there when the store is closed and opened again",
    needs: ["atomic", "kv", "durable"],
    async run(context) {
      await context.atomic("p", (tx) => [tx.create("a", { type: JOB }), tx.kv.set("k", 1)]);
      await context.reopen();
      shows(await context.store.get("a"), { version: 1, partitionKey: "p" });
      shows(await context.kv.get("k", IN_P), { value: 1 }, "The key");
    },
  },
];
