/**
 * What errors tell programs. The compiler is half of the test: an `@ts-expect-error` above a line that
 * compiles is an error itself.
 *
 * @module
 */

import { FlowError, type FlowErrorCode, isFlowError } from "../src/errors.ts";
import { memoryStore } from "../src/testing/mod.ts";
import { assert, assertEquals, assertRejects } from "./assert.ts";
import { test } from "./harness.ts";

test("isFlowError() tells which facts an error of a code always has", async () => {
  await using store = await memoryStore({ limits: { claimLimitMax: 5 } });
  await store.create("a", { type: "t", partitionKey: "p" });
  const there = await assertRejects(() => store.create("a", { type: "t", partitionKey: "p" }));
  assert(isFlowError(there, "already_exists"));
  const place: { readonly id: string; readonly partitionKey: string } = there.details;
  const state: string = there.details.state;
  assertEquals([place.id, place.partitionKey, state], ["a", "p", "queued"]);

  const many = await assertRejects(() => store.claimDue("t", { worker: "w", limit: 6 }));
  assert(isFlowError(many, "limit_exceeded"));
  const { field, value, limit } = many.details;
  assertEquals([field, value - limit], ["limit", 1]);

  const changed = await assertRejects(() => store.kv.set("k", 1, { ifVersion: 7 }));
  assert(isFlowError(changed, "version_conflict"));
  const { key, expected, actual } = changed.details;
  assertEquals([key, expected + actual], ["k", 7]);
});

test("isFlowError() promises no facts that only some errors of a code have", async () => {
  await using store = await memoryStore();
  const bad = await assertRejects(() => store.create("", { type: "t" }));
  assert(isFlowError(bad, "invalid_argument"));
  // @ts-expect-error: it may be anything, or missing
  const value: string = bad.details.value;
  assertEquals(value, "");
  const some: unknown = bad;
  assert(isFlowError(some));
  // @ts-expect-error: of a code that is not known nothing is
  const field: string = some.details.field;
  assertEquals(field, "id");
});

test("FlowError is not made without the facts that its code always has", () => {
  // @ts-expect-error: when to try again is missing
  assertEquals(new FlowError("overloaded", "Busy").details, {});
  // @ts-expect-error: it is a number
  new FlowError("overloaded", "Busy", { details: { retryAfterMs: "soon" } });
  const { retryAfterMs } = new FlowError("overloaded", "Busy", {
    details: { retryAfterMs: 5, reason: "memory" },
  }).details;
  assertEquals(retryAfterMs + 1, 6);
  assertEquals(new FlowError("store_closed", "Closed").details, {});
  const code: FlowErrorCode = "overloaded";
  assertEquals(new FlowError<FlowErrorCode>(code, "Known at run time only").details, {});
});
