import fc from "fast-check";
import { columnBytesMax, NumberColumns } from "../../src/bitcask/number_columns.ts";
import { assertEquals, assertLessOrEqual } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** Numbers as they stand beside one another in a log, and any others. */
const column = fc.array(
  fc.oneof(
    fc.constantFrom(0, 1, 77, 127, 128, 129),
    fc.nat(300),
    fc.maxSafeNat(),
    fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  ),
  { minLength: 1, maxLength: 140 },
);

/** Writes a column and returns how many bytes it takes. */
function bytesOf(numbers: readonly number[]): number {
  const columns = new NumberColumns();
  columns.goTo(new Uint8Array(columnBytesMax(numbers.length)), 0);
  columns.writeColumn(Float64Array.from(numbers), numbers.length);
  return columns.offset;
}

test("NumberColumns reads whatever it has written, column by column", () => {
  assertProperty(
    fc.property(fc.array(column, { minLength: 1, maxLength: 4 }), fc.nat(9), (all, start) => {
      const columns = new NumberColumns();
      const bytesMax = all.reduce((sum, { length }) => sum + columnBytesMax(length), 0);
      // What was there before does not shine through.
      const bytes = new Uint8Array(start + bytesMax).fill(0xff);
      columns.goTo(bytes, start);
      for (const numbers of all) {
        // There may be more numbers than are written.
        columns.writeColumn(Float64Array.from([...numbers, 5, 6]), numbers.length);
      }
      const end = columns.offset;
      assertLessOrEqual(end, bytes.length);
      columns.goTo(bytes, start);
      for (const numbers of all) {
        const read = new Float64Array(numbers.length + 2).fill(7);
        columns.readColumn(read, numbers.length);
        assertEquals([...read], [...numbers, 7, 7]);
      }
      assertEquals(columns.offset, end);
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("NumberColumns takes two bytes for equal numbers and half a byte for those that come again", () => {
  assertEquals(bytesOf(Array(128).fill(77)), 2);
  const alternating = Array.from({ length: 128 }, (_, index) => index % 2 === 0 ? 128 : 77);
  assertEquals(bytesOf(alternating), 1 + 64 + 2 + 1);
  const rare = alternating.map((number, index) => index % 16 === 3 ? 1_000 + index : number);
  assertEquals(bytesOf(rare), 1 + 64 + 2 + 1 + 8 * 2);
});
