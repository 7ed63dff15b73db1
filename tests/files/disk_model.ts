/**
 * What a disk may do, written down without doing it: for every byte, size and name the set of
 * states that a loss of power may leave. Shares no code with the simulated disk.
 *
 * @module
 */

import { assert, assertEquals } from "../assert.ts";

/** A file: what programs see, and what the platter may have. */
class FileModel {
  view: number[];
  /** By offset, all values the platter may have there; what is missing can only be zero. */
  readonly #possible = new Map<number, Set<number>>();
  #sizeMin: number;
  #sizeMax: number;
  /** Offsets that the next flush decides. */
  #touched = new Set<number>();
  #isCut = false;
  #endMax = 0;
  /** Whether a failed flush has parted view and platter. */
  #isParted = false;

  /** A file of which everything is certain. */
  constructor(content: readonly number[]) {
    this.view = [...content];
    this.#sizeMin = this.#sizeMax = content.length;
    for (const [offset, value] of content.entries()) this.#possible.set(offset, new Set([value]));
  }

  write(at: number, bytes: readonly number[]): void {
    if (bytes.length === 0) return;
    while (this.view.length < at) this.view.push(0);
    for (const [index, value] of bytes.entries()) {
      this.view[at + index] = value;
      this.#allow(at + index, value);
      // A size that arrived without its bytes shows zeros, where the platter had nothing.
      if (at + index >= this.#sizeMin) this.#allow(at + index, 0);
    }
    this.#endMax = Math.max(this.#endMax, at + bytes.length);
    this.#sizeMax = Math.max(this.#sizeMax, at + bytes.length);
  }

  truncate(size: number): void {
    for (const offset of this.#possible.keys()) if (offset >= size) this.#allow(offset, 0);
    while (this.view.length < size) this.view.push(0);
    this.view.length = size;
    this.#sizeMin = Math.min(this.#sizeMin, size);
    this.#sizeMax = Math.max(this.#sizeMax, size);
    this.#isCut = true;
  }

  flush(): void {
    for (const offset of this.#touched) {
      this.#possible.set(offset, new Set([this.view[offset] ?? 0]));
    }
    if (this.#isCut || !this.#isParted) this.#sizeMin = this.#sizeMax = this.view.length;
    else this.#sizeMin = Math.max(this.#sizeMin, this.#endMax);
    this.#forgetPending();
  }

  flushFailing(): void {
    this.#isParted = true;
    this.#forgetPending();
  }

  /** Whether a loss of power may leave this. */
  mayLeave(content: readonly number[]): boolean {
    if (content.length < this.#sizeMin || content.length > this.#sizeMax) return false;
    return content.every((value, offset) => this.#possible.get(offset)?.has(value) ?? value === 0);
  }

  #allow(offset: number, value: number): void {
    const values = this.#possible.get(offset);
    if (values === undefined) this.#possible.set(offset, new Set([0, value]));
    else values.add(value);
    this.#touched.add(offset);
  }

  #forgetPending(): void {
    this.#touched = new Set();
    this.#isCut = false;
    this.#endMax = 0;
  }
}

/** A name: the file it has, the files it may have, and whether the next sync decides. */
interface NameModel {
  view: FileModel | undefined;
  possible: Set<FileModel | undefined>;
  isTouched: boolean;
}

/** Names and contents as a program finds them. */
export type Listing = ReadonlyMap<string, readonly number[]>;

/** The whole disk. */
export class DiskModel {
  readonly #names = new Map<string, NameModel>();

  /** What programs see. */
  get view(): Listing {
    return new Map(
      [...this.#names].filter(([, { view }]) => view !== undefined)
        .map(([name, { view }]): [string, number[]] => [name, view!.view])
        .sort(([a], [b]) => a < b ? -1 : 1),
    );
  }

  /** The file that has the name, if there is one. */
  file(name: string): FileModel | undefined {
    return this.#names.get(name)?.view;
  }

  create(name: string): void {
    if (this.file(name) === undefined) this.#change(name, new FileModel([]));
  }

  remove(name: string): void {
    if (this.file(name) !== undefined) this.#change(name, undefined);
  }

  sync(): void {
    for (const model of this.#names.values()) {
      if (model.isTouched) model.possible = new Set([model.view]);
      model.isTouched = false;
    }
  }

  syncFailing(): void {
    for (const model of this.#names.values()) model.isTouched = false;
  }

  /** Asserts that a loss of power may leave this, and takes it for certain from now on. */
  acceptAfterPowerCut(seen: Listing): void {
    for (const name of new Set([...this.#names.keys(), ...seen.keys()])) {
      const content = seen.get(name);
      const possible = this.#names.get(name)?.possible ?? new Set([undefined]);
      const isPossible = [...possible].some((file) =>
        content === undefined ? file === undefined : file?.mayLeave(content) ?? false
      );
      assert(isPossible, `Nothing may leave "${name}" as ${JSON.stringify(content)}`);
      const file = content === undefined ? undefined : new FileModel(content);
      this.#names.set(name, { view: file, possible: new Set([file]), isTouched: false });
    }
  }

  /** Asserts that a program sees what it should: a kill takes nothing. */
  expect(seen: Listing): void {
    assertEquals([...seen], [...this.view]);
  }

  #change(name: string, file: FileModel | undefined): void {
    let model = this.#names.get(name);
    if (model === undefined) {
      model = { view: undefined, possible: new Set([undefined]), isTouched: false };
      this.#names.set(name, model);
    }
    model.view = file;
    model.possible.add(file);
    model.isTouched = true;
  }
}
