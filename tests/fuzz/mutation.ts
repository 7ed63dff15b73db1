/**
 * Bytes that are nearly right.
 *
 * @module
 */

import type { Random } from "../../src/time/mod.ts";

/** Bytes that mean something special more often than others. */
const TELLING: readonly number[] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** Lengths and counts that are out of all proportion. */
const LARGE: readonly number[] = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0100_0000, 0x0001_0000];

/** Bytes with something wrong, up to three times. They are always others than those given. */
export function mutated(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  while (true) {
    let changed = bytes;
    for (let times = 1 + random.u32() % 3; times > 0; times--) {
      changed = changedOnce(changed, random, others);
    }
    if (!isSame(changed, bytes)) return changed;
  }
}

function changedOnce(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  const below = (count: number): number => random.u32() % Math.max(1, count);
  const at = below(bytes.length);
  const copy = bytes.slice();
  switch (below(8)) {
    case 0:
      copy[at]! ^= 1 << below(8);
      return copy;
    case 1:
      copy[at] = TELLING[below(TELLING.length)]!;
      return copy;
    case 2:
      copy[at] = random.u32();
      return copy;
    case 3:
      return copy.subarray(0, at);
    case 4:
      return new Uint8Array([...copy, ...Array.from({ length: 1 + below(70) }, () => below(256))]);
    case 5: {
      // A number that is much too large, where a length may stand.
      if (copy.length < 4) return copy;
      const view = new DataView(copy.buffer, copy.byteOffset);
      view.setUint32(below(copy.length - 3), LARGE[below(LARGE.length)]!, true);
      return copy;
    }
    case 6: {
      // A piece is missing, or stands twice.
      const end = Math.min(copy.length, at + 1 + below(16));
      const from = below(2) === 0 ? end : at;
      return new Uint8Array([...copy.subarray(0, end === from ? at : end), ...copy.subarray(from)]);
    }
    default: {
      const other = others[below(others.length)]!;
      return new Uint8Array([...copy.subarray(0, at), ...other.subarray(below(other.length))]);
    }
  }
}

function isSame(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}
