/**
 * What a store carries, by part.
 *
 * @module
 */
import type { Load } from "../calls/admission.ts";
import type { Shard } from "../shard/shard.ts";

/**
 * Bytes of a flow with its places in all indexes. Measured with 200,000 flows whose ids have ten
 * characters: 504 beside the keydir.
 */
const FLOW_BYTES = 500;

/** Bytes of a key with its places in all indexes, for keys of 15 characters. */
const KEY_BYTES = 70;

/** Memory by part, in bytes. An estimate: exact for what is counted in bytes, else by number. */
export interface MemoryStats {
  /** The flows and the orders over them. */
  readonly flowsBytes: number;
  /** The keys of `kv`; their values are on disk. */
  readonly keysBytes: number;
  /** Where records stand in the log. */
  readonly keydirBytes: number;
  /** Frames that are not on disk. */
  readonly inFlightBytes: number;
  /** The log of a store in `":memory:"`; 0 for one on a disk. */
  readonly logBytes: number;
  /** All of these. */
  readonly totalBytes: number;
}

/** The memory of some shards. */
export function memoryOf(shards: readonly Shard[]): MemoryStats {
  let flowsBytes = 0;
  let keysBytes = 0;
  let keydirBytes = 0;
  let inFlightBytes = 0;
  let logBytes = 0;
  for (const { state: { flows, keydir }, inFlightBytes: ahead, logBytesInMemory } of shards) {
    flowsBytes += flows.table.rowCount * FLOW_BYTES + flows.cold.bytes;
    keysBytes += flows.kv.size * KEY_BYTES;
    keydirBytes += keydir.bytes;
    inFlightBytes += ahead;
    logBytes += logBytesInMemory;
  }
  const totalBytes = flowsBytes + keysBytes + keydirBytes + inFlightBytes + logBytes;
  return { flowsBytes, keysBytes, keydirBytes, inFlightBytes, logBytes, totalBytes };
}

/** What decides whether new work is taken. */
export function loadOf(shards: readonly Shard[]): Load {
  const { inFlightBytes, totalBytes } = memoryOf(shards);
  return { inFlightBytes, memoryBytes: totalBytes };
}
