/**
 * A directory that counts what is asked of it, so that a test can say "one write and one sync".
 *
 * @module
 */

import type {
  Directory,
  FileHandle,
  FilePosition,
  Lock,
  LockOwner,
  OpenOptions,
} from "../../src/files/mod.ts";

/** How often each call was made. Calls that failed count too. */
export interface FileCounts {
  /** Opened. */
  opens: number;
  /** Read from. */
  reads: number;
  /** Written to. */
  writes: number;
  /** Bytes that were to be written. */
  writtenBytes: number;
  /** Cut or filled up. */
  truncates: number;
  /** Made durable. */
  flushes: number;
  /** Closed, not counting those that were closed already. */
  closes: number;
  /** Removed. */
  removes: number;
}

/** A directory with counts beside it. */
export interface CountingDirectory extends Directory {
  /** The counts of one file, or of all files together, since the last reset. */
  counts(name?: string): Readonly<FileCounts>;
  /** How often the directory itself was synced since the last reset. */
  readonly syncCount: number;
  /** Files that are open now. Resetting leaves it alone. */
  readonly openHandleCount: number;
  /** Starts counting at zero. */
  reset(): void;
}

/** Puts counters before `inner`. Files that are opened through it are counted by name. */
export function countingDirectory(inner: Directory): CountingDirectory {
  return new Counter(inner);
}

class Counter implements CountingDirectory {
  readonly #inner: Directory;
  readonly #counts = new Map<string, FileCounts>();
  #syncCount = 0;
  #openHandleCount = 0;

  constructor(inner: Directory) {
    this.#inner = inner;
  }

  get path(): string {
    return this.#inner.path;
  }

  get syncCount(): number {
    return this.#syncCount;
  }

  get openHandleCount(): number {
    return this.#openHandleCount;
  }

  counts(name?: string): Readonly<FileCounts> {
    const sum = noCounts();
    for (const [file, counts] of this.#counts) {
      if (name !== undefined && name !== file) continue;
      for (const key of Object.keys(sum) as (keyof FileCounts)[]) sum[key] += counts[key];
    }
    return sum;
  }

  reset(): void {
    this.#counts.clear();
    this.#syncCount = 0;
  }

  open(name: string, options: OpenOptions = {}): FileHandle {
    this.#of(name).opens += 1;
    const file = this.#inner.open(name, options);
    this.#openHandleCount += 1;
    return new CountedFile(file, () => this.#of(name), () => this.#openHandleCount -= 1);
  }

  list(): string[] {
    return this.#inner.list();
  }

  remove(name: string): void {
    this.#of(name).removes += 1;
    this.#inner.remove(name);
  }

  sync(): void {
    this.#syncCount += 1;
    this.#inner.sync();
  }

  lock(owner: LockOwner): Lock {
    return this.#inner.lock(owner);
  }

  freeBytes(): number | undefined {
    return this.#inner.freeBytes();
  }

  #of(name: string): FileCounts {
    let counts = this.#counts.get(name);
    if (counts === undefined) this.#counts.set(name, counts = noCounts());
    return counts;
  }
}

class CountedFile implements FileHandle {
  readonly #inner: FileHandle;
  readonly #counts: () => FileCounts;
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(inner: FileHandle, counts: () => FileCounts, onClose: () => void) {
    this.#inner = inner;
    this.#counts = counts;
    this.#onClose = onClose;
  }

  read(buffer: Uint8Array, options: FilePosition): number {
    this.#counts().reads += 1;
    return this.#inner.read(buffer, options);
  }

  write(buffer: Uint8Array, options: FilePosition): number {
    const counts = this.#counts();
    counts.writes += 1;
    counts.writtenBytes += buffer.length;
    return this.#inner.write(buffer, options);
  }

  truncate(size: number): void {
    this.#counts().truncates += 1;
    this.#inner.truncate(size);
  }

  getSize(): number {
    return this.#inner.getSize();
  }

  isInPlace(): boolean {
    return this.#inner.isInPlace();
  }

  flush(): void {
    this.#counts().flushes += 1;
    this.#inner.flush();
  }

  close(): void {
    this.#inner.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#counts().closes += 1;
    this.#onClose();
  }
}

function noCounts(): FileCounts {
  return {
    opens: 0,
    reads: 0,
    writes: 0,
    writtenBytes: 0,
    truncates: 0,
    flushes: 0,
    closes: 0,
    removes: 0,
  };
}
