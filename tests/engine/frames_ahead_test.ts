import { FramesAhead } from "../../src/engine/shard/frames_ahead.ts";
import type { Log, LogPosition } from "../../src/log/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** As much of a log as frames ask for on their way to it. */
function startOfLog(): Log {
  const end: LogPosition = { index: 0, lsn: 0, chain: 0 };
  const nextPlace = () => ({ segment: 1, offset: 0 });
  return { end, nextPlace } as unknown as Log;
}

/** Sends a frame of so many bytes through, and returns the memory that its records were in. */
function passed(frames: FramesAhead, bytes: number): Uint8Array {
  const open = frames.opened();
  open.append(new Uint8Array(bytes), 1, 0);
  const { memory } = open;
  frames.answered(frames.close(0)!);
  return memory;
}

test("FramesAhead gives the next frame the memory of the last one", () => {
  const frames = new FramesAhead(startOfLog());
  const memory = passed(frames, 1_000);
  assert(passed(frames, 1_000) === memory);
  // Also if it is large, as long as frames are.
  const large = passed(frames, 6 << 20);
  assert(passed(frames, 5 << 20) === large);
  assert(passed(frames, 5 << 20) === large);
});

test("FramesAhead gives memory back that the last frame had no need for", () => {
  const frames = new FramesAhead(startOfLog());
  const large = passed(frames, 6 << 20);
  assert(passed(frames, 1_000) === large, "nobody knows before");
  const small = passed(frames, 1_000);
  assert(small.length < 1 << 20, `${small.length} bytes are kept`);
});

test("FramesAhead knows what was decided, and where what comes next stands, until the log has answered", () => {
  const end: LogPosition = { index: 0, lsn: 0, chain: 0 };
  let offset = 64;
  const nextPlace = () => ({ segment: 1, offset });
  const readBytes = () => Uint8Array.of(9);
  const frames = new FramesAhead({ end, nextPlace, readBytes } as unknown as Log);
  assertEquals([frames.nextLsn, frames.bytes, frames.submittedCount], [1, 0, 0]);
  frames.opened().append(Uint8Array.of(1, 2, 3), 2, 0);
  assertEquals([frames.nextLsn, frames.bytes], [3, 3]);
  assertEquals([...frames.readBytes(1, 65, 2)], [2, 3]);
  const first = frames.close(7)!;
  assertEquals([frames.nextLsn, frames.bytes, frames.oldestSubmittedAtMs], [3, 3, 7]);
  offset = 128;
  const second = frames.opened();
  assertEquals([second.base.index, second.base.lsn], [1, 2]);
  second.append(Uint8Array.of(4, 5), 1, 0);
  assertEquals([frames.nextLsn, frames.bytes], [4, 5]);
  const bytesAt = (at: number): number[] => [...frames.readBytes(1, at, 1)];
  assertEquals([bytesAt(64), bytesAt(129), bytesAt(200)], [[1], [5], [9]]);
  assertEquals(frames.dropEmpty(), false);
  assertEquals(frames.answered(first)?.frame, first);
  assertEquals([frames.answered(first), frames.nextLsn, frames.bytes], [undefined, 4, 2]);
  // What stands on nothing is forgotten with what it stood on.
  frames.clear();
  assertEquals([frames.open, frames.nextLsn, frames.bytes, frames.submittedCount], [
    undefined,
    1,
    0,
    0,
  ]);
  frames.opened();
  assertEquals([frames.dropEmpty(), frames.dropEmpty(), frames.open], [true, false, undefined]);
});
