/**
 * An alarm on top of the timers of a runtime.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import type { Alarm, AlarmOptions } from "./alarm.ts";
import type { Clock } from "./clock.ts";

/** The longest delay that timers take: Deno, Bun and Node all turn a longer one into 1 ms. */
export const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * The timers of a runtime: calls `callback` once after about `delayMs`, and keeps the process
 * alive until then only if `keepAlive` is true. Returns what cancels it.
 */
export type StartTimer = (callback: () => void, delayMs: number, keepAlive: boolean) => () => void;

/** What an alarm is made of. */
export interface TimerAlarmOptions {
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  /** Called when the moment has come. */
  readonly ring: () => void;
}

/** Turns timers, which are short, early and late, into an alarm. */
export class TimerAlarm implements Alarm {
  readonly #clock: Clock;
  readonly #startTimer: StartTimer;
  readonly #ring: () => void;
  #atMs = Infinity;
  #timer: { readonly dueMs: number; readonly keepAlive: boolean; cancel(): void } | undefined;

  /** An alarm that is not set. */
  constructor(options: TimerAlarmOptions) {
    this.#clock = options.clock;
    this.#startTimer = options.startTimer;
    this.#ring = options.ring;
  }

  /** See {@linkcode Alarm}. */
  set(atMonotonicMs: number, options: AlarmOptions = {}): void {
    invariant(!Number.isNaN(atMonotonicMs), "An alarm is set to a moment");
    const keepAlive = options.keepAlive ?? false;
    this.#atMs = atMonotonicMs;
    // A timer that goes off before the new moment starts the rest of the way by itself. Moments
    // mostly move away, and this spares a timer per command.
    if (this.#timer !== undefined && this.#timer.keepAlive === keepAlive) {
      if (this.#timer.dueMs <= atMonotonicMs && atMonotonicMs !== Infinity) return;
    }
    this.#start(keepAlive);
  }

  /** See {@linkcode Alarm}. */
  clear(): void {
    this.#atMs = Infinity;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(keepAlive: boolean): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#atMs === Infinity) return;
    const nowMs = this.#clock.monotonicMs();
    const delayMs = Math.min(Math.max(Math.ceil(this.#atMs - nowMs), 0), TIMER_DELAY_MS_MAX);
    const cancel = this.#startTimer(() => this.#onTimer(keepAlive), delayMs, keepAlive);
    this.#timer = { dueMs: nowMs + delayMs, keepAlive, cancel };
  }

  #onTimer(keepAlive: boolean): void {
    this.#timer = undefined;
    // Timers round and may go off a fraction of a millisecond early; or the moment has moved.
    if (this.#clock.monotonicMs() < this.#atMs) return this.#start(keepAlive);
    this.#atMs = Infinity;
    this.#ring();
  }
}
