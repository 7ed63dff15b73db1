import { replacedRuns } from "../../src/engine/replaced_runs.ts";
import { logStart, type SegmentEntry } from "../../src/log/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A segment as a manifest lists it. */
function segment(id: number): SegmentEntry {
  return { id, shard: 0, salt: 0, base: logStart };
}

/** One that a merge has made. */
function merged(id: number): SegmentEntry {
  return { ...segment(id), merged: true };
}

/** What was replaced: where it was, and by what. */
function runsOf(ids: readonly number[], now: readonly SegmentEntry[], endIndex = 0) {
  return replacedRuns({ ids, endIndex }, now)?.map(({ before, after }) => ({
    ...before,
    after: after.map(({ id }) => id),
  }));
}

test("replacedRuns() finds what merges have put in the place of segments", () => {
  assertEquals(runsOf([1, 2], [segment(1), segment(2), segment(3)]), []);
  assertEquals(runsOf([1, 2, 3], [merged(4), segment(3)]), [{ first: 0, count: 2, after: [4] }]);
  assertEquals(runsOf([1, 2, 3, 5], [segment(1), merged(6), merged(7), segment(5)]), [
    { first: 1, count: 2, after: [6, 7] },
  ]);
});

test("replacedRuns() does not know what a merge has done with the last segment, or behind it", () => {
  assertEquals(runsOf([1, 2], [merged(3)]), undefined);
  assertEquals(runsOf([1, 2], [segment(1), segment(2), merged(5), segment(6)]), undefined);
});

test("replacedRuns() finds no merge where segments are gone, or others have come", () => {
  assertEquals(runsOf([1, 2, 3], [segment(1), segment(3)]), undefined);
  assertEquals(runsOf([1, 3], [segment(1), segment(2), segment(3)]), undefined);
});

test("replacedRuns() does not take what was decided by later frames as well for what there was", () => {
  const piece = { ...merged(4), until: 7 };
  const now = [piece, segment(2), segment(3)];
  assertEquals(runsOf([1, 2, 3], now, 6), undefined);
  assertEquals(runsOf([1, 2, 3], now, 7), [{ first: 0, count: 1, after: [4] }]);
  assertEquals(runsOf([4, 2, 3], now, 6), []);
});
