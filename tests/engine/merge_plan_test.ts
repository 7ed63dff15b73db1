import { DEFAULT_MERGE_PLAN, worthMerging } from "../../src/engine/merges/merge_plan.ts";
import type { Segment } from "../../src/log/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const MIB = 1_048_576;
const OUTPUT_BYTES_MAX = 1_024 * MIB;

function segment(id: number, bytes: number, isMerged: boolean): Segment {
  return { id, bytes, isMerged, isSealed: true, lastLsn: id };
}

test("worthMerging() takes older segments that are not much larger, and no others", () => {
  const fresh = [7, 8, 9, 10].map((id) => segment(id, 64 * MIB, false));
  const plan = { ...DEFAULT_MERGE_PLAN, keepBytes: 0 };
  const ids = (...merged: Segment[]): number[] => worthMerging([...merged, ...fresh], plan);
  assertEquals(ids(), [7, 8, 9, 10]);
  assertEquals(ids(segment(1, 512 * MIB, true)), [1, 7, 8, 9, 10]);
  assertEquals(ids(segment(1, 513 * MIB, true)), [7, 8, 9, 10]);
  assertEquals(ids(segment(1, OUTPUT_BYTES_MAX, true), segment(2, 10 * MIB, true)), [7, 8, 9, 10]);
  assertEquals(worthMerging([segment(1, MIB, true), ...fresh.slice(1)], plan), []);
});

test("worthMerging() writes records again only as often as what is kept grows by half", () => {
  let segments: Segment[] = [];
  let [id, added, written] = [0, 0, 0];
  for (let round = 0; round < 1_000; round++) {
    segments.push(segment(++id, 64 * MIB, false));
    added += 64 * MIB;
    const ids = worthMerging(segments, { auto: true, keepBytes: 0 });
    if (ids.length === 0) continue;
    // All is kept, in as few segments as can hold it.
    let bytes = segments.filter(({ id }) => ids.includes(id)).reduce((sum, s) => sum + s.bytes, 0);
    written += bytes;
    segments = segments.filter(({ id }) => !ids.includes(id));
    for (; bytes > 0; bytes -= OUTPUT_BYTES_MAX) {
      segments.push(segment(++id, Math.min(bytes, OUTPUT_BYTES_MAX), true));
    }
  }
  assert(written < 12 * added, `${written / added} times`);
});

test("worthMerging() takes no more new bytes than get lost without much harm when a store is closed", () => {
  const fresh = Array.from({ length: 20 }, (_, index) => segment(index + 2, 48 * MIB, false));
  const plan = { ...DEFAULT_MERGE_PLAN, keepBytes: 0 };
  assertEquals(worthMerging(fresh, plan), [2, 3, 4, 5, 6]);
  assertEquals(worthMerging([segment(1, 300 * MIB, true), ...fresh], plan), [1, 2, 3, 4, 5, 6]);
  // As few as are merged at all, however large they are.
  const large = fresh.map(({ id }) => segment(id, 512 * MIB, false));
  assertEquals(worthMerging(large, plan), [2, 3, 4, 5]);
  // What a piece was decided by comes along.
  const piece = { ...segment(1, MIB, true), lastOfMerge: 9 };
  assertEquals(worthMerging([piece, ...fresh], plan), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("worthMerging() takes a piece with all that it was decided by, or not at all", () => {
  const piece = { ...segment(1, 64 * MIB, true), lastOfMerge: 3 };
  const others = [2, 3, 4, 5].map((id) => segment(id, 64 * MIB, false));
  const newest = segment(6, 64 * MIB, false);
  const segments = [piece, ...others, newest];
  const plan = { ...DEFAULT_MERGE_PLAN, keepBytes: 0 };
  assertEquals(worthMerging(segments, plan, 6), [1, 2, 3, 4, 5]);
  assertEquals(worthMerging([{ ...piece, lastOfMerge: 6 }, ...others, newest], plan, 6), []);
});
