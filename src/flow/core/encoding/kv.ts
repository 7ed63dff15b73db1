/**
 * KV and KVDEL records: keys, their values, and their end.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../../codec/mod.ts";
import type { KvDelEffect, KvEffect } from "../effect.ts";
import { refuseUnknownBits } from "./newer.ts";
import { encodingOf, IN_PARTS, readWritten, writeWritten } from "./value.ts";

const HAS_UNTIL = 2;
const KNOWN_FLAGS = IN_PARTS | HAS_UNTIL;

/** Writes the fixed part. */
export function writeKvFixed(writer: ByteWriter, { value, updatedAtMs, untilMs }: KvEffect): void {
  writer.u53(updatedAtMs);
  writer.u53(untilMs ?? 0);
  writer.u8(value.encoding);
  writer.u8(("parts" in value ? IN_PARTS : 0) | (untilMs === null ? 0 : HAS_UNTIL));
}

/** Writes what follows the fixed part. */
export function writeKvRest(writer: ByteWriter, { partitionKey, key, value }: KvEffect): void {
  writer.text(partitionKey);
  writer.text(key);
  writeWritten(writer, value);
}

/** Reads a record. The bytes are a view of it. */
export function readKv(fixed: ByteReader, rest: ByteReader): KvEffect {
  const updatedAtMs = fixed.u53();
  const untilMs = fixed.u53();
  const encoding = encodingOf(fixed.u8());
  const flags = fixed.u8();
  refuseUnknownBits("KV", flags, KNOWN_FLAGS);
  const partitionKey = rest.text();
  const key = rest.text();
  return {
    kind: "kv",
    partitionKey,
    key,
    value: readWritten(rest, encoding, flags),
    updatedAtMs,
    untilMs: flags & HAS_UNTIL ? untilMs : null,
  };
}

/** Writes what a KVDEL holds. It has no fixed part. */
export function writeKvDelRest(writer: ByteWriter, { partitionKey, key }: KvDelEffect): void {
  writer.text(partitionKey);
  writer.text(key);
}

/** Reads a record. */
export function readKvDel(rest: ByteReader): KvDelEffect {
  const partitionKey = rest.text();
  const key = rest.text();
  rest.end();
  return { kind: "kv_del", partitionKey, key };
}
