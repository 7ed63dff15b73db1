/**
 * VALUE and VALUE_PART records: payloads, results, errors and named values.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../../../codec/mod.ts";
import { RECORD_HEADER_BYTES, type RecordSpan } from "../../../log/mod.ts";
import type { ValueEffect, ValuePartEffect } from "../effect.ts";
import type { FlowKey } from "../flow_key.ts";
import type { GistRoom, ValueGist } from "../merge/gist.ts";
import type { ValueEncoding, WrittenValue } from "../values/value.ts";
import { readHashAt, readKey, writeKey } from "./key.ts";
import { newer, refuseUnknownBits } from "./newer.ts";

/** The flag of a value that stands in parts. */
export const IN_PARTS = 1;
const HAS_UNTIL = 2;
const OF_NO_FLOW = 4;
const KNOWN_FLAGS = IN_PARTS | HAS_UNTIL | OF_NO_FLOW;
const NO_KEY = { hi: 0, lo: 0 };
const ENCODING_MAX = 1;

/** Bytes of the fixed part, and where some of it stands. */
const FIXED_BYTES = 10;
const ENCODING_AT = 8;
const FLAGS_AT = 9;

/** Writes the fixed part. */
export function writeValueFixed(writer: ByteWriter, effect: ValueEffect): void {
  const { key, value, untilMs } = effect;
  writeKey(writer, key ?? NO_KEY);
  writer.u8(value.encoding);
  writer.u8(
    ("parts" in value ? IN_PARTS : 0) |
      (untilMs === null ? 0 : HAS_UNTIL) |
      (key === null ? OF_NO_FLOW : 0),
  );
}

/** Writes what follows the fixed part. */
export function writeValueRest(writer: ByteWriter, { value, untilMs }: ValueEffect): void {
  if (untilMs !== null) writer.u53(untilMs);
  writeWritten(writer, value);
}

/** Writes the bytes of a value, or where its parts are. */
export function writeWritten(writer: ByteWriter, value: WrittenValue): void {
  if (!("parts" in value)) return writer.raw(value.bytes);
  writer.u53(value.size);
  writer.u48(value.parts.firstLsn);
  writer.u32(value.parts.count);
}

/** Reads a record. The bytes are a view of it. */
export function readValue(fixed: ByteReader, rest: ByteReader): ValueEffect {
  const bits = readKey(fixed);
  const encoding = encodingOf(fixed.u8());
  const flags = fixed.u8();
  refuseUnknownBits("VALUE", flags, KNOWN_FLAGS);
  const key = flags & OF_NO_FLOW ? null : bits;
  const untilMs = flags & HAS_UNTIL ? rest.u53() : null;
  return { kind: "value", key, value: readWritten(rest, encoding, flags), untilMs };
}

/** Fills a gist. Returns false if there is more to it than a flow and bytes. */
export function readValueGist(
  { bytes, start, fixedLength }: RecordSpan,
  gist: GistRoom<ValueGist & { readonly key: FlowKey }>,
): boolean {
  const at = start + RECORD_HEADER_BYTES;
  const encoding = bytes[at + ENCODING_AT]!;
  const isPlain = fixedLength === FIXED_BYTES && encoding <= ENCODING_MAX &&
    bytes[at + FLAGS_AT] === 0;
  if (!isPlain) return false;
  readHashAt(bytes, at, gist.key);
  gist.value.encoding = encoding as ValueEncoding;
  return true;
}

/** Reads the bytes of a value, or where its parts are: all that is left. The bytes are a view. */
export function readWritten(
  rest: ByteReader,
  encoding: ValueEncoding,
  flags: number,
): WrittenValue {
  if ((flags & IN_PARTS) === 0) return { encoding, bytes: rest.raw(rest.left) };
  const size = rest.u53();
  const parts = { firstLsn: rest.u48(), count: rest.u32() };
  rest.end();
  if (parts.firstLsn === 0 || parts.count === 0) throw new DecodeError("A value has no parts");
  return { encoding, size, parts };
}

/** Writes the fixed part of a part. */
export function writeValuePartFixed(writer: ByteWriter, { index }: ValuePartEffect): void {
  writer.u32(index);
}

/** Reads the record of a part. The bytes are a view of it. */
export function readValuePart(fixed: ByteReader, rest: ByteReader): ValuePartEffect {
  return { kind: "value_part", index: fixed.u32(), bytes: rest.raw(rest.left) };
}

/** How a value is to be read. */
export function encodingOf(number: number): ValueEncoding {
  if (number > ENCODING_MAX) throw newer(`value with encoding ${number}`);
  return number as ValueEncoding;
}
