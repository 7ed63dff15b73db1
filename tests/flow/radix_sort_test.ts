import fc from "fast-check";
import { sortedBy } from "../../src/flow/core/table/radix_sort.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

test("sortedBy() puts numbers in the order of what they stand for, however large that is", () => {
  const keys = fc.oneof(
    fc.array(fc.nat()),
    fc.array(fc.maxSafeNat()),
    fc.array(fc.nat({ max: 5_000 }).map((key) => 2 ** 52 + key)),
  );
  assertProperty(
    fc.property(keys, (keys) => {
      const numbers = Uint32Array.from(keys, (_, index) => index);
      const sorted = sortedBy(numbers, (number) => keys[number]!);
      assertEquals([...sorted], [...numbers].sort((a, b) => keys[a]! - keys[b]!));
    }),
    { file: import.meta.url, runs: 300 },
  );
});
