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

/** The places in segments that are being written, to be put into the keydir when they are. */
export class MergedRun {
  /** The first record that the segments stand for. */
  readonly firstLsn: number;
  /** The last one. */
  readonly lastLsn: number;
  /** The records that are kept, by segment. */
  readonly runs: Run[] = [];
  readonly #keydir: Pick<Keydir, "bench" | "has" | "previous">;

  /** @param keydir Knows which record of the same flow comes before each. */
  constructor(
    keydir: Pick<Keydir, "bench" | "has" | "previous">,
    { firstLsn, lastLsn }: { readonly firstLsn: number; readonly lastLsn: number },
  ) {
    this.#keydir = keydir;
    this.firstLsn = firstLsn;
    this.lastLsn = lastLsn;
  }

  /** Notes where the next record that is kept stands. Its chain leads past those that are missing. */
  append(lsn: number, segment: number, offset: number): void {
    let last = this.runs.at(-1);
    if (last?.segment !== segment) {
      last?.places.trim();
      this.runs.push(last = { firstLsn: lsn, segment, places: new Places(this.#keydir.bench) });
    }
    last.places.append(lsn, offset);
    let previous = this.#keydir.previous(lsn);
    while (previous > 0 && !this.#isKept(previous)) previous = this.#keydir.previous(previous);
    if (previous > 0) last.places.link(lsn, previous);
  }

  #isKept(lsn: number): boolean {
    if (lsn < this.firstLsn) return this.#keydir.has(lsn);
    return this.runs.some(({ places }) => places.find(lsn) > 0);
  }
}
