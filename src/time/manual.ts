/**
 * Time that stands still until somebody moves it, for tests and simulations.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import type { Alarm, AlarmOptions } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import { type Random, seededRandom } from "./random.ts";
import { nextTurn } from "./system.ts";
import type { Time } from "./time.ts";

/** Rounds in which time did not move, after which something is taken to go in circles. */
const STANDSTILL_ROUNDS_MAX = 100_000;

/** How to make a {@linkcode ManualTime}. */
export interface ManualTimeOptions {
  /** Wall time at the start, in milliseconds since 1970. Default 1,700,000,000,000: in 2023. */
  readonly startMs?: number;
  /** Seed of the randomness. Default 1. */
  readonly seed?: number;
  /**
   * Whether deferred tasks run by themselves at the end of the turn, as they do with system time,
   * so that a test may simply await. Default `true`; with `false` they wait for `runDeferred()`,
   * `tick()` or `advance()`, and a simulator has every step in its hand.
   */
  readonly autoDefer?: boolean;
  /**
   * How long a look at the monotonic clock takes, in milliseconds. Default 0: time stands still. On a
   * machine two looks never say the same, and whatever needs them to is found with a very small
   * number, such as 2 ** -20. Alarms wait for `tick()` or `advance()` all the same.
   */
  readonly lookMs?: number;
}

/** Time that is moved by hand. Wall and monotonic time move together, except by `setWall()`. */
export interface ManualTime extends Time {
  /** Always `true`. */
  readonly manual: true;
  /** The moment for which the earliest alarm is set, in monotonic time, if one is set. */
  readonly nextAlarmMs: number | undefined;
  /** Tasks that are deferred and have not run. */
  readonly deferredCount: number;
  /**
   * Moves time forward by `ms`, stopping at every alarm on the way to ring it. Before, after and
   * between, deferred tasks run and promises settle, so that what an alarm sets off has happened
   * before the next one rings. `advance(0)` does just that and moves nothing.
   */
  advance(ms: number): Promise<void>;
  /** Same as `advance()`, but at once: promises do not settle in between. */
  tick(ms: number): void;
  /** Runs the tasks that are deferred now, and returns how many there were. */
  runDeferred(): number;
  /** Sets the wall clock, forward or back, as somebody with root or a waking laptop would. */
  setWall(wallMs: number): void;
}

/** A new time that stands still. Monotonic time starts at 0. */
export function manualTime(options: ManualTimeOptions = {}): ManualTime {
  return new HandMovedTime(options);
}

class HandMovedTime implements ManualTime {
  readonly manual = true;
  readonly clock: Clock;
  readonly random: Random;
  readonly #autoDefer: boolean;
  readonly #setAlarms = new Set<ManualAlarm>();
  #deferred: (() => void)[] = [];
  #wallMs: number;
  #monotonicMs = 0;
  /** Alarms that rang since time moved last. */
  #standstillRounds = 0;
  #isAdvancing = false;

  constructor(options: ManualTimeOptions) {
    this.#wallMs = options.startMs ?? 1_700_000_000_000;
    this.#autoDefer = options.autoDefer ?? true;
    this.random = seededRandom(options.seed ?? 1);
    const { lookMs = 0 } = options;
    this.clock = {
      wallMs: () => this.#wallMs,
      monotonicMs: () => {
        this.#moveTo(this.#monotonicMs + lookMs);
        return this.#monotonicMs;
      },
      // Whoever moves it means it.
      steadyForMs: () => Infinity,
    };
  }

  get nextAlarmMs(): number | undefined {
    return this.#earliestAlarm()?.atMs;
  }

  get deferredCount(): number {
    return this.#deferred.length;
  }

  alarm(ring: () => void): Alarm {
    return new ManualAlarm(this.#setAlarms, ring);
  }

  defer(task: () => void): void {
    this.#deferred.push(task);
    if (this.#autoDefer) nextTurn(() => this.runDeferred());
  }

  runDeferred(): number {
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const [index, task] of tasks.entries()) {
      try {
        task();
      } catch (error) {
        // The tasks after one that throws are somebody else's and still have to run.
        this.#deferred.unshift(...tasks.slice(index + 1));
        throw error;
      }
    }
    return tasks.length;
  }

  async advance(ms: number): Promise<void> {
    invariant(!this.#isAdvancing, "One advance() is awaited before the next one starts");
    this.#isAdvancing = true;
    try {
      const endMs = this.#endOf(ms);
      await this.#settle();
      while (this.#ringNext(endMs)) await this.#settle();
      this.#moveTo(endMs);
      await this.#settle();
    } finally {
      this.#isAdvancing = false;
    }
  }

  tick(ms: number): void {
    const endMs = this.#endOf(ms);
    this.#runAllDeferred();
    while (this.#ringNext(endMs)) this.#runAllDeferred();
    this.#moveTo(endMs);
  }

  setWall(wallMs: number): void {
    invariant(Number.isFinite(wallMs), "The wall clock is set to a moment");
    this.#wallMs = wallMs;
  }

  #endOf(ms: number): number {
    invariant(ms >= 0 && Number.isFinite(ms), `Time moves forward, not by ${ms} ms`);
    this.#standstillRounds = 0;
    return this.#monotonicMs + ms;
  }

  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return;
    this.#standstillRounds = 0;
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  /** The alarm that is set for the earliest moment; of several, the one that was set first. */
  #earliestAlarm(): ManualAlarm | undefined {
    let earliest: ManualAlarm | undefined;
    for (const alarm of this.#setAlarms) {
      if (earliest === undefined || alarm.atMs < earliest.atMs) earliest = alarm;
    }
    return earliest;
  }

  #ringNext(endMs: number): boolean {
    const alarm = this.#earliestAlarm();
    if (alarm === undefined || alarm.atMs > endMs) return false;
    this.#moveTo(alarm.atMs);
    checkRounds(this.#standstillRounds++);
    alarm.ring();
    return true;
  }

  #runAllDeferred(): void {
    for (let rounds = 0; this.runDeferred() > 0; rounds++) checkRounds(rounds);
  }

  /** A turn of the real event loop is the only thing that certainly comes after all microtasks. */
  async #settle(): Promise<void> {
    const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));
    await turn();
    for (let rounds = 0; this.runDeferred() > 0; rounds++) {
      checkRounds(rounds);
      await turn();
    }
  }
}

class ManualAlarm implements Alarm {
  readonly #setAlarms: Set<ManualAlarm>;
  readonly #onRing: () => void;
  #atMs = Infinity;

  constructor(setAlarms: Set<ManualAlarm>, onRing: () => void) {
    this.#setAlarms = setAlarms;
    this.#onRing = onRing;
  }

  get atMs(): number {
    return this.#atMs;
  }

  set(atMonotonicMs: number, _options?: AlarmOptions): void {
    invariant(!Number.isNaN(atMonotonicMs), "An alarm is set to a moment");
    this.clear();
    if (atMonotonicMs === Infinity) return;
    this.#atMs = atMonotonicMs;
    this.#setAlarms.add(this);
  }

  clear(): void {
    this.#atMs = Infinity;
    this.#setAlarms.delete(this);
  }

  ring(): void {
    this.clear();
    this.#onRing();
  }
}

function checkRounds(rounds: number): void {
  invariant(rounds < STANDSTILL_ROUNDS_MAX, "Alarms or deferred tasks set each other off for ever");
}
