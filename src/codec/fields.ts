/**
 * Numbers at their places in a view, for records whose fields all have one. Little-endian. Each
 * asserts that its value fits: what is written can be read.
 *
 * @module
 */

import { invariant } from "../invariant.ts";

/** Writes a number from 0 to 255, in one byte. */
export function putU8(view: DataView, at: number, value: number): void {
  if ((value & 0xff) !== value) refuse(value, 0xff);
  view.setUint8(at, value);
}

/** Writes a number from 0 to 2^16 − 1, in two bytes. */
export function putU16(view: DataView, at: number, value: number): void {
  if ((value & 0xffff) !== value) refuse(value, 0xffff);
  // Not `setUint16`: in Bun it takes ten times as long as the others.
  view.setUint8(at, value);
  view.setUint8(at + 1, value >>> 8);
}

/** Writes a number from 0 to 2^32 − 1, in four bytes. */
export function putU32(view: DataView, at: number, value: number): void {
  if ((value >>> 0) !== value) refuse(value, 0xffff_ffff);
  view.setUint32(at, value, true);
}

/** Writes a number from 0 to 2^48 − 1, in six bytes. */
export function putU48(view: DataView, at: number, value: number): void {
  // Not `%`: of numbers beyond 32 bits it is a call into the C library.
  const low = value >>> 0;
  const high = (value - low) / 0x1_0000_0000;
  if ((high & 0xffff) !== high) refuse(value, 0xffff_ffff_ffff);
  view.setUint32(at, low, true);
  // The two bytes in the middle are the same again; see `putU16()`.
  view.setUint32(at + 2, (low >>> 16) | (high << 16), true);
}

/** Writes a number from 0 to 2^53 − 1, in eight bytes. */
export function putU53(view: DataView, at: number, value: number): void {
  const low = value >>> 0;
  const high = (value - low) / 0x1_0000_0000;
  if ((high & 0x1f_ffff) !== high) refuse(value, Number.MAX_SAFE_INTEGER);
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
}

function refuse(value: number, max: number): never {
  invariant(false, `A number to be written is a whole one from 0 to ${max}, not ${value}`);
}
