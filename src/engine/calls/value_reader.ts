/**
 * Values as a call may see them.
 *
 * @module
 */
import { type ReadValue, valuePlace } from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Footing } from "./footing.ts";

/** Reads values of some shards, by number, as a call may see them that stands on something. */
export function valuesAt(
  shards: readonly Shard[],
  nowMs: number,
  standsOn: readonly Footing[],
): ReadValue {
  return (number, maxBytes) => {
    const place = valuePlace(number);
    const shard = shards[place.shard];
    if (shard === undefined) return undefined;
    // Of a shard that the call has not looked at it sees what everybody may see.
    const seen = standsOn.find(({ life }) => life === shard.life);
    const headLsn = seen?.lsn ?? shard.life.durableLsn;
    return shard.records.value(place.lsn, maxBytes, { nowMs, headLsn });
  };
}
