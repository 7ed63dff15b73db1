/**
 * Keys of flows and other hashes in records.
 *
 * @module
 */
import {
  type ByteReader,
  type ByteWriter,
  type Hash64,
  putU32,
  u32At,
} from "../../../codec/mod.ts";
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

/** Puts 8 bytes where they belong in a view. */
export function putHash(view: DataView, at: number, { hi, lo }: Hash64): void {
  putU32(view, at, hi);
  putU32(view, at + 4, lo);
}

/** Reads 8 bytes. */
export function readHash(reader: ByteReader): Hash64 {
  return { hi: reader.u32(), lo: reader.u32() };
}

/** Reads 8 bytes where they stand into a hash that is there. */
export function readHashAt(bytes: Uint8Array, at: number, room: { hi: number; lo: number }): void {
  room.hi = u32At(bytes, at);
  room.lo = u32At(bytes, at + 4);
}
