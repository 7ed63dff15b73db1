/**
 * How users see where a value is.
 *
 * @module
 */

/** The reference to a value by its LSN, null for none. Opaque to users. */
export function valueRef(lsn: number): string | null {
  return lsn === 0 ? null : `v${lsn}`;
}
