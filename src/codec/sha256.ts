/**
 * SHA-256, at once: the web's own comes in promises only.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The SHA-256 of bytes, in lowercase hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
