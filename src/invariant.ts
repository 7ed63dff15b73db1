/**
 * Assertions that stay on in production.
 *
 * A broken invariant means that memory no longer agrees with the log. Going on would write the
 * disagreement to disk, so the check costs its branch everywhere and for ever.
 *
 * @module
 */

/** What a failed {@linkcode invariant} throws: a defect in flowcask, never a user's mistake. */
export class InvariantError extends Error {
  /** Always `"InvariantError"`. */
  override readonly name = "InvariantError";
}

/**
 * Throws an {@linkcode InvariantError} unless `condition` holds.
 *
 * @param condition What must be true.
 * @param message What is wrong when it is not, in sentence case.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`Broken invariant: ${message}`);
}
