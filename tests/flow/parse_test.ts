/**
 * What calls are read as, where nobody sees it in an answer: large values, and what a batch shares.
 *
 * @module
 */

import {
  type CreateRequest,
  parseCompleteMany,
  type ParseContext,
  parseCreate,
  parseCreateMany,
  parseHistory,
  parseKvSet,
  parseSpawn,
  type Value,
} from "../../src/flow/core/mod.ts";
import { DEFAULT_LIMITS } from "../../src/flow/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A text of so many characters has two bytes more. */
const context: ParseContext = {
  limits: { ...DEFAULT_LIMITS, valueInlineBytesMax: 100 },
  manualClock: true,
};

const small = "x".repeat(98);
const large = "x".repeat(99);

function sizesOf(values: readonly Value[]): number[] {
  return values.map(({ bytes }) => bytes.length);
}

test("commands name the values that are too large to stand with others, and no others", () => {
  const created = (payload: string): number[] =>
    sizesOf(parseCreate("f", { type: "t", payload }, context).largeValues);
  assertEquals([created(small), created(large)], [[], [101]]);
  const set = (value: string): number[] =>
    sizesOf(parseKvSet({ key: "k", value }, {}, context).largeValues);
  assertEquals([set(small), set(large)], [[], [101]]);
  const items = [{ id: "a", payload: small }, { id: "b", payload: large }, "c"];
  const batch = parseCreateMany(items, { type: "t", payload: `${large}y` }, context);
  assertEquals(sizesOf(batch.largeValues), [101, 102]);
  const group = { groupId: "g", wait: "none", success: "queued", fencingToken: 0 };
  const children = [{ id: "a", type: "t", payload: large }, { id: "b", type: "t", payload: small }];
  assertEquals(sizesOf(parseSpawn("p", children, group, context).largeValues), [101]);
});

test("what a batch shares is one value, however many items have it", () => {
  const { items, largeValues } = parseCreateMany(
    ["a", "b", "c"],
    { type: "t", payload: large },
    context,
  );
  const payloads = new Set(items.map(({ payload }: CreateRequest) => payload));
  assertEquals([payloads.size, largeValues.length], [1, 1]);
  assert(payloads.has(largeValues[0]));
  const jobs = ["a", "b"].map((id) => ({
    ...{ id, leaseToken: "0".repeat(32), fencingToken: 1 },
    ttlMs: id.charCodeAt(0),
  }));
  const completed = parseCompleteMany(jobs, { result: large }, context);
  assertEquals(new Set(completed.items.map(({ result }) => result)).size, 1);
  assertEquals(completed.largeValues.length, 1);
});

test("parseHistory() takes a range that begins where it ends", () => {
  const one = {
    fromMs: 7,
    toMs: 7,
    fromEvent: "7-3",
    toEvent: "7-3",
    fromVersion: 3,
    toVersion: 3,
  };
  const { filter: { fromMs, toMs, fromEvent, toEvent } } = parseHistory("f", one, context);
  assertEquals([fromMs, toMs, fromEvent], [7, 7, toEvent]);
});
