/**
 * Identifiers that sort by the time of their making.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import type { Time } from "./time.ts";

/**
 * A UUID of version 7 (RFC 9562): 48 bits of wall time, 74 random bits, lower case with hyphens.
 * Two of the same millisecond are in no particular order.
 */
export function uuidv7(time: Pick<Time, "clock" | "random">): string {
  const wallMs = Math.floor(time.clock.wallMs());
  invariant(wallMs >= 0 && wallMs < 2 ** 48, `A UUID has no room for the wall time ${wallMs}`);
  const stamp = hex(wallMs, 12);
  const high = time.random.u32();
  const version = 0x7000 | (high & 0xfff);
  const variant = 0x8000 | (high >>> 18);
  const node = hex(time.random.u32(), 8) + hex(time.random.u32() & 0xffff, 4);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${hex(version, 4)}-${hex(variant, 4)}-${node}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
