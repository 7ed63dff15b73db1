/**
 * The name of a flow in the log.
 *
 * @module
 */
import { type Hash64, hashWriter } from "../../codec/mod.ts";

/**
 * 64 bits that name a flow in every record about it: a keyed hash of its partition and id, the two
 * lowest bits of which tell apart flows whose hashes are the same. The texts stand in one record.
 */
export type FlowKey = Hash64;

/**
 * A hash that nobody outside can predict, of bytes or of the first `length` of them. The same for the
 * whole life of a store.
 */
export type KeyedHash = (bytes: Uint8Array, length?: number) => Hash64;

/** How many flows with the same hash there can be. */
const ORDINAL_COUNT = 4;

/** Makes keys of partitions and ids. */
export class FlowKeys {
  readonly #hash: KeyedHash;
  readonly #writer = hashWriter();
  /** What was asked for last: whoever looks for a flow that is not there often creates it next. */
  #lastPartitionKey = "";
  #lastId = "";
  #lastKey: FlowKey | undefined;

  /** @param hash The hash of the store. */
  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  /** The key that is given to a flow, unless another flow has it. */
  first(partitionKey: string, id: string): FlowKey {
    const isLast = this.#lastId === id && this.#lastPartitionKey === partitionKey;
    if (isLast && this.#lastKey !== undefined) return this.#lastKey;
    const writer = this.#writer;
    writer.reset();
    // The length in front keeps different pairs of texts different.
    writer.rawText(`${partitionKey.length}:`);
    writer.rawText(partitionKey);
    writer.rawText(id);
    const { hi, lo } = this.#hash(writer.buffer, writer.length);
    this.#lastPartitionKey = partitionKey;
    this.#lastId = id;
    return this.#lastKey = { hi, lo: (lo & ~(ORDINAL_COUNT - 1)) >>> 0 };
  }

  /** 32 bits of a hash of an id alone, or of a partition alone. */
  hashOfText(text: string): number {
    const writer = this.#writer;
    writer.reset();
    writer.rawText(text);
    return this.#hash(writer.buffer, writer.length).hi;
  }
}

/** The key that is tried after one that another flow has; undefined after the last. */
export function nextKey({ hi, lo }: FlowKey): FlowKey | undefined {
  return lo % ORDINAL_COUNT === ORDINAL_COUNT - 1 ? undefined : { hi, lo: lo + 1 };
}

/** 32 bits that all keys have in common that a flow may have. */
export function hashOfKey({ hi, lo }: FlowKey): number {
  return (hi ^ (lo >>> 2)) >>> 0;
}

/**
 * 30 bits that all keys have in common that a flow may have: what engines keep without an object.
 */
export function numberOfKey({ lo }: FlowKey): number {
  return lo >>> 2;
}

/** A key as a text of four characters, to look things up by. */
export function packKey({ hi, lo }: FlowKey): string {
  return String.fromCharCode(hi >>> 16, hi & 0xffff, lo >>> 16, lo & 0xffff);
}
