/**
 * Writes and syncs in the isolate that asks for them, before the call returns.
 *
 * @module
 */

import { type Directory, writeFully } from "../../files/mod.ts";
import { isNoSpace } from "../file_fault.ts";
import { SEGMENT_HEAD_BYTES } from "../format/segment.ts";
import { cutOff } from "../segments/cut.ts";
import type { IoResult, LogMode, SegmentFile, SegmentIo, SegmentWrite } from "./segment_io.ts";

/** Memory beyond this is given back after use, in bytes. */
const KEPT_BYTES_MAX = 4 << 20;

/** Does everything at once. */
export class InlineIo implements SegmentIo {
  readonly mode: LogMode;
  readonly writesMax = 1;
  readonly #directory: Directory;
  #memory = new Uint8Array(0);

  /**
   * @param directory Where the segments are.
   * @param why Why there is no thread, in sentence case.
   */
  constructor(directory: Directory, why: string) {
    this.#directory = directory;
    this.mode = { kind: "inline", why };
  }

  reserve({ file }: SegmentFile, done: (result: IoResult) => void): void {
    done(attempt(() => {
      try {
        writeFully(file, new Uint8Array(SEGMENT_HEAD_BYTES), { at: 0 });
        this.#directory.sync();
        return true;
      } catch (error) {
        // Nothing has been entrusted to the file yet, so a part of it does no harm.
        if (isNoSpace(error)) return false;
        throw error;
      }
    }));
  }

  write({ file }: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void {
    done(attempt(() => {
      const bytes = this.#bytes(write.length);
      write.fill(bytes);
      if (!writeWhole(file, bytes, write.at)) return false;
      file.flush();
      return true;
    }));
  }

  onFailed(): void {
    // Nothing happens here that nobody asked for.
  }

  close(): void {
    this.#memory = new Uint8Array(0);
  }

  #bytes(length: number): Uint8Array {
    if (length > KEPT_BYTES_MAX) return new Uint8Array(length);
    if (length > this.#memory.length) {
      this.#memory = new Uint8Array(Math.min(2 * length, KEPT_BYTES_MAX));
    }
    return this.#memory.subarray(0, length);
  }
}

/** Runs what returns whether there was room. */
function attempt(act: () => boolean): IoResult {
  try {
    return { kind: act() ? "done" : "no_space" };
  } catch (cause) {
    return { kind: "failed", cause };
  }
}

/** Returns false if there is no room and nothing is left of them; throws if anything else fails. */
function writeWhole(file: SegmentFile["file"], bytes: Uint8Array, at: number): boolean {
  let done = 0;
  try {
    done = file.write(bytes, { at });
    if (done < bytes.length) writeFully(file, bytes.subarray(done), { at: at + done });
    return true;
  } catch (error) {
    if (isNoSpace(error) && takeBack(file, { at, done, end: at + bytes.length })) return false;
    throw error;
  }
}

/**
 * Takes back what there was room for of bytes that do not fit. How much that was, some runtimes say
 * by the size of the file only. Returns false if nobody can: it has overwritten something, or the cut
 * has failed.
 */
function takeBack(
  file: SegmentFile["file"],
  { at, done, end }: { readonly at: number; readonly done: number; readonly end: number },
): boolean {
  try {
    const size = file.getSize();
    if (size >= end) return done === 0;
    if (size > at) {
      cutOff(file, at);
      // Some file systems give room back only with the next commit of their journal.
      file.flush();
    }
    return true;
  } catch {
    return false;
  }
}
