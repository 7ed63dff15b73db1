/**
 * Digests as bytes and as texts.
 *
 * @module
 */
import type { ByteReader } from "../../../codec/mod.ts";

/** SHA-256. */
const DIGEST_BYTES = 32;

/** Reads a digest. */
export function readDigest(reader: ByteReader): string {
  return hexOf(reader.raw(DIGEST_BYTES));
}

/** The bytes of a digest. */
export function digestBytes(hex: string): Uint8Array {
  return Uint8Array.from(
    { length: hex.length / 2 },
    (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

/** Two hexadecimal digits for each byte. */
function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
