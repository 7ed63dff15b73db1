/**
 * How the events of flows are strung together in a merge that goes by records which stay.
 *
 * @module
 */
import { LongFloat64Array } from "../../../index/mod.ts";

/** A control block that is looked at. */
interface Link {
  /** Its LSN. */
  readonly lsn: number;
  /** The version that it made: a flow begins with 1. */
  readonly version: number;
}

/** The control blocks of each flow, in the order of their LSNs. */
export class Chains {
  /** By life: the control block that was noted last. */
  readonly #noted = new LongFloat64Array();
  /** By life: the one that was chosen from last, and the last of those that are kept. */
  readonly #seen = new LongFloat64Array();
  readonly #kept = new LongFloat64Array();
  /** By control block that is kept behind one that is not: the last before it that is. */
  readonly #bridges = new Map<number, number>();

  /** Notes a control block of a life. Returns the LSN of the one before it, 0 if it is the first. */
  note(life: number, { lsn, version }: Link): number {
    const before = version === 1 ? 0 : this.#noted.get(life);
    this.#noted.set(life, lsn);
    return before;
  }

  /** Passes a control block of a life again, and notes whether it is kept. */
  pass(life: number, { lsn, version }: Link, isKept: boolean): void {
    if (isKept) {
      const before = version === 1 ? 0 : this.#kept.get(life);
      if (version > 1 && before !== this.#seen.get(life)) this.#bridges.set(lsn, before);
      this.#kept.set(life, lsn);
    }
    this.#seen.set(life, lsn);
  }

  /** The one that is kept before one that is kept; undefined: it is the one that comes before it. */
  bridge(lsn: number): number | undefined {
    return this.#bridges.get(lsn);
  }
}
