import fc from "fast-check";
import { mergedWalk } from "../../src/index/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

function* walk(numbers: readonly number[], onRead: () => void = () => {}): Generator<number> {
  for (const number of numbers) {
    onRead();
    yield number;
  }
}

test("mergedWalk() yields what all walks yield, in order", () => {
  const sorted = fc.array(fc.nat(20), { maxLength: 12 })
    .map((numbers) => numbers.sort((a, b) => a - b));
  assertProperty(
    fc.property(fc.array(sorted, { maxLength: 5 }), (lists) => {
      const merged = [...mergedWalk(lists.map((list) => walk(list)), (a, b) => a - b)];
      assertEquals(merged, lists.flat().sort((a, b) => a - b));
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("mergedWalk() reads no more than the next of each walk", () => {
  let readCount = 0;
  const lists = [[1, 4, 7], [2, 5, 8], [3, 6, 9]];
  const merged = mergedWalk(lists.map((list) => walk(list, () => readCount++)), (a, b) => a - b);
  assertEquals([merged.next().value, merged.next().value], [1, 2]);
  assertEquals(readCount, 4);
});
