/**
 * What something took lately.
 *
 * @module
 */

/** So many figures are kept. */
const KEPT = 8;

/** The last few figures, and how small and how large a good part of them is: two of the eight. */
export class Recent {
  readonly #figures = new Float64Array(KEPT);
  #count = 0;
  #low = 0;
  #high = 0;

  /** A quarter of them is as small as this, or smaller. Those that are missing yet count as 0. */
  get low(): number {
    return this.#low;
  }

  /** A quarter of them is as large as this, or larger. */
  get high(): number {
    return this.#high;
  }

  /** Adds the newest figure. */
  add(figure: number): void {
    this.#figures[this.#count++ % KEPT] = figure;
    const sorted = this.#figures.toSorted();
    this.#low = sorted[KEPT / 4 - 1]!;
    this.#high = sorted[KEPT - KEPT / 4]!;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#figures.fill(0);
    this.#low = this.#high = 0;
  }
}
