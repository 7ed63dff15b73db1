/**
 * A batch whose items belong to several shards, which are made up.
 *
 * @module
 */

import {
  type BatchOutcome,
  FlowBatchError,
  FlowError,
  type FlowErrorCode,
  type FlowRecord,
} from "../../mod.ts";
import {
  applyInGroups,
  type BatchAnswer,
  type GroupOptions,
} from "../../src/engine/calls/groups.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import type { ItemsCommand, Value } from "../../src/flow/core/mod.ts";
import { notApplied } from "../../src/flow/core/mod.ts";
import { fakeRecord } from "../../src/testing/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

/** What a shard says to its part of a batch. */
type Say = (ids: readonly string[]) => BatchAnswer;

/** Items are named after their shard and their number: `a0`. */
function batch(
  ids: readonly string[],
  says: Readonly<Record<string, Say>>,
  { mode = "all", values = {} }: {
    readonly mode?: ItemsCommand["mode"];
    readonly values?: Readonly<Record<string, Value>>;
  } = {},
): { readonly heard: unknown[]; readonly answer: Promise<BatchAnswer> } {
  const shards = Object.fromEntries(
    ["a", "b", "c"].map((name) => [name, { name } as unknown as Shard]),
  );
  const heard: unknown[] = [];
  const items = ids.map((id) => ({ target: { id }, payload: values[id] }));
  const largeValues = Object.values(values);
  const command = { kind: "transition", mode, items, largeValues } as unknown as ItemsCommand;
  const router = {
    first: shards["a"]!,
    shardWith: ({ id }: { readonly id: string }, nowMs: number) => {
      assertEquals(nowMs, 77);
      return shards[id[0]!]!;
    },
  } as unknown as GroupOptions["router"];
  const answer = applyInGroups(command, {
    ...{ router, nowMs: 77 },
    apply: async (part, shard) => {
      const { name } = shard as unknown as { readonly name: string };
      const own = part.items.map((item) => (item as { target: { id: string } }).target.id);
      heard.push([name, own, part.largeValues.map(({ bytes }) => bytes.length)]);
      await undefined;
      return says[name]!(own);
    },
  });
  return { heard, answer };
}

const record = (id: string): FlowRecord => fakeRecord({ id });

const applied: Say = (ids) => ids.map(record);

const each: Say = (ids) => ids.map((id): BatchOutcome => ({ ok: true, record: record(id) }));

function refused(at: number, code: "not_found" | "wrong_state" = "not_found"): Say {
  return (ids) => {
    const first = new FlowError<FlowErrorCode>(code, `${ids[at]} is refused`);
    const rest = { ok: false, error: notApplied(first, at) } as const;
    const outcomes = ids.map((_, place) =>
      place === at ? { ok: false, error: first } as const : rest
    );
    throw new FlowBatchError(first, at, outcomes);
  };
}

const fails: (code: "overloaded" | "store_closed") => Say = (code) => () => {
  throw new FlowError<FlowErrorCode>(code, "Not now");
};

/** What became of each item. */
function shown(outcomes: BatchAnswer): unknown[] {
  return outcomes.map((outcome) =>
    !("ok" in outcome)
      ? outcome.id
      : outcome.ok
      ? outcome.record.id
      : [outcome.error.code, outcome.error.details["index"]]
  );
}

test("applyInGroups() hands a batch of one shard on as it is, also one without items", async () => {
  const one = batch(["b0", "b1"], { b: applied });
  assertEquals(shown(await one.answer), ["b0", "b1"]);
  assertEquals(one.heard, [["b", ["b0", "b1"], []]]);
  const none = batch([], { a: applied });
  assertEquals([await none.answer, none.heard], [[], [["a", [], []]]]);
  const first = new FlowError<FlowErrorCode>("not_found", "b0 is refused");
  const refusal = new FlowBatchError(first, 0, [{ ok: false, error: first }]);
  const says = {
    b: () => {
      throw refusal;
    },
  };
  assert(await assertRejects(() => batch(["b0"], says).answer) === refusal);
  // Its refusal is told as it is.
  const error = await assertRejects(
    () => batch(["b0"], { b: fails("overloaded") }).answer,
    FlowError,
  );
  assertEquals([error.code, error instanceof FlowBatchError], ["overloaded", false]);
});

test("applyInGroups() gives each shard its items and their values, and answers in the order of all", async () => {
  const value = (length: number): Value => ({ bytes: new Uint8Array(length) }) as Value;
  const values = { b0: value(3), a0: value(1), b1: value(4) };
  const { heard, answer } = batch(
    ["b0", "a0", "c0", "b1"],
    { a: applied, b: applied, c: applied },
    {
      values,
    },
  );
  assertEquals(shown(await answer), ["b0", "a0", "c0", "b1"]);
  assertEquals(heard, [["b", ["b0", "b1"], [3, 4]], ["a", ["a0"], [1]], ["c", ["c0"], []]]);
});

test("applyInGroups() tells of the first refused item of all, and what became of the others", async () => {
  const ids = ["a0", "b0", "c0", "b1", "a1"];
  const says = { a: refused(1, "wrong_state"), b: refused(1), c: applied };
  const error = await assertRejects(() => batch(ids, says).answer, FlowBatchError);
  assertEquals([error.code, error.details["index"], error.details["applied"]], ["not_found", 3, 1]);
  assertEquals(error.cause, error.outcomes[3]?.ok === false && error.outcomes[3].error);
  assertEquals(shown([...error.outcomes]), [
    ["not_applied", 4],
    ["not_applied", 3],
    "c0",
    ["not_found", undefined],
    ["wrong_state", undefined],
  ]);
});

test("applyInGroups() tells item by item of a shard that refuses all of its own", async () => {
  const says = { a: applied, b: fails("overloaded") };
  const error = await assertRejects(
    () => batch(["a0", "b0", "a1", "b1"], says).answer,
    FlowBatchError,
  );
  assertEquals([error.code, error.details["index"]], ["overloaded", 1]);
  assertEquals(shown([...error.outcomes]), [
    "a0",
    ["overloaded", undefined],
    "a1",
    ["overloaded", undefined],
  ]);
});

test("applyInGroups() tells of what concerns the store, and no item, only if all shards say so", async () => {
  const says = { a: fails("store_closed"), b: fails("store_closed") };
  for (const mode of ["all", "independent"] as const) {
    const closed = await assertRejects(() => batch(["b0", "a0"], says, { mode }).answer, FlowError);
    assertEquals([closed.code, closed instanceof FlowBatchError], ["store_closed", false]);
  }
  const mixed = { a: fails("overloaded"), b: refused(0) };
  const error = await assertRejects(() => batch(["a0", "b0"], mixed).answer, FlowBatchError);
  assertEquals([error.code, error.details["index"]], ["overloaded", 0]);
  // What has led to it is not what the item was refused for.
  const cause = new FlowError<FlowErrorCode>("corrupt", "A segment");
  const failed = new FlowError<FlowErrorCode>("store_failed", "The store failed", { cause });
  const a: Say = () => {
    throw failed;
  };
  const half = await assertRejects(() => batch(["a0", "b0"], { a, b: applied }).answer, FlowError);
  assertEquals([half.code, half.cause], ["store_failed", failed]);
});

test("applyInGroups() answers independent items one by one, whatever shards say", async () => {
  const ids = ["a0", "b0", "c0"];
  const mode = "independent";
  const good = await batch(ids, { a: each, b: each, c: each }, { mode }).answer;
  assertEquals(good.map((outcome) => "ok" in outcome && outcome.ok), [true, true, true]);
  assertEquals(shown(good), ids);
  const half = await batch(ids, { a: each, b: fails("overloaded"), c: each }, { mode }).answer;
  assertEquals(shown(half), ["a0", ["overloaded", undefined], "c0"]);
});

test("applyInGroups() takes nothing for a refusal that is none", async () => {
  const says: Readonly<Record<string, Say>> = {
    a: applied,
    b: () => {
      throw new TypeError("A mistake");
    },
  };
  await assertRejects(() => batch(["a0", "b0"], says).answer, TypeError);
});
