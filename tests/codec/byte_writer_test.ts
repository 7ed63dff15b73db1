import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { ByteReader, ByteWriter } from "../../src/codec/mod.ts";

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
