/**
 * Numbers for names that occur again and again.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";

/** So many lengths of names are told apart, a power of two. */
const LENGTHS = 16;

/**
 * The names of types and states by number. Names are never forgotten, so only what a programmer
 * chose may enter: no ids, no partitions, no workers.
 */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  /** The number that was asked for last, by the length of its name: a map takes five times as long. */
  readonly #lastIds = new Uint32Array(LENGTHS);
  readonly #names: string[] = [];

  /** The number that the next new name will have. */
  get nextId(): number {
    return this.#names.length + 1;
  }

  /** The number of a name, undefined if it has none. */
  idOf(name: string): number | undefined {
    const place = name.length & (LENGTHS - 1);
    const last = this.#lastIds[place]!;
    if (last > 0 && this.#names[last - 1] === name) return last;
    const id = this.#ids.get(name);
    if (id !== undefined) this.#lastIds[place] = id;
    return id;
  }

  /** The name of a number, undefined if it has none. */
  nameOf(id: number): string | undefined {
    return this.#names[id - 1];
  }

  /** Adds a name. The numbers come in order; one that is there already is left alone. */
  add(id: number, name: string): void {
    if (id < this.nextId) {
      invariant(this.nameOf(id) === name, `number ${id} is "${this.nameOf(id)}", not "${name}"`);
      return;
    }
    invariant(id === this.nextId, `number ${id} does not follow ${this.nextId - 1}`);
    this.#ids.set(name, id);
    this.#names.push(name);
  }
}
