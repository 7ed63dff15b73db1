/**
 * Answers that show many values.
 *
 * @module
 */
import type { Parts } from "../../flow/core/mod.ts";
import type { Footing } from "./footing.ts";
import type { Verdict } from "./pending.ts";

/** An answer that is put together a part at a time. */
export class GradualVerdict<T> implements Verdict<T> {
  readonly standsOn: readonly Footing[];
  readonly #parts: Parts<T>;
  /** Undefined: there is more to read. */
  #end: (() => T) | undefined;

  /**
   * @param standsOn All that the answer would give away.
   * @param parts Reads a part each time, and returns the answer in the end.
   */
  constructor(standsOn: readonly Footing[], parts: Parts<T>) {
    this.standsOn = standsOn;
    this.#parts = parts;
  }

  readPart(): boolean {
    try {
      const { done, value } = this.#parts.next();
      if (done === true) this.#end = () => value;
    } catch (error) {
      this.#end = () => {
        throw error;
      };
    }
    return this.#end !== undefined;
  }

  read(): T {
    while (this.#end === undefined) this.readPart();
    return this.#end();
  }
}
