/**
 * Randomness from a seed, and what is drawn from any randomness.
 *
 * @module
 */

import fc from "fast-check";
import { InvariantError } from "../../src/invariant.ts";
import { type Random, randomBelow, randomBytes, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** The given words, one after the other. */
function words(...values: number[]): Random {
  const left = [...values];
  return { u32: () => left.shift() ?? assertMissing() };
}

function assertMissing(): never {
  throw new Error("More randomness was drawn than was given");
}

function take(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.u32());
}

test("seededRandom() repeats itself for a seed and differs for its neighbour", () => {
  for (const seed of [0, 1, -1, 2 ** 31, 2 ** 32 - 1]) {
    assertEquals(take(seededRandom(seed), 100), take(seededRandom(seed), 100));
    const [one, two] = [take(seededRandom(seed), 100), take(seededRandom(seed + 1), 100)];
    assertEquals(one.filter((word, index) => word === two[index]), [], `seed ${seed}`);
  }
});

test("seededRandom() is the same on every runtime, today and tomorrow", () => {
  // Worked out with the arithmetic of another language.
  const expected = [4_114_278_092, 2_788_919_815, 2_346_554_250, 2_297_666_396];
  assertEquals(take(seededRandom(1), 4), expected);
});

test("seededRandom() sets every bit half of the time, whatever the seed", () => {
  for (const seed of [0, 1, 2, 12_345, -7]) {
    const drawn = take(seededRandom(seed), 10_000);
    assert(drawn.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32));
    for (let bit = 0; bit < 32; bit++) {
      const count = drawn.filter((word) => (word >>> bit) & 1).length;
      assert(count > 4_700 && count < 5_300, `bit ${bit} of seed ${seed}: ${count} of 10000`);
    }
  }
});

test("randomBelow() stays below, reaches everything and prefers nothing", () => {
  const random = seededRandom(7);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let count = 0; count < 60_000; count++) counts[randomBelow(random, 6)]! += 1;
  assert(counts.every((count) => count > 9_500 && count < 10_500), `${counts}`);
});

test("randomBelow() draws again where the remainder would favour small numbers", () => {
  // 2^32 is 3 × 1431655765 + 1: the last word has no share in a fair draw of three.
  assertEquals(randomBelow(words(2 ** 32 - 1, 2 ** 32 - 2), 3), 2);
  assertEquals(randomBelow(words(5), 1), 0);
  assertEquals(randomBelow(words(2 ** 32 - 1), 2 ** 32), 2 ** 32 - 1);
});

test("randomBelow() refuses a count that has no draw", () => {
  for (const count of [0, -1, 1.5, NaN, 2 ** 32 + 1]) {
    assertThrows(() => randomBelow(seededRandom(1), count), InvariantError);
  }
});

test("randomBytes() has the length asked for, from as few words as that takes", () => {
  assertEquals([...randomBytes(words(), 0)], []);
  assertEquals([...randomBytes(words(0x04030201), 3)], [1, 2, 3]);
  assertEquals([...randomBytes(words(0x04030201, 0xffeeddcc), 5)], [1, 2, 3, 4, 0xcc]);
  assertProperty(
    fc.property(fc.integer(), fc.nat(100), (seed, length) => {
      assertEquals(randomBytes(seededRandom(seed), length).length, length);
    }),
    { file: import.meta.url },
  );
});
