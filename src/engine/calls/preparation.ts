/**
 * Calls that come before what they need is at hand.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";

/** A call that may take a long task if it is decided at once. */
export interface Prepared {
  /** Whether it takes away what others may still want to keep who were held up. */
  readonly givesWay: boolean;
  /** Whether it can be decided without one. */
  isPrepared(): boolean;
  /** Does a little for that. Returns whether it was enough. */
  prepare(): boolean;
}

/** How calls are prepared. */
export interface PreparationOptions {
  /** Its turns are those of others. */
  readonly time: Time;
  /** Whether those who give way have to do so now. */
  readonly givesWay: () => boolean;
  /** Does something, and loses the store if that goes wrong. */
  readonly guard: (act: () => void) => void;
}

/**
 * Lets calls wait until what they need is at hand, such as flows by partition, which is done a little
 * at a time: once between two turns, for one call after the other.
 */
export class Preparation {
  readonly #options: PreparationOptions;
  /** Whose turn is next comes first. */
  readonly #waiting = new Set<Prepared>();
  #isResting = false;

  /** @param options How calls are prepared. */
  constructor(options: PreparationOptions) {
    this.#options = options;
  }

  /** Lets a call go on once it is prepared: now, or in a later macrotask. */
  lead(call: Prepared, goOn: () => void): void {
    const { time, givesWay, guard } = this.#options;
    // Should that fail, it goes on as well, and is refused.
    let isOver = true;
    guard(() => isOver = !(call.givesWay && givesWay()) && this.#isOver(call));
    if (isOver) goOn();
    else time.defer(() => this.lead(call, goOn));
  }

  /** The answer of a call that goes on once it is prepared. */
  led<T>(call: Prepared, answer: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => this.lead(call, () => resolve(answer())));
  }

  #isOver(call: Prepared): boolean {
    if (call.isPrepared()) {
      this.#waiting.delete(call);
      return true;
    }
    this.#waiting.add(call);
    const [next] = this.#waiting;
    if (this.#isResting || next !== call) return false;
    this.#waiting.delete(call);
    if (call.prepare()) return true;
    this.#waiting.add(call);
    this.#isResting = true;
    this.#options.time.defer(() => this.#isResting = false);
    return false;
  }
}
