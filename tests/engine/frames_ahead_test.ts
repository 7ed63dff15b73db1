import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import { FramesAhead } from "../../src/engine/frames_ahead.ts";
import type { Log, LogPosition } from "../../src/log/mod.ts";

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
