/**
 * The last calls on a simulated disk, for the report of a failed run.
 *
 * @module
 */

/** Calls that are kept: enough for a shrunk counterexample, little for a long run. */
const ENTRIES_MAX = 2_000;

/** What was called, on what, and what came of it. Text is made only when somebody reads it. */
interface Entry {
  readonly number: number;
  readonly what: string;
  readonly name: string;
  readonly facts: readonly number[];
  readonly outcome: string | number;
}

/** A list of calls that forgets the oldest. */
export class CallTrace {
  #entries: Entry[] = [];
  #count = 0;

  /** Notes a call. `facts` are its numbers: an offset and a length, or a size. */
  add(what: string, name: string, facts: readonly number[], outcome: string | number): void {
    this.#count += 1;
    this.#entries.push({ number: this.#count, what, name, facts, outcome });
    if (this.#entries.length > 2 * ENTRIES_MAX) this.#entries = this.#entries.slice(-ENTRIES_MAX);
  }

  /** One line per call, oldest first. */
  toString(): string {
    return this.#entries.map(({ number, what, name, facts, outcome }) =>
      [`#${number}`, what, name, ...facts, "→", outcome].filter((word) => word !== "").join(" ")
    ).join("\n");
  }
}
