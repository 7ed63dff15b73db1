/**
 * The headers of 64 bytes that everything on disk starts with: a magic number, fields, a checksum.
 *
 * @module
 */

import { ByteReader, type ByteWriter, crc32, DecodeError, u32At } from "../../codec/mod.ts";

/** Size of a header; also what frames are aligned to, so that no header crosses a sector. */
export const HEADER_BYTES = 64;

/** Where the header's own checksum stands. */
const CRC_OFFSET = HEADER_BYTES - 4;

/** The number whose little-endian bytes are the four characters of `name`. */
export function magic(name: string): number {
  return [...name].reduceRight((value, character) => value * 256 + character.charCodeAt(0), 0);
}

/** Fills a header up with zeros, and adds its checksum. */
export function sealHeader(writer: ByteWriter): void {
  writer.zeros(CRC_OFFSET - writer.length);
  writer.u32(writer.crc32(0));
}

/**
 * Reads the fields of a header that `bytes` begin with, from behind its magic number on; whatever
 * `read` leaves must be zero. `undefined` if it is damaged or another header, or if `read` says so.
 */
export function decodeHeader<Header>(
  bytes: Uint8Array,
  magicNumber: number,
  read: (fields: ByteReader) => Header | undefined,
): Header | undefined {
  if (bytes.length < HEADER_BYTES || u32At(bytes, 0) !== magicNumber) return undefined;
  const sealed = bytes.subarray(0, CRC_OFFSET);
  if (crc32(sealed) !== u32At(bytes, CRC_OFFSET)) return undefined;
  const fields = new ByteReader(sealed.subarray(4));
  try {
    const header = read(fields);
    fields.zeros(fields.left);
    return header;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
