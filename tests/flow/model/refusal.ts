/**
 * How the model refuses.
 *
 * @module
 */

/** A command is refused. */
export class Refusal extends Error {
  readonly code: string;
  /** Codes of a batch by item. */
  readonly codes: readonly string[] | undefined;

  constructor(code: string, codes?: readonly string[]) {
    super(code);
    this.code = code;
    this.codes = codes;
  }
}

/** Commands that take effect together are refused because of one of them. */
export class AtomicRefusal extends Refusal {
  /** The place of that one. */
  readonly index: number;

  constructor(code: string, index: number) {
    super(code);
    this.index = index;
  }
}
