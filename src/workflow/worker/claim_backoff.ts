/**
 * How long a worker waits after a claim that failed.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";
import { type Random, randomBelow } from "../../time/mod.ts";

/** The longest wait. */
const BACKOFF_MS_MAX = 30_000;

/** What the wait depends on. */
export interface ClaimBackoff {
  /** Claims that failed in a row, this one included. */
  readonly failureCount: number;
  /** The first wait; each further one is twice as long. */
  readonly intervalMs: number;
  /** Why the claim failed. */
  readonly error: unknown;
  /** Spreads the workers that failed together. */
  readonly random: Random;
}

/** Up to a fifth less than the doubled interval, and never less than the store asks for. */
export function claimBackoffMs(
  { failureCount, intervalMs, error, random }: ClaimBackoff,
): number {
  const fullMs = Math.min(intervalMs * 2 ** Math.min(failureCount - 1, 30), BACKOFF_MS_MAX);
  const backoffMs = fullMs - randomBelow(random, Math.floor(fullMs / 5) + 1);
  const askedMs = isFlowError(error, "overloaded") ? error.details.retryAfterMs : undefined;
  return typeof askedMs === "number" ? Math.max(backoffMs, askedMs) : backoffMs;
}
