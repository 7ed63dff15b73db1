import fc from "fast-check";
import { LongFloat64Array, LongUint32Array } from "../../src/index/long_array.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

for (const LongArray of [LongUint32Array, LongFloat64Array]) {
  test(`${LongArray.name} holds what was set, and 0 everywhere else`, () => {
    // Around the ends of pieces, and of what the first piece holds at first.
    const index = fc.oneof(fc.nat(70), fc.integer({ min: 4_090, max: 4_100 }), fc.nat(20_000));
    assertProperty(
      fc.property(fc.array(fc.tuple(index, fc.nat()), { maxLength: 60 }), (steps) => {
        const array = new LongArray();
        const model = new Map<number, number>();
        for (const [index, value] of steps) {
          array.set(index, value);
          model.set(index, value);
          for (const near of [index - 1, index, index + 1]) {
            if (near >= 0) assertEquals(array.get(near), model.get(near) ?? 0);
          }
        }
        for (const [index, value] of model) assertEquals(array.get(index), value);
      }),
      { file: import.meta.url },
    );
  });

  test(`${LongArray.name}.shrink() keeps the numbers that count`, () => {
    const array = new LongArray();
    for (let index = 0; index < 40_000; index++) array.set(index, index + 1);
    array.shrink(5_000);
    for (let index = 0; index < 5_000; index++) assertEquals(array.get(index), index + 1);
    assertEquals(array.get(39_999), 0);
    array.set(39_999, 7);
    assertEquals([array.get(39_999), array.get(39_998)], [7, 0]);
  });

  test(`${LongArray.name} refuses what is no index`, () => {
    assertThrows(() => new LongArray().set(-1, 1), InvariantError);
  });
}
