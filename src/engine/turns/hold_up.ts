/**
 * Noticing that the process had no turn for long, and giving way because of it.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";

/** A process that had no turn for so long has been held up, and the owners of leases with it. */
const HELD_UP_MS = 1_000;

/**
 * After a hold-up leases have run out whose owners could not extend them. Whoever would take one
 * away gives way until all timers that are due and all I/O that is ready have had their turn, for
 * that is where owners are; whoever asks first makes all of them give way.
 */
export class HoldUp {
  readonly #time: Time;
  #lastTurnMs: number;
  #isGivingWay = false;
  /** A host whose every turn is that long would never have anything done if it gave way each time. */
  #gaveWay = false;

  /** @param time Its turns are watched. */
  constructor(time: Time) {
    this.#time = time;
    this.#lastTurnMs = time.clock.monotonicMs();
  }

  /** Whether to give way now, and ask again in the next macrotask. Asking is a turn. */
  givesWay(): boolean {
    const nowMs = this.#time.clock.monotonicMs();
    const wasHeldUp = nowMs - this.#lastTurnMs > HELD_UP_MS;
    this.#lastTurnMs = nowMs;
    if (wasHeldUp && !this.#isGivingWay && !this.#gaveWay) {
      this.#isGivingWay = true;
      // Twice: what is deferred may come before the timers that are due, but not again.
      this.#time.defer(() => this.#time.defer(() => this.#end()));
    }
    return this.#isGivingWay;
  }

  /** Something has been done, so the next hold-up is another one. */
  forget(): void {
    this.#gaveWay = false;
  }

  #end(): void {
    this.#isGivingWay = false;
    this.#gaveWay = true;
  }
}
