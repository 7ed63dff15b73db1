/**
 * Writing evidence when nothing happens.
 *
 * @module
 */
import type { Log } from "../../log/mod.ts";

/** After so long without a commit the log writes evidence that the last frame is durable. */
const IDLE_MS = 100;

/** Has the log write its evidence once it has been idle for a while, and not after every commit. */
export class IdleMark {
  readonly #log: Log;
  readonly #monotonicMs: () => number;
  #atMs = Infinity;

  /** @param monotonicMs The present monotonic time, in milliseconds. */
  constructor(log: Log, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  /** Notes that something was committed. */
  committed(): void {
    this.#atMs = this.#monotonicMs() + IDLE_MS;
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: the evidence stands. */
  nextAtMs(): number {
    return this.#atMs;
  }

  /** Writes the evidence if it is time to. */
  wake(): void {
    if (this.#monotonicMs() < this.#atMs) return;
    this.#atMs = Infinity;
    this.#log.mark();
  }
}
