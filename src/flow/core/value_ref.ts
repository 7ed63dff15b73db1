/**
 * How users see where a value is.
 *
 * @module
 */

/** Records hold LSNs in six bytes. */
const LSN_MAX = 2 ** 48 - 1;

/** The reference to a value by its LSN, null for none. Opaque to users. */
export function valueRef(lsn: number): string | null {
  return lsn === 0 ? null : `v${lsn}`;
}

/** The LSN that a reference names, undefined if it is none. */
export function parseValueRef(ref: string): number | undefined {
  if (!/^v[1-9]\d{0,14}$/.test(ref)) return undefined;
  const lsn = Number(ref.slice(1));
  return lsn <= LSN_MAX ? lsn : undefined;
}
