/**
 * Answers for which much is read: a part at a time, so that others have their turn in between.
 *
 * @module
 */

/** Reads a part of what an answer shows each time, and returns the answer in the end. */
export type Parts<T> = Generator<void, T>;

/** The answer, with all parts read at once. */
export function whole<T>(parts: Parts<T>): T {
  for (;;) {
    const { done, value } = parts.next();
    if (done === true) return value;
  }
}
