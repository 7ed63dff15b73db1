/**
 * What a log must still have, whatever happened to it.
 *
 * Committed frames, in their order and unchanged; of a frame with which the process ended, all or
 * nothing; and whatever an opening has shown, from then on.
 *
 * @module
 */

import {
  type CommittedFrame,
  endOfFrame,
  type Frame,
  isSamePosition,
  logStart,
  recordsOf,
} from "../../src/log/mod.ts";

/** What the oracle throws. */
export class Violation extends Error {
  /** Always `"Violation"`. */
  override readonly name = "Violation";
}

/** Knows what was submitted and what came of it. */
export class LogOracle {
  readonly #committed: Frame[] = [];
  /** The frame of which nobody knows whether it is in the log. */
  #unknown: Frame | undefined;

  /** How many frames must be there. */
  get committedCount(): number {
    return this.#committed.length;
  }

  /** A frame is handed to the log. */
  submitted(frame: Frame): void {
    this.#unknown = frame;
  }

  /** The frame that was handed over is in the log, or is not and never will be. */
  settled(outcome: "committed" | "void"): void {
    if (outcome === "committed" && this.#unknown !== undefined) this.#committed.push(this.#unknown);
    this.#unknown = undefined;
  }

  /** Nobody can know any more whether the last frame is in the log. */
  doubtLast(): void {
    this.#unknown = this.#committed.pop() ?? this.#unknown;
  }

  /** Checks what an opening has shown, which must stay from now on. */
  opened(frames: readonly CommittedFrame[]): void {
    this.check(frames);
    this.#committed.push(...frames.slice(this.#committed.length));
    this.#unknown = undefined;
  }

  /** Throws a {@linkcode Violation} unless the frames are the right ones. */
  check(frames: readonly CommittedFrame[]): void {
    const expected = [...this.#committed];
    if (frames.length > expected.length && this.#unknown !== undefined) {
      expected.push(this.#unknown);
    }
    if (frames.length !== expected.length) {
      throw new Violation(`There are ${frames.length} frames instead of ${expected.length}`);
    }
    let base = logStart;
    for (const [index, frame] of frames.entries()) {
      const right = expected[index]!;
      const isRight = isSamePosition(frame.base, base) && frame.timeMs === right.timeMs &&
        frame.count === right.count && isSameBytes(frame.body, right.body) &&
        [...recordsOf(frame)].length === right.count;
      if (!isRight) throw new Violation(`Frame ${index + 1} is different`);
      base = endOfFrame(frame);
    }
  }
}

function isSameBytes(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && one.every((byte, index) => byte === two[index]);
}
