/**
 * Several ordered walks as one.
 *
 * @module
 */

/**
 * Yields what all walks yield, in one order. Nothing is read ahead but the next of each walk, and
 * there are few walks, so they are looked at one by one.
 *
 * @param compare Below 0 if the first stands before the second: the order that each walk is in.
 */
export function mergedWalk<T>(
  walks: readonly Generator<T>[],
  compare: (a: T, b: T) => number,
): Generator<T> {
  const [only] = walks;
  return walks.length === 1 && only !== undefined ? only : merge(walks, compare);
}

function* merge<T>(
  walks: readonly Generator<T>[],
  compare: (a: T, b: T) => number,
): Generator<T> {
  const heads = walks.map((walk) => ({ walk, next: walk.next() }));
  while (true) {
    let first: { readonly walk: Generator<T>; next: IteratorResult<T> } | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || compare(head.next.value, first.next.value) < 0) first = head;
    }
    if (first === undefined) return;
    yield first.next.value;
    first.next = first.walk.next();
  }
}
