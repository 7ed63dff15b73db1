import fc from "fast-check";
import { KeyIndex } from "../../src/index/key_index.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** Keys that a search walks over, in an order that UTF-16 does not know, and one of each other kind. */
const key = fc.string({
  unit: fc.constantFrom("a", "b", "\uFFFD", "\u{1F600}"),
  minLength: 1,
  maxLength: 3,
});
const change = fc.record({
  partitionKey: fc.constantFrom("p", "p", "p", "q"),
  key,
  /** Undefined: the key is removed. */
  untilMs: fc.option(fc.option(fc.nat(12), { nil: null, freq: 9 }), { nil: undefined, freq: 4 }),
});

/** What happens between two slices, and whether time goes on. */
const turn = fc.record({
  changes: fc.array(change, { maxLength: 4 }),
  ms: fc.constantFrom(0, 0, 1),
});

test("KeySearch finds between any changes the keys that a walk over all keys finds", () => {
  let slices = 0;
  let found = 0;
  const property = fc.property(
    fc.record({
      before: fc.array(change, { minLength: 30, maxLength: 90 }),
      turns: fc.array(turn, { minLength: 1, maxLength: 30 }),
      prefix: fc.constantFrom("", "", "a", "\u{1F600}"),
      after: fc.option(key, { nil: null }),
      rev: fc.boolean(),
      count: fc.integer({ min: 1, max: 5 }),
    }),
    ({ before, turns, prefix, after, rev, count }) => {
      const index = new KeyIndex();
      let lsn = 0;
      const apply = ({ partitionKey, key, untilMs }: typeof before[number]): void => {
        if (untilMs === undefined) index.delete(partitionKey, key);
        else index.set({ partitionKey, key, untilMs, lsn: ++lsn });
      };
      before.forEach(apply);
      const start = after?.startsWith(prefix) ? after : null;
      const walk = { prefix, after: start, rev };
      const search = index.search({ ...walk, partitionKey: "p", count }, 4);
      let nowMs = 8;
      for (const { changes, ms } of turns) {
        slices++;
        const isOver = search.slice(nowMs);
        changes.forEach(apply);
        nowMs += ms;
        if (isOver) break;
      }
      const expected = [...index.walk("p", { ...walk, nowMs })];
      found += expected.length;
      assertEquals([...search.found(nowMs)], expected);
      // Once it is taken it knows nothing, and says so by looking at all.
      before.toReversed().forEach(apply);
      assertEquals([...search.found(nowMs)], [...index.walk("p", { ...walk, nowMs })]);
    },
  );
  assertProperty(property, { file: "tests/index/key_search_test.ts", runs: 300 });
  assert(slices > 100 && found > 100, `${slices} slices and ${found} keys are too few to say much`);
});

test("KeySearch looks at so many keys in a slice, and at no more than are wanted", () => {
  const index = new KeyIndex();
  for (let lsn = 1; lsn <= 10; lsn++) {
    index.set({ partitionKey: "p", key: `${lsn + 9}`, lsn, untilMs: lsn > 5 ? null : 1 });
  }
  const walk = { partitionKey: "p", prefix: "", after: null, rev: false, count: 2 };
  const search = index.search(walk, 3);
  assertEquals([search.slice(1), search.slice(1), search.slice(1)], [false, false, true]);
  assertEquals([...search.found(1)].map(({ key }) => key), ["15", "16", "17", "18", "19"]);
});

test("KeySearch takes no key for one that it has met, though it has got that one's handle", () => {
  const index = new KeyIndex();
  for (let lsn = 1; lsn <= 3; lsn++) {
    index.set({ partitionKey: "p", key: `k${lsn}`, lsn, untilMs: null });
  }
  const search = index.search(
    { partitionKey: "p", prefix: "k", after: null, rev: false, count: 9 },
    2,
  );
  assertEquals(search.slice(1), false);
  index.delete("p", "k1");
  index.set({ partitionKey: "q", key: "k1", lsn: 4, untilMs: null });
  index.delete("p", "k2");
  index.set({ partitionKey: "p", key: "k4", lsn: 5, untilMs: null });
  assertEquals([...search.found(1)].map(({ key }) => key), ["k3", "k4"]);
});
