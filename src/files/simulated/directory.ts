/**
 * The simulated machine as one of its programs sees it: a directory and its files.
 *
 * @module
 */

import type { Directory, Lock, LockOwner, OpenOptions } from "../directory.ts";
import { alreadyThere, FileError } from "../file_error.ts";
import type { FileHandle, FilePosition } from "../file_handle.ts";
import { checkFileName } from "../file_name.ts";
import { checkOffset } from "../offset.ts";
import { chanceBelow } from "./chance.ts";
import { SimulatedFile } from "./file.ts";
import type { SimulatedMachine } from "./machine.ts";

/** The directory, for one process. */
export class SimulatedDirectory implements Directory {
  readonly path: string;
  readonly #machine: SimulatedMachine;
  readonly #process: number;

  constructor(machine: SimulatedMachine, path: string) {
    this.path = path;
    this.#machine = machine;
    this.#process = machine.process;
  }

  open(name: string, options: OpenOptions = {}): FileHandle {
    checkFileName(name);
    const { names } = this.#machine;
    const isThere = names.view.has(name);
    const creates = Boolean(options.create) && !isThere;
    this.#machine.perform(this.#process, {
      kind: "open",
      name,
      facts: [],
      mutates: creates,
      act: () => {
        if (isThere && options.create === "new") throw alreadyThere(this.path, name);
        if (creates) names.add(name, new SimulatedFile());
      },
    });
    const file = names.view.get(name);
    if (file === undefined) throw this.#missing(name);
    return new SimulatedHandle(this.#machine, name, file);
  }

  list(): string[] {
    this.#machine.checkAlive(this.#process, "list");
    return [...this.#machine.names.view.keys()].sort();
  }

  remove(name: string): void {
    checkFileName(name);
    const { names } = this.#machine;
    this.#machine.perform(this.#process, {
      kind: "remove",
      name,
      facts: [],
      mutates: true,
      act: () => {
        if (!names.view.has(name)) throw this.#missing(name);
        names.remove(name);
      },
    });
  }

  sync(): void {
    const { names } = this.#machine;
    this.#machine.perform(this.#process, {
      kind: "sync",
      name: "",
      facts: [],
      mutates: true,
      act: () => names.sync(),
      fail: (survives) => names.syncFailing(survives),
    });
  }

  lock(owner: LockOwner): Lock {
    this.#machine.checkAlive(this.#process, "lock");
    return this.#machine.lock.take(this.path, owner);
  }

  freeBytes(): number | undefined {
    this.#machine.checkAlive(this.#process, "freeBytes");
    const { capacityBytes, usedBytes } = this.#machine;
    return Number.isFinite(capacityBytes) ? Math.max(0, capacityBytes - usedBytes) : undefined;
  }

  #missing(name: string): FileError {
    return new FileError("ENOENT", `There is no file "${this.path}/${name}"`);
  }
}

/** An open file of one process. */
class SimulatedHandle implements FileHandle {
  readonly #machine: SimulatedMachine;
  readonly #process: number;
  readonly #name: string;
  readonly #file: SimulatedFile;
  #isClosed = false;

  constructor(machine: SimulatedMachine, name: string, file: SimulatedFile) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#name = name;
    this.#file = file;
    machine.handles.set(this, file);
  }

  read(buffer: Uint8Array, options: FilePosition): number {
    this.#checkOpen("read");
    checkOffset(options.at);
    const view = this.#file.view;
    return this.#machine.perform(this.#process, {
      kind: "read",
      name: this.#name,
      facts: [options.at, buffer.length],
      mutates: false,
      act: () => view.read(buffer, options.at),
      part: () => {
        const present = Math.min(buffer.length, view.size - options.at);
        if (present < 2) return undefined;
        return view.read(buffer.subarray(0, this.#partOf(present)), options.at);
      },
    });
  }

  write(buffer: Uint8Array, options: FilePosition): number {
    this.#checkOpen("write");
    checkOffset(options.at);
    return this.#machine.perform(this.#process, {
      kind: "write",
      name: this.#name,
      facts: [options.at, buffer.length],
      mutates: true,
      act: () => this.#writeWhatFits(buffer, options.at),
      part: () =>
        buffer.length < 2
          ? undefined
          : this.#writeWhatFits(buffer.subarray(0, this.#partOf(buffer.length)), options.at),
    });
  }

  truncate(size: number): void {
    this.#checkOpen("truncate");
    checkOffset(size);
    this.#machine.perform(this.#process, {
      kind: "truncate",
      name: this.#name,
      facts: [size],
      mutates: true,
      act: () => {
        if (size > this.#sizeMax()) throw this.#full();
        this.#file.truncate(size);
      },
    });
  }

  getSize(): number {
    this.#checkOpen("getSize");
    return this.#file.view.size;
  }

  isInPlace(): boolean {
    this.#checkOpen("isInPlace");
    return this.#machine.names.view.get(this.#name) === this.#file;
  }

  flush(): void {
    this.#checkOpen("flush");
    this.#machine.perform(this.#process, {
      kind: "flush",
      name: this.#name,
      facts: [],
      mutates: true,
      act: () => this.#file.flush(),
      fail: (survives) => this.#file.flushFailing(survives),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#machine.handles.delete(this);
  }

  #checkOpen(what: string): void {
    this.#machine.checkAlive(this.#process, what);
    if (this.#isClosed) throw new FileError("EBADF", `The file "${this.#name}" is closed`);
  }

  #writeWhatFits(buffer: Uint8Array, at: number): number {
    const fits = Math.min(buffer.length, Math.max(0, this.#sizeMax() - at));
    if (fits === 0 && buffer.length > 0) throw this.#full();
    this.#file.write(buffer.subarray(0, fits), at);
    if (fits < buffer.length && this.#machine.throwsShort) throw this.#full();
    return fits;
  }

  /** How large this file may be, given the room that is left. */
  #sizeMax(): number {
    const { capacityBytes } = this.#machine;
    if (!Number.isFinite(capacityBytes)) return Infinity;
    const freeBytes = Math.max(0, capacityBytes - this.#machine.usedBytes);
    return this.#file.view.size + freeBytes;
  }

  #full(): FileError {
    return new FileError("ENOSPC", `No space left for "${this.#name}"`);
  }

  #partOf(length: number): number {
    return 1 + chanceBelow(this.#machine.random, length - 1);
  }
}
