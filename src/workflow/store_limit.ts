/**
 * How much a store takes at once, which it says by refusing more.
 *
 * @module
 */
import { isFlowError } from "../errors.ts";

/**
 * A limit for counts that nobody but this room has chosen: the usual one until the store refuses a
 * count, and then the one that the refusal names. So it fits every store, whatever it was opened with
 * and wherever it is.
 */
export class StoreLimit {
  readonly #field: string;
  #countMax: number;

  /**
   * @param field What refusals call the count, such as `limit`.
   * @param countMax The limit that stores usually have.
   */
  constructor(field: string, countMax: number) {
    this.#field = field;
    this.#countMax = countMax;
  }

  /** The most that the store takes, as far as is known. */
  get countMax(): number {
    return this.#countMax;
  }

  /** Calls with a count, and again with the most that the store takes if it refuses so many. */
  async within<T>(count: number, call: (count: number) => Promise<T>): Promise<T> {
    for (;;) {
      const asked = Math.min(count, this.#countMax);
      try {
        return await call(asked);
      } catch (error) {
        if (!this.isIn(error, asked)) throw error;
      }
    }
  }

  /** Whether an error says that a count was above the limit, so that fewer can be asked for. */
  isIn(error: unknown, count: number): boolean {
    if (!isFlowError(error, "limit_exceeded") || error.details.field !== this.#field) return false;
    const { limit } = error.details;
    if (typeof limit !== "number" || limit < 1 || limit >= count) return false;
    this.#countMax = Math.min(this.#countMax, limit);
    return true;
  }
}
