import { FrameHalves } from "../../src/engine/frame_halves.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const KIB = 1_024;
const thread = { frameBytesMax: 8_192 * KIB, inFlightMax: 1, inline: false };

/**
 * Frames of callers who call again as soon as they are answered, in turn written and decided.
 *
 * @param callers How many have called before the first frame goes.
 * @returns How many callers are in each frame.
 */
function framesOf(callers: number, bytes: number): number[] {
  const halves = new FrameHalves();
  const frames: number[] = [];
  let calling = callers;
  let open = 0;
  let written = 0;
  while (frames.length < 40) {
    // The log is free. What was decided meanwhile goes first, or else the first who are enough.
    halves.written(written * bytes);
    if (written > 0 && halves.goesFirst(open * bytes)) {
      [written, calling, open] = [open, calling + written, 0];
    } else {
      calling += written;
      while (calling > 0 && !halves.isLarge(open * bytes, thread)) {
        calling -= 1;
        open += 1;
      }
      [written, open] = [open, 0];
    }
    if (written > 0) frames.push(written);
    // The rest is decided while that is written.
    [open, calling] = [open + calling, 0];
  }
  return frames;
}

test("FrameHalves has about half of the callers decided while the others are written", () => {
  for (
    const [callers, bytes] of [[512, 4_200], [512, 16_500], [4, 430_000], [100, 70_000]] as const
  ) {
    const frames = framesOf(callers, bytes).slice(-10);
    const least = Math.min(...frames) / callers;
    assert(least > 0.3, `${callers} callers with ${bytes} bytes each: ${frames}`);
  }
});

test("FrameHalves hands a thread 64 KiB at once, and half of the last frame if that is more", () => {
  const halves = new FrameHalves();
  const isLarge = (kib: number) => halves.isLarge(kib * KIB, thread);
  assertEquals([isLarge(63), isLarge(64)], [false, true]);
  halves.written(100 * KIB);
  assertEquals([isLarge(63), isLarge(64)], [false, true]);
  halves.written(300 * KIB);
  assertEquals([isLarge(149), isLarge(150)], [false, true]);
  halves.written(10 * KIB);
  assertEquals(isLarge(64), true);
});

test("FrameHalves has an isolate that writes by itself decide a mebibyte before that", () => {
  const halves = new FrameHalves();
  const inline = { ...thread, inline: true };
  halves.written(4_096 * KIB);
  assertEquals([1_023, 1_024].map((kib) => halves.isLarge(kib * KIB, inline)), [false, true]);
});

test("FrameHalves lets the disk go on before callers are answered, unless there is little for it", () => {
  const halves = new FrameHalves();
  halves.written(63 * KIB);
  assertEquals(halves.goesFirst(1), true);
  halves.written(64 * KIB);
  assertEquals([1, 32].map((kib) => halves.goesFirst(kib * KIB)), [false, true]);
  halves.written(400 * KIB);
  assertEquals([199, 200].map((kib) => halves.goesFirst(kib * KIB)), [false, true]);
});
