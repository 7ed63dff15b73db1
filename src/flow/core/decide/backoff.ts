/**
 * How long a flow waits before it is retried.
 *
 * @module
 */
import type { ResolvedStatePolicy } from "../../mod.ts";

/** A backoff with every member. */
export type ResolvedBackoff = ResolvedStatePolicy["retry"]["backoff"];

/** Which retry it is. */
export interface RetryMoment {
  /** The id of the flow. */
  readonly id: string;
  /** The number of the retry, from 1. */
  readonly attempt: number;
  /** The time of the command. */
  readonly nowMs: number;
}

/**
 * The wait before a retry, in milliseconds: each as likely as the others that the jitter and the longest
 * wait allow, so that flows that have failed together do not come back together. It depends on the
 * moment alone: the same retry, decided again, waits as long again.
 */
export function backoffMs(backoff: ResolvedBackoff, moment: RetryMoment): number {
  const plainMs = plainBackoffMs(backoff, moment.attempt);
  const spreadMs = Math.floor(plainMs * backoff.jitterPct / 100);
  if (spreadMs === 0) return plainMs;
  const leastMs = plainMs - spreadMs;
  const mostMs = Math.min(plainMs + spreadMs, backoff.maxMs);
  return leastMs + spread(moment) % (mostMs - leastMs + 1);
}

function plainBackoffMs({ kind, baseMs, maxMs }: ResolvedBackoff, attempt: number): number {
  switch (kind) {
    case "none":
      return 0;
    case "fixed":
      return Math.min(baseMs, maxMs);
    case "linear":
      return Math.min(baseMs * attempt, maxMs);
    case "exponential":
      // Beyond 2^52 the cap has won long ago; the power would leave the whole numbers.
      return Math.min(baseMs * 2 ** Math.min(attempt - 1, 52), maxMs);
  }
}

/** 53 bits that look random and depend on the moment alone. */
function spread({ id, attempt, nowMs }: RetryMoment): number {
  const text = `${id}\0${attempt}\0${nowMs}`;
  return mix(text, 0x811c9dc5) % 0x20_0000 * 0x1_0000_0000 + mix(text, 0x2f0b4c47);
}

/** 32 bits: FNV-1a over the code units, then a finish that spreads every bit over all others. */
function mix(text: string, seed: number): number {
  let bits = seed;
  for (let index = 0; index < text.length; index++) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
