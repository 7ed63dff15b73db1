import fc from "fast-check";
import { NumberSet } from "../../src/flow/core/values/number_set.ts";
import { ValueLinks } from "../../src/flow/core/values/value_links.ts";
import { valueNumber } from "../../src/flow/core/values/value_ref.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

test("NumberSet has what was added and nothing else", () => {
  const number = fc.oneof(
    fc.nat(100),
    fc.integer({ min: 1_000, max: 1_100 }),
    fc.maxSafeNat(),
  );
  assertProperty(
    fc.property(fc.array(number), fc.array(number), (added, asked) => {
      const [set, right] = [new NumberSet(), new Set<number>()];
      for (const number of added) {
        assertEquals(set.has(number), right.has(number));
        set.add(number);
        right.add(number);
      }
      const near = added.flatMap((number) => [number, number + 1, number + 32, number + 1_024]);
      for (const number of [...asked, ...near]) assertEquals(set.has(number), right.has(number));
    }),
    { file: import.meta.url, runs: 500 },
  );
});

test("ValueLinks takes for links what a flow refers to and has not just brought", () => {
  const [key, other] = [{ hi: 1, lo: 4 }, { hi: 1, lo: 8 }];
  const links = new ValueLinks(2);
  const number = (lsn: number, shard = 2) => valueNumber({ shard, lsn });
  const isLink = (referring: typeof key, of: number, afterLsn = 0): boolean => {
    links.refer(referring, of, afterLsn);
    return links.has(of);
  };
  for (const lsn of [5, 6, 7]) links.bring(key, lsn);
  assertEquals([5, 6, 7].map((lsn) => isLink(key, number(lsn))), [false, false, false]);
  assertEquals(isLink(key, number(6), 6), true, "It was brought for an earlier change");
  assertEquals(isLink(other, number(7)), true, "Somebody else has brought it");
  assertEquals(isLink(key, number(5, 1)), true, "It is in another shard");
  assertEquals(isLink(key, number(4)), true, "Nobody has brought it");
  assertEquals(isLink(key, number(5)), false);
  for (let lsn = 8; lsn < 8 + 256; lsn++) links.bring(other, lsn);
  assertEquals(isLink(key, number(5)), true, "It was so long ago that nobody remembers");
});
