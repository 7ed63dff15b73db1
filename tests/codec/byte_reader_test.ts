import fc from "fast-check";
import { ByteReader, ByteWriter, DecodeError } from "../../src/codec/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** A value, and how it is written and read. */
interface Item {
  readonly value: unknown;
  write(writer: ByteWriter): void;
  read(reader: ByteReader): unknown;
}

const number = (name: "u8" | "u16" | "u32" | "u48" | "u53", max: number): fc.Arbitrary<Item> =>
  fc.oneof(fc.constantFrom(0, 1, max - 1, max), fc.maxSafeNat().map((value) => value % (max + 1)))
    .map((value) => ({
      value,
      write: (writer) => writer[name](value),
      read: (reader) => reader[name](),
    }));

const item: fc.Arbitrary<Item> = fc.oneof(
  number("u8", 0xff),
  number("u16", 0xffff),
  number("u32", 0xffff_ffff),
  number("u48", 0xffff_ffff_ffff),
  number("u53", Number.MAX_SAFE_INTEGER),
  fc.double().map((value) => ({
    value,
    write: (writer: ByteWriter) => writer.f64(value),
    read: (reader: ByteReader) => reader.f64(),
  })),
  fc.string({ unit: "binary", maxLength: 100 }).map((value) => ({
    value,
    write: (writer: ByteWriter) => writer.text(value),
    read: (reader: ByteReader) => reader.text(),
  })),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({
    value: [...value],
    write: (writer: ByteWriter) => writer.blob(value),
    read: (reader: ByteReader) => [...reader.blob()],
  })),
);

test("ByteReader reads what ByteWriter wrote, and notices at every byte that it is cut short", () => {
  assertProperty(
    fc.property(fc.array(item, { maxLength: 8 }), (items) => {
      const writer = new ByteWriter(1);
      for (const { write } of items) write(writer);
      const bytes = writer.bytes();
      const reader = new ByteReader(bytes);
      for (const { read, value } of items) assertEquals(read(reader), value);
      reader.end();
      for (let length = 0; length < bytes.length; length++) {
        const cut = new ByteReader(bytes.subarray(0, length));
        assertThrows(() => items.forEach(({ read }) => read(cut)), DecodeError);
      }
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("ByteReader accepts of random bytes only what ByteWriter writes the same way", () => {
  assertProperty(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const reader = new ByteReader(bytes);
      const writer = new ByteWriter();
      try {
        writer.u53(reader.u53());
        writer.text(reader.text());
        writer.u48(reader.u48());
      } catch (error) {
        if (error instanceof DecodeError) return;
        throw error;
      }
      assertEquals([...writer.bytes()], [...bytes.subarray(0, reader.offset)]);
    }),
    { file: import.meta.url, runs: 2_000 },
  );
});

test("ByteReader.text() refuses what is not UTF-8 and keeps what is", () => {
  const text = (...bytes: number[]): string =>
    new ByteReader(Uint8Array.of(bytes.length, 0, 0, 0, ...bytes)).text();
  assertEquals(text(0xef, 0xbb, 0xbf, 0x61), "\ufeffa");
  assertEquals(text(0xf0, 0x9f, 0x98, 0x80), "😀");
  // Overlong, a surrogate, a lone continuation, cut short.
  for (const bytes of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0x80], [0xe2, 0x82]]) {
    assertThrows(() => text(...bytes), DecodeError, "UTF-8");
  }
});

test("ByteReader.text() reads texts of every length, with a larger character at every place", () => {
  for (let length = 0; length < 60; length++) {
    const plain = "abcdefghijklmnopqrst".repeat(3).slice(0, length);
    const texts = Array.from(plain, (_, at) => `${plain.slice(0, at)}é${plain.slice(at + 1)}`);
    for (const text of [plain, ...texts]) {
      const writer = new ByteWriter();
      writer.text(text);
      assertEquals(new ByteReader(writer.bytes()).text(), text);
    }
  }
});

test("ByteReader.u53() refuses numbers that are not below 2^53", () => {
  assertThrows(() => new ByteReader(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0)).u53(), DecodeError);
});

test("ByteReader.end() and zeros() refuse bytes that should not be there", () => {
  const reader = new ByteReader(Uint8Array.of(0, 0, 1));
  reader.zeros(2);
  assertThrows(() => reader.end(), DecodeError, "1 bytes");
  assertThrows(() => reader.zeros(1), DecodeError, "not zero");
});

test("ByteReader reads from a view that starts anywhere", () => {
  const bytes = Uint8Array.of(9, 9, 9, 1, 0, 0, 0).subarray(3);
  assertEquals(new ByteReader(bytes).u32(), 1);
});

test("ByteReader reads a range of bytes, and nothing after it", () => {
  const bytes = Uint8Array.of(9, 1, 0, 0, 0, 0x61, 0x62);
  const reader = new ByteReader(bytes, { start: 1, end: 6 });
  assertEquals(reader.text(), "a");
  reader.end();
  assertThrows(() => reader.u8(), DecodeError);
  const cut = new ByteReader(bytes, { start: 1, end: 5 });
  assertThrows(() => cut.text(), DecodeError);
  assertThrows(() => new ByteReader(bytes, { end: 8 }), InvariantError);
});

test("ByteWriter refuses numbers and texts that could not be read back", () => {
  const writer = new ByteWriter();
  const refused: (() => void)[] = [
    () => writer.u8(256),
    () => writer.u16(-1),
    () => writer.u32(2 ** 32),
    () => writer.u48(2 ** 48),
    () => writer.u53(2 ** 53),
    () => writer.u32(1.5),
    () => writer.u32(Number.NaN),
    () => writer.text("a\ud800"),
    () => writer.setU32(0, 1),
  ];
  for (const call of refused) assertThrows(call, InvariantError);
});

test("ByteWriter.reset() forgets, and setU32() replaces what was written", () => {
  const writer = new ByteWriter();
  writer.zeros(6);
  writer.setU32(1, 0x01020304);
  assertEquals([...writer.bytes()], [0, 4, 3, 2, 1, 0]);
  writer.reset(2);
  writer.zeros(2);
  assertEquals([...writer.bytes()], [0, 4, 0, 0]);
  assertThrows(() => writer.reset(5), InvariantError);
});
