/**
 * Two texts as one.
 *
 * @module
 */

/** A text that no other two texts have, for maps and sets. */
export function pairName(first: string, second: string): string {
  // The length in front keeps different pairs of texts different.
  return `${first.length}:${first}${second}`;
}
