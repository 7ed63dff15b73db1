/**
 * Reading several heaps in order, without taking anything out.
 *
 * @module
 */
import type { HandleHeap } from "./handle_heap.ts";
import type { Ties } from "./members.ts";

/**
 * Siblings in a heap of which the first could be next: everything that stands before it has been read,
 * and the others stand behind it.
 */
interface Brood {
  readonly heap: HandleHeap;
  /** The place of the eldest, read or not. */
  readonly start: number;
  /** Those that have not been read: a bit for each, the eldest has the lowest. */
  left: number;
  /** The place of the first of those. */
  place: number;
  /** Its time. */
  timeMs: number;
}

/** Where a walk goes on. */
export interface HeapStart {
  /**
   * Whether a member was passed before. Of two members the second never was if the first was not. It
   * is asked of each that was, and of those that are below it.
   */
  readonly isPassed?: ((handle: number, timeMs: number) => boolean) | undefined;
}

/**
 * Yields the handles of all heaps in one order, up to an instant. Reading k handles costs k · log k,
 * whatever the heaps hold, and a look at each that was passed. The heaps may not change while they
 * are read.
 */
export function walkHeaps(
  heaps: readonly HandleHeap[],
  ties: Ties,
  nowMs = Infinity,
  start: HeapStart = {},
): Generator<number> {
  return walkGroups([heaps], ties, { ...start, nowMs });
}

/** The same for one group of heaps after the other. One generator for all: claims feel each of them. */
export function* walkGroups(
  groups: Iterable<readonly HandleHeap[]>,
  ties: Ties,
  { nowMs, isPassed }: HeapStart & { readonly nowMs: number },
): Generator<number> {
  for (const heaps of groups) {
    const frontier = new Frontier(ties);
    for (const heap of heaps) {
      if (heap.size === 0) continue;
      if (isPassed === undefined) frontier.offer(heap, 0, 1);
      else offerBehind(frontier, heap, isPassed);
    }
    let next: Brood | undefined;
    while ((next = frontier.first) !== undefined && next.timeMs <= nowMs) {
      const { heap, place } = next;
      yield heap.at(place);
      frontier.advance(next);
      const [start, end] = heap.below(place);
      if (start < end) frontier.offer(heap, start, end);
    }
  }
}

/** Offers the first ones below all that was passed: where those stand, and not in their order. */
function offerBehind(
  frontier: Frontier,
  heap: HandleHeap,
  isPassed: NonNullable<HeapStart["isPassed"]>,
): void {
  const open: (readonly [start: number, end: number])[] = [[0, 1]];
  for (let siblings = open.pop(); siblings !== undefined; siblings = open.pop()) {
    const [start, end] = siblings;
    let left = 0;
    for (let place = start; place < end; place++) {
      if (!isPassed(heap.at(place), heap.timeAt(place))) left |= 1 << (place - start);
      else if (heap.below(place)[0] < heap.size) open.push(heap.below(place));
    }
    if (left !== 0) frontier.offer(heap, start, end, left);
  }
}

/** A binary heap of broods. */
class Frontier {
  readonly #ties: Ties;
  readonly #broods: Brood[] = [];

  constructor(ties: Ties) {
    this.#ties = ties;
  }

  /** The one whose first is next; undefined if nothing is left. */
  get first(): Brood | undefined {
    return this.#broods[0];
  }

  /** Adds the members of a heap from one place to before another: all, or those that have a bit. */
  offer(heap: HandleHeap, start: number, end: number, left = (1 << (end - start)) - 1): void {
    const place = firstOf(heap, start, left);
    const brood = { heap, start, left, place, timeMs: heap.timeAt(place) };
    this.#raise(brood, this.#broods.length);
  }

  /** The first of the one that is next has been read. */
  advance(brood: Brood): void {
    brood.left &= ~(1 << (brood.place - brood.start));
    const broods = this.#broods;
    let moving = brood;
    if (brood.left !== 0) {
      brood.place = firstOf(brood.heap, brood.start, brood.left);
      brood.timeMs = brood.heap.timeAt(brood.place);
    } else {
      moving = broods.pop()!;
      if (broods.length === 0) return;
    }
    // All the way down, and up again: what moves mostly belongs far down.
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      if (below >= broods.length) break;
      const sibling = below + 1;
      if (sibling < broods.length && this.#isBefore(broods[sibling]!, broods[below]!)) {
        below = sibling;
      }
      broods[at] = broods[below]!;
      at = below;
    }
    this.#raise(moving, at);
  }

  #raise(brood: Brood, from: number): void {
    const broods = this.#broods;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const other = broods[above]!;
      if (!this.#isBefore(brood, other)) break;
      broods[at] = other;
      at = above;
    }
    broods[at] = brood;
  }

  #isBefore(a: Brood, b: Brood): boolean {
    if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
    // A heap compares its own members faster.
    if (a.heap === b.heap) return a.heap.compare(a.place, b.place) < 0;
    return this.#ties.compare(a.heap.at(a.place), b.heap.at(b.place)) < 0;
  }
}

/** The place of the first of some members that stand side by side. */
function firstOf(heap: HandleHeap, start: number, left: number): number {
  let first = -1;
  for (let place = start, bits = left; bits !== 0; place++, bits >>>= 1) {
    if ((bits & 1) !== 0 && (first < 0 || heap.compare(place, first) < 0)) first = place;
  }
  return first;
}
