/**
 * What the oracle of the store throws.
 *
 * @module
 */

/** Something that must never happen has happened. */
export class Violation extends Error {
  /** Always `"Violation"`. */
  override readonly name = "Violation";
}
