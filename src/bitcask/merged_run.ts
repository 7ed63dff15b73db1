/**
 * Where the records stand that a merge keeps, while it goes on.
 *
 * @module
 */
import type { Keydir } from "./keydir.ts";
import { Places } from "./places.ts";

/** Records that stand in one segment. */
export interface Run {
  /** The first of them. */
  readonly firstLsn: number;
  /** The id of the segment. */
  readonly segment: number;
  /** Where they stand in it. */
  readonly places: Places;
}

/** The records that a merge is about. */
export interface MergedRecords {
  /** The first of them. */
  readonly firstLsn: number;
  /** The last one. */
  readonly lastLsn: number;
  /** Whether one of them is kept. */
  readonly keeps: (lsn: number) => boolean;
}

/** The places in segments that are being written, to be put into the keydir when they are. */
export class MergedRun {
  /** The first record that the segments stand for. */
  readonly firstLsn: number;
  /** The last one. */
  readonly lastLsn: number;
  /** The records that are kept, by segment. */
  readonly runs: Run[] = [];
  readonly #keydir: Pick<Keydir, "bench" | "has" | "previous">;
  readonly #keeps: (lsn: number) => boolean;
  /** By record: the one that comes before it and is kept, until somebody has asked. */
  readonly #before = new Map<number, number>();

  /**
   * @param keydir Knows which record of the same flow comes before each.
   * @param run Which records there are, and which of them are kept.
   */
  constructor(
    keydir: Pick<Keydir, "bench" | "has" | "previous">,
    { firstLsn, lastLsn, keeps }: MergedRecords,
  ) {
    this.#keydir = keydir;
    this.#keeps = keeps;
    this.firstLsn = firstLsn;
    this.lastLsn = lastLsn;
  }

  /**
   * Goes past the next record, kept or not: chains lead past those that are not. Step by step, since a
   * flow may have had millions of events.
   */
  pass(lsn: number): void {
    const previous = this.#keydir.previous(lsn);
    if (previous === 0) return;
    const before = this.#isThere(previous) ? previous : this.#take(previous);
    if (before > 0) this.#before.set(lsn, before);
  }

  /** Notes where the next record that is kept stands. It was passed. */
  append(lsn: number, segment: number, offset: number): void {
    let last = this.runs.at(-1);
    if (last?.segment !== segment) {
      last?.places.trim();
      this.runs.push(last = { firstLsn: lsn, segment, places: new Places(this.#keydir.bench) });
    }
    last.places.append(lsn, offset);
    const before = this.#take(lsn);
    if (before > 0) last.places.link(lsn, before);
  }

  #isThere(lsn: number): boolean {
    return lsn < this.firstLsn ? this.#keydir.has(lsn) : this.#keeps(lsn);
  }

  /** What comes before a record, to be forgotten: chains do not fork, so nobody asks again. */
  #take(lsn: number): number {
    const before = this.#before.get(lsn) ?? 0;
    this.#before.delete(lsn);
    return before;
  }
}
