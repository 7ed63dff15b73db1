/**
 * What in a run explains that a store fails.
 *
 * @module
 */

import type { LogTemper } from "./scenario.ts";

/** What was done to the disk and the log. */
export class Excuses {
  readonly #temper: LogTemper;
  /** Whether calls on the disk were to fail. */
  hasFaults = false;
  /** Whether there was little room. */
  wasShort = false;

  constructor(temper: LogTemper) {
    this.#temper = temper;
  }

  /** Whether a store may fail that is open: it has made sure of room for all that it cannot do without. */
  get mayLose(): boolean {
    const { losePercent, death } = this.#temper;
    return this.hasFaults || losePercent > 0 || death !== undefined;
  }

  /** Whether anything else may fail. */
  get mayFail(): boolean {
    return this.wasShort || this.mayLose;
  }
}
