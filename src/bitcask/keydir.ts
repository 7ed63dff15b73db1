/**
 * Where records stand on this node, and how the events of one flow are strung together.
 *
 * Effects name records by LSN and never by place, so that they mean the same on every node. The
 * keydir is this node's private answer to "where is it". It is rebuilt from the log and costs about
 * a byte a record.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../codec/mod.ts";
import { invariant } from "../invariant.ts";
import type { BodyPlace } from "../log/mod.ts";
import type { MergedRun, Run } from "./merged_run.ts";
import { Places, Workbench } from "./places.ts";

/** Finds records by LSN. */
export class Keydir {
  /** Where its places are packed and unpacked, and those of what a merge is about to replace. */
  readonly bench: Workbench = new Workbench();
  #runs: Run[] = [];
  #lastLsn = 0;
  /** The run that records are appended to. */
  #last: Run | undefined;
  /** Bytes of all runs but the last. */
  #fullBytes = 0;

  /** Bytes that it takes. Whoever creates flows asks, so it is not counted anew every time. */
  get bytes(): number {
    return this.#fullBytes + (this.#last?.places.bytes ?? 0) + this.bench.bytes;
  }

  /**
   * Notes where the next record stands. Records come in the order of their LSNs. A gap is a record
   * that this version does not know and may leave out, or that was not kept; nothing refers to it.
   */
  append(lsn: number, segment: number, offset: number): void {
    // Not the message as an argument: it would be made for every record.
    if (lsn <= this.#lastLsn) invariant(false, `LSN ${lsn} does not follow ${this.#lastLsn}`);
    this.#lastLsn = lsn;
    let last = this.#last;
    if (last?.segment !== segment) {
      last?.places.trim();
      this.#fullBytes += last?.places.bytes ?? 0;
      const places = new Places(this.bench);
      this.#runs.push(last = this.#last = { firstLsn: lsn, segment, places });
    }
    last.places.append(lsn, offset);
  }

  /**
   * Writes all of it as it is now, a little in each step. Records may be appended meanwhile, and a
   * merge may put others in the place of some: what it replaces stays as it was.
   */
  *save(stream: StreamWriter): Generator<void> {
    const runs = this.#runs.map((run) => ({ ...run, saving: run.places.save(stream) }));
    stream.f64(this.#lastLsn);
    for (const { firstLsn, segment, saving } of runs) {
      yield;
      stream.f64(firstLsn);
      stream.u32(segment);
      yield* saving;
    }
  }

  /** Reads all of it; it is empty. */
  load(stream: StreamReader): void {
    this.#lastLsn = stream.f64();
    while (!stream.isAtEnd) {
      const firstLsn = stream.f64();
      const segment = stream.u32();
      const places = new Places(this.bench);
      places.load(stream);
      this.#runs.push({ firstLsn, segment, places });
    }
    this.#recount();
  }

  /** Strings the record that came last behind an earlier one of the same flow. */
  link(lsn: number, previousLsn: number): void {
    if (previousLsn >= lsn || lsn > this.#lastLsn) {
      invariant(false, `LSN ${lsn} cannot follow ${previousLsn}`);
    }
    this.#runOf(lsn)!.places.link(lsn, previousLsn);
  }

  /** Whether there is a record with this LSN. */
  has(lsn: number): boolean {
    return lsn <= this.#lastLsn && (this.#runOf(lsn)?.places.find(lsn) ?? 0) > 0;
  }

  /** Where the record stands. */
  find(lsn: number): BodyPlace {
    if (lsn < 1 || lsn > this.#lastLsn) {
      invariant(false, `LSN ${lsn} is not between 1 and ${this.#lastLsn}`);
    }
    const run = this.#runOf(lsn);
    const offset = run?.places.find(lsn) ?? 0;
    // No record stands at 0, where the segment has its head.
    if (offset === 0) invariant(false, `LSN ${lsn} was left out`);
    return { segment: run!.segment, offset };
  }

  /** The record before this one in its chain, 0 if it is the first, or the first that was kept. */
  previous(lsn: number): number {
    return this.#runOf(lsn)?.places.previous(lsn) ?? 0;
  }

  /** Puts what a merge has kept in the place of all that stood there. */
  replace({ firstLsn, lastLsn, runs }: MergedRun): void {
    const before = this.#runs.filter((run) => run.firstLsn < firstLsn);
    const after = this.#runs.filter((run) => run.firstLsn > lastLsn);
    runs.at(-1)?.places.trim();
    // What goes is not kept by the block of it that lies there.
    this.bench.clear();
    this.#runs = [...before, ...runs, ...after];
    this.#recount();
  }

  /** The runs are others than before. */
  #recount(): void {
    this.#last = this.#runs.at(-1);
    this.#fullBytes = this.#runs.slice(0, -1).reduce((sum, { places }) => sum + places.bytes, 0);
  }

  /** The run that would hold a record. */
  #runOf(lsn: number): Run | undefined {
    const last = this.#last;
    if (last !== undefined && last.firstLsn <= lsn) return last;
    const runs = this.#runs;
    let low = 0;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (runs[middle]!.firstLsn <= lsn) low = middle;
      else high = middle - 1;
    }
    const run = runs[low];
    return run !== undefined && run.firstLsn <= lsn ? run : undefined;
  }
}
