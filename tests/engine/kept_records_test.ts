import { KeptRecords } from "../../src/engine/merges/kept_records.ts";
import { logStart } from "../../src/log/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A record of some bytes among others. */
function span(...bytes: number[]) {
  const all = Uint8Array.of(255, ...bytes, 255);
  return { bytes: all, start: 1, end: all.length - 1, type: 1, fixedLength: 0 };
}

function recordsOf(kept: KeptRecords): [lsn: number, offset: number][] {
  return Array.from(
    { length: kept.count },
    (_, index) => [kept.lsnOf(index), kept.offsetOf(index)],
  );
}

test("KeptRecords holds what is kept of a frame back until the frame has ended", () => {
  const kept = new KeptRecords(logStart);
  const end = { index: 1, lsn: 3, chain: 7 };
  kept.keep(1, span(1, 2));
  kept.keep(3, span(3));
  assertEquals([kept.count, kept.length, kept.allLength, kept.coversFrames], [0, 0, 3, false]);
  kept.endFrame({ end, timeMs: 5 });
  kept.keep(4, span(4, 5, 6));
  assertEquals([kept.count, kept.length, kept.allLength, kept.coversFrames], [2, 3, 6, true]);
  assertEquals(recordsOf(kept), [[1, 0], [3, 2]]);
  const body = Uint8Array.of(1, 2, 3);
  assertEquals(kept.frame(), { base: logStart, end, timeMs: 5, count: 2, body });
});

test("KeptRecords.clear() leaves what was kept of the frame that has not ended", () => {
  const kept = new KeptRecords(logStart);
  const [first, second] = [{ index: 1, lsn: 3, chain: 7 }, { index: 2, lsn: 6, chain: 8 }];
  kept.keep(1, span(1, 2));
  kept.endFrame({ end: first, timeMs: 5 });
  kept.keep(4, span(3, 4, 5));
  kept.keep(6, span(6));
  kept.clear();
  assertEquals([kept.count, kept.length, kept.allLength, kept.coversFrames], [0, 0, 4, false]);
  kept.endFrame({ end: second, timeMs: 4 });
  assertEquals(recordsOf(kept), [[4, 0], [6, 3]]);
  const body = Uint8Array.of(3, 4, 5, 6);
  assertEquals(kept.frame(), { base: first, end: second, timeMs: 4, count: 2, body });
});
