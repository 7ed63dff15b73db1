/**
 * A heap that can also lose a member from its middle.
 *
 * @module
 */
import { invariant } from "../invariant.ts";
import { HeapNodes } from "./heap_nodes.ts";
import type { LongUint32Array } from "./long_array.ts";
import type { IndexedMember, Ties } from "./members.ts";

/**
 * Children of one node. Four instead of two: the tree is half as deep and the children of a node
 * share a cache line, for a few more comparisons on the way down. See `HeapNodes`.
 */
const ARITY = 4;

/**
 * A heap looks at what its members begin with when it has had to ask about ties so many times for
 * every member: it then has spent as much on asking as the look costs. Fewer than eight members tell
 * little, and more than 4,096 are too many to look at in one go.
 */
const ASKED_PER_LOOK = 2;
const LOOK_COUNT_MIN = 8;
const LOOK_COUNT_MAX = 4_096;

/** So many members are removed at once at most: what happens to one takes microseconds. */
const HOLES_MAX = 256;

/** Following one member from the top takes as long as looking at so many side by side. */
const LOOKS_PER_STEP = 16;

/** So many holes are put in order faster as plain numbers: 100 in a microsecond instead of four. */
const NUMBERS_MIN = 16;

/** In the place of the handle of a member that was removed, and of its place: there is no such one. */
const NOBODY = 0xffff_ffff;

const NO_PREFIX: Readonly<Uint8Array> = new Uint8Array(0);

/** What heaps share that hold members of the same kind. */
export interface HeapOrder {
  /** The order of members that have the same time. */
  readonly ties: Ties;
  /** The place of every handle, by handle. No handle is ever in two heaps that share it. */
  readonly places: LongUint32Array;
}

/**
 * Handles in the order of times, with the times beside them and a number for every identity: the way
 * down a heap of a million leads through memory that is next to each other, even if all of them are
 * due at once. A handle knows its place, so that removing it costs the depth of the heap.
 *
 * Members leave holes, which are filled when somebody looks or comes: of many holes the deepest are
 * filled first, which is less far than from the top; and if nobody else is left, nothing is to be done.
 */
export class HandleHeap {
  readonly #ties: Ties;
  readonly #places: LongUint32Array;
  readonly #nodes = new HeapNodes();
  /** What members begin with. Kept when the heap is empty: those that come next are mostly alike. */
  #prefix: Readonly<Uint8Array> = NO_PREFIX;
  /** How many ties their numbers have left open since it last looked, and at how many it looks. */
  #askedCount = 0;
  #askedMax = 0;
  /** Members and holes. */
  #size = 0;
  #holes: number[] = [];

  /** An empty heap. */
  constructor({ ties, places }: HeapOrder) {
    this.#ties = ties;
    this.#places = places;
  }

  /** How many handles it holds. */
  get size(): number {
    return this.#size - this.#holes.length;
  }

  /** The handle at a place below `size`. The first of all is at 0. */
  at(place: number): number {
    this.#settle();
    return this.#nodes.handleAt(place);
  }

  /** The time of the handle at a place below `size`. Nothing that is below a place is before it. */
  timeAt(place: number): number {
    this.#settle();
    return this.#nodes.timeAt(place);
  }

  /** The time of a handle that is in the heap. */
  timeOf(handle: number): number {
    return this.#nodes.timeAt(this.#places.get(handle));
  }

  /** The places below a place that are taken: from the first to before the last. */
  below(place: number): readonly [first: number, end: number] {
    this.#settle();
    return this.#below(place);
  }

  /** How many members are not after a time. Costs as much as these are, and never more than a look at all. */
  countUntil(timeMs: number): number {
    this.#settle();
    const few = this.#countBelow(timeMs, this.#size / LOOKS_PER_STEP);
    return few ?? this.#nodes.countUntil(timeMs, this.#size);
  }

  /** The same from the top down; undefined if there are more than `countMax`. */
  #countBelow(timeMs: number, countMax: number): number | undefined {
    const open = this.#size === 0 ? [] : [0];
    let count = 0;
    while (open.length > 0) {
      const place = open.pop()!;
      // Nothing below a member is before it.
      if (this.#nodes.timeAt(place) > timeMs) continue;
      if (++count > countMax) return undefined;
      const first = place * ARITY + 1;
      for (let below = first; below < first + ARITY && below < this.#size; below++) {
        open.push(below);
      }
    }
    return count;
  }

  /** Below 0, 0 or above 0, as what is at a place stands before, with or after another. */
  compare(a: number, b: number): number {
    this.#settle();
    return this.#nodes.compare(a, b) ||
      this.#ties.compare(this.#nodes.handleAt(a), this.#nodes.handleAt(b));
  }

  /** Whether it holds a handle. */
  has(handle: number): boolean {
    const place = this.#places.get(handle);
    return place < this.#size && this.#nodes.handleAt(place) === handle;
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    for (let place = 0; place < this.size; place++) {
      const handle = this.at(place);
      const isAfterAbove = place === 0 || this.compare(place, above(place)) >= 0;
      yield { handle, isInOrder: isAfterAbove && this.#places.get(handle) === place };
    }
  }

  /** Adds a handle that is not in the heap. */
  add(handle: number, timeMs: number): void {
    this.#settle();
    const hole = this.#size++;
    const moving = this.#size;
    this.#nodes.set(moving, handle, timeMs);
    this.#nodes.setRank(moving, this.#ties.rank(handle, this.#prefix));
    this.#move(moving, this.#raised(hole));
    if (this.#askedCount >= this.#askedMax) this.#lookAgain();
  }

  /** Removes a handle that is in the heap. */
  remove(handle: number): void {
    const hole = this.#places.get(handle);
    if (hole >= this.#size || this.#nodes.handleAt(hole) !== handle) {
      // Not the message as an argument: it would be made every time.
      invariant(false, `handle ${handle} is not in the heap`);
    }
    this.#nodes.setHandle(hole, NOBODY);
    this.#places.set(handle, NOBODY);
    this.#holes.push(hole);
    if (this.#holes.length === HOLES_MAX) this.#settle();
  }

  /** Fills the holes. */
  #settle(): void {
    if (this.#holes.length > 0) this.#fillAll();
  }

  #fillAll(): void {
    const holes = this.#holes;
    this.#holes = [];
    if (holes.length === this.#size) this.#size = 0;
    else {
      // The deepest first: there are members below it, and whoever fills it comes from the end.
      const ordered = holes.length < NUMBERS_MIN
        ? holes.sort(ascending)
        : Uint32Array.from(holes).sort();
      for (let index = ordered.length - 1; index >= 0; index--) this.#fill(ordered[index]!);
    }
    this.#nodes.shrink(this.#size);
  }

  #fill(hole: number): void {
    const moving = --this.#size;
    if (hole === moving) return;
    this.#move(moving, this.#raised(this.#sunk(hole), hole));
    // What is below a hole was compared with nobody above it: there may be some who belong there.
    for (let at = hole; this.#isBeforeAbove(at); at = above(at)) {
      this.#nodes.copy(above(at), moving);
      this.#move(at, above(at));
      this.#move(moving, this.#raised(this.#sunk(at), at));
    }
  }

  /** Whether a member stands below one that it belongs before. */
  #isBeforeAbove(place: number): boolean {
    return place > 0 && !this.#isHole(above(place)) && this.#isBefore(place, above(place));
  }

  #isHole(place: number): boolean {
    return this.#nodes.handleAt(place) === NOBODY;
  }

  /**
   * Moves a hole up to where the member belongs that stands behind the end, and what is in its way
   * down. Returns where the hole is then.
   *
   * @param top How far up it may come. Default: to the top.
   */
  #raised(from: number, top: number = 0): number {
    const moving = this.#size;
    let hole = from;
    while (hole > top) {
      const next = above(hole);
      if (!this.#isBefore(moving, next)) break;
      this.#move(next, hole);
      hole = next;
    }
    return hole;
  }

  /**
   * Moves a hole all the way down. What stands behind the end mostly belongs there: asking at every
   * step whether it does costs more than moving it up again.
   */
  #sunk(from: number): number {
    let hole = from;
    while (true) {
      const below = this.#firstBelow(hole);
      if (below < 0) return hole;
      this.#move(below, hole);
      hole = below;
    }
  }

  /** The place of the child that stands before its siblings, -1 if there is none. Holes are none. */
  #firstBelow(place: number): number {
    const [first, end] = this.#below(place);
    let best = -1;
    for (let other = first; other < end; other++) {
      if (this.#isHole(other)) continue;
      if (best < 0 || this.#isBefore(other, best)) best = other;
    }
    return best;
  }

  #below(place: number): readonly [first: number, end: number] {
    const first = place * ARITY + 1;
    return [first, Math.min(first + ARITY, this.#size)];
  }

  #isBefore(a: number, b: number): boolean {
    const order = this.#nodes.compare(a, b);
    if (order !== 0) return order < 0;
    this.#askedCount++;
    return this.#ties.compare(this.#nodes.handleAt(a), this.#nodes.handleAt(b)) < 0;
  }

  #move(from: number, to: number): void {
    this.#places.set(this.#nodes.copy(from, to), to);
  }

  /** Ranks the members anew, by what comes after all that they have in common. Their order stays. */
  #lookAgain(): void {
    const size = this.#size;
    if (size < LOOK_COUNT_MIN || size > LOOK_COUNT_MAX) return;
    this.#askedCount = 0;
    this.#askedMax = size * ASKED_PER_LOOK;
    const handles = Array.from({ length: size }, (_, place) => this.at(place));
    this.#prefix = this.#ties.prefixOf(handles);
    for (const [place, handle] of handles.entries()) {
      this.#nodes.setRank(place, this.#ties.rank(handle, this.#prefix));
    }
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** The place that a place is below of. */
function above(place: number): number {
  return (place - 1) >>> 2;
}
