/**
 * How much of a turn long work takes that is in a hurry.
 *
 * @module
 */
import type { Clock } from "../../time/mod.ts";

/** What is taken of a turn at most. */
export interface TurnShareLimits {
  /** So many slices. */
  readonly slicesMax: number;
  /** And none after so many milliseconds: a slice may have lasted, or the collector may have come. */
  readonly msMax: number;
}

/** The slices of one turn after the other. */
export class TurnShare {
  readonly #clock: Clock;
  readonly #limits: TurnShareLimits;
  #slices = 0;
  #sinceMs = 0;

  /** The first turn begins. */
  constructor(clock: Clock, limits: TurnShareLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.begin();
  }

  /** Another turn begins. */
  begin(): void {
    this.#slices = 0;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** A slice is over. Returns whether there is room for another one in this turn. */
  took(): boolean {
    const { slicesMax, msMax } = this.#limits;
    return ++this.#slices < slicesMax && this.#clock.monotonicMs() - this.#sinceMs < msMax;
  }
}
