import fc from "fast-check";
import { HandleHeap } from "../../src/index/handle_heap.ts";
import { walkHeaps } from "../../src/index/heap_walk.ts";
import { LongUint32Array } from "../../src/index/long_array.ts";
import type { Ties } from "../../src/index/members.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

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
      for (const last of early.filter((_, index) => index % 16 === 0)) {
        const isPassed = (handle: number, rank: number): boolean =>
          (rank - ranks[last]! || handle - last) <= 0;
        const behind = early.slice(early.indexOf(last) + 1);
        assertEquals([...walkHeaps(heaps, numbered, 25, { isPassed })], behind);
      }
      assertEquals(heaps[0]!.size + heaps[1]!.size, expected.length);
    }),
    { file: import.meta.url, runs: 150 },
  );
});

test("HandleHeap is in order after many members were removed at once", () => {
  // Ranks and who goes follow a pattern, so that those who go are close together, too.
  const pattern = fc.record({
    step: fc.integer({ min: 1, max: 9 }),
    span: fc.integer({ min: 1, max: 600 }),
  });
  const round = fc.record({
    count: fc.oneof(fc.nat(30), fc.nat(600)),
    ranks: pattern,
    going: pattern,
    goingBelow: fc.nat(600),
  });
  assertProperty(
    fc.property(fc.array(round, { minLength: 1, maxLength: 5, size: "max" }), (rounds) => {
      const ranks = new Map<number, number>();
      const ties: Ties = {
        ...numbered,
        rank: () => 0,
        compare(a, b) {
          assert(ranks.has(a) && ranks.has(b), "nobody asks about who is gone");
          return a - b;
        },
      };
      const heap = new HandleHeap({ ties, places: new LongUint32Array() });
      let end = 0;
      for (const { count, ranks: { step, span }, going, goingBelow } of rounds) {
        for (let index = 0; index < count; index++) {
          const handle = end++;
          ranks.set(handle, (index * step) % span);
          heap.add(handle, (index * step) % span);
        }
        for (const handle of [...ranks.keys()]) {
          if ((handle * going.step) % going.span >= goingBelow) continue;
          ranks.delete(handle);
          heap.remove(handle);
          assert(!heap.has(handle));
        }
        assertEquals(heap.size, ranks.size);
        const members = [...heap.members()];
        assert(members.every(({ isInOrder }) => isInOrder));
        assertEquals(new Set(members.map(({ handle }) => handle)), new Set(ranks.keys()));
        assert([...ranks].every(([handle, rank]) => heap.timeOf(handle) === rank));
      }
    }),
    { file: import.meta.url, runs: 200 },
  );
});

test("HandleHeap asks about nobody who is gone, wherever holes are", () => {
  const ranks = [..."21223430404331141024321234313121234320014"].map(Number);
  const gone = [..."00001001110010110110111001111001111101011"].map(Number);
  const present = new Set<number>();
  const compare = (a: number, b: number) => {
    assert(present.has(a) && present.has(b));
    return a - b;
  };
  const ties: Ties = { ...numbered, compare, rank: () => 0 };
  const heap = new HandleHeap({ ties, places: new LongUint32Array() });
  for (const [handle, rank] of ranks.entries()) {
    present.add(handle);
    heap.add(handle, rank);
  }
  for (const handle of ranks.keys()) {
    if (gone[handle] === 0) continue;
    present.delete(handle);
    heap.remove(handle);
  }
  assert([...heap.members()].every(({ isInOrder }) => isInOrder));
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

test("HandleHeap.countUntil() counts few and many, whatever their times have in common", () => {
  // Some times differ in what they have above 21 bits, some below, and some not at all.
  const time = fc.oneof(
    fc.nat(5),
    fc.nat(2 ** 22),
    fc.nat(5).map((more) => 1_790_000_000_000 + more),
    fc.nat(3).map((more) => 2 ** 21 * (more + 1) - 1),
  );
  assertProperty(
    fc.property(
      fc.array(time, { maxLength: 3_000, size: "max" }),
      fc.array(time, { maxLength: 8 }),
      fc.nat(200),
      (times, untils, removed) => {
        const heap = new HandleHeap({ ties: numbered, places: new LongUint32Array() });
        for (const [handle, timeMs] of times.entries()) heap.add(handle, timeMs);
        const left = times.slice(removed);
        for (const handle of times.keys()) if (handle < removed) heap.remove(handle);
        for (const untilMs of [...untils, ...left.slice(0, 4), 0, Infinity]) {
          const expected = left.filter((timeMs) => timeMs <= untilMs).length;
          assertEquals(heap.countUntil(untilMs), expected, `until ${untilMs}`);
        }
      },
    ),
    { file: import.meta.url, runs: 60 },
  );
});
