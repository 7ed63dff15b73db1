/**
 * One file of the simulated disk: what programs see, what the platter has, and what is between.
 *
 * @module
 */

import { Contents } from "../contents.ts";
import type { Survival } from "./survival.ts";

/** The unit that a disk writes whole or not at all, in bytes. */
export const SECTOR_BYTES = 512;

/** A change that programs see already and the platter may not have. */
type Pending =
  | { readonly kind: "write"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** The inode: it has no name; names are the directory's business. */
export class SimulatedFile {
  #view: Contents = new Contents();
  #durable: Contents = new Contents();
  #pending: Pending[] = [];

  /** What programs see. */
  get view(): Contents {
    return this.#view;
  }

  /** What is on the platter. */
  get durable(): Contents {
    return this.#durable;
  }

  /** Whether there is something that `flush()` would make durable. */
  get isDirty(): boolean {
    return this.#pending.length > 0;
  }

  /** Writes into the view. */
  write(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return;
    this.#view.write(bytes, at);
    this.#pending.push({ kind: "write", at, bytes: bytes.slice() });
  }

  /** Sets the size of the view. */
  truncate(size: number): void {
    this.#view.truncate(size);
    this.#pending.push({ kind: "truncate", size });
  }

  /**
   * Brings the pending changes to the platter. Not the same as copying the view: what a failed
   * flush has dropped is in the view and stays off the platter.
   */
  flush(): void {
    for (const change of this.#pending) {
      if (change.kind === "truncate") this.#durable.truncate(change.size);
      else this.#durable.write(change.bytes, change.at);
    }
    this.#pending = [];
  }

  /**
   * A flush that fails the way Linux fails it: whatever did not survive is dropped, the view still
   * shows it, nothing is pending any more, and the next flush will find nothing to complain about.
   */
  flushFailing(survives: Survival): void {
    this.#settle(survives);
  }

  /** The power fails: pieces survive or not, and the view is what the platter has. */
  powerCut(survives: Survival): void {
    this.#settle(survives);
    this.#view = this.#durable.clone();
  }

  /**
   * Changes bytes on the platter. Programs see the change where they saw the platter's byte
   * before; where the view differs, or is about to be flushed, the page cache hides it.
   */
  damage(at: number, bytes: Uint8Array): void {
    const before = this.#durable.slice(at, at + bytes.length);
    const seen = this.#view.slice(at, at + bytes.length);
    const after = bytes.subarray(0, before.length);
    this.#durable.write(after, at);
    for (let index = 0; index < Math.min(after.length, seen.length); index++) {
      if (seen[index] === before[index] && !this.#isPending(at + index)) {
        this.#view.write(after.subarray(index, index + 1), at + index);
      }
    }
  }

  #settle(survives: Survival): void {
    for (const change of this.#pending) {
      if (change.kind === "truncate") {
        if (survives()) this.#durable.truncate(change.size);
        continue;
      }
      for (const [start, end] of sectors(change.at, change.at + change.bytes.length)) {
        const piece = change.bytes.subarray(start - change.at, end - change.at);
        if (survives()) this.#durable.write(piece, start);
      }
      // The size is metadata and may arrive without the data: the file ends in zeros then.
      if (survives()) this.#durable.grow(change.at + change.bytes.length);
    }
    this.#pending = [];
  }

  #isPending(offset: number): boolean {
    return this.#pending.some((change) =>
      change.kind === "truncate"
        ? offset >= change.size
        : offset >= change.at && offset < change.at + change.bytes.length
    );
  }
}

/** The ranges into which sector boundaries cut `start` to `end`. */
function* sectors(start: number, end: number): Generator<[start: number, end: number]> {
  for (let at = start; at < end;) {
    const next = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    yield [at, next];
    at = next;
  }
}
