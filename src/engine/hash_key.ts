/**
 * The keys of a store's hashes.
 *
 * @module
 */
import type { SipKey } from "../codec/mod.ts";

/** The key that 64 bits in hexadecimal stand for, so that what collides in one store does not in the next. */
export function hashKeyOf(id: string): SipKey {
  const hi = Number.parseInt(id.slice(0, 8), 16);
  const lo = Number.parseInt(id.slice(8), 16);
  return [hi, lo, ~hi >>> 0, ~lo >>> 0];
}
