/**
 * The seam between what a log writes and who writes it.
 *
 * The log knows which bytes go where, and in which order; this does the write and the sync, in the
 * same isolate or in another thread. One thing is done at a time, in the order in which it was asked
 * for, and answered in that order. What a thread is to write next may be asked for before the last
 * write was answered: then it need not wait to be told. It is written only if the last one was.
 *
 * @module
 */

import type { FileHandle } from "../../files/mod.ts";

/** Where a log's frames are written and synced. */
export type LogMode =
  | {
    /** In a thread of their own. */
    readonly kind: "thread";
  }
  | {
    /** In the isolate that opened the store. */
    readonly kind: "inline";
    /** Why not in a thread, in sentence case. */
    readonly why: string;
  };

/** How something ended. */
export type IoResult =
  | {
    /** It is done, and durable. */
    readonly kind: "done";
  }
  | {
    /** There was no room, and nothing is left of what there was room for. */
    readonly kind: "no_space";
  }
  | {
    /** A write that it was to follow was not done, so nothing was written. */
    readonly kind: "skipped";
  }
  | {
    /** Nobody can know what is in the file. */
    readonly kind: "failed";
    /** What went wrong. */
    readonly cause: unknown;
  };

/** A file of the log. */
export interface SegmentFile {
  /** Its name in the directory. */
  readonly name: string;
  /**
   * The file, open in the isolate of the log, which closes it. It is the identity of the file: one
   * that was removed may have had the same name.
   */
  readonly file: FileHandle;
}

/** Bytes to be written. */
export interface SegmentWrite {
  /** Offset of the first one, in bytes. */
  readonly at: number;
  /** How many. */
  readonly length: number;
  /** Puts them into memory that may hold anything; called at most once. */
  fill(bytes: Uint8Array): void;
}

/** Does what a log wants done to its segments. */
export interface SegmentIo {
  /** Where it is done at the moment. */
  readonly mode: LogMode;
  /**
   * How many writes may be under way at the moment; 1 or more. Everything else is asked for when
   * nothing is.
   */
  readonly writesMax: number;
  /**
   * Fills the head of a file that was just created with zeros and makes its name durable. `done` is
   * called once, before this returns or later; so it is with `write()`.
   */
  reserve(target: SegmentFile, done: (result: IoResult) => void): void;
  /** One write and one sync. */
  write(target: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void;
  /** Sets the one listener for a failure that comes while nothing is being done. */
  onFailed(listener: (cause: unknown) => void): void;
  /** Ends it; nothing is being done at the moment. Resolves when nothing of it is left. */
  close(): void | Promise<void>;
}
