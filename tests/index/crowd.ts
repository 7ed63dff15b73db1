/**
 * Members for indexes: names by handle.
 *
 * @module
 */

import type { Members } from "../../src/index/mod.ts";

/** A name of a member. */
export interface Name {
  readonly id: string;
  readonly partitionKey: string;
}

/** A list of names is the identities of the handles 0 and up. */
export function membersOf(names: readonly Name[]): Members {
  return {
    idOf: (handle) => names[handle]!.id,
    partitionOf: (handle) => names[handle]!.partitionKey,
    // Some partitions have the same hash.
    partitionHash: (partitionKey) => partitionKey.length,
    // Code points are in the order of their bytes.
    rank: (handle) => names[handle]!.id.codePointAt(0) ?? 0,
    prefixOf: () => new Uint8Array(0),
    compare: (a, b) =>
      compareBytes(names[a]!.id, names[b]!.id) ||
      compareBytes(names[a]!.partitionKey, names[b]!.partitionKey),
  };
}

/** Orders two texts by their bytes, the long way. */
export function compareBytes(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => [...new TextEncoder().encode(text)]);
  const place = left!.findIndex((byte, index) => byte !== right![index]);
  if (place < 0) return left!.length - right!.length;
  return place >= right!.length ? 1 : left![place]! - right![place]!;
}
