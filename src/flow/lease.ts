/**
 * Watching over a lease.
 *
 * @module
 */
import type { FlowError } from "../errors.ts";

/** Which lease of a flow to watch, and whom to tell. */
export interface LeaseWatchOptions {
  /** The fencing number that the claim gave: it says which lease is meant. */
  readonly fencingToken: number;
  /**
   * Called once, with `stale_lease`, when somebody else than its holder has ended the lease: the
   * flow was cancelled, sent elsewhere by a signal, or claimed by another worker; or with
   * `store_closed` or `store_failed`, when the store has ended. Never called for what the holder has
   * settled himself.
   */
  readonly onLost: (error: FlowError) => void;
}
