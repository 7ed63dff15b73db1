import fc from "fast-check";
import { CopiedMap, SlowCopy } from "../../src/index/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** Enough for several steps of a copy. */
const HANDLES = 300;

/** A change: of what a handle or a key stands for, or its end; and whether the copy goes on after it. */
const changes = fc.array(
  fc.record({ handle: fc.nat({ max: HANDLES }), removes: fc.boolean(), steps: fc.boolean() }),
  { maxLength: 200 },
);

test("SlowCopy copies everything as it was when it was begun, once", () => {
  assertProperty(
    fc.property(changes, fc.nat({ max: HANDLES }), (changes, count) => {
      const lsns: (number | undefined)[] = Array.from({ length: count }, (_, index) => index + 1);
      const slow = new SlowCopy({ end: () => lsns.length, changedAt: (handle) => lsns[handle] });
      const before = [...lsns];
      const copied: (number | undefined)[] = [];
      const steps = slow.take(count, (handle) => {
        assertEquals(copied[handle], undefined);
        copied[handle] = lsns[handle];
      });
      steps.next();
      let lsn = count;
      for (const { handle, removes, steps: goesOn } of changes) {
        const place = Math.min(handle, lsns.length);
        slow.changes(place);
        lsns[place] = removes ? undefined : ++lsn;
        if (goesOn) steps.next();
      }
      while (steps.next().done !== true);
      for (const [handle, was] of before.entries()) assertEquals(copied[handle], was);
      assertEquals(copied.length <= before.length, true);
      // It is over, and nothing is copied any more.
      slow.changes(0);
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("SlowCopy that is given up copies nothing any more", () => {
  const slow = new SlowCopy({ end: () => 1, changedAt: () => 1 });
  let count = 0;
  const steps = slow.take(1, () => void count++);
  steps.next();
  steps.return(undefined);
  slow.changes(0);
  assertEquals(count, 0);
});

test("CopiedMap copies everything as it was when that was begun, once", () => {
  assertProperty(
    fc.property(changes, fc.nat({ max: 60 }), (changes, count) => {
      const map = new CopiedMap<number, number[]>();
      for (let key = 0; key < count; key++) map.set(key, [key]);
      const before = new Map([...map].map(([key, value]) => [key, [...value]]));
      const copied = new Map<number, number[]>();
      const steps = map.copy((key, value) => {
        assert(!copied.has(key), `${key} is copied twice`);
        copied.set(key, [...value]);
      });
      steps.next();
      for (const [index, { handle, removes, steps: goesOn }] of changes.entries()) {
        const key = handle % 80;
        const value = map.get(key);
        if (removes) map.delete(key);
        else if (value === undefined) map.set(key, [-1]);
        else {
          map.changes(key);
          value.push(index);
        }
        if (goesOn) steps.next();
      }
      while (steps.next().done !== true);
      assertEquals([...copied].sort(([a], [b]) => a - b), [...before]);
    }),
    { file: import.meta.url, runs: 300 },
  );
});
