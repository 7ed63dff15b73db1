/**
 * The directory of a store: a flat set of files, and the lock that gives it to one process.
 *
 * Flat and without rename on purpose: a renamed file is durable on some file systems and not on
 * others, and what cannot be done cannot be got wrong.
 *
 * @module
 */

import type { FileHandle } from "./file_handle.ts";

/** Who holds a directory, for the message that the second comer gets. */
export interface LockOwner {
  /** Process id. */
  readonly pid: number;
  /** Name and version of the runtime, such as `deno 2.9.6`. */
  readonly runtime: string;
  /** When the owner took the directory, in milliseconds since 1970. */
  readonly startedAtMs: number;
}

/**
 * A directory held by this process. Ends with `release()`, or with the process, however it ends.
 * Keep the object as long as the lock is wanted: the garbage collector may give it back otherwise.
 */
export interface Lock {
  /**
   * Whether its file was not there: nobody has ever had it, or somebody has deleted it. Default false:
   * it cannot get lost.
   */
  readonly isNew?: boolean | undefined;
  /** Gives the directory free. Releasing twice is allowed. */
  release(): void;
  /** Same as `release()`, for `using`. */
  [Symbol.dispose](): void;
}

/** How to open a file. */
export interface OpenOptions {
  /**
   * Creates the file, empty, if it is missing; `"new"`: in any case, and throws `EEXIST` if something has
   * that name. Default `false`: a missing file throws `ENOENT`.
   */
  readonly create?: boolean | "new";
}

/**
 * A flat directory.
 *
 * Names are plain file names; anything that could leave the directory (`..`, `/`, `\`) or that
 * belongs to the lock (`LOCK`, `OWNER`) throws `EINVAL`. Errors of the operating system keep their
 * `code` (`ENOENT`, `EIO`, `ENOSPC`, …).
 */
export interface Directory {
  /** Where it is, for messages. */
  readonly path: string;
  /**
   * Opens a file for reading and writing. A created file is durable only after `sync()`. A symbolic
   * link is followed nowhere, and throws `ELOOP`.
   */
  open(name: string, options?: OpenOptions): FileHandle;
  /** Names of all that is in it, sorted, without those of the lock. */
  list(): string[];
  /** Removes a file; `ENOENT` if it is missing. Durable only after `sync()`. */
  remove(name: string): void;
  /** Makes names durable: files that were created stay, files that were removed stay away. */
  sync(): void;
  /**
   * Takes the directory for this process.
   *
   * @throws {FlowError} `store_locked`, with the owner in the message, if somebody has it.
   */
  lock(owner: LockOwner): Lock;
  /** Bytes that can still be written, or `undefined` where that cannot be learnt. */
  freeBytes(): number | undefined;
}
