/**
 * Small files that are JSON behind a header of 64 bytes, which proves them whole.
 *
 * @module
 */

import { type ByteReader, ByteWriter, crc32, DecodeError } from "../../codec/mod.ts";
import { readFormat, writeFormat } from "./format.ts";
import { decodeHeader, HEADER_BYTES, sealHeader } from "./header.ts";

/** How a kind of document is written. */
export interface DocumentKind {
  /** The magic number of its header. */
  readonly magic: number;
  /** What a reader has to understand, a bit each. Default: nothing. */
  readonly features?: number;
  /** Writes what the header has between the length of the body and its checksum. */
  readonly writeFields?: (writer: ByteWriter) => void;
}

/** How it is read. */
export interface DocumentReader<Fields, Body> {
  /** The magic number of its header. */
  readonly magic: number;
  /** Name of the file, for errors. */
  readonly file: string;
  /** Reads what the header has between the length of the body and its checksum. */
  readonly readFields: (fields: ByteReader) => Fields;
  /** Makes something of the JSON. Throws `DecodeError` or `TypeError` if it is not what it should be. */
  readonly parse: (value: unknown) => Body;
}

/** A document that was read. */
export interface Document<Fields, Body> {
  /** What is in the header. */
  readonly fields: Fields;
  /** What the JSON says. */
  readonly body: Body;
  /** Its size, in bytes. */
  readonly size: number;
}

/** The bytes of a document. */
export function encodeDocument(
  value: unknown,
  { magic, features = 0, writeFields = () => {} }: DocumentKind,
): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const writer = new ByteWriter(HEADER_BYTES + body.length);
  writer.u32(magic);
  writeFormat(writer, features);
  writer.u32(body.length);
  writeFields(writer);
  writer.u32(crc32(body));
  sealHeader(writer);
  writer.raw(body);
  return writer.bytes();
}

/**
 * The document that bytes begin with, or `undefined` if it is damaged, cut short or another one.
 *
 * @throws {FlowError} `newer_format` if this version cannot read it.
 */
export function decodeDocument<Fields, Body>(
  bytes: Uint8Array,
  { magic, file, readFields, parse }: DocumentReader<Fields, Body>,
): Document<Fields, Body> | undefined {
  const header = decodeHeader(bytes, magic, (reader) => {
    readFormat(reader, file);
    return { bodyLength: reader.u32(), fields: readFields(reader), bodyCrc: reader.u32() };
  });
  if (header === undefined) return undefined;
  const { bodyLength, fields, bodyCrc } = header;
  const json = bytes.subarray(HEADER_BYTES, HEADER_BYTES + bodyLength);
  if (json.length !== bodyLength || crc32(json) !== bodyCrc) return undefined;
  try {
    const body = parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
    return { fields, body, size: HEADER_BYTES + bodyLength };
  } catch (error) {
    if (
      error instanceof DecodeError || error instanceof SyntaxError || error instanceof TypeError
    ) {
      return undefined;
    }
    throw error;
  }
}
