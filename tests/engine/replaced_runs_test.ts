import { Keydir } from "../../src/bitcask/mod.ts";
import { replacedRuns, takeOver } from "../../src/engine/checkpoints/replaced_runs.ts";
import { LogTally } from "../../src/engine/shard/log_tally.ts";
import type { ShardState } from "../../src/engine/shard/shard_state.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { logStart, Manifest, recordsOf, type SegmentEntry } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { append, openLog } from "../log/log_store.ts";

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

test("takeOver() finds what a merge has kept, strung together past what it has not", async () => {
  const directory = memoryDirectory();
  // A segment is full after one frame.
  const log = openLog(directory, { segmentBytesMax: 4_097 });
  for (let frame = 0; frame < 6; frame++) append(log, "a", "b");
  const keydir = new Keydir();
  const places = () => [...log.read(0)].flatMap((frame) => [...recordsOf(frame)]);
  for (const { record: { lsn }, place } of places()) {
    keydir.append(lsn, place.segment, place.offset);
    // All of it is the chain of one flow.
    if (lsn > 1) keydir.link(lsn, lsn - 1);
  }
  const before = log.segments.list.map(({ id }) => id);
  const merge = log.segments.merge(before.slice(1, 5));
  const isKept = (lsn: number): boolean => lsn === 3 || lsn === 10;
  for (const { base, end, timeMs, ...frame } of merge.frames()) {
    const kept = [...recordsOf({ base, end, timeMs, ...frame })].map(({ record }) => record)
      .filter(({ lsn }) => isKept(lsn));
    const body = new Uint8Array(kept.flatMap(({ bytes }) => [...bytes]));
    await merge.write({ base, end, timeMs, count: kept.length, body });
  }
  merge.publish();
  const { state } = Manifest.open({ directory, random: seededRandom(1) });
  const [run] = replacedRuns({ ids: before, endIndex: 6 }, state.segments)!;
  assertEquals(run?.before, { first: 1, count: 4 });
  const read = new LogTally();
  takeOver(run!, before.map(() => 0), { log, state: { keydir, read } as ShardState });
  const known = places().map(({ record: { lsn }, place }) => {
    assertEquals(keydir.find(lsn), { segment: place.segment, offset: place.offset });
    return [lsn, keydir.previous(lsn)];
  });
  // The last one of a flow in a merge always stays, so behind it nothing has changed.
  assertEquals(known, [[1, 0], [2, 1], [3, 2], [10, 3], [11, 10], [12, 11]]);
  log.close();
});
