/**
 * The order of texts by their bytes.
 *
 * @module
 */

/**
 * Compares two well-formed texts by their UTF-8 bytes, without encoding them.
 *
 * JavaScript compares UTF-16 code units, which puts characters above U+FFFF before those from
 * U+E000 on; in UTF-8 they come after them.
 *
 * @returns Below 0, 0 or above 0, as `a` stands before, with or after `b`.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Puts the halves of a surrogate pair above every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}
