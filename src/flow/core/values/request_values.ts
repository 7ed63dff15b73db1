/**
 * The values that come with a request.
 *
 * @module
 */
import type { ItemRequest } from "../route.ts";
import type { ValueChanges } from "./named_values.ts";
import type { Value, ValueLink } from "./value.ts";

/** What requests may have values under. */
interface Bringing {
  readonly payload?: Value | ValueLink | undefined;
  readonly result?: Value | undefined;
  readonly error?: Value | undefined;
  readonly reason?: Value | undefined;
  readonly values?: ValueChanges | undefined;
}

/** The values that a request brings: not those that it only refers to. */
export function broughtValues(request: ItemRequest): Value[] {
  const { payload, result, error, reason, values }: Bringing = request;
  const named = [...values?.put.values() ?? []].map(({ value }) => value);
  return [payload, result, error, reason, ...named]
    .filter((value) => value !== undefined && "bytes" in value);
}

/** How many bytes values have together. */
export function valueBytes(values: readonly Value[]): number {
  return values.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** The numbers of the values that a request refers to without bringing them. */
export function linksOf({ payload, values }: Bringing): number[] {
  const named = [...values?.link.values() ?? []].map(({ linkLsn }) => linkLsn);
  return payload !== undefined && "linkLsn" in payload ? [payload.linkLsn, ...named] : named;
}
