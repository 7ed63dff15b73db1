import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { InvariantError } from "../../src/invariant.ts";
import { HandleHeap } from "../../src/index/handle_heap.ts";
import { walkHeaps } from "../../src/index/heap_walk.ts";
import type { Ties } from "../../src/index/members.ts";
import { LongUint32Array } from "../../src/index/long_array.ts";

/** Members that are called by their handles and ordered by them. */
const numbered: Ties = {
  compare: (a, b) => a - b,
  // The larger the prefix, the more it tells apart.
  rank: (handle, { length }) => Math.floor(handle / (length === 0 ? 100 : 10)),
  prefixOf: (handles) => new Uint8Array(handles.length > 60 ? 1 : 0),
};

test("walkHeaps() reads heaps in order, whatever was added and removed", () => {
  const step = fc.record({ handle: fc.nat(199), rank: fc.option(fc.nat(50), { freq: 2 }) });
  assertProperty(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const ranks: (number | undefined)[] = [];
      const before = (a: number, b: number) => (ranks[a]! - ranks[b]! || a - b) < 0;
      const order = { ties: numbered, places: new LongUint32Array() };
      const heaps = [0, 1].map(() => new HandleHeap(order));
      for (const { handle, rank } of steps) {
        const heap = heaps[handle % 2]!;
        if (ranks[handle] !== undefined) heap.remove(handle);
        ranks[handle] = rank ?? undefined;
        if (rank !== null) heap.add(handle, rank);
      }
      const expected = [...ranks.keys()].filter((handle) => ranks[handle] !== undefined)
        .sort((a, b) => before(a, b) ? -1 : 1);
      assertEquals([...walkHeaps(heaps, numbered)], expected);
      const early = expected.filter((handle) => ranks[handle]! <= 25);
      assertEquals([...walkHeaps(heaps, numbered, 25)], early);
      assertEquals(heaps[0]!.size + heaps[1]!.size, expected.length);
    }),
    { file: import.meta.url, runs: 150 },
  );
});

test("HandleHeap is in order after many members were removed at once", () => {
  const round = fc.record({
    ranks: fc.array(fc.nat(40), { maxLength: 120, size: "max" }),
    removed: fc.array(fc.nat(119), { maxLength: 200, size: "max" }),
  });
  assertProperty(
    fc.property(fc.array(round, { maxLength: 5 }), (rounds) => {
      const heap = new HandleHeap({ ties: numbered, places: new LongUint32Array() });
      const ranks = new Map<number, number>();
      for (const [number, { ranks: added, removed }] of rounds.entries()) {
        for (const [index, rank] of added.entries()) {
          const handle = 120 * number + index;
          ranks.set(handle, rank);
          heap.add(handle, rank);
        }
        for (const place of removed) {
          const handle = [...ranks.keys()][place];
          if (handle === undefined) continue;
          ranks.delete(handle);
          heap.remove(handle);
          assert(!heap.has(handle));
        }
        assertEquals(heap.size, ranks.size);
        const members = [...heap.members()];
        assert(members.every(({ isInOrder }) => isInOrder));
        assertEquals(new Set(members.map(({ handle }) => handle)), new Set(ranks.keys()));
        for (const [handle, rank] of ranks) assertEquals(heap.timeOf(handle), rank);
      }
    }),
    { file: import.meta.url, runs: 150 },
  );
});

test("HandleHeap.remove() refuses a handle that is not there", () => {
  const heap = new HandleHeap({ ties: numbered, places: new LongUint32Array() });
  heap.add(3, 1);
  assertThrows(() => heap.remove(4), InvariantError);
  heap.remove(3);
  assertThrows(() => heap.remove(3), InvariantError);
});

test("HandleHeap looks once at what its members begin with if that tells them apart", () => {
  let lookCount = 0;
  const ties: Ties = {
    ...numbered,
    rank: (handle, { length }) => length * handle,
    prefixOf: () => new Uint8Array(++lookCount),
  };
  const heap = new HandleHeap({ ties, places: new LongUint32Array() });
  const handles = Array.from({ length: 5_000 }, (_, handle) => handle);
  for (let round = 0; round < 3; round++) {
    for (const handle of handles) heap.add(handle, 1);
    assertEquals([...walkHeaps([heap], ties)], handles);
    for (const handle of handles) heap.remove(handle);
  }
  assertEquals(lookCount, 1);
});

test("HandleHeap looks again if others come, and never more than it asks", () => {
  let askedCount = 0;
  let lookedCount = 0;
  const ties: Ties = {
    compare(a, b) {
      askedCount++;
      return a - b;
    },
    rank: () => 0,
    prefixOf(handles) {
      lookedCount += handles.length;
      return new Uint8Array(0);
    },
  };
  const heap = new HandleHeap({ ties, places: new LongUint32Array() });
  for (let round = 0; round < 3; round++) {
    for (let handle = 0; handle < 4_000; handle++) heap.add(handle, 1);
    for (let handle = 0; handle < 4_000; handle++) heap.remove(handle);
  }
  assert(lookedCount > 500, "it has looked again");
  assert(lookedCount < askedCount, `${lookedCount} were looked at, ${askedCount} asked`);
});
