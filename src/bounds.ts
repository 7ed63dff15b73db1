/**
 * Bounds and defaults that are the same in every store, for all who check or apply them.
 *
 * @module
 */

/** How long a lease lasts that nobody gave a length. */
export const LEASE_MS = 30_000;

/** The longest duration: a hundred years. */
export const DURATION_MS_MAX: number = 100 * 365 * 86_400_000;

/** Larger payloads are left out, unless somebody says otherwise. */
export const PAYLOAD_BYTES_MAX = 65_536;

/** The most retries in one state. */
export const RETRIES_MAX = 1_000;

/** The longest base and cap of a backoff: 30 days. */
export const BACKOFF_MS_MAX: number = 30 * 86_400_000;

/** The most leases that a flow may be allowed to lose. */
export const RECLAIMS_MAX = 1_000_000;

/** The most urgent priority. */
export const PRIORITY_MAX = 2;
