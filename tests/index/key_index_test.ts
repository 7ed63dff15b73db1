import fc from "fast-check";
import { type IndexedKey, KeyIndex } from "../../src/index/key_index.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const PARTITIONS = ["p", "q", "\u{1F600}"];

/** Texts of which many begin with others, and which UTF-16 would put in another order. */
const text = fc.string({
  unit: fc.constantFrom("a", "b", "\uFFFD", "\u{1F600}"),
  minLength: 1,
  maxLength: 4,
});
const change = fc.record({
  partitionKey: fc.constantFrom(...PARTITIONS),
  key: text,
  /** Undefined: the key is removed. */
  untilMs: fc.option(fc.option(fc.nat(20), { nil: null }), { nil: undefined, freq: 3 }),
});

function hex(value: string): string {
  return [...new TextEncoder().encode(value)].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

test("KeyIndex says what a look at every key says, whatever was set and deleted", () => {
  assertProperty(
    fc.property(
      fc.array(change, { maxLength: 900, size: "max" }),
      fc.option(text, { nil: null }),
      fc.string({ unit: fc.constantFrom("a", "\u{1F600}"), maxLength: 2 }),
      (changes, after, prefix) => {
        const index = new KeyIndex();
        const there = new Map<string, IndexedKey>();
        for (const [place, { partitionKey, key, untilMs }] of changes.entries()) {
          if (untilMs === undefined) {
            index.delete(partitionKey, key);
            there.delete(`${partitionKey} ${key}`);
            continue;
          }
          const set = { partitionKey, key, lsn: place + 1, untilMs };
          index.set(set);
          there.set(`${partitionKey} ${key}`, set);
        }
        const keys = [...there.values()];
        assertEquals(index.size, keys.length);
        for (const key of keys) assertEquals(index.find(key.partitionKey, key.key), key);
        for (const partitionKey of [...PARTITIONS, "none"]) {
          const within = keys
            .filter((key) => key.partitionKey === partitionKey && key.key.startsWith(prefix))
            .sort((a, b) => hex(a.key) < hex(b.key) ? -1 : 1);
          const start = after === null || !after.startsWith(prefix) ? null : after;
          const forth = within.filter(({ key }) => start === null || hex(key) > hex(start));
          const back = within.filter(({ key }) => start === null || hex(key) < hex(start));
          const walk = (rev: boolean) => [
            ...index.walk(partitionKey, { prefix, after: start, rev }),
          ];
          assertEquals(walk(false), forth);
          assertEquals(walk(true), back.reverse());
          const part = { prefix, after: start, rev: false, nowMs: 7 };
          assertEquals(
            [...index.walk(partitionKey, part)],
            forth.filter(({ untilMs }) => untilMs === null || untilMs > 7),
          );
        }
        const ending = keys.filter(({ untilMs }) => untilMs !== null)
          .sort((a, b) => a.untilMs! - b.untilMs! || a.lsn - b.lsn);
        assertEquals([...index.over(Infinity)], ending);
        assertEquals([...index.over(7)], ending.filter(({ untilMs }) => untilMs! <= 7));
        assertEquals(index.nextOverMs(), ending[0]?.untilMs ?? Infinity);
      },
    ),
    { file: import.meta.url, runs: 60 },
  );
});

test("KeyIndex.find() knows no key by another partition, and none that was deleted", () => {
  const index = new KeyIndex();
  index.set({ partitionKey: "p", key: "k", lsn: 1, untilMs: null });
  assertEquals(index.find("q", "k"), undefined);
  assertEquals(index.find("pk", ""), undefined);
  index.delete("p", "other");
  index.delete("p", "k");
  assertEquals(index.find("p", "k"), undefined);
  assertEquals(index.size, 0);
});
