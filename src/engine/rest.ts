/**
 * Giving way to everybody else between two slices of long work.
 *
 * @module
 */
import type { Time } from "../time/mod.ts";

/** A rest that somebody takes now and then. */
export class Rest {
  readonly #time: Time;
  readonly #reschedule: () => void;
  #untilMs = 0;
  #onRested: (() => void) | undefined;

  /** @param reschedule Looks anew at what comes next: {@linkcode nextAtMs} has changed. */
  constructor(time: Time, reschedule: () => void) {
    this.#time = time;
    this.#reschedule = reschedule;
  }

  /** Whether somebody rests. */
  get isTaken(): boolean {
    return this.#onRested !== undefined;
  }

  /** The monotonic time at which it is over; `Infinity`: nobody rests. */
  get nextAtMs(): number {
    return this.isTaken ? this.#untilMs : Infinity;
  }

  /** Lets everybody else have some time. */
  take(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#untilMs = this.#time.clock.monotonicMs() + ms;
      this.#onRested = resolve;
      this.#reschedule();
    });
  }

  /** Lets everybody else have a turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#time.defer(resolve));
  }

  /** Ends the rest if its time is over. */
  wake(): void {
    if (this.nextAtMs <= this.#time.clock.monotonicMs()) this.end();
  }

  /** Ends the rest. */
  end(): void {
    const onRested = this.#onRested;
    this.#onRested = undefined;
    onRested?.();
  }
}
