/**
 * Parts of a state that can be written while it changes.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../../codec/mod.ts";

/**
 * Writes a part of a state as it is when that begins. Nothing may change between the call and the
 * first step, which only notes what there is and writes little. Every other step writes some
 * kilobytes, and in between the part changes as it likes: what is about to change and was not written
 * yet is written first. Ends with the last step, or with `return()` after any of them.
 */
export type Saving = Generator<void>;

/** A stream for each part. */
export type StreamsOf<Stream extends StreamReader | StreamWriter> = (part: number) => Stream;

/** Several savings, one after the other, all of them as it is now. */
export class Savings {
  readonly #left: Saving[];

  /** Begins all of them. */
  constructor(savings: readonly Saving[]) {
    this.#left = [...savings];
    for (const saving of savings) saving.next();
  }

  /** Does a step. Returns whether something is left to write. */
  step(): boolean {
    if (this.#left[0]?.next().done === true) this.#left.shift();
    return this.#left.length > 0;
  }

  /** What is left is not written any more. */
  end(): void {
    for (const saving of this.#left.splice(0)) saving.return(undefined);
  }
}
