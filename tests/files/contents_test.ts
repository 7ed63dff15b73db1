import fc from "fast-check";
import { Buffer } from "node:buffer";
import { Contents } from "../../src/files/contents.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** Around the ends of pieces, and anywhere. */
const offset = fc.oneof(
  fc.nat(600),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.integer({ min: -3, max: 3 }))
    .map(([piece, beside]) => piece * 2 ** 18 + beside),
  fc.nat(3 * 2 ** 18),
);
const step = fc.record({
  kind: fc.constantFrom("write", "write", "grow", "truncate", "clone"),
  offset,
  length: fc.oneof(fc.nat(9), fc.nat(2 ** 19)),
});

/** The same as one array. */
function resized(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const other = new Uint8Array(size);
  other.set(bytes.subarray(0, size));
  return other;
}

test("Contents holds what was written, and zeros everywhere else", () => {
  assertProperty(
    fc.property(fc.array(step, { maxLength: 9 }), offset, (steps, start) => {
      let contents = new Contents();
      let expected = new Uint8Array(0);
      for (const [index, { kind, offset, length }] of steps.entries()) {
        if (kind === "write") {
          const written = new Uint8Array(length).fill(index + 1);
          contents.write(written, offset);
          if (length > 0) expected = resized(expected, Math.max(expected.length, offset + length));
          expected.set(written, length > 0 ? offset : 0);
        } else if (kind === "clone") {
          const before = contents;
          contents = contents.clone();
          before.write(Uint8Array.of(0xff), offset);
        } else {
          contents[kind as "grow" | "truncate"](offset);
          const isKept = kind === "grow" && offset < expected.length;
          if (!isKept) expected = resized(expected, offset);
        }
        assertEquals(contents.size, expected.length);
      }
      assertEquals(Buffer.compare(contents.slice(), expected), 0);
      assertEquals(Buffer.compare(contents.slice(start), expected.slice(start)), 0);
      const read = new Uint8Array(5);
      const count = contents.read(read, start);
      assertEquals([...read.subarray(0, count)], [...expected.subarray(start, start + 5)]);
    }),
    { file: import.meta.url, runs: 60 },
  );
});
