/**
 * A directory of the operating system, through `node:fs`: the same calls on Deno, Bun and Node.
 *
 * @module
 */

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import type { Directory, Lock, LockOwner, OpenOptions } from "./directory.ts";
import { FileError, fileErrorCode } from "./file_error.ts";
import type { FileHandle, FilePosition } from "./file_handle.ts";
import { checkFileName, isLockName } from "./file_name.ts";
import { type Folders, makeFolder } from "./folder_creation.ts";
import { lockDirectory } from "./lock.ts";
import { checkOffset } from "./offset.ts";

/** How a directory is opened. */
export interface NodeDirectoryOptions {
  /**
   * Whether it is created, with its parents and durably, if it is missing; the name of one that is
   * empty is made durable. Default `true`.
   */
  readonly create?: boolean;
}

/**
 * The directory at `path`.
 *
 * @param path Relative to the working directory of this moment, or absolute.
 */
export function nodeDirectory(
  path: string,
  { create = true }: NodeDirectoryOptions = {},
): Directory {
  const absolute = resolve(path);
  if (create) makeFolder(absolute, nodeFolders);
  return new NodeDirectory(absolute);
}

const CREATION = {
  false: 0,
  true: constants.O_CREAT,
  new: constants.O_CREAT | constants.O_EXCL,
} as const;

/** A link leads out of the directory: what is behind it is not ours. Windows has no such flag. */
const NO_LINK = constants.O_NOFOLLOW ?? 0;

function linkAt(path: string): FileError {
  return new FileError("ELOOP", `"${path}" is a symbolic link: put the file itself in its place`);
}

class NodeDirectory implements Directory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  open(name: string, options: OpenOptions = {}): FileHandle {
    checkFileName(name);
    const path = join(this.path, name);
    const flags = constants.O_RDWR | NO_LINK | CREATION[`${options.create ?? false}`];
    try {
      return new NodeFile(path, openSync(path, flags, 0o666));
    } catch (error) {
      throw fileErrorCode(error) === "ELOOP" ? linkAt(path) : error;
    }
  }

  list(): string[] {
    return readdirSync(this.path).filter((name) => !isLockName(name)).sort();
  }

  remove(name: string): void {
    checkFileName(name);
    unlinkSync(join(this.path, name));
  }

  sync(): void {
    syncDirectory(this.path);
  }

  lock(owner: LockOwner): Lock {
    return lockDirectory(this.path, owner);
  }

  freeBytes(): number | undefined {
    try {
      const { bavail, bsize } = statfsSync(this.path);
      return bavail * bsize;
    } catch {
      // Deno wants --allow-sys for this, and nobody has to grant it who does not ask. A disk that
      // fails here fails in the next write, which reports it.
      return undefined;
    }
  }
}

class NodeFile implements FileHandle {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  read(buffer: Uint8Array, options: FilePosition): number {
    checkOffset(options.at);
    return readSync(this.#open(), buffer, 0, buffer.length, options.at);
  }

  write(buffer: Uint8Array, options: FilePosition): number {
    checkOffset(options.at);
    return writeSync(this.#open(), buffer, 0, buffer.length, options.at);
  }

  truncate(size: number): void {
    checkOffset(size);
    ftruncateSync(this.#open(), size);
  }

  getSize(): number {
    return fstatSync(this.#open()).size;
  }

  isInPlace(): boolean {
    const own = fstatSync(this.#open(), { bigint: true });
    const there = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    // Some file systems number no files, and some runtimes do not tell.
    if (own.ino === 0n || there?.ino === 0n) return true;
    return there?.ino === own.ino && there.dev === own.dev;
  }

  flush(): void {
    fdatasyncSync(this.#open());
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  /** The number is forgotten on close: the system gives it to the next file that is opened. */
  #open(): number {
    if (this.#descriptor === undefined) {
      throw new FileError("EBADF", `The file "${this.#path}" is closed`);
    }
    return this.#descriptor;
  }
}

const nodeFolders: Folders = {
  has: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  isEmpty: (path) => readdirSync(path).length === 0,
  make: (path) => mkdirSync(path),
  sync: syncDirectory,
};

function syncDirectory(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY);
  } catch (error) {
    // Windows opens no directory this way; its file systems keep a journal of names by themselves.
    if (process.platform === "win32" && fileErrorCode(error) !== "ENOENT") return;
    throw error;
  }
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
