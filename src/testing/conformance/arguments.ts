/**
 * What commands refuse before they look at any flow.
 *
 * @module
 */
import type { FlowStore } from "../../flow/mod.ts";
import { ARGUMENT_TABLES, type ArgumentTable, type Command } from "./argument_tables.ts";
import { refused, same } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { create, JOB } from "./leasing.ts";

/** Calls a command with any arguments. */
function call(store: FlowStore, command: Command, ...args: readonly unknown[]): Promise<unknown> {
  return (store[command] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
}

/** The name of the first argument of each command in refusals. */
function subjectField({ command, subject }: ArgumentTable): string {
  if (command === "valuePut") return "value";
  return subject === JOB ? "type" : "id";
}

/** Arguments. */
export const argumentsCases: readonly ConformanceCase[] = [
  ...ARGUMENT_TABLES.map((table): ConformanceCase => ({
    name: `${table.command}() refuses options that are not what they must be, and names each`,
    async run({ store }) {
      const { command, subject, options, bad } = table;
      const before = await create(store, "a", { state: "s" });
      for (const { name, value, code = "invalid_argument", field = name, limit } of bad) {
        await refused(() => call(store, command, subject, { ...options, [name]: value }), code, {
          field,
          ...limit === undefined ? {} : { limit },
        });
      }
      same(await store.get("a"), before);
    },
  })),
  ...ARGUMENT_TABLES.map((table): ConformanceCase => ({
    name:
      `${table.command}() refuses options that it does not have, and options that are no object`,
    async run({ store }) {
      const { command, subject, options, optional = false } = table;
      const unknown = { ...options, zebra: 1 };
      await refused(() => call(store, command, subject, unknown), "invalid_argument", {
        field: "zebra",
      });
      for (const none of [7, "x", [], true, ...optional ? [] : [null, undefined]]) {
        await refused(() => call(store, command, subject, none), "invalid_argument", {
          field: "options",
        });
      }
    },
  })),
  ...ARGUMENT_TABLES.filter(({ command }) => command !== "valuePut").map((
    table,
  ): ConformanceCase => ({
    name: `${table.command}() refuses a name of a ${subjectField(table)} that is none`,
    async run({ store }) {
      const { command, options } = table;
      const field = subjectField(table);
      const good = { ...options };
      for (const bad of ["", 7, null, undefined, ["a"], "a\ud800"]) {
        await refused(() => call(store, command, bad, good), "invalid_argument", { field });
      }
      await refused(() => call(store, command, "x".repeat(1_025), good), "too_large", {
        field,
        value: 1_025,
        limit: 1_024,
      });
      if (field !== "id" || command === "create") return;
      for (const bad of ["partitionKey", "type"]) {
        const ref = { id: "a", [bad]: "" };
        await refused(() => call(store, command, ref, good), "invalid_argument", { field: bad });
      }
    },
  })),
  {
    name: "commands over many flows refuse what is wrong with an item, and name its place",
    async run({ store }) {
      const before = await create(store, "a");
      const good = { id: "a", leaseToken: "1-1", fencingToken: 1 };
      const move = { from: "queued", to: "s" };
      const bad: readonly [Command, unknown, object, string][] = [
        ["createMany", { id: "" }, { type: JOB }, "items[1].id"],
        ["createMany", { id: "b", state: "any" }, { type: JOB }, "items[1].state"],
        ["createMany", { id: "b", nowMs: 1 }, { type: JOB }, "items[1].nowMs"],
        ["createMany", { type: JOB }, { type: JOB }, "items[1].id"],
        ["createMany", { id: "b" }, { type: JOB, independent: 1 }, "independent"],
        ["createMany", { id: "b" }, { type: JOB, leaseMs: 1 }, "leaseMs"],
        ["createMany", [], { type: JOB }, "items[1]"],
        ["completeMany", { ...good, leaseToken: undefined }, {}, "items[1].leaseToken"],
        ["completeMany", { ...good, fencingToken: undefined }, {}, "items[1].fencingToken"],
        ["completeMany", { ...good, result: NaN }, {}, "items[1].result"],
        ["completeMany", good, { result: NaN }, "result"],
        ["completeMany", good, { leaseToken: "1-1" }, "leaseToken"],
        ["failMany", { ...good, error: () => 0 }, {}, "items[1].error"],
        ["failMany", good, { ttlMs: 0 }, "ttlMs"],
        ["retryMany", { ...good, runAtMs: null }, {}, "items[1].runAtMs"],
        ["retryMany", { ...good, retry: { maxRetries: 0.5 } }, {}, "items[1].retry.maxRetries"],
        ["cancelMany", { id: "a", leaseToken: "1-1" }, {}, "items[1].fencingToken"],
        ["cancelMany", "a", {}, "items[1]"],
        ["transitionMany", { ...good, priority: 3 }, move, "items[1].priority"],
        ["transitionMany", good, { ...move, partitionKey: "" }, "partitionKey"],
      ];
      for (const [command, item, options, field] of bad) {
        const items = [command === "createMany" ? { id: "c" } : { ...good, id: "b" }, item];
        await refused(() => call(store, command, items, options), "invalid_argument", { field });
      }
      for (const command of ["createMany", "cancelMany"] as const) {
        for (const items of [undefined, null, {}, "a", []]) {
          await refused(() => call(store, command, items), "invalid_argument", { field: "items" });
        }
      }
      same([await store.get("a"), await store.get("c")], [before, null]);
    },
  },
  {
    name:
      "create() names the first bad option: type, state, lineage, idempotent, times, priority, partition",
    async run({ store }) {
      const bad = {
        type: "",
        state: "",
        parentFlowId: "",
        rootFlowId: "",
        correlationId: "",
        idempotent: 1,
        runAtMs: -1,
        retentionTtlMs: 0,
        historyMaxEvents: 0,
        priority: 3,
        partitionKey: "",
      };
      const options: Record<string, unknown> = { ...bad };
      for (const field of Object.keys(bad)) {
        await refused(() => call(store, "create", "a", options), "invalid_argument", { field });
        options[field] = field === "type" ? JOB : undefined;
      }
      await call(store, "create", "a", options);
    },
  },
  {
    name: "options that are undefined count as absent",
    async run({ store }) {
      const options = {
        state: undefined,
        runAtMs: undefined,
        payload: undefined,
        nowMs: undefined,
      };
      same((await create(store, "a", options)).state, "queued");
      await store.claimDue(JOB, { worker: "w", state: undefined, states: undefined });
      await store.list(JOB, { count: undefined });
    },
  },
  {
    name: "valueMget() takes references: an array of texts, 1,000 at most",
    async run({ store }) {
      for (const refs of [undefined, null, "v1", { length: 0 }]) {
        await refused(() => call(store, "valueMget", refs), "invalid_argument", { field: "refs" });
      }
      for (const ref of ["", 7, null]) {
        await refused(() => call(store, "valueMget", ["v1", ref]), "invalid_argument", {
          field: "refs[1]",
        });
      }
      const many = Array.from({ length: 1_001 }, () => "v1");
      await refused(() => store.valueMget(many), "limit_exceeded", {
        field: "refs.length",
        limit: 1_000,
      });
      same((await store.valueMget(many.slice(1))).length, 1_000);
    },
  },
  {
    name:
      "valuePut() needs a value; a name needs a flow, a flow a name, and only what has none a ttlMs",
    async run({ store }) {
      await create(store, "a");
      for (const value of [undefined, NaN, () => 0]) {
        await refused(() => store.valuePut(value), "invalid_argument", { field: "value" });
      }
      const put = (options: object) => () => store.valuePut(1, options);
      await refused(put({ ownerFlowId: "a" }), "invalid_argument", { field: "ownerFlowId" });
      await refused(put({ name: "x" }), "invalid_argument", { field: "name" });
      await refused(put({ override: true }), "invalid_argument", { field: "override" });
      await refused(put({ ownerFlowId: "a", name: "x", ttlMs: 1 }), "invalid_argument", {
        field: "ttlMs",
      });
      same((await store.get("a"))?.version, 1);
    },
  },
  {
    name: "retentionCleanup() takes a limit from 1 to 1,000",
    async run({ store }) {
      for (const limit of [0, -1, 1.5, "1"]) {
        await refused(() => call(store, "retentionCleanup", { limit }), "invalid_argument", {
          field: "limit",
        });
      }
      await refused(() => store.retentionCleanup({ limit: 1_001 }), "limit_exceeded", {
        field: "limit",
        limit: 1_000,
      });
      await refused(() => call(store, "retentionCleanup", { type: JOB }), "invalid_argument", {
        field: "type",
      });
    },
  },
  {
    name: "state and states, partitionKey and partitionKeys: one of them",
    async run({ store }) {
      const claim = (options: object) => () => store.claimDue(JOB, { worker: "w", ...options });
      await refused(claim({ state: "s", states: ["s"] }), "invalid_argument", { field: "states" });
      await refused(claim({ partitionKey: "p", partitionKeys: ["p"] }), "invalid_argument", {
        field: "partitionKeys",
      });
      const both = { worker: "w", partitionKey: "p", partitionKeys: ["p"] };
      await refused(() => store.reclaim(JOB, both), "invalid_argument", { field: "partitionKeys" });
    },
  },
];
