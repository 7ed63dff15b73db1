/**
 * The log of a {@linkcode CoreStore} as a disk would have it: frames that are there or not.
 *
 * @module
 */

import { endOfFrame, type Frame, type LogPosition, logStart } from "../../src/log/mod.ts";
import { type LogRecord, recordsOf } from "../../src/log/record.ts";
import type { Logged } from "./core_store.ts";

/** Frames, of which the last few may still be lost. */
export class CoreFrames {
  readonly #frames: Frame[] = [];
  #end = logStart;
  #safeCount = 0;

  /** All frames that are there. */
  get all(): readonly Frame[] {
    return this.#frames;
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
    this.#frames.push(frame);
    this.#end = endOfFrame(frame);
    return true;
  }

  /** From now on none of those that are there is lost. */
  commit(): void {
    this.#safeCount = this.#frames.length;
  }

  /** Loses so many of the last frames, but none that is safe. Returns how many. */
  lose(count: number): number {
    const lost = this.#frames.splice(Math.max(this.#safeCount, this.#frames.length - count));
    this.#end = lost[0]?.base ?? this.#end;
    return lost.length;
  }
}

/** The records of a frame. */
export function* recordsIn(frame: Frame): Generator<LogRecord> {
  const place = { segment: 0, offset: 0 };
  for (const { record } of recordsOf({ ...frame, end: endOfFrame(frame), place })) yield record;
}
