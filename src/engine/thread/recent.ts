/**
 * What something took lately.
 *
 * @module
 */

/** So many figures are kept. */
const KEPT = 8;

/** The last few figures, of which single ones may be far off. Those that are missing yet count as 0. */
export class Recent {
  readonly #figures = new Float64Array(KEPT);
  #count = 0;
  #middle = 0;
  #high = 0;

  /** Half of them are as small as this, or smaller. */
  get middle(): number {
    return this.#middle;
  }

  /** A quarter of them is as large as this, or larger. */
  get high(): number {
    return this.#high;
  }

  /** Adds the newest figure. */
  add(figure: number): void {
    this.#figures[this.#count++ % KEPT] = figure;
    const sorted = this.#figures.toSorted();
    this.#middle = sorted[KEPT / 2 - 1]!;
    this.#high = sorted[KEPT - KEPT / 4]!;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#figures.fill(0);
    this.#middle = this.#high = 0;
  }
}
