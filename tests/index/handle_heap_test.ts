import fc from "fast-check";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { InvariantError } from "../../src/invariant.ts";
import { HandleHeap } from "../../src/index/handle_heap.ts";
import { walkHeaps } from "../../src/index/heap_walk.ts";

test("walkHeaps() reads heaps in order, whatever was added and removed", () => {
  const step = fc.record({ handle: fc.nat(199), rank: fc.option(fc.nat(50), { freq: 2 }) });
  assertProperty(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const ranks: (number | undefined)[] = [];
      const before = (a: number, b: number) => (ranks[a]! - ranks[b]! || a - b) < 0;
      const places: number[] = [];
      const heaps = [0, 1].map(() => new HandleHeap(before, places));
      for (const { handle, rank } of steps) {
        const heap = heaps[handle % 2]!;
        if (ranks[handle] !== undefined) heap.remove(handle);
        ranks[handle] = rank ?? undefined;
        if (rank !== null) heap.add(handle);
      }
      const expected = [...ranks.keys()].filter((handle) => ranks[handle] !== undefined)
        .sort((a, b) => before(a, b) ? -1 : 1);
      assertEquals([...walkHeaps(heaps, before)], expected);
      assertEquals(heaps[0]!.size + heaps[1]!.size, expected.length);
    }),
    { file: import.meta.url, runs: 150 },
  );
});

test("HandleHeap.remove() refuses a handle that is not there", () => {
  const heap = new HandleHeap((a, b) => a < b, []);
  heap.add(3);
  assertThrows(() => heap.remove(4), InvariantError);
  heap.remove(3);
  assertThrows(() => heap.remove(3), InvariantError);
});
