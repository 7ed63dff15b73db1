/**
 * The time that commands happen at.
 *
 * Leases, due times and the order of records hang on it, so it never runs backwards and never
 * stands still, whatever the machine's wall clock does.
 *
 * @module
 */
import type { Clock, Time } from "../../time/mod.ts";

/** A wall clock that leaps further ahead than this is not believed at once. */
export const LEAP_MS = 60_000;

/** For so long must a leap last before it is believed. */
export const LEAP_STABLE_MS = 10_000;

/**
 * A store that was closed for longer believes only a wall clock that has been steady for a while: a
 * machine may have started with a wrong one. What is over by that clock would be gone at once. A month:
 * whoever comes back after a holiday does not wait.
 */
export const CLOSED_MS_MAX = 30 * 86_400_000;

/** A wall clock that leaps this far ahead may have passed leases whose owners have not. */
const LEASE_LEAP_MS = 1_000;

/** While the wall clock is behind, shard time runs this much slower, so that the two meet again. */
const CATCH_UP_RATE = 0.5;

/** Shard time: follows the wall clock while that moves forward plausibly. */
export class ShardTime {
  readonly #clock: Clock;
  #nowMs: number;
  #monotonicMs: number;
  #leapSinceMs: number | undefined;
  #hasLeapt = false;

  /**
   * @param clock The machine's clocks.
   * @param loggedMs The highest time in the log; shard time starts no earlier.
   */
  constructor(clock: Clock, loggedMs: number) {
    this.#clock = clock;
    this.#monotonicMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const steadyForMs = clock.steadyForMs();
    const isDoubted = loggedMs > 0 && wallMs - loggedMs > CLOSED_MS_MAX &&
      steadyForMs < LEAP_STABLE_MS;
    this.#nowMs = isDoubted ? loggedMs : Math.max(wallMs, loggedMs);
    if (isDoubted) this.#leapSinceMs = this.#monotonicMs - steadyForMs;
  }

  /** For how long the wall clock is not believed yet, in milliseconds; 0: it is. */
  get doubtedForMs(): number {
    this.now();
    if (this.#leapSinceMs === undefined) return 0;
    return this.#leapSinceMs + LEAP_STABLE_MS - this.#monotonicMs;
  }

  /**
   * Resolves when the wall clock is believed, to whether that took time: if the store was closed for
   * days, and the clock may be one that is still to be set right.
   */
  async believed(time: Pick<Time, "alarm">): Promise<boolean> {
    if (this.doubtedForMs === 0) return false;
    while (this.doubtedForMs > 0) {
      const atMs = this.#monotonicMs + this.doubtedForMs;
      // Whoever opens a store waits for it.
      await new Promise<void>((ring) => time.alarm(ring).set(atMs, { keepAlive: true }));
    }
    // The leap that this is took nobody's time.
    this.#hasLeapt = false;
    return true;
  }

  /** The present shard time in whole milliseconds. */
  now(): number {
    const monotonicMs = this.#clock.monotonicMs();
    const elapsedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = monotonicMs;
    this.#nowMs = this.#advance(this.#clock.wallMs(), elapsedMs);
    return Math.floor(this.#nowMs);
  }

  /** Moves shard time to an instant that a command names, unless it is past that already. */
  reach(nowMs: number): number {
    this.#nowMs = Math.max(this.now(), nowMs);
    return Math.floor(this.#nowMs);
  }

  /** Whether time has leapt ahead, and not passed, since this was asked last. */
  takeLeap(): boolean {
    const hasLeapt = this.#hasLeapt;
    this.#hasLeapt = false;
    return hasLeapt;
  }

  /** How far shard time is ahead of the wall clock, in milliseconds; 0 if it is not. */
  aheadMs(): number {
    return Math.max(0, this.now() - this.#clock.wallMs());
  }

  #advance(wallMs: number, elapsedMs: number): number {
    const slowMs = this.#nowMs + elapsedMs * CATCH_UP_RATE;
    if (wallMs <= slowMs) {
      this.#leapSinceMs = undefined;
      return slowMs;
    }
    const expectedMs = this.#nowMs + elapsedMs;
    const leapMs = wallMs - expectedMs;
    if (leapMs > LEAP_MS) {
      this.#leapSinceMs ??= this.#monotonicMs;
      if (this.#monotonicMs - this.#leapSinceMs < LEAP_STABLE_MS) return expectedMs;
    }
    this.#leapSinceMs = undefined;
    if (leapMs > LEASE_LEAP_MS) this.#hasLeapt = true;
    return wallMs;
  }
}
