/**
 * When the shards of a store take their turns.
 *
 * @module
 */
import type { Alarm, Time } from "../time/mod.ts";

/** What happens in a turn. */
export interface TurnsOptions {
  /** Takes a turn. */
  readonly take: () => void;
  /** Hears of whatever goes wrong in one: nothing is served any more. */
  readonly lose: (cause: unknown) => void;
}

/** Turns at the end of a macrotask in which something has changed, and when an alarm says so. */
export class Turns {
  readonly #time: Time;
  readonly #options: TurnsOptions;
  readonly #alarm: Alarm;
  #isDue = false;

  /** No turn is due. */
  constructor(time: Time, options: TurnsOptions) {
    this.#time = time;
    this.#options = options;
    this.#alarm = time.alarm(() => this.guard(options.take));
  }

  /** Lets a turn be taken after the present macrotask. */
  schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#time.defer(() => {
      this.#isDue = false;
      this.guard(this.#options.take);
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

  /**
   * Does what nobody has called for who could hear of an error: the host would end the process for
   * it. It has come in the middle of something, so nothing is served any more.
   */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.lose(error);
    }
  }
}
