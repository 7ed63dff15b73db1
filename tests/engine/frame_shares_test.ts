import { FrameShares } from "../../src/engine/shard/frame_shares.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const KIB = 1_024;
const thread = {
  frameBytesMax: 8_192 * KIB,
  inFlightMax: 1,
  behindBytesMin: 64 * KIB,
  inline: false,
};

/**
 * Frames of callers who call again as soon as they are answered, decided and written in turns.
 *
 * @returns How many callers are in each frame.
 */
function framesOf(callers: number, bytes: number, inFlightMax: number): number[] {
  const shares = new FrameShares();
  const limits = { ...thread, inFlightMax };
  const frames: number[] = [];
  const submitted: number[] = [];
  let open = 0;
  const submitIfRoom = (): void => {
    const isBehind = submitted.length > 0 && open * bytes < limits.behindBytesMin;
    if (open === 0 || submitted.length === inFlightMax || isBehind) return;
    frames.push(open);
    submitted.push(open);
    open = 0;
  };
  const call = (count: number): void => {
    for (let index = 0; index < count; index++) {
      open += 1;
      if (shares.isLarge(open * bytes, limits)) submitIfRoom();
    }
    submitIfRoom();
  };
  call(callers);
  while (frames.length < 60) {
    const ahead = submitted.reduce((sum, count) => sum + count, open);
    const written = submitted.shift()!;
    shares.written(written * bytes, ahead * bytes, limits);
    if (shares.goesFirst(open * bytes)) submitIfRoom();
    call(written);
  }
  return frames;
}

test("FrameShares divides callers evenly among what is decided, waits and is written", () => {
  for (const inFlightMax of [1, 2, 3]) {
    for (
      const [callers, bytes] of [[512, 4_200], [512, 16_500], [8, 430_000], [100, 70_000]] as const
    ) {
      const frames = framesOf(callers, bytes, inFlightMax).slice(-12);
      const least = Math.min(...frames) * (inFlightMax + 1) / callers;
      assert(least > 0.6, `${inFlightMax}: ${callers} with ${bytes} bytes each: ${frames}`);
    }
  }
});

test("FrameShares hands a thread 64 KiB at once, and an even share if that is more", () => {
  const shares = new FrameShares();
  const isLarge = (kib: number) => shares.isLarge(kib * KIB, thread);
  assertEquals([isLarge(63), isLarge(64)], [false, true]);
  shares.written(64 * KIB, 128 * KIB, thread);
  assertEquals([isLarge(63), isLarge(64)], [false, true]);
  shares.written(64 * KIB, 300 * KIB, thread);
  assertEquals([isLarge(149), isLarge(150)], [false, true]);
  shares.written(64 * KIB, 300 * KIB, { ...thread, inFlightMax: 2 });
  assertEquals([isLarge(99), isLarge(100)], [false, true]);
  shares.written(10 * KIB, 10 * KIB, thread);
  assertEquals(isLarge(64), true);
});

test("FrameShares has an isolate that writes by itself decide a mebibyte before that", () => {
  const shares = new FrameShares();
  const inline = { ...thread, inline: true };
  shares.written(4_096 * KIB, 8_192 * KIB, inline);
  assertEquals([1_023, 1_024].map((kib) => shares.isLarge(kib * KIB, inline)), [false, true]);
});

test("FrameShares lets the disk go on before callers are answered, unless there is little for it", () => {
  const shares = new FrameShares();
  shares.written(63 * KIB, 400 * KIB, thread);
  assertEquals(shares.goesFirst(1), true);
  shares.written(64 * KIB, 128 * KIB, thread);
  assertEquals([47, 48].map((kib) => shares.goesFirst(kib * KIB)), [false, true]);
  shares.written(400 * KIB, 800 * KIB, thread);
  assertEquals([299, 300].map((kib) => shares.goesFirst(kib * KIB)), [false, true]);
});
