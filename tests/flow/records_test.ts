import fc from "fast-check";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertThrows,
} from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { DecodeError } from "../../src/codec/mod.ts";
import { FlowError } from "../../src/errors.ts";
import type { FlowEventName, Priority } from "../../src/flow/mod.ts";
import { Dictionary } from "../../src/flow/core/dictionary.ts";
import type { CtrlEffect, Effect } from "../../src/flow/core/effect.ts";
import { decodeEffect } from "../../src/flow/core/encoding/records.ts";
import type { WrittenValue } from "../../src/flow/core/value.ts";
import { decodeRecord } from "../../src/log/record.ts";
import { encodeEffects } from "./effect_records.ts";

/** Objects as literals make them. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const NAMES = ["queued", "a", "b", "failed", "typ\u00e9"];

const u32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));
const u48 = fc.oneof(fc.nat(9), fc.maxSafeNat().map((value) => value % 2 ** 48));
const u53 = fc.oneof(fc.nat(9), fc.maxSafeNat());
const name = fc.constantFrom(...NAMES);
const text = fc.string({
  unit: fc.constantFrom("a", "\u00e9", "\u20ac", "\u{1F600}", "\0", "_"),
  minLength: 1,
  maxLength: 80,
});
const bits = plain({ hi: u32, lo: u32 });
const bytes = fc.uint8Array({ maxLength: 40 });

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) =>
  [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("")
);

const retry = plain({
  decision: fc.constantFrom("scheduled" as const, "exhausted" as const),
  attempt: u32,
  runState: name,
  maxRetries: u32,
  backoffKind: fc.constantFrom(
    "none" as const,
    "fixed" as const,
    "linear" as const,
    "exponential" as const,
  ),
  backoffBaseMs: u53,
  backoffMaxMs: u53,
  jitterPct: fc.nat(100),
  exhaustedTo: name,
});

const ctrl: fc.Arbitrary<CtrlEffect> = plain({
  kind: fc.constant("ctrl" as const),
  key: bits,
  control: plain({
    version: u48,
    state: name,
    priority: fc.constantFrom<Priority[]>(0, 1, 2),
    lease: fc.option(plain({ owner: text, secret: bits })),
    attempts: u32,
    attemptsTotal: u32,
    reclaims: u32,
    fencingToken: u48,
    updatedAtMs: u53,
    nextRunAtMs: fc.option(u53),
    retentionTtlMs: u53,
    retentionUntilMs: fc.option(u53),
    payloadLsn: u48,
    resultLsn: u48,
    errorLsn: u48,
    rewoundTo: plain({ ms: u53, version: u48 }) as fc.Arbitrary<
      { ms: number; version: number } | null
    >,
    valueCount: u32,
    valuesLsn: u48,
  }),
  event: fc.constantFrom<FlowEventName[]>(
    "created",
    "claimed",
    "lease_extended",
    "transitioned",
    "retry",
    "completed",
    "failed",
    "cancelled",
    "lease_lost",
    "rewound",
    "signaled",
    "value_put",
    "children_spawned",
    "child_completed",
    "child_failed",
    "child_cancelled",
    "children_cancelled",
  ),
  retry,
  signal: text,
  children: plain({ groupId: text, childId: fc.option(text) }),
}).map((effect) => {
  // Half of them have nothing to tell about a retry, a signal, or children.
  const { retry, signal, children, control, ...own } = effect;
  const others = children.groupId.length % 2 === 0 ? own : { ...own, children };
  const rest = signal.length % 2 === 0 ? others : { ...others, signal };
  const rewoundTo = effect.event === "rewound" ? control.rewoundTo : null;
  const decided = { ...rest, control: { ...control, rewoundTo } };
  return retry.attempt % 2 === 0 ? decided : { ...decided, retry };
});

const written: fc.Arbitrary<WrittenValue> = fc.oneof(
  plain({ encoding: fc.constantFrom<(0 | 1)[]>(0, 1), bytes }),
  plain({
    encoding: fc.constantFrom<(0 | 1)[]>(0, 1),
    size: u53,
    parts: plain({
      firstLsn: u48.map((lsn) => Math.max(1, lsn)),
      count: u32.map((count) => Math.max(1, count)),
    }),
  }),
);

const membership = plain({ parentPartitionKey: text, groupId: text, group: u48 });

/** A value that a command brings. */
const content = plain({ encoding: fc.constantFrom<(0 | 1)[]>(0, 1), bytes });

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

function byName<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> {
  return fc.array(fc.tuple(text, arbitrary), { maxLength: 3 }).map((entries) => new Map(entries));
}

const effect: fc.Arbitrary<Effect> = fc.oneof(
  ctrl,
  plain({
    kind: fc.constant("body" as const),
    key: bits,
    identity: plain({
      id: text,
      partitionKey: text,
      type: name,
      parentFlowId: fc.option(text),
      rootFlowId: fc.option(text),
      correlationId: fc.option(text),
      attributes: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), {
        noNullPrototype: true,
      }),
      createdAtMs: u53,
      historyMaxEvents: u32,
      digest: bits,
      membership: fc.option(membership),
    }),
  }),
  plain({
    kind: fc.constant("group" as const),
    key: bits,
    group: plain({
      id: text,
      number: u48,
      digest: bits,
      wait: fc.constantFrom("all" as const, "any" as const, "none" as const),
      onChildFailed: fc.constantFrom("fail_parent" as const, "ignore" as const),
      onParentClosed: fc.constantFrom("cancel_children" as const, "abandon_children" as const),
      waitState: fc.option(name),
      success: name,
      failure: fc.option(name),
      resolved: fc.constantFrom(null, "success" as const, "failure" as const),
      total: u32.map((count) => count >>> 2),
      completed: fc.nat(9),
      failed: fc.nat(9),
      cancelled: fc.nat(9),
      elsewhere: fc.nat(0xffff),
    }).map((group) => ({ ...group, total: group.total + 27 })),
  }),
  plain({
    kind: fc.constant("outbox" as const),
    to: fc.nat(15),
    message: fc.oneof(
      plain({
        kind: fc.constant("birth" as const),
        membership,
        request: plain({
          id: text,
          partitionKey: text,
          type: text,
          parentFlowId: text,
          state: optional(text),
          runAtMs: optional(u53),
          priority: optional(fc.constantFrom<Priority[]>(0, 1, 2)),
          payload: optional(fc.oneof(content, u48.map((linkLsn) => ({ linkLsn })))),
          rootFlowId: optional(text),
          correlationId: optional(text),
          attributes: optional(fc.constantFrom({}, { a: 1, b: "x" })),
          retentionTtlMs: optional(u53),
          historyMaxEvents: optional(u32),
          idempotent: fc.boolean(),
          values: optional(plain({
            drop: fc.constant([]),
            link: byName(u48.map((linkLsn) => ({ linkLsn }))),
            put: byName(plain({ value: content, digest })),
            override: fc.constant([]),
          })),
        }),
      }),
      plain({
        kind: fc.constant("end" as const),
        parentFlowId: text,
        membership,
        childId: text,
        end: fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const),
      }),
      plain({ kind: fc.constant("close" as const), group: u48 }),
    ),
  }),
  plain({ kind: fc.constant("inbox" as const), from: fc.nat(15), lsn: u48 }),
  plain({ kind: fc.constant("closing" as const), group: u48, isDone: fc.boolean() }),
  plain({
    kind: fc.constant("value" as const),
    key: fc.option(bits),
    untilMs: fc.option(u53),
    value: written,
  }),
  plain({ kind: fc.constant("value_part" as const), index: u32, bytes }),
  plain({
    kind: fc.constant("values" as const),
    key: bits,
    values: fc.array(plain({
      name: text,
      lsn: u48,
      version: u48,
      digest: fc.option(digest),
      encoding: fc.constantFrom<(0 | 1)[]>(0, 1),
    })),
  }),
  plain({
    kind: fc.constant("kv" as const),
    partitionKey: text,
    key: text,
    value: written,
    updatedAtMs: u53,
    untilMs: fc.option(u53),
  }),
  plain({ kind: fc.constant("kv_del" as const), partitionKey: text, key: text }),
  plain({ kind: fc.constant("signal_key" as const), key: bits, keyHash: bits, digest: bits }),
  plain({ kind: fc.constant("del" as const), key: bits }),
  plain({
    kind: fc.constant("policy" as const),
    type: name,
    generation: u48,
    policy: fc.constantFrom({}, { maxReclaims: null, states: { a: { retry: { maxRetries: 1 } } } }),
  }),
);

function dictionary(): Dictionary {
  const names = new Dictionary();
  for (const [index, name] of NAMES.entries()) names.add(index + 1, name);
  return names;
}

test("decodeEffect() reads what writeEffects() writes", () => {
  assertProperty(
    fc.property(fc.array(effect, { maxLength: 6 }), (effects) => {
      const names = dictionary();
      const records = encodeEffects(effects, 7, names);
      const decoded = records.map((bytes, index) => {
        const record = decodeRecord(bytes, 7 + index);
        assertEquals(record.bytes.length, bytes.length);
        return decodeEffect(record, names);
      });
      assertEquals(decoded, effects);
    }),
    { file: import.meta.url, runs: 400 },
  );
});

test("writeEffects() knows the names that the same command brings", () => {
  const names = new Dictionary();
  const effects: Effect[] = [
    { kind: "dict", id: 1, name: "t" },
    { kind: "policy", type: "t", generation: 1, policy: {} },
  ];
  const [first, second] = encodeEffects(effects, 1, names);
  const dict = decodeEffect(decodeRecord(first!, 1), names);
  assert(dict.kind === "dict");
  names.add(dict.id, dict.name);
  assertEquals(decodeEffect(decodeRecord(second!, 2), names), effects[1]);
});

test("decodeEffect() leaves alone what a later version has appended to the fixed part", () => {
  assertProperty(
    fc.property(effect, fc.uint8Array({ minLength: 1, maxLength: 30 }), (effect, appended) => {
      const names = dictionary();
      const { type, fixed, rest } = decodeRecord(encodeEffects([effect], 1, names)[0]!, 1);
      const longer = new Uint8Array([...fixed, ...appended]);
      assertEquals(decodeEffect({ type, fixed: longer, rest }, names), effect);
    }),
    { file: import.meta.url },
  );
});

test("decodeEffect() reads control blocks from before they counted values", () => {
  assertProperty(
    fc.property(ctrl, (effect) => {
      const names = dictionary();
      const { type, fixed, rest } = decodeRecord(encodeEffects([effect], 1, names)[0]!, 1);
      const decoded = decodeEffect({ type, fixed: fixed.subarray(0, 98), rest }, names);
      const absent = { valueCount: 0, valuesLsn: 0 };
      assertEquals(decoded, { ...effect, control: { ...effect.control, ...absent } });
    }),
    { file: import.meta.url },
  );
});

test("decodeEffect() refuses bytes that nobody wrote, and never with another error", () => {
  assertProperty(
    fc.property(
      effect,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      fc.boolean(),
      (effect, at, change, inRest, cut) => {
        const names = dictionary();
        const record = decodeRecord(encodeEffects([effect], 1, names)[0]!, 1);
        const parts = { fixed: record.fixed.slice(), rest: record.rest.slice() };
        const name = inRest && parts.rest.length > 0 ? "rest" : "fixed";
        const part = parts[name];
        if (cut) parts[name] = part.subarray(0, at % part.length);
        else part[at % part.length]! ^= change;
        try {
          decodeEffect({ type: record.type, ...parts }, names);
        } catch (error) {
          if (error instanceof FlowError) assertEquals(error.code, "newer_format");
          else assertInstanceOf(error, DecodeError);
        }
      },
    ),
    { file: import.meta.url, runs: 500 },
  );
});

test("decodeEffect() refuses events, encodings, flags and types of later versions as newer_format", () => {
  const names = dictionary();
  const sample = fc.sample(ctrl, { numRuns: 1, seed: 1 })[0]!;
  const refused = (effect: Effect, change: (fixed: Uint8Array) => void, type?: number) => {
    const record = decodeRecord(encodeEffects([effect], 1, names)[0]!, 1);
    const fixed = record.fixed.slice();
    change(fixed);
    const error = assertThrows(
      () => decodeEffect({ type: type ?? record.type, fixed, rest: record.rest }, names),
      FlowError,
    );
    assertEquals(error.code, "newer_format");
  };
  refused(sample, (fixed) => fixed[14] = 18);
  refused(sample, (fixed) => fixed[15]! |= 128);
  const value: Effect = {
    kind: "value",
    key: { hi: 1, lo: 2 },
    value: { encoding: 1, bytes: Uint8Array.of(48) },
    untilMs: null,
  };
  refused(value, (fixed) => fixed[8] = 2);
  refused(value, (fixed) => fixed[9] = 8);
  const key: Effect = {
    kind: "kv",
    partitionKey: "p",
    key: "k",
    value: { encoding: 1, bytes: Uint8Array.of(48) },
    updatedAtMs: 1,
    untilMs: null,
  };
  refused(key, (fixed) => fixed[16] = 2);
  refused(key, (fixed) => fixed[17] = 4);
  refused(value, () => {}, 12);
});

test("the fixed part of a control block is small", () => {
  const [sample] = fc.sample(ctrl, { numRuns: 1, seed: 1 });
  const { fixedLength } = decodeRecord(encodeEffects([sample!], 1, dictionary())[0]!, 1);
  assertLessOrEqual(fixedLength, 120);
});

test("KV and KVDEL have the bytes that the format draws", () => {
  const record = (effect: Effect) => {
    const { fixed, rest } = decodeRecord(encodeEffects([effect], 1, dictionary())[0]!, 1);
    return [fixed, rest].map((part) => [...part].map((byte) => byte.toString(16)).join(" "));
  };
  const name = { partitionKey: "p", key: "k\u00e9" };
  const value = { encoding: 1, bytes: new TextEncoder().encode("[1]") } as const;
  assertEquals(record({ kind: "kv", ...name, value, updatedAtMs: 0x0102, untilMs: 0x0304 }), [
    "2 1 0 0 0 0 0 0 4 3 0 0 0 0 0 0 1 2",
    "1 0 0 0 70 3 0 0 0 6b c3 a9 5b 31 5d",
  ]);
  const parts = { encoding: 0, size: 9, parts: { firstLsn: 5, count: 2 } } as const;
  assertEquals(record({ kind: "kv", ...name, value: parts, updatedAtMs: 1, untilMs: null }), [
    "1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1",
    "1 0 0 0 70 3 0 0 0 6b c3 a9 9 0 0 0 0 0 0 0 5 0 0 0 0 0 2 0 0 0",
  ]);
  assertEquals(record({ kind: "kv_del", ...name }), ["", "1 0 0 0 70 3 0 0 0 6b c3 a9"]);
});
