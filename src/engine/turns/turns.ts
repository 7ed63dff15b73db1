/**
 * When the shards of a store take their turns.
 *
 * @module
 */
import type { Alarm, Time } from "../../time/mod.ts";

/** Turns at the end of a macrotask in which something has changed, and when an alarm says so. */
export class Turns {
  readonly #time: Time;
  readonly #take: () => void;
  readonly #alarm: Alarm;
  #isDue = false;

  /** @param take Takes a turn. Nobody hears of what it throws. */
  constructor(time: Time, take: () => void) {
    this.#time = time;
    this.#take = take;
    this.#alarm = time.alarm(take);
  }

  /** Lets a turn be taken after the present macrotask. */
  schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#time.defer(() => {
      this.#isDue = false;
      this.#take();
    });
  }

  /**
   * Lets one be taken at a monotonic time, if none is before.
   *
   * @param isAwaited Whether somebody waits for it, so that the process stays alive.
   */
  next(atMs: number, isAwaited: boolean): void {
    this.#alarm.set(atMs, { keepAlive: isAwaited });
  }

  /** None is taken by the alarm any more. */
  end(): void {
    this.#alarm.clear();
  }
}
