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

/** The share of the newest figure in a mean. */
const NEW_SHARE = 1 / 8;

/**
 * What writes typically take comes nearer to each of them by no more than such a factor. Where
 * processors are scarce, one write in some has to wait for a whole time slice of somebody else, and all
 * that go through a thread have to. Beside a busy host a mean of them sent writes there in one run of
 * three, and each took 4 ms instead of 0.2.
 */
const STEP = 1.25;

/** A disk that was found slow is tried again, a few times, when that is forgotten to such a share. */
const FORGIVEN_SHARE = 1 / 2;

/** While nobody tries, what is known about a slow disk is worth less with every write. */
const FORGOTTEN_SHARE = 1 / 64;

/**
 * Tells whether a write is done better here and now than by a thread. The way there and back takes
 * longer than most disks need for a short write, on some runtimes several times as long; but a slow
 * disk, or an isolate that serves others as well, is not to be held up.
 */
export class ShortCut {
  readonly #time: Time;
  /** How long short writes typically took lately, and how long turns had to wait, in milliseconds. */
  #writeMs = FORGIVEN_SHARE * WRITE_MS_MAX;
  #lagMs = 0;
  #isDiskSlow = false;
  #isLooking = false;

  /** The disk has to show that it is slow. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether a write of so many bytes is done better here. */
  isShorter(length: number): boolean {
    return length <= BYTES_MAX && !this.#isDiskSlow && this.#lagMs <= LAG_MS_MAX;
  }

  /** Does a write here, and looks how long it takes. */
  take(write: () => void): void {
    const { clock } = this.#time;
    const startMs = clock.monotonicMs();
    write();
    this.#writeMs = typical(this.#writeMs, clock.monotonicMs() - startMs);
    this.#isDiskSlow = this.#writeMs > WRITE_MS_MAX;
    this.#lookAtLag();
  }

  /** A write is done by the thread. */
  leave(): void {
    if (this.#isDiskSlow) {
      this.#writeMs *= 1 - FORGOTTEN_SHARE;
      this.#isDiskSlow = this.#writeMs > FORGIVEN_SHARE * WRITE_MS_MAX;
    }
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

/** Near the median, however far off single figures are. */
function typical(before: number, now: number): number {
  return now > before ? Math.min(now, before * STEP) : Math.max(now, before / STEP);
}
