/**
 * How much of what is decided goes into one frame.
 *
 * @module
 */
import type { LogLimits } from "../../log/mod.ts";

/** A frame of so many bytes goes to the log without waiting for the end of the turn. */
const SOFT_BYTES = 1 << 20;

/** The same if the log works in a thread, which can begin while more is being decided. */
const THREAD_SOFT_BYTES = 64 << 10;

/** Such a part of an even share is as good as all of it: the callers of the rest are answered sooner. */
const NEARLY = 3 / 4;

/**
 * Callers who are answered together call again together. Those of large frames are divided evenly
 * among what goes on at once: one frame is being decided while the log has as many as it takes, and
 * neither the isolate nor the disk waits for long. Nothing else would make uneven frames even, since
 * the callers of a frame stay together. With 512 callers of 4 KiB every other frame had sixteen.
 */
export class FrameShares {
  #lastBytes = 0;
  #evenBytes = 0;

  /**
   * A frame of so many bytes was written. Its callers are answered next.
   *
   * @param aheadBytes How many there were ahead of the log, with those of this frame.
   */
  written(bytes: number, aheadBytes: number, { inFlightMax }: LogLimits): void {
    this.#lastBytes = bytes;
    this.#evenBytes = aheadBytes / (inFlightMax + 1);
  }

  /** Whether a frame with so many bytes goes to a log that takes it, before the end of the turn. */
  isLarge(bytes: number, { inline }: LogLimits): boolean {
    return bytes >= (inline ? SOFT_BYTES : Math.max(THREAD_SOFT_BYTES, this.#evenBytes));
  }

  /**
   * Whether a frame with so many bytes goes to the log before the callers of the last one are answered:
   * mostly, so that the disk goes on meanwhile.
   */
  goesFirst(bytes: number): boolean {
    return this.#lastBytes < THREAD_SOFT_BYTES || bytes >= NEARLY * this.#evenBytes;
  }
}
