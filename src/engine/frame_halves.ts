/**
 * How much of what is decided goes into one frame.
 *
 * @module
 */
import type { LogLimits } from "../log/mod.ts";

/** A frame of so many bytes goes to the log without waiting for the end of the turn. */
const SOFT_BYTES = 1 << 20;

/** The same if the log works in a thread, which can begin while more is being decided. */
const THREAD_SOFT_BYTES = 64 << 10;

/**
 * Callers who are answered together call again together. Those of large frames are divided into two:
 * half of them is decided while the other half is written, and neither the isolate nor the disk waits
 * for long. Nothing else would make uneven frames even: the callers of a frame come into the next but
 * one. With 512 callers of 4 KiB every other frame had sixteen of them.
 */
export class FrameHalves {
  #lastBytes = 0;

  /** A frame of so many bytes was written. Its callers are answered next. */
  written(bytes: number): void {
    this.#lastBytes = bytes;
  }

  /** Whether a frame with so many bytes goes to a log that is free, before the end of the turn. */
  isLarge(bytes: number, { inline }: LogLimits): boolean {
    return bytes >= (inline ? SOFT_BYTES : Math.max(THREAD_SOFT_BYTES, this.#lastBytes / 2));
  }

  /**
   * Whether a frame with so many bytes goes to the log before the callers of the last one are answered:
   * mostly, so that the disk goes on meanwhile.
   */
  goesFirst(bytes: number): boolean {
    return this.#lastBytes < THREAD_SOFT_BYTES || bytes >= this.#lastBytes / 2;
  }
}
