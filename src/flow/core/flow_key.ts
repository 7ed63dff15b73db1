/**
 * The name of a flow in the log.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";

/**
 * 64 bits that name a flow in every record about it: a keyed hash of its partition and id, the two
 * lowest bits of which tell apart flows whose hashes are the same. The texts stand in one record.
 */
export type FlowKey = Hash64;

/** A hash that nobody outside can predict. The same for the whole life of a store. */
export type KeyedHash = (bytes: Uint8Array) => Hash64;

/** How many flows with the same hash there can be. */
const ORDINAL_COUNT = 4;

const encoder = new TextEncoder();

/** The key that is given to a flow, unless another flow has it. */
export function firstKey(hash: KeyedHash, partitionKey: string, id: string): FlowKey {
  // The length in front keeps different pairs of texts different.
  const { hi, lo } = hash(encoder.encode(`${partitionKey.length}:${partitionKey}${id}`));
  return { hi, lo: (lo & ~(ORDINAL_COUNT - 1)) >>> 0 };
}

/** The key that is tried after one that another flow has; undefined after the last. */
export function nextKey({ hi, lo }: FlowKey): FlowKey | undefined {
  return lo % ORDINAL_COUNT === ORDINAL_COUNT - 1 ? undefined : { hi, lo: lo + 1 };
}

/** A key as a text of four characters, to look things up by. */
export function packKey({ hi, lo }: FlowKey): string {
  return String.fromCharCode(hi >>> 16, hi & 0xffff, lo >>> 16, lo & 0xffff);
}
