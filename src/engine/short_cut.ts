/**
 * Writes that are not worth the way to a thread and back.
 *
 * @module
 */
import type { Time } from "../time/mod.ts";

/**
 * A write of so many bytes is as good as none for the disk, and holds some twenty commands: deciding
 * more than that takes as long as the way to the thread, and is better done while the disk is busy.
 */
const BYTES_MAX = 8_192;

/** Whoever is held up by a write for longer than this is better served by a thread, in milliseconds. */
const WRITE_MS_MAX = 0.5;

/** If a turn has to wait for longer than this, the isolate has other things to do, in milliseconds. */
const LAG_MS_MAX = 0.5;

/** The share of the newest figure in a mean: a single slow write is forgotten after some dozens. */
const NEW_SHARE = 1 / 8;

/** While nobody tries, what is known about the disk is worth less with every write. */
const FORGOTTEN_SHARE = 1 / 64;

/**
 * Tells whether a write is done better here and now than by a thread. The way there and back takes
 * longer than most disks need for a short write, on some runtimes several times as long; but a slow
 * disk, or an isolate that serves others as well, is not to be held up.
 */
export class ShortCut {
  readonly #time: Time;
  /** How long short writes took lately, and how long turns had to wait, in milliseconds. */
  #writeMs = 0;
  #lagMs = 0;
  #isLooking = false;

  /** Nothing is known yet. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether a write of so many bytes is done better here. */
  isShorter(length: number): boolean {
    return length <= BYTES_MAX && this.#writeMs <= WRITE_MS_MAX && this.#lagMs <= LAG_MS_MAX;
  }

  /** Does a write here, and looks how long it takes. */
  take(write: () => void): void {
    const { clock } = this.#time;
    const startMs = clock.monotonicMs();
    write();
    this.#writeMs = mean(this.#writeMs, clock.monotonicMs() - startMs);
    this.#lookAtLag();
  }

  /** A write is done by the thread. */
  leave(): void {
    this.#writeMs *= 1 - FORGOTTEN_SHARE;
    this.#lookAtLag();
  }

  /** Looks how long a task has to wait for its turn. */
  #lookAtLag(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const startMs = this.#time.clock.monotonicMs();
    this.#time.defer(() => {
      this.#isLooking = false;
      this.#lagMs = mean(this.#lagMs, this.#time.clock.monotonicMs() - startMs);
    });
  }
}

function mean(before: number, now: number): number {
  return before + NEW_SHARE * (now - before);
}
