import { crc32OfTable } from "../../src/codec/crc32.ts";
import { crc32, crc32OfText } from "../../src/codec/mod.ts";
import { randomBytes, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertNotEquals } from "../assert.ts";
import { test } from "../harness.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("crc32() gives the known checksums", () => {
  assertEquals(crc32(utf8("")), 0);
  assertEquals(crc32(utf8("123456789")), 0xcbf43926);
  assertEquals(crc32(utf8("The quick brown fox jumps over the lazy dog")), 0x414fa339);
  assertEquals(crc32(new Uint8Array(32)), 0x190a55ad);
  assertEquals(crc32(new Uint8Array(32).fill(0xff)), 0xff6cab0b);
});

test("crc32() is the same with the runtime's help and without, at every length and alignment", () => {
  const bytes = randomBytes(seededRandom(1), 700);
  for (let length = 0; length <= 600; length++) {
    const piece = bytes.subarray(length % 9, length % 9 + length);
    assertEquals(crc32(piece), crc32OfTable(piece), `${length} bytes`);
  }
});

test("crc32() goes on from the checksum of what came before", () => {
  const bytes = randomBytes(seededRandom(2), 500);
  for (const cut of [0, 1, 7, 8, 127, 128, 300, 499, 500]) {
    assertEquals(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut))), crc32(bytes));
  }
});

test("crc32() notices every single bit", () => {
  const bytes = randomBytes(seededRandom(3), 200);
  const crc = crc32(bytes);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assertNotEquals(crc32(bytes), crc);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

test("crc32OfText() is the checksum of the bytes of a text", () => {
  for (const text of ["", "order-1", "~", "naïve", "\u{1F600}", `${"a".repeat(300)}é`]) {
    assertEquals(crc32OfText(text), crc32(utf8(text)), text);
  }
});
