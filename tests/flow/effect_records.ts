/**
 * Effects as records that stand alone.
 *
 * @module
 */

import { ByteWriter } from "../../src/codec/mod.ts";
import { type Dictionary, type Effect, writeEffects } from "../../src/flow/core/mod.ts";

/** The records of effects, of which the first has the LSN `firstLsn`. */
export function encodeEffects(
  effects: readonly Effect[],
  firstLsn: number,
  dictionary: Dictionary,
): Uint8Array[] {
  const writer = new ByteWriter();
  const bounds = writeEffects(writer, effects, { firstLsn, dictionary });
  return effects.map((_, index) => writer.bytes().slice(bounds[index], bounds[index + 1]));
}
