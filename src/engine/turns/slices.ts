/**
 * Whose slice of long work is next.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";

/**
 * One slice in a macrotask, whoever does it: a merge, a checkpoint and a sweep that all hurry take no
 * more of a turn together than one of them alone. They go on one after the other, so each comes to an
 * end, later than alone.
 */
export class Slices {
  readonly #time: Time;
  readonly #waiting: (() => void)[] = [];
  #isDeferred = false;

  /** @param time Its macrotasks are shared. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Resolves in a later macrotask that nobody else has got from here. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#defer();
    });
  }

  #defer(): void {
    if (this.#isDeferred || this.#waiting.length === 0) return;
    this.#isDeferred = true;
    this.#time.defer(() => {
      this.#isDeferred = false;
      const next = this.#waiting.shift();
      this.#defer();
      next?.();
    });
  }
}
