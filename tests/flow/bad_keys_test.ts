import { type AtomicCommands, FlowAtomicError } from "../../src/flow/mod.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import {
  type Bad,
  badBooleans,
  badNumbers,
  badOptions,
  badTexts,
  badValues,
  refuses,
} from "./bad_calls.ts";
import { CoreStore } from "./core_store.ts";

/** Rows that hold for the partition of a key. */
function badPartitions(argsOf: (partitionKey: unknown) => readonly unknown[]): Bad[] {
  return badTexts("partitionKey", argsOf);
}

/** Rows for options that may be left out, which null does as well. */
function badOptional(argsOf: (options: unknown) => readonly unknown[]): Bad[] {
  return badOptions(argsOf, {}).filter(({ args }) => args.at(-1) !== null);
}

test("kv.set() refuses bad input", () => {
  const set = (options: unknown) => ["k", 1, options];
  refuses("kvSet", [
    ...badTexts("key", (key) => [key, 1]),
    { args: [undefined, 1], field: "key", says: "key is undefined" },
    ...badValues("value", (value) => ["k", value]),
    { args: ["k"], field: "value", says: "any JSON value or bytes" },
    ...badOptional(set),
    ...badPartitions((partitionKey) => set({ partitionKey })),
    ...badNumbers("ttlMs", (ttlMs) => set({ ttlMs }), 1),
    ...badNumbers("ifVersion", (ifVersion) => set({ ifVersion }))
      .filter(({ args }) => (args[2] as { ifVersion: unknown }).ifVersion !== null),
    { args: set({ nowMs: 5 }), field: "nowMs", says: "manual clock" },
    { args: set({ ttl: 5 }), field: "ttl", says: "use ttlMs" },
    { args: set({ if_version: 5 }), field: "if_version", says: "use ifVersion" },
  ]);
});

test("kv.get() refuses bad input", () => {
  refuses("kvGet", [
    ...badTexts("key", (key) => [key]),
    ...badOptional((options) => ["k", options]),
    ...badPartitions((partitionKey) => ["k", { partitionKey }]),
    { args: ["k", { ttlMs: 5 }], field: "ttlMs" },
  ]);
});

test("kv.delete() refuses bad input", () => {
  refuses("kvDelete", [
    ...badTexts("key", (key) => [key]),
    ...badOptional((options) => ["k", options]),
    ...badPartitions((partitionKey) => ["k", { partitionKey }]),
    ...badNumbers("ifVersion", (ifVersion) => ["k", { ifVersion }], 1),
    { args: ["k", { nowMs: 5 }], field: "nowMs", says: "manual clock" },
  ]);
});

test("kv.list() refuses bad input", () => {
  const list = (options: unknown) => ["", options];
  refuses("kvList", [
    ...badTexts("prefix", (prefix) => [prefix]).filter(({ args }) => args[0] !== ""),
    ...badOptional(list),
    ...badPartitions((partitionKey) => list({ partitionKey })),
    {
      args: [undefined],
      field: "prefix",
      says: 'prefix is undefined, but must be a string: what keys begin with, "" for all of them',
    },
    { args: list({ count: 0 }), field: "count", says: "a whole number from 1 to 20" },
    ...badNumbers("count", (count) => list({ count }), 1)
      .filter(({ args }) => (args[1] as { count: unknown }).count !== 2 ** 53),
    { args: list({ count: 21 }), field: "count", code: "limit_exceeded", says: "the limit is 20" },
    ...badBooleans("rev", (rev) => list({ rev })),
    ...[7, "", "k", "key:%zz", "5:f:p", {}].map((cursor) => ({
      args: list({ cursor }),
      field: "cursor",
      says: "a cursor that the last page of this prefix gave",
    })),
    { args: ["b", { cursor: "key:a" }], field: "cursor" },
  ]);
});

test("atomic() refuses bad input of its own", () => {
  const nothing = (): void => {};
  refuses("atomic", [
    ...badTexts("partitionKey", (partitionKey) => [partitionKey, nothing]),
    ...badOptional((options) => ["p", nothing, options]),
    { args: ["p", nothing, { nowMs: 5 }], field: "nowMs", says: "manual clock" },
    ...[undefined, null, 7, "x", {}].map((build) => ({ args: ["p", build], field: "build" })),
    { args: ["p", () => Promise.resolve()], field: "build", says: "does not wait" },
  ]);
});

test("atomic() refuses bad input of its commands, with what they say as the cause", () => {
  const bad: readonly [(tx: AtomicCommands) => unknown, string][] = [
    [(tx) => tx.create("", { type: "t" }), "id"],
    [(tx) => tx.create("f", { type: "" }), "type"],
    [(tx) => tx.create("f", undefined as never), "options"],
    [(tx) => tx.complete(7 as never, { leaseToken: "1-0", fencingToken: 1 }), "id"],
    [(tx) => tx.complete("f", { fencingToken: 1 } as never), "leaseToken"],
    [(tx) => tx.transition("f", { to: "a", fencingToken: 0 } as never), "from"],
    [(tx) => tx.retry("f", { leaseToken: "1-0", fencingToken: -1 }), "fencingToken"],
    [(tx) => tx.fail("f", null as never), "options"],
    [(tx) => tx.cancel("f", { reason: NaN }), "reason"],
    [(tx) => tx.extendLease("f", { leaseToken: "1-0", fencingToken: 1, leaseMs: 0 }), "leaseMs"],
    [(tx) => tx.signal("f", {} as never), "signal"],
    [(tx) => tx.spawnChildren("f", [], {} as never), "children"],
    [(tx) => tx.spawnChildren("f", ["c"], { groupId: "" } as never), "groupId"],
    [(tx) => tx.valuePut(undefined), "value"],
    [(tx) => tx.valuePut(1, { name: "n" }), "name"],
    [(tx) => tx.kv.set("", 1), "key"],
    [(tx) => tx.kv.set("k", () => 1), "value"],
    [(tx) => tx.kv.set("k", 1, 7 as never), "options"],
    [(tx) => tx.kv.delete("k", { ifVersion: 0 }), "ifVersion"],
    [(tx) => tx.kv.delete("k", { ttlMs: 1 } as never), "ttlMs"],
  ];
  const store = new CoreStore();
  for (const [command, field] of bad) {
    const error = assertThrows(() => store.atomic("p", command), FlowAtomicError);
    assertEquals([error.code, error.index], ["invalid_argument", 0], error.message);
    assertEquals(error.details["field"], field);
    assertStringIncludes(String(error.cause), field);
  }
  assertEquals(store.log.length, 0);
});
