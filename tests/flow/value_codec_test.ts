import fc from "fast-check";
import { Buffer } from "node:buffer";
import { decodeValue, encodeValue } from "../../src/flow/core/values/value_codec.ts";
import { ValueMemory } from "../../src/flow/core/values/value_memory.ts";
import { assert, assertEquals, assertNotStrictEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** Shared by all values, as those of a store share theirs. */
const memory = new ValueMemory();

/** What comes back of a value. */
function roundTrip(value: unknown): unknown {
  const encoded = encodeValue("payload", value, { bytesMax: 1 << 20, memory });
  assert(encoded !== undefined);
  return decodeValue(encoded);
}

// Not fast-check's own texts: the tables of all characters cost seconds before the first case.
const text = fc.string({
  unit: fc.constantFrom("a", " ", '"', "\\", "\n", "\u00e9", "\u2028", "\ud800", "\u{1F600}"),
  maxLength: 6,
});
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    text,
    fc.constantFrom(null, true, false, 0, -0, 1e300, 5e-324),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(text, tie("json"), { maxKeys: 4 }),
  ),
}));

test("encodeValue() and decodeValue() keep whatever JSON can hold", () => {
  assertProperty(
    fc.property(json, (value) => {
      // JSON has one zero only.
      const plain = JSON.parse(JSON.stringify(value));
      assertEquals(roundTrip(value), plain);
    }),
    { file: import.meta.url, runs: 200 },
  );
});

test("encodeValue() keeps bytes as a copy of its own", () => {
  const room = { bytesMax: 2_000, memory };
  // A slice of a Buffer would be no copy.
  const given = [3, 2_000].flatMap((length) => [new Uint8Array(length), Buffer.alloc(length)]);
  for (const bytes of given) {
    for (const { memory } of [room, {}]) {
      bytes.fill(7);
      const encoded = encodeValue("payload", bytes, { ...room, memory });
      bytes.fill(9);
      assertNotStrictEquals(encoded?.bytes.buffer, bytes.buffer);
      assertEquals(encoded?.bytes, new Uint8Array(bytes.length).fill(7));
    }
  }
});

test("decodeValue() gives bytes a buffer of their own, and copies none that have one", () => {
  const among = new Uint8Array(100).fill(7);
  for (const bytes of [among.subarray(10, 13), among.subarray(0, 3), among.subarray(97)]) {
    const value = decodeValue({ encoding: 0, bytes }) as Uint8Array;
    assertEquals(value, new Uint8Array(3).fill(7));
    assertEquals([value.byteOffset, value.buffer.byteLength], [0, 3]);
    assertNotStrictEquals(value.buffer, among.buffer);
  }
  assert(decodeValue({ encoding: 0, bytes: among }) === among);
});

test("encodeValue() gives every value memory that no other has", () => {
  const values = Array.from({ length: 3_000 }, (_, n) => n % 2 === 0 ? `ä${n}` : Uint8Array.of(n));
  const encoded = values.map((value) => encodeValue("payload", value, { bytesMax: 2_000, memory }));
  assertEquals(encoded.map((value) => value && decodeValue(value)), values);
});

test("encodeValue() takes the same object twice, objects without a prototype and lone surrogates", () => {
  const twin = { n: 1 };
  assertEquals(roundTrip([twin, { twin }, twin]), [{ n: 1 }, { twin: { n: 1 } }, { n: 1 }]);
  assertEquals(roundTrip(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  assertEquals(roundTrip("\ud800"), "\ud800");
  assertEquals(roundTrip({ gone: undefined, "": 0 }), { "": 0 });
});

test("encodeValue() leaves out what JSON leaves out of plain values, as COMMANDS says", () => {
  const hidden = Object.defineProperty({ a: 1 }, "b", { value: 2, enumerable: false });
  assertEquals(roundTrip({ hidden, [Symbol("s")]: 3, gone: undefined }), { hidden: { a: 1 } });
  assertEquals(roundTrip(Object.assign([1, 2], { extra: 3 })), [1, 2]);
  assert(Object.is(roundTrip(-0), 0));
});

test("encodeValue() of undefined is no value", () => {
  assertEquals(encodeValue("payload", undefined, { bytesMax: 0, memory }), undefined);
  assertEquals(roundTrip(null), null);
});
