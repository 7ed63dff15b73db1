/**
 * Bytes where they stand among others.
 *
 * @module
 */

/** Some bytes of an array. Where it matters how long they take, a view of them takes too long. */
export interface ByteSpan {
  /** All of the array. */
  readonly bytes: Uint8Array;
  /** The offset of the first byte. */
  readonly start: number;
  /** The offset behind the last byte. */
  readonly end: number;
}

/** So many are copied sooner than a view of them is made. */
const FEW_BYTES = 128;

/** Copies bytes to an offset of another array. */
export function copySpan({ bytes, start, end }: ByteSpan, target: Uint8Array, at: number): void {
  const count = end - start;
  if (count > FEW_BYTES) target.set(bytes.subarray(start, end), at);
  else for (let index = 0; index < count; index++) target[at + index] = bytes[start + index]!;
}
