/**
 * Keys of flows and other hashes in records.
 *
 * @module
 */
import type { ByteReader, ByteWriter, Hash64 } from "../../../codec/mod.ts";
import type { FlowKey } from "../flow_key.ts";

/** Writes 8 bytes. */
export function writeKey(writer: ByteWriter, key: FlowKey): void {
  writeHash(writer, key);
}

/** Reads 8 bytes. */
export function readKey(reader: ByteReader): FlowKey {
  return readHash(reader);
}

/** Writes 8 bytes. */
export function writeHash(writer: ByteWriter, { hi, lo }: Hash64): void {
  writer.u32(hi);
  writer.u32(lo);
}

/** Reads 8 bytes. */
export function readHash(reader: ByteReader): Hash64 {
  return { hi: reader.u32(), lo: reader.u32() };
}
