/**
 * Reading several heaps in order, without taking anything out.
 *
 * @module
 */
import type { HandleHeap } from "./handle_heap.ts";
import type { Ties } from "./members.ts";

/** A member that could be next: everything that stands before it has been read. */
interface Candidate {
  readonly heap: HandleHeap;
  readonly place: number;
}

/**
 * Yields the handles of all heaps in one order, up to an instant. Reading k handles costs k · log k,
 * whatever the heaps hold. The heaps may not change while they are read.
 */
export function walkHeaps(
  heaps: readonly HandleHeap[],
  ties: Ties,
  nowMs = Infinity,
): Generator<number> {
  return walkGroups([heaps], ties, nowMs);
}

/** The same for one group of heaps after the other. One generator for all: claims feel each of them. */
export function* walkGroups(
  groups: Iterable<readonly HandleHeap[]>,
  ties: Ties,
  nowMs: number,
): Generator<number> {
  for (const heaps of groups) {
    const frontier = new Frontier(ties);
    for (const heap of heaps) if (heap.size > 0) frontier.offer(heap, 0);
    let next: Candidate | undefined;
    while ((next = frontier.take()) !== undefined && next.heap.timeAt(next.place) <= nowMs) {
      const { heap, place } = next;
      yield heap.at(place);
      const [first, end] = heap.below(place);
      for (let below = first; below < end; below++) frontier.offer(heap, below);
    }
  }
}

/** A binary heap of candidates. */
class Frontier {
  readonly #ties: Ties;
  readonly #candidates: Candidate[] = [];

  constructor(ties: Ties) {
    this.#ties = ties;
  }

  offer(heap: HandleHeap, place: number): void {
    const candidate = { heap, place };
    let at = this.#candidates.length;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const other = this.#candidates[above]!;
      if (!this.#isBefore(candidate, other)) break;
      this.#candidates[at] = other;
      at = above;
    }
    this.#candidates[at] = candidate;
  }

  take(): Candidate | undefined {
    const candidates = this.#candidates;
    const first = candidates[0];
    const last = candidates.pop();
    if (last === undefined || candidates.length === 0) return first;
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      if (below >= candidates.length) break;
      const sibling = candidates[below + 1];
      if (sibling !== undefined && this.#isBefore(sibling, candidates[below]!)) below++;
      const child = candidates[below]!;
      if (!this.#isBefore(child, last)) break;
      candidates[at] = child;
      at = below;
    }
    candidates[at] = last;
    return first;
  }

  #isBefore(a: Candidate, b: Candidate): boolean {
    // A heap compares its own members faster.
    if (a.heap === b.heap) return a.heap.compare(a.place, b.place) < 0;
    const order = a.heap.timeAt(a.place) - b.heap.timeAt(b.place) ||
      this.#ties.compare(a.heap.at(a.place), b.heap.at(b.place));
    return order < 0;
  }
}
