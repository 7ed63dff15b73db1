/**
 * Finding a place in an order.
 *
 * @module
 */

/**
 * The first of so many whose rank is not below 0; their count, if there is none. Of two of them the
 * first never has a rank above that of the second.
 */
export function firstIndex(count: number, rankOf: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rankOf(middle) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
