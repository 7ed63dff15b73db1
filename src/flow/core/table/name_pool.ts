/**
 * Names that many flows have at a time.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";

/** Numbers for names, from 1, for as long as somebody uses them. 0 is no name. */
export class NamePool {
  readonly #numbers = new Map<string, number>();
  readonly #names: (string | undefined)[] = [undefined];
  readonly #useCounts: number[] = [0];
  readonly #free: number[] = [];

  /** The number of a name, which is used once more now. */
  take(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#names.length;
      this.#numbers.set(name, number);
      this.#names[number] = name;
      this.#useCounts[number] = 0;
    }
    this.#useCounts[number]!++;
    return number;
  }

  /** The name of a number that is used. */
  nameOf(number: number): string {
    const name = this.#names[number];
    if (name === undefined) invariant(false, `no name has the number ${number}`);
    return name;
  }

  /** One use of a number less. */
  give(number: number): void {
    if (number === 0 || --this.#useCounts[number]! > 0) return;
    this.#numbers.delete(this.nameOf(number));
    this.#names[number] = undefined;
    this.#free.push(number);
  }
}
