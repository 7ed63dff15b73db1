/**
 * Something to wait for: a ring, or a moment.
 *
 * @module
 */
import type { Alarm, Time } from "../../time/mod.ts";

/** Wakes the one who waits. A ring that nobody waits for is lost. */
export class Bell {
  readonly #time: Time;
  readonly #alarm: Alarm;
  #wake: (() => void) | undefined;

  /** @param time What moments are measured by. */
  constructor(time: Time) {
    this.#time = time;
    this.#alarm = time.alarm(() => this.ring());
  }

  /**
   * Waits for the next ring, or until the moment. Keeps the process alive while it waits for a
   * moment: whoever does has something to do then.
   *
   * @param untilMs Monotonic time. Default: only a ring ends the wait.
   */
  wait(untilMs = Infinity): Promise<void> {
    if (untilMs <= this.#time.clock.monotonicMs()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#alarm.set(untilMs, { keepAlive: true });
    });
  }

  /** Ends the wait. */
  ring(): void {
    this.#alarm.clear();
    this.#wake?.();
    this.#wake = undefined;
  }
}
