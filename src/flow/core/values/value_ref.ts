/**
 * Where values are, in records and as users see it.
 *
 * @module
 */

/** Records hold the numbers of values in six bytes. */
const NUMBER_MAX = 2 ** 48 - 1;

/** The lower 44 bits of a number are the LSN, the upper 4 the shard. */
const LSN_SPAN = 2 ** 44;

/** The most shards of a store: as many as those bits tell apart. */
export const SHARDS_MAX = 16;

/** Where a value stands. */
export interface ValuePlace {
  /** The shard that has it. */
  readonly shard: number;
  /** Its LSN there. */
  readonly lsn: number;
}

/** A place as one number. In the first shard it is the LSN itself. */
export function valueNumber({ shard, lsn }: ValuePlace): number {
  return shard * LSN_SPAN + lsn;
}

/** The place that a number means. */
export function valuePlace(number: number): ValuePlace {
  return { shard: Math.floor(number / LSN_SPAN), lsn: number % LSN_SPAN };
}

/** The reference to a value by its number, null for none. Opaque to users. */
export function valueRef(number: number): string | null {
  return number === 0 ? null : `v${number}`;
}

/** The number that a reference names, undefined if it is none. */
export function parseValueRef(ref: string): number | undefined {
  if (!/^v[1-9]\d{0,14}$/.test(ref)) return undefined;
  const number = Number(ref.slice(1));
  return number <= NUMBER_MAX ? number : undefined;
}
