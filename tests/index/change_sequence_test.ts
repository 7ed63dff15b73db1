import fc from "fast-check";
import { BLOCK_PLACES, ChangePlaces } from "../../src/index/change_places.ts";
import { ChangeSequence } from "../../src/index/change_sequence.ts";
import { InvariantError } from "../../src/invariant.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertLess, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** What a sequence says from an instant on, one member after the other; backwards from the end. */
function listed(sequence: ChangeSequence, fromMs: number | "back"): [number, number][] {
  const runs = fromMs === "back" ? sequence.runsBack(Infinity) : sequence.runs(fromMs);
  return [...runs]
    .flatMap(({ timeMs, handles }) =>
      handles().map((handle): [number, number] => [handle, timeMs])
    );
}

test("ChangeSequence is a list in the order of changes, however many leave it and come back", () => {
  assertProperty(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.nat(3), (seed, stay, slow) => {
      const random = seededRandom(seed);
      const places = new ChangePlaces();
      const sequences = [new ChangeSequence(places), new ChangeSequence(places)];
      const times = sequences.map(() => new Map<number, number>());
      let nowMs = 1;
      for (let step = 0; step < 8_000; step++) {
        const handle = random.u32() % 1_500;
        for (const [index, sequence] of sequences.entries()) {
          if (times[index]!.delete(handle)) sequence.remove(handle);
        }
        if (random.u32() % (slow + 1) === 0) nowMs++;
        // The longer, the fewer stay: blocks fill up first, and then lose their members.
        if (random.u32() % 10 >= stay && step > 4_000) continue;
        const index = random.u32() % 2;
        sequences[index]!.append(handle, nowMs);
        times[index]!.set(handle, nowMs);
      }
      for (const [index, sequence] of sequences.entries()) {
        // A map gives its members in the order in which they were set.
        const expected = [...times[index]!];
        const byTime = Map.groupBy(expected, ([, timeMs]) => timeMs);
        assertEquals(sequence.size, expected.length);
        assertEquals(listed(sequence, 0), expected);
        assertEquals(listed(sequence, "back"), [...byTime.values()].reverse().flat());
        const ms = random.u32() % nowMs;
        assertEquals(listed(sequence, ms), expected.filter(([, timeMs]) => timeMs >= ms));
      }
    }),
    { file: import.meta.url, runs: 40 },
  );
});

for (const staying of [10, 300]) {
  test(`ChangeSequence gives back the blocks of members that have left, while ${staying} stay`, () => {
    const places = new ChangePlaces();
    const sequence = new ChangeSequence(places);
    for (let handle = 0; handle < 100_000; handle++) {
      sequence.append(handle, handle);
      if (handle >= staying) sequence.remove(handle - staying);
    }
    assertEquals(listed(sequence, 0).map(([handle]) => handle), [
      ...Array.from({ length: staying }, (_, index) => 100_000 - staying + index),
    ]);
    // The number of a new block is one that was given back, so there never were many.
    assertLess(places.add(sequence, 0).number, 4);
  });
}

test("ChangeSequence puts the few that stay of many blocks into few", () => {
  const sequence = new ChangeSequence(new ChangePlaces());
  const count = 100 * BLOCK_PLACES;
  for (let handle = 0; handle < count; handle++) sequence.append(handle, handle);
  assertEquals([...sequence.stretches(0)].length, 100);
  for (let handle = 0; handle < count; handle++) if (handle % 32 !== 0) sequence.remove(handle);
  assertEquals(listed(sequence, 0).map(([handle]) => handle), [
    ...Array.from({ length: count / 32 }, (_, index) => 32 * index),
  ]);
  assertLess([...sequence.stretches(0)].length, 20);
});

test("ChangeSequence refuses a change that comes too late, and members that are not there", () => {
  const sequence = new ChangeSequence(new ChangePlaces());
  sequence.append(7, 5);
  sequence.remove(7);
  assertThrows(() => sequence.append(8, 4), InvariantError, "too late");
  assertThrows(() => sequence.remove(7), InvariantError, "handle 7");
});
