/**
 * Looking up records that something in memory names, whatever is wrong with them.
 *
 * @module
 */
import { isFileFault } from "../../errors.ts";
import type { Effect, WrittenValue } from "../../flow/core/mod.ts";
import { InvariantError } from "../../invariant.ts";
import { flawOf, segmentName } from "../../log/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { DamageReport } from "./damage_report.ts";

/** A record that something in memory names. */
export interface Reference {
  /** The shard that has the record. */
  readonly shard: Shard;
  /** Its LSN. */
  readonly lsn: number;
  /** What it is of whom, in sentence case. */
  readonly what: string;
  /** Whether it is still named. What is not named any more may be gone. */
  readonly isCurrent: () => boolean;
  /** Whether there may be no record with this LSN. Default false. */
  readonly mayBeGone?: boolean;
}

/** Looks records up and reports those that are wrong. */
export class RecordCheck {
  readonly #report: DamageReport;

  /** @param report Hears of what is wrong. */
  constructor(report: DamageReport) {
    this.#report = report;
  }

  /** Looks a record up, and whether it is what it should be. Returns what could be read. */
  look(reference: Reference, isRight: (effect: Effect) => boolean): Effect | undefined {
    const effect = this.peek(reference);
    if (effect === null) return undefined;
    if (effect !== undefined && !isRight(effect)) {
      this.report(reference, "is not what it should be");
    }
    if (effect === undefined && reference.mayBeGone !== true) {
      this.report(reference, "is not there");
    }
    return effect;
  }

  /** Looks a record up that may be anything: undefined if it is not there, null if it is unreadable. */
  peek(reference: Reference): Effect | null | undefined {
    const { shard: { records }, lsn } = reference;
    return this.attempt(reference, () => records.effect(lsn));
  }

  /** Reads a record, or what it belongs to. Null if that cannot be read, which is reported. */
  attempt<Read>(reference: Reference, read: () => Read): Read | null {
    try {
      return read();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#reportUnreadable(reference, error);
      return null;
    }
  }

  /** Looks up the parts of a value. Yields after each. */
  *parts(reference: Reference, value: WrittenValue): Generator<void> {
    if (!("parts" in value)) return;
    const { firstLsn, count } = value.parts;
    let size = 0;
    for (let index = 0; index < count; index++) {
      const lsn = firstLsn + index;
      const part = {
        ...reference,
        lsn,
        what: `${reference.what}, part ${index},`,
        mayBeGone: false,
      };
      const effect = this.look(
        part,
        (effect) => effect.kind === "value_part" && effect.index === index,
      );
      if (effect?.kind !== "value_part") return;
      size += effect.bytes.length;
      yield;
    }
    if (size !== value.size) this.report(reference, `has ${size} bytes and not ${value.size}`);
  }

  /** Says what is wrong with a record, if it is still named. */
  report(reference: Reference, problem: string): void {
    const { shard, lsn, what, isCurrent } = reference;
    if (!isCurrent()) return;
    const place = shard.records.placeOf(lsn);
    const message = `${what} ${problem}: LSN ${lsn} of shard ${shard.number}`;
    if (place === undefined) return this.#report.inMemory(message);
    this.#report.inFile({ file: segmentName(place.segment), offset: place.offset, message });
  }

  #reportUnreadable(reference: Reference, error: unknown): void {
    const { shard, lsn, what, isCurrent } = reference;
    if (!isCurrent()) return;
    const { segment, offset } = shard.records.placeOf(lsn) ?? { segment: 0, offset: 0 };
    const flaw = flawOf(error, { file: segmentName(segment), offset });
    this.#report.inFile({ ...flaw, message: `${what} cannot be read: ${flaw.message}` });
  }
}

/** What reading a record throws that is damaged, another one, or on a disk that fails. */
function isUnreadable(error: unknown): boolean {
  return isFileFault(error) || error instanceof InvariantError;
}
