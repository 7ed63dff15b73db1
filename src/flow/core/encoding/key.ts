/**
 * Keys of flows in records.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../../codec/mod.ts";
import type { FlowKey } from "../flow_key.ts";

/** Writes 8 bytes. */
export function writeKey(writer: ByteWriter, { hi, lo }: FlowKey): void {
  writer.u32(hi);
  writer.u32(lo);
}

/** Reads 8 bytes. */
export function readKey(reader: ByteReader): FlowKey {
  return { hi: reader.u32(), lo: reader.u32() };
}
