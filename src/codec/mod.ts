/**
 * Bytes: checksums, a keyed hash, and how numbers and texts are written and read. Pure.
 *
 * @module
 */

export { type ByteRange, ByteReader } from "./byte_reader.ts";
export { type ByteSpan, copySpan } from "./byte_span.ts";
export { ByteWriter } from "./byte_writer.ts";
export { crc32, crc32Between, crc32OfText } from "./crc32.ts";
export { DecodeError } from "./decode_error.ts";
export { sha256Hex } from "./sha256.ts";
export { putU16, putU32, putU48, putU53, putU8 } from "./fields.ts";
export { type Hash64, hashWriter, isSameHash, sipHash24, type SipKey, sipKey } from "./siphash.ts";
export { STREAM_BYTES, StreamReader, StreamWriter } from "./stream.ts";
export { setU32, u32At, u48At } from "./u32.ts";
