/**
 * Writes that are not worth the way to a thread and back.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";
import { Recent } from "./recent.ts";

/**
 * A write of so many bytes is as good as none for the disk, and holds some twenty commands: deciding
 * more than that takes as long as the way to the thread, and is better done while the disk is busy.
 */
const BYTES_MAX = 8_192;

/** Whoever is held up by a write for longer than this is better served by a thread, in milliseconds. */
const WRITE_MS_MAX = 0.5;

/** If a turn has to wait for longer than this, the isolate has other things to do, in milliseconds. */
const LAG_MS_MAX = 0.5;

/**
 * A way that takes such a share of the write says that processors are scarce: it is nothing but waking
 * up, once in the thread and once in the isolate. What is done here needs neither.
 */
const WAY_SHARE = 1 / 2;

/** What is known of the way is forgotten after so many writes that have not gone it. */
const WAY_WRITES_MAX = 32;

/** A write that has gone to the thread. */
export interface Departure {
  /** Whether what it takes is what short writes take. */
  readonly isShort: boolean;
  /** When it left, in milliseconds; undefined: it does not show how long the way is. */
  readonly atMs: number | undefined;
}

/**
 * Tells whether a write is done better here and now than by a thread. The way there and back takes
 * longer than most disks need for a short write, on some runtimes several times as long; but a slow
 * disk, or an isolate that serves others as well, is not to be held up.
 *
 * Where processors are scarce, whoever has slept waits for one, some milliseconds each time: a write
 * does wherever it is done, and looks like one to a slow disk. But then the way to the thread is long,
 * too, each time or now and then; where only the disk is slow it is short.
 */
export class ShortCut {
  readonly #time: Time;
  /**
   * How long short writes took, here or in the thread, in milliseconds. Since the thread says how long
   * it took, nobody is held up in order to find out whether a slow disk has become quick.
   */
  readonly #writes = new Recent();
  /** How long the way to the thread and back took besides, in milliseconds. */
  readonly #ways = new Recent();
  /** How long turns had to wait, in milliseconds. */
  readonly #lags = new Recent();
  #writesSinceWay = 0;
  #isLooking = false;

  /** The disk has to show that it is slow. */
  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether a write of so many bytes is done better here. */
  isShorter(length: number): boolean {
    if (length > BYTES_MAX || this.#lags.high > LAG_MS_MAX) return false;
    const writeMs = this.#writes.middle;
    return writeMs <= WRITE_MS_MAX || this.#ways.high > WAY_SHARE * writeMs;
  }

  /** Does a short write here, and looks how long it takes. */
  take(write: () => void): void {
    const startMs = this.#nowMs();
    write();
    this.#writes.add(this.#nowMs() - startMs);
    this.#writesSinceWay += 1;
    if (this.#writesSinceWay === WAY_WRITES_MAX) this.#ways.clear();
    this.#lookAtLag();
  }

  /**
   * A write goes to the thread. Returns what is to be told when it comes back: others may go after it
   * before that.
   *
   * @param length Its bytes.
   * @param isBehind Whether it waits there for another one: then nobody can tell what the way takes.
   */
  leave(length: number, isBehind: boolean): Departure {
    this.#lookAtLag();
    const isShort = length <= BYTES_MAX;
    return { isShort, atMs: isShort && !isBehind ? this.#nowMs() : undefined };
  }

  /** The thread has done a write, and took so many milliseconds. */
  comeBack({ isShort, atMs }: Departure, writeMs: number): void {
    if (isShort) this.#writes.add(writeMs);
    if (atMs === undefined) return;
    this.#ways.add(this.#nowMs() - atMs - writeMs);
    this.#writesSinceWay = 0;
  }

  /** Looks how long a task has to wait for its turn. */
  #lookAtLag(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const startMs = this.#nowMs();
    this.#time.defer(() => {
      this.#isLooking = false;
      this.#lags.add(this.#nowMs() - startMs);
    });
  }

  #nowMs(): number {
    return this.#time.clock.monotonicMs();
  }
}
