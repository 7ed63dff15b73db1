/**
 * Which flows are due, in the order in which they are to be claimed.
 *
 * @module
 */
import { type Before, HandleHeap } from "./handle_heap.ts";
import { walkHeaps } from "./heap_walk.ts";
import { Lane, type LaneOrder } from "./lane.ts";
import type { Members } from "./members.ts";

/** Where a flow stands in the index. */
export interface DuePlace {
  /** The type. */
  readonly type: string;
  /** The logical state. */
  readonly state: string;
  /** Whether a worker holds a lease. */
  readonly leased: boolean;
  /** 0, 1 or 2; 2 is the most urgent. */
  readonly priority: number;
  /** When it is due; while leased, when the lease ends. */
  readonly dueMs: number;
}

/** Which flows of the index are meant. */
export interface DueSelection {
  /** The type; null: every type. */
  readonly type: string | null;
  /** These logical states; null: every state. No state stands twice. */
  readonly states: readonly string[] | null;
  /** These partitions; null: every partition. No partition stands twice. */
  readonly partitionKeys: readonly string[] | null;
  /** This priority; null: every priority. */
  readonly priority: number | null;
  /** Flows that wait for a worker. */
  readonly waiting: boolean;
  /** Flows that a worker holds a lease of. */
  readonly leased: boolean;
}

const PRIORITIES: readonly number[] = [2, 1, 0];

/** The lanes of one state: waiting by priority, then leased by priority. */
type StateLanes = (Lane | undefined)[];

/** The due times and lease ends of all flows that have one. */
export class DueIndex {
  readonly #types = new Map<string, Map<string, StateLanes>>();
  readonly #dueMs: number[] = [];
  readonly #lanes: (Lane | undefined)[] = [];
  readonly #paths: (DuePlace | undefined)[] = [];
  readonly #before: Before;
  readonly #order: LaneOrder;

  /**
   * An empty index.
   *
   * @param members The identities of the flows; ties are broken by them.
   */
  constructor(members: Members) {
    this.#before = (a, b) => {
      const difference = this.#dueMs[a]! - this.#dueMs[b]!;
      return difference === 0 ? members.compare(a, b) < 0 : difference < 0;
    };
    this.#order = { before: this.#before, members, places: [], partitionPlaces: [] };
  }

  /** Adds a flow, or moves it. */
  place(handle: number, place: DuePlace): void {
    this.remove(handle);
    const lane = this.#laneFor(place);
    this.#dueMs[handle] = place.dueMs;
    this.#lanes[handle] = lane;
    this.#paths[handle] = place;
    lane.add(handle);
  }

  /** Removes a flow; harmless if it is not there. */
  remove(handle: number): void {
    const lane = this.#lanes[handle];
    if (lane === undefined) return;
    lane.remove(handle);
    this.#lanes[handle] = undefined;
    if (lane.size === 0) this.#drop(this.#paths[handle]!);
    this.#paths[handle] = undefined;
  }

  /** Flows of the index in the order in which `walk` would yield them. */
  sorted(handles: readonly number[]): number[] {
    return [...handles].sort((a, b) => {
      const difference = this.#paths[b]!.priority - this.#paths[a]!.priority;
      return difference === 0 ? this.#before(a, b) ? -1 : 1 : difference;
    });
  }

  /** Yields what is due at an instant: the most urgent first, then the longest due, then by id. */
  *walk(selection: DueSelection, nowMs: number): Generator<number> {
    for (const priority of PRIORITIES) {
      if (selection.priority !== null && selection.priority !== priority) continue;
      yield* this.#until(this.#heaps(selection, priority), nowMs);
    }
  }

  /** Yields what is due at an instant: the longest due first, whatever its priority. */
  walkByTime(selection: DueSelection, nowMs: number): Generator<number> {
    return this.#until(this.#allHeaps(selection), nowMs);
  }

  /** The earliest due time, `Infinity` if there is none. */
  earliestMs(selection: DueSelection): number {
    let earliestMs = Infinity;
    for (const heap of this.#allHeaps(selection)) {
      earliestMs = Math.min(earliestMs, this.#dueMs[heap.at(0)!]!);
    }
    return earliestMs;
  }

  /** How many there are, and how many of them are due. Costs as much as are due. */
  count(selection: DueSelection, nowMs: number): { readonly all: number; readonly due: number } {
    let all = 0;
    let due = 0;
    for (const heap of this.#allHeaps(selection)) {
      all += heap.size;
      due += this.#countDue(heap, nowMs);
    }
    return { all, due };
  }

  #countDue(heap: HandleHeap, nowMs: number): number {
    let count = 0;
    const open = [0];
    while (open.length > 0) {
      const place = open.pop()!;
      const handle = heap.at(place);
      // Nothing below a member is due before it.
      if (handle === undefined || this.#dueMs[handle]! > nowMs) continue;
      count++;
      const [first, end] = HandleHeap.below(place);
      for (let below = first; below < end; below++) open.push(below);
    }
    return count;
  }

  *#until(heaps: HandleHeap[], nowMs: number): Generator<number> {
    for (const handle of walkHeaps(heaps, this.#before)) {
      if (this.#dueMs[handle]! > nowMs) return;
      yield handle;
    }
  }

  #allHeaps(selection: DueSelection): HandleHeap[] {
    return PRIORITIES.flatMap((priority) =>
      selection.priority === null || selection.priority === priority
        ? this.#heaps(selection, priority)
        : []
    );
  }

  #heaps(selection: DueSelection, priority: number): HandleHeap[] {
    const { type } = selection;
    if (type === null) {
      return [...this.#types.values()]
        .flatMap((states) => this.#heapsOfType(states, selection, priority));
    }
    const states = this.#types.get(type);
    return states === undefined ? [] : this.#heapsOfType(states, selection, priority);
  }

  #heapsOfType(
    states: ReadonlyMap<string, StateLanes>,
    selection: DueSelection,
    priority: number,
  ): HandleHeap[] {
    const found: HandleHeap[] = [];
    for (const name of selection.states ?? states.keys()) {
      const lanes = states.get(name);
      if (lanes === undefined) continue;
      for (const leased of [false, true]) {
        if (!(leased ? selection.leased : selection.waiting)) continue;
        const lane = lanes[laneNumber(leased, priority)];
        if (lane !== undefined) found.push(...lane.heaps(selection.partitionKeys));
      }
    }
    return found;
  }

  #laneFor({ type, state, leased, priority }: DuePlace): Lane {
    let states = this.#types.get(type);
    if (states === undefined) this.#types.set(type, states = new Map());
    let lanes = states.get(state);
    if (lanes === undefined) {
      states.set(state, lanes = [undefined, undefined, undefined, undefined, undefined, undefined]);
    }
    return lanes[laneNumber(leased, priority)] ??= new Lane(this.#order);
  }

  #drop({ type, state, leased, priority }: DuePlace): void {
    const states = this.#types.get(type)!;
    const lanes = states.get(state)!;
    lanes[laneNumber(leased, priority)] = undefined;
    if (lanes.every((lane) => lane === undefined)) states.delete(state);
    if (states.size === 0) this.#types.delete(type);
  }
}

function laneNumber(leased: boolean, priority: number): number {
  return (leased ? 3 : 0) + priority;
}
