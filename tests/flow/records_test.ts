import fc from "fast-check";
import { DecodeError } from "../../src/codec/mod.ts";
import { FlowError } from "../../src/errors.ts";
import type { Effect } from "../../src/flow/core/effect.ts";
import { GistReader } from "../../src/flow/core/encoding/gists.ts";
import { decodeEffect } from "../../src/flow/core/encoding/records.ts";
import { Dictionary } from "../../src/flow/core/table/dictionary.ts";
import { decodeRecord, RECORD_HEADER_BYTES, recordAt } from "../../src/log/format/record.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertThrows,
} from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { anyCtrl, anyEffect, dictionary } from "./any_effect.ts";
import { encodeEffects } from "./effect_records.ts";

test("decodeEffect() reads what writeEffects() writes", () => {
  assertProperty(
    fc.property(fc.array(anyEffect, { maxLength: 6 }), (effects) => {
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
    fc.property(anyEffect, fc.uint8Array({ minLength: 1, maxLength: 30 }), (effect, appended) => {
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
    fc.property(anyCtrl, (effect) => {
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
      anyEffect,
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
        resultOf(() => decodeEffect({ type: record.type, ...parts }, names));
      },
    ),
    { file: import.meta.url, runs: 500 },
  );
});

test("decodeEffect() refuses events, encodings, flags and types of later versions as newer_format", () => {
  const names = dictionary();
  const sample = fc.sample(anyCtrl, { numRuns: 1, seed: 1 })[0]!;
  const refused = (effect: Effect, change: (fixed: Uint8Array) => void, type?: number) => {
    const record = decodeRecord(encodeEffects([effect], 1, names)[0]!, 1);
    const fixed = record.fixed.slice();
    change(fixed);
    const error = assertThrows(
      () => decodeEffect({ type: type ?? record.type, fixed, rest: record.rest }, names),
      FlowError,
    );
    assertEquals(error.code, "newer_format");
    const bytes = new Uint8Array([...record.bytes.subarray(0, RECORD_HEADER_BYTES), ...fixed]);
    bytes[8] = type ?? record.type;
    const span = { ...record, bytes, start: 0, end: bytes.length, type: bytes[8] };
    const { message } = assertThrows(() => new GistReader().of(span, names), FlowError);
    assertEquals(message, error.message);
  };
  refused(sample, (fixed) => fixed[14] = 19);
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
  const [sample] = fc.sample(anyCtrl, { numRuns: 1, seed: 1 });
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

test("GistReader says of every record what its effect says", () => {
  const gists = new GistReader();
  assertProperty(
    fc.property(anyEffect, fc.nat(3), fc.nat(200), fc.nat(255), (effect, before, at, bits) => {
      const names = dictionary();
      const record = encodeEffects([effect], 1, names)[0]!;
      const { type, fixedLength } = decodeRecord(record, 1);
      record[RECORD_HEADER_BYTES + at % Math.max(1, fixedLength)]! ^= bits;
      const bytes = new Uint8Array([...new Uint8Array(before), ...record]);
      const span = { bytes, start: before, end: bytes.length, type, fixedLength };
      const whole = resultOf(() => decodeEffect(recordAt(record, 0, record.length), names));
      const gist = resultOf(() => gists.of(span, names));
      // What stands behind its fixed part is of no concern to most, nor are the names of states.
      if (whole !== undefined) assertPart(gist, whole);
    }),
    { file: import.meta.url, runs: 1_000 },
  );
});

/** What a function returns; undefined if it refuses what it reads. */
function resultOf<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlowError) assertEquals(error.code, "newer_format");
    else assertInstanceOf(error, DecodeError);
    return undefined;
  }
}

/** Asserts that whatever is in a part is in the whole, too. */
function assertPart(part: unknown, whole: unknown): void {
  if (Object.getPrototypeOf(part ?? "") !== Object.prototype) return assertEquals(part, whole);
  for (const [name, value] of Object.entries(part as object)) {
    assertPart(value, (whole as Readonly<Record<string, unknown>>)[name]);
  }
}
