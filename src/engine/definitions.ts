/**
 * How types are defined by the program that has a store open.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { Definition } from "../flow/core/mod.ts";

/** So many types are remembered; of more, those that were heard of last. */
const TYPES_MAX = 1_000;

/**
 * The definitions that are bound to an open store: one of each type. Nothing of it is durable, or the
 * next version of a program could not have other states.
 */
export class Definitions {
  readonly #outlines = new Map<string, readonly string[]>();

  /** Refuses a definition with `definition_conflict` if there is another one that says something else. */
  define({ type, outline }: Definition): void {
    const known = this.#outlines.get(type) ?? outline;
    if (known !== outline) {
      const other = known.find((fact) => !outline.includes(fact));
      const own = outline.find((fact) => !known.includes(fact));
      if (other !== undefined || own !== undefined) throw conflict(type, { other, own });
    }
    // The last one that was heard of stands last.
    this.#outlines.delete(type);
    this.#outlines.set(type, known);
    const [oldest] = this.#outlines.keys();
    if (this.#outlines.size > TYPES_MAX) this.#outlines.delete(oldest!);
  }
}

/** Facts that only one of two definitions has. */
interface Difference {
  readonly other: string | undefined;
  readonly own: string | undefined;
}

function conflict(type: string, { other, own }: Difference): FlowError {
  const says = (fact: string | undefined): string =>
    fact === undefined ? "does not" : `has ${fact}`;
  return new FlowError(
    "definition_conflict",
    `The type "${type}" has another definition on this store: it ${says(other)}, this one ${
      says(own)
    }`,
    { details: { type, other, own } },
  );
}
