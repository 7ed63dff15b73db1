import {
  ByteReader,
  ByteWriter,
  putU16,
  putU32,
  putU48,
  putU53,
  putU8,
} from "../../src/codec/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("ByteWriter loses nothing of what is written at the moment it grows", () => {
  // Every kind of write, at every distance from the end of the first buffer.
  for (let filled = 0; filled < 64; filled++) {
    const writer = new ByteWriter(64);
    for (let count = 0; count < filled; count++) writer.u8(7);
    writer.u8(1);
    writer.u16(2);
    writer.u32(3);
    writer.u48(4);
    writer.u53(5);
    writer.f64(6.5);
    writer.raw(new Uint8Array([8, 9]));
    writer.blob(new Uint8Array(100).fill(10));
    writer.text("eleven");
    const reader = new ByteReader(writer.bytes());
    for (let count = 0; count < filled; count++) assertEquals(reader.u8(), 7);
    assertEquals([reader.u8(), reader.u16(), reader.u32(), reader.u48()], [1, 2, 3, 4]);
    assertEquals([reader.u53(), reader.f64()], [5, 6.5]);
    assertEquals([reader.u8(), reader.u8()], [8, 9]);
    assertEquals(reader.blob(), new Uint8Array(100).fill(10));
    assertEquals(reader.text(), "eleven");
  }
});

test("ByteWriter.room() takes fields at their places, also where the buffer had to grow for them", () => {
  for (let filled = 0; filled < 40; filled++) {
    const writer = new ByteWriter(32);
    for (let count = 0; count < filled; count++) writer.u8(0xff);
    const at = writer.room(21);
    assertEquals(at, filled);
    const { view } = writer;
    putU53(view, at + 13, 5);
    putU8(view, at, 1);
    putU16(view, at + 1, 2);
    putU32(view, at + 3, 3);
    putU48(view, at + 7, 4);
    writer.text("after");
    const reader = new ByteReader(writer.bytes(), { start: at });
    assertEquals([reader.u8(), reader.u16(), reader.u32(), reader.u48(), reader.u53()], [
      1,
      2,
      3,
      4,
      5,
    ]);
    assertEquals(reader.text(), "after");
  }
});
