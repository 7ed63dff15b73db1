/**
 * Folders on a disk that loses what was not synced, for a process that can be killed at any call.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Folders } from "../../src/files/folder_creation.ts";
import { FileError, PowerCut } from "../../src/files/mod.ts";

/** Folders by their absolute paths. At first there is `/`, and what is given. */
export class FolderModel implements Folders {
  /** The calls that were made, such as `make /a`. */
  readonly calls: string[] = [];
  readonly #view: Set<string>;
  readonly #durable: Set<string>;
  readonly #denied: ReadonlySet<string>;
  #callsLeft = Infinity;

  /**
   * @param there Folders whose names are durable.
   * @param denied Those of them that may not be opened.
   */
  constructor(there: readonly string[] = [], denied: readonly string[] = []) {
    this.#view = new Set(["/", ...there]);
    this.#durable = new Set(this.#view);
    this.#denied = new Set(denied);
  }

  /** The process is killed at the call that comes after so many: it is not made. */
  killAfter(calls: number): void {
    this.#callsLeft = calls;
  }

  /** Nobody is killed any more. */
  restart(): void {
    this.#callsLeft = Infinity;
  }

  /** Power goes, and with it every name that was not synced, and what is below it. */
  powerCut(): void {
    for (const path of [...this.#view].sort()) {
      if (!this.#durable.has(path) || !this.#view.has(dirname(path))) this.#view.delete(path);
    }
  }

  has(path: string): boolean {
    this.#call("has", path);
    return this.#view.has(path);
  }

  isEmpty(path: string): boolean {
    this.#call("isEmpty", path);
    return this.#within(path).length === 0;
  }

  make(path: string): void {
    this.#call("make", path);
    if (this.#view.has(path)) throw new FileError("EEXIST", path);
    if (!this.#view.has(dirname(path))) throw new FileError("ENOENT", path);
    this.#view.add(path);
  }

  sync(path: string): void {
    this.#call("sync", path);
    if (this.#denied.has(path)) throw new FileError("EACCES", path);
    for (const inner of this.#within(path)) this.#durable.add(inner);
  }

  #within(path: string): string[] {
    return [...this.#view].filter((other) => other !== "/" && dirname(other) === path);
  }

  #call(what: string, path: string): void {
    if (this.#callsLeft === 0) throw new PowerCut(`The process was killed at ${what} ${path}`);
    this.#callsLeft -= 1;
    this.calls.push(`${what} ${path}`);
  }
}
