/**
 * A directory in memory: for stores that are not to outlive their process, and for tests.
 *
 * @module
 */

import { Contents } from "./contents.ts";
import type { Directory, Lock, LockOwner, OpenOptions } from "./directory.ts";
import { alreadyThere, FileError } from "./file_error.ts";
import type { FileHandle, FilePosition } from "./file_handle.ts";
import { checkFileName } from "./file_name.ts";
import { LocalLock } from "./local_lock.ts";
import { checkOffset } from "./offset.ts";

/**
 * A new, empty directory in memory. What it holds lives as long as the object does, so a store
 * can be closed and opened again on it.
 *
 * @param path What messages call it. Default `":memory:"`.
 */
export function memoryDirectory(path = ":memory:"): Directory {
  return new MemoryDirectory(path);
}

class MemoryDirectory implements Directory {
  readonly path: string;
  readonly #files = new Map<string, Contents>();
  readonly #lock = new LocalLock();

  constructor(path: string) {
    this.path = path;
  }

  open(name: string, options: OpenOptions = {}): FileHandle {
    checkFileName(name);
    let contents = this.#files.get(name);
    if (contents !== undefined && options.create === "new") throw alreadyThere(this.path, name);
    if (contents === undefined) {
      if (!options.create) throw this.#missing(name);
      contents = new Contents();
      this.#files.set(name, contents);
    }
    return new MemoryFile(this.path, name, { contents, files: this.#files });
  }

  list(): string[] {
    return [...this.#files.keys()].sort();
  }

  remove(name: string): void {
    checkFileName(name);
    // Handles that are open keep the contents, as they do on a POSIX file system.
    if (!this.#files.delete(name)) throw this.#missing(name);
  }

  sync(): void {}

  lock(owner: LockOwner): Lock {
    return this.#lock.take(this.path, owner);
  }

  freeBytes(): number | undefined {
    return undefined;
  }

  #missing(name: string): FileError {
    return new FileError("ENOENT", `There is no file "${this.path}/${name}"`);
  }
}

class MemoryFile implements FileHandle {
  readonly #directory: string;
  readonly #name: string;
  readonly #files: ReadonlyMap<string, Contents>;
  #contents: Contents | undefined;

  constructor(
    directory: string,
    name: string,
    { contents, files }: {
      readonly contents: Contents;
      readonly files: ReadonlyMap<string, Contents>;
    },
  ) {
    this.#directory = directory;
    this.#name = name;
    this.#files = files;
    this.#contents = contents;
  }

  read(buffer: Uint8Array, options: FilePosition): number {
    checkOffset(options.at);
    return this.#open().read(buffer, options.at);
  }

  write(buffer: Uint8Array, options: FilePosition): number {
    checkOffset(options.at);
    this.#open().write(buffer, options.at);
    return buffer.length;
  }

  truncate(size: number): void {
    checkOffset(size);
    this.#open().truncate(size);
  }

  getSize(): number {
    return this.#open().size;
  }

  isInPlace(): boolean {
    return this.#files.get(this.#name) === this.#open();
  }

  flush(): void {
    this.#open();
  }

  close(): void {
    this.#contents = undefined;
  }

  #open(): Contents {
    if (this.#contents === undefined) {
      throw new FileError("EBADF", `The file "${this.#directory}/${this.#name}" is closed`);
    }
    return this.#contents;
  }
}
