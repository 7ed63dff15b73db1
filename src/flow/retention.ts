/**
 * Giving up flows whose retention is over, and keys whose time is.
 *
 * @module
 */
import type { CommandOptions } from "./commands.ts";

/** Options of `retentionCleanup`. */
export interface RetentionCleanupOptions extends CommandOptions {
  /** The most flows and keys to remove, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
}

/** What one `retentionCleanup` removed. */
export interface RetentionCleanup {
  /** Flows. Together with `keys` as many as the limit: there may be more. */
  readonly flows: number;
  /** Keys of `kv`. */
  readonly keys: number;
  /** Events of these flows that could still be read. */
  readonly history: number;
  /** Payloads, results and errors that these flows ever had. */
  readonly values: number;
}
