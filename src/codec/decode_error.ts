/**
 * What a decoder says about bytes that it did not write.
 *
 * @module
 */

/**
 * Bytes are not what an encoder makes. Whoever knows the file and the offset turns it into a
 * `FlowError` with the code `corrupt`.
 */
export class DecodeError extends Error {
  /** Always `"DecodeError"`. */
  override readonly name = "DecodeError";
}
