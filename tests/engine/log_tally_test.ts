import { LogTally } from "../../src/engine/shard/log_tally.ts";
import type { FrameEnd } from "../../src/log/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** The end of a frame, of which each has ten records. */
function frame(index: number, segment: number, endOffset: number): FrameEnd {
  return { end: { index, lsn: 10 * index, chain: 0 }, segment, endOffset };
}

test("LogTally counts bytes by segment, heads included", () => {
  const tally = new LogTally();
  assertEquals([tally.bytes, tally.segments, tally.frames, tally.end], [0, 0, 0, undefined]);
  tally.add(frame(1, 1, 5_000));
  tally.add(frame(2, 1, 6_000));
  tally.add(frame(3, 4, 5_500));
  assertEquals([tally.bytes, tally.segments, tally.frames], [11_500, 2, 3]);
  assertEquals(tally.end, frame(3, 4, 5_500));
});

test("LogTally knows a frame not far before any record", () => {
  const tally = new LogTally();
  const frames: FrameEnd[] = [];
  for (let index = 1; index <= 500; index++) {
    const place = (index - 1) % 100;
    frames.push(frame(index, 1 + Math.floor((index - 1) / 100), 4_096 + 50_000 * (place + 1)));
    tally.add(frames.at(-1)!);
  }
  assertEquals(tally.signpost(0), undefined);
  for (const [index, { end }] of frames.entries()) {
    for (const lsn of [end.lsn - 9, end.lsn]) {
      const post = tally.signpost(lsn);
      assert(post === undefined || post.end.lsn <= lsn);
      // A mebibyte is 21 frames of 50,000 bytes.
      const wholeBefore = lsn === end.lsn ? index + 1 : index;
      assert(wholeBefore - (post?.end.index ?? 0) <= 22, `${lsn} is far from ${post?.end.index}`);
    }
  }
});

test("LogTally leads into nothing that others have taken the place of", () => {
  const tally = new LogTally();
  for (const index of [1, 2, 3]) tally.add(frame(index, index, 2 << 20));
  assertEquals(tally.signpost(29), frame(2, 2, 2 << 20));
  tally.merged({ lastLsn: 20, segmentCount: 1, savedBytes: 1 << 20 });
  assertEquals([tally.signpost(29), tally.signpost(30)], [undefined, frame(3, 3, 2 << 20)]);
  assertEquals([tally.bytes, tally.segments], [5 << 20, 2]);
});
