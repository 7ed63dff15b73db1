/**
 * Reading several heaps in order, without taking anything out.
 *
 * @module
 */
import { HandleHeap } from "./handle_heap.ts";
import type { Ties } from "./members.ts";

/** A member that could be next: everything that stands before it has been read. */
interface Candidate {
  readonly heap: HandleHeap;
  readonly place: number;
  readonly handle: number;
  readonly timeMs: number;
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
    for (const heap of heaps) frontier.offer(heap, 0);
    let next: Candidate | undefined;
    while ((next = frontier.take()) !== undefined && next.timeMs <= nowMs) {
      yield next.handle;
      const [first, end] = HandleHeap.below(next.place);
      for (let place = first; place < end; place++) frontier.offer(next.heap, place);
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
    if (place >= heap.size) return;
    const candidate = { heap, place, handle: heap.at(place), timeMs: heap.timeAt(place) };
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
    if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
    // A heap compares its own members faster.
    const order = a.heap === b.heap
      ? a.heap.compare(a.place, b.place)
      : this.#ties.compare(a.handle, b.handle);
    return order < 0;
  }
}
