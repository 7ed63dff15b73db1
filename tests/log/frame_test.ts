import fc from "fast-check";
import { InvariantError } from "../../src/invariant.ts";
import { decodeFrameHeader, encodeFrame, frameBytes } from "../../src/log/format/frame.ts";
import { endOfFrame, type Frame, isSamePosition, logStart } from "../../src/log/mod.ts";
import { randomBytes, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertFalse, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { withHeaderField } from "./log_store.ts";

const frame: Frame = {
  base: { index: 3, lsn: 9, chain: 0xdead_beef },
  timeMs: 1_700_000_000_000,
  count: 2,
  body: Uint8Array.of(1, 2, 3),
};
const stamp = { salt: 0xffff_ffff, durableLsn: 9, epoch: 4 };

function encode(given: Frame = frame, by: typeof stamp = stamp): Uint8Array {
  const bytes = new Uint8Array(frameBytes(given.body.length)).fill(0xff);
  encodeFrame(bytes, given, by);
  return bytes;
}

test("decodeFrameHeader() gives back what encodeFrame() wrote, up to the extremes", () => {
  const max = Number.MAX_SAFE_INTEGER;
  const high: Frame = {
    ...frame,
    base: { index: 2 ** 48 - 2, lsn: max - 2, chain: 0 },
    timeMs: max,
  };
  for (const given of [frame, high, { ...frame, base: logStart, timeMs: 0 }]) {
    const { base, timeMs, count } = given;
    const header = decodeFrameHeader(encode(given, { ...stamp, durableLsn: base.lsn }))!;
    assertEquals([header.index, header.firstLsn], [base.index + 1, base.lsn + 1]);
    assertEquals([header.durableLsn, header.chainBefore], [base.lsn, base.chain]);
    assertEquals([header.timeMs, header.count], [timeMs, count]);
    assertEquals([header.salt, header.epoch, header.bodyLength], [stamp.salt, stamp.epoch, 3]);
  }
});

test("encodeFrame() pads with zeros to a multiple of 64 and returns the place after the frame", () => {
  for (const length of [1, 63, 64, 65, 1_000]) {
    const body = randomBytes(seededRandom(length), length);
    const bytes = new Uint8Array(frameBytes(length)).fill(0xff);
    const end = encodeFrame(bytes, { ...frame, body }, stamp);
    assertEquals(bytes.length % 64, 0);
    assert(bytes.length - 64 - length < 64);
    assertEquals(bytes.subarray(64, 64 + length), body);
    assertFalse(bytes.subarray(64 + length).some((byte) => byte !== 0));
    assert(isSamePosition(end, endOfFrame({ ...frame, body })));
  }
});

test("decodeFrameHeader() notices every single bit", () => {
  const bytes = encode();
  for (let bit = 0; bit < 8 * 64; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(decodeFrameHeader(damaged), undefined);
  }
  for (let length = 0; length < 64; length++) {
    assertEquals(decodeFrameHeader(bytes.subarray(0, length)), undefined);
  }
});

test("decodeFrameHeader() refuses what no encoder writes, even under a right checksum", () => {
  const offsets = { bodyLength: 4, count: 40, kind: 50, flags: 51 };
  for (
    const [offset, value] of [
      [offsets.bodyLength, 0],
      [offsets.count, 0],
      [offsets.kind, 2],
      [offsets.flags, 1],
      // Claims to be durable itself.
      [24, 10],
      // LSNs beyond 2^53.
      [23, 1],
      // A time that is no whole number, and a negative one.
      [52, 1],
      [59, 0xff],
    ] as const
  ) {
    const given = offset === 52 ? { ...frame, timeMs: 3 } : frame;
    assertEquals(
      decodeFrameHeader(withHeaderField(encode(given).slice(), offset, value)),
      undefined,
    );
  }
});

test("decodeFrameHeader() takes random bytes for nothing", () => {
  assertProperty(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
      assertEquals(decodeFrameHeader(bytes), undefined);
    }),
    { file: import.meta.url, runs: 1_000 },
  );
});

test("encodeFrame() refuses an empty frame, a time that is none, and too much or too little memory", () => {
  const wrongs: Frame[] = [
    { ...frame, count: 0 },
    { ...frame, body: new Uint8Array(0) },
    { ...frame, timeMs: 0.5 },
    { ...frame, timeMs: -1 },
    { ...frame, timeMs: Number.NaN },
  ];
  for (const wrong of wrongs) assertThrows(() => encode(wrong), InvariantError);
  for (const length of [64, 127, 129, 192]) {
    assertThrows(() => encodeFrame(new Uint8Array(length), frame, stamp), InvariantError);
  }
});

test("endOfFrame() depends on all that a frame means, and on nothing else", () => {
  const { base } = frame;
  const others: Frame[] = [
    { ...frame, body: Uint8Array.of(1, 2, 4) },
    { ...frame, body: Uint8Array.of(1, 2, 3, 0) },
    { ...frame, timeMs: 5 },
    { ...frame, count: 3 },
    { ...frame, base: { ...base, index: 4 } },
    { ...frame, base: { ...base, lsn: 8 } },
    { ...frame, base: { ...base, chain: 1 } },
  ];
  const chains = new Set([frame, ...others].map((given) => endOfFrame(given).chain));
  assertEquals(chains.size, 8);
  const { index, lsn } = endOfFrame(frame);
  assertEquals([index, lsn], [4, 11]);
});
