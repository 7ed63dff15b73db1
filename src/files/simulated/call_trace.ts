/**
 * The last calls on a simulated disk, for the report of a failed run.
 *
 * @module
 */

/** Calls that are kept: enough for a shrunk counterexample, little for a long run. */
const ENTRIES_MAX = 2_000;

/** One call, or one event. Text is made of it only when somebody reads it. */
export interface TraceEntry {
  /** What was called or happened. */
  readonly what: string;
  /** Name of the file, or empty. */
  readonly name: string;
  /** Its numbers: an offset and a length, or a size. */
  readonly facts: readonly number[];
  /** What came of it: a result, an error's code, or empty. */
  readonly outcome: string | number;
}

/** A list of calls that forgets the oldest. */
export class CallTrace {
  #entries: TraceEntry[] = [];
  #forgottenCount = 0;

  /** Notes a call. */
  add(entry: TraceEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length < 2 * ENTRIES_MAX) return;
    this.#forgottenCount += this.#entries.length - ENTRIES_MAX;
    this.#entries = this.#entries.slice(-ENTRIES_MAX);
  }

  /** The last call, without what came of it; empty if there was none. */
  get lastCall(): string {
    const last = this.#entries.at(-1);
    return last === undefined ? "" : callOf(last);
  }

  /** One line per call, oldest first. */
  toString(): string {
    return this.#entries.map((entry, index) => {
      const call = `#${this.#forgottenCount + index + 1} ${callOf(entry)}`;
      return entry.outcome === "" ? call : `${call} → ${entry.outcome}`;
    }).join("\n");
  }
}

function callOf({ what, name, facts }: TraceEntry): string {
  return [what, name, ...facts].filter((word) => word !== "").join(" ");
}
