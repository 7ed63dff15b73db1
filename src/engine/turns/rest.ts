/**
 * Giving way to everybody else between two slices of long work.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";
import type { Slices } from "./slices.ts";

/** Who else there is. */
export interface RestOptions {
  /** The time by which somebody rests. */
  readonly time: Time;
  /** Those who have their slices in turns of their own. */
  readonly slices: Slices;
  /** Looks anew at what comes next: the end of the rest has changed. */
  readonly reschedule: () => void;
}

/** A rest that somebody takes now and then. */
export class Rest {
  readonly #options: RestOptions;
  #untilMs = 0;
  #onRested: (() => void) | undefined;

  /** @param options Who else there is. */
  constructor(options: RestOptions) {
    this.#options = options;
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
      const { time, reschedule } = this.#options;
      this.#untilMs = time.clock.monotonicMs() + ms;
      this.#onRested = resolve;
      reschedule();
    });
  }

  /** Lets everybody else have a turn. */
  turn(): Promise<void> {
    return this.#options.slices.next();
  }

  /** Ends the rest if its time is over, as soon as there is a turn in which nobody else goes on. */
  wake(): void {
    if (this.nextAtMs > this.#options.time.clock.monotonicMs()) return;
    const onRested = this.#take();
    void this.turn().then(onRested);
  }

  /** Ends the rest. */
  end(): void {
    this.#take()?.();
  }

  #take(): (() => void) | undefined {
    const onRested = this.#onRested;
    this.#onRested = undefined;
    return onRested;
  }
}
