/**
 * The log of a {@linkcode CoreStore} as a disk would have it: frames that are there or not.
 *
 * @module
 */

import { decodeRecord, type LogRecord } from "../../src/log/format/record.ts";
import { recordsOf } from "../../src/log/format/record_walk.ts";
import { endOfFrame, type Frame, type LogPosition, logStart } from "../../src/log/mod.ts";
import type { Logged } from "./core_log.ts";

/** A frame, or several that were merged. */
export interface CoreFrame extends Frame {
  readonly end: LogPosition;
  /** What is left of frames that were merged. */
  readonly kept?: readonly Logged[];
  /** It was decided by all frames up to this index what is left. Absent: by those that were merged. */
  readonly until?: number;
}

/** Frames, of which the last few may still be lost. */
export class CoreFrames {
  readonly #frames: CoreFrame[] = [];
  #end = logStart;
  #safeCount = 0;

  /** All frames that are there. */
  get all(): readonly CoreFrame[] {
    return this.#frames;
  }

  /** Those of them that are safe. */
  get safe(): readonly CoreFrame[] {
    return this.#frames.slice(0, this.#safeCount);
  }

  /** The place after the last of them. */
  get end(): LogPosition {
    return this.#end;
  }

  /** Makes a frame of the records that are in none yet. Returns whether there were any. */
  seal(log: readonly Logged[], timeMs: number): boolean {
    const records = log.slice(this.#end.lsn);
    if (records.length === 0) return false;
    const body = new Uint8Array(records.reduce((sum, { bytes }) => sum + bytes.length, 0));
    let at = 0;
    for (const { bytes } of records) {
      body.set(bytes, at);
      at += bytes.length;
    }
    const frame = { base: this.#end, timeMs, count: records.length, body };
    this.#end = endOfFrame(frame);
    this.#frames.push({ ...frame, end: this.#end });
    return true;
  }

  /** From now on none of those that are there is lost. */
  commit(): void {
    this.#safeCount = this.#frames.length;
  }

  /**
   * Frames that are safe, from one on: as many, and those that it was decided by what others keep, which
   * mean nothing without them.
   */
  run(first: number, count: number): readonly CoreFrame[] {
    const { safe } = this;
    let end = Math.min(first + count, safe.length);
    for (let index = first; index < end; index++) {
      const { until = 0 } = safe[index]!;
      while (safe[end - 1]!.end.index < until) end += 1;
    }
    return safe.slice(first, end);
  }

  /** Puts one frame in the place of one, of which it was decided by all that are safe what is left. */
  replace(index: number, kept: readonly Logged[]): void {
    const { end: { index: until } } = this.safe.at(-1)!;
    this.merge(index, 1, kept);
    this.#frames[index] = { ...this.#frames[index]!, until };
  }

  /** Puts one frame in the place of several that are safe, one after the other. */
  merge(first: number, count: number, kept: readonly Logged[]): void {
    const merged = this.safe.slice(first, first + count);
    const [{ base }, { end, timeMs }] = [merged[0]!, merged.at(-1)!];
    this.#frames.splice(first, count, {
      ...{ base, end, timeMs, kept },
      ...{ count: kept.length, body: new Uint8Array() },
    });
    this.#safeCount -= count - 1;
  }

  /** Loses so many of the last frames, but none that is safe. Returns how many. */
  lose(count: number): number {
    const lost = this.#frames.splice(Math.max(this.#safeCount, this.#frames.length - count));
    this.#end = lost[0]?.base ?? this.#end;
    return lost.length;
  }
}

/** The records of a frame. */
export function* recordsIn(frame: CoreFrame): Generator<LogRecord> {
  if (frame.kept !== undefined) {
    for (const { lsn, bytes } of frame.kept) yield decodeRecord(bytes, lsn);
    return;
  }
  const place = { segment: 0, offset: 0 };
  for (const { record } of recordsOf({ ...frame, place, isMerged: false })) yield record;
}
