/**
 * One pending moment at which something is to be looked at again.
 *
 * @module
 */

/** How an alarm is set. */
export interface AlarmOptions {
  /**
   * Whether the process stays alive until the alarm rings. Default `false`: only somebody who
   * waits for an answer keeps a process alive.
   */
  readonly keepAlive?: boolean;
}

/** An alarm clock with one hand: setting it again moves the hand. */
export interface Alarm {
  /**
   * Rings once at `atMonotonicMs`, or as soon as possible if that has passed. Never rings early
   * and never inside this call. Replaces what was set before. `Infinity` is the same as `clear()`.
   */
  set(atMonotonicMs: number, options?: AlarmOptions): void;
  /** Does not ring any more. */
  clear(): void;
}
