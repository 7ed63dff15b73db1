/**
 * The segments of a run that are replaced one by one, or not at all.
 *
 * @module
 */

/** A segment of a run. */
export interface Stretch {
  /** Its last record. */
  readonly lastLsn: number;
  /** Whether it stays as it is. */
  readonly stays: boolean;
}

/** Finds the segment of each record. They are asked for in order, as often as somebody likes. */
export class Stretches {
  readonly #stretches: readonly Stretch[];
  #at = 0;

  /** @param stretches All segments of the run, in order. */
  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
  }

  /** Whether a record stays where it is, whatever is decided about it. */
  stay(lsn: number): boolean {
    this.#goTo(lsn);
    return this.#stretches[this.#at]!.stays;
  }

  /** The last record before the segment of one; 0: it is the first segment. */
  baseOf(lsn: number): number {
    this.#goTo(lsn);
    return this.#stretches[this.#at - 1]?.lastLsn ?? 0;
  }

  #goTo(lsn: number): void {
    const stretches = this.#stretches;
    // Whoever reads the run once more begins at its beginning.
    if (lsn <= (stretches[this.#at - 1]?.lastLsn ?? 0)) this.#at = 0;
    while (lsn > stretches[this.#at]!.lastLsn) this.#at += 1;
  }
}
