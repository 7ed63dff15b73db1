/**
 * Reading several heaps in order, without taking anything out.
 *
 * @module
 */
import { type Before, HandleHeap } from "./handle_heap.ts";

/** A member that could be next: everything that stands before it has been read. */
interface Candidate {
  readonly heap: HandleHeap;
  readonly place: number;
  readonly handle: number;
}

/**
 * Yields the handles of all heaps in one order. Reading k handles costs k · log k, whatever the
 * heaps hold. The heaps may not change while they are read.
 */
export function* walkHeaps(heaps: readonly HandleHeap[], before: Before): Generator<number> {
  const frontier = new Frontier(before);
  for (const heap of heaps) frontier.offer(heap, 0);
  let next: Candidate | undefined;
  while ((next = frontier.take()) !== undefined) {
    yield next.handle;
    const [first, end] = HandleHeap.below(next.place);
    for (let place = first; place < end; place++) frontier.offer(next.heap, place);
  }
}

/** A binary heap of candidates. */
class Frontier {
  readonly #before: Before;
  readonly #candidates: Candidate[] = [];

  constructor(before: Before) {
    this.#before = before;
  }

  offer(heap: HandleHeap, place: number): void {
    const handle = heap.at(place);
    if (handle === undefined) return;
    const candidate = { heap, place, handle };
    let at = this.#candidates.length;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const other = this.#candidates[above]!;
      if (!this.#before(handle, other.handle)) break;
      this.#candidates[at] = other;
      at = above;
    }
    this.#candidates[at] = candidate;
  }

  take(): Candidate | undefined {
    const first = this.#candidates[0];
    const last = this.#candidates.pop();
    if (last === undefined || this.#candidates.length === 0) return first;
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      if (below >= this.#candidates.length) break;
      if (this.#isBefore(below + 1, below)) below++;
      const child = this.#candidates[below]!;
      if (!this.#before(child.handle, last.handle)) break;
      this.#candidates[at] = child;
      at = below;
    }
    this.#candidates[at] = last;
    return first;
  }

  #isBefore(a: number, b: number): boolean {
    const candidate = this.#candidates[a];
    return candidate !== undefined &&
      this.#before(candidate.handle, this.#candidates[b]!.handle);
  }
}
