/**
 * Where values are, in records and as users see it.
 *
 * @module
 */

/** Records hold addresses in six bytes. */
const ADDRESS_MAX = 2 ** 48 - 1;

/** The lower bits of an address are the LSN, the others the shard. */
const LSN_SPAN = 2 ** 44;

/** The most shards of a store: what is left of an address. */
export const SHARDS_MAX = 16;

/** Where a value stands. */
export interface ValuePlace {
  /** The shard that has it. */
  readonly shard: number;
  /** Its LSN there. */
  readonly lsn: number;
}

/** A place as one number. In the first shard it is the LSN itself. */
export function valueAddress({ shard, lsn }: ValuePlace): number {
  return shard * LSN_SPAN + lsn;
}

/** The place that an address means. */
export function valuePlace(address: number): ValuePlace {
  return { shard: Math.floor(address / LSN_SPAN), lsn: address % LSN_SPAN };
}

/** The reference to a value by its address, null for none. Opaque to users. */
export function valueRef(address: number): string | null {
  return address === 0 ? null : `v${address}`;
}

/** The address that a reference names, undefined if it is none. */
export function parseValueRef(ref: string): number | undefined {
  if (!/^v[1-9]\d{0,14}$/.test(ref)) return undefined;
  const address = Number(ref.slice(1));
  return address <= ADDRESS_MAX ? address : undefined;
}
