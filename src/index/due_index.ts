/**
 * Which flows are due, in the order in which they are to be claimed.
 *
 * @module
 */
import type { HandleHeap } from "./handle_heap.ts";
import { HashChains } from "./hash_chains.ts";
import { type HeapStart, walkGroups, walkHeaps } from "./heap_walk.ts";
import { Lane, type LaneKind, type LaneOrder } from "./lane.ts";
import { LongUint32Array } from "./long_array.ts";
import type { IndexedMember, Members } from "./members.ts";
import { TypeStates } from "./type_states.ts";

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

/** So many steps are done at once to divide lanes by partition: 500 members. */
const STEPS_AT_ONCE = 1 << 15;

/** The lanes of one state: waiting by priority, then leased by priority. */
type StateLanes = (Lane | undefined)[];

/** The due times and lease ends of all flows that have one. */
export class DueIndex {
  readonly #members: Members;
  readonly #order: LaneOrder;
  readonly #types = new TypeStates<StateLanes>(noLanes);
  /** All lanes by number; 0 is none. A lane stays when it is empty, as its names do. */
  readonly #lanes: (Lane | undefined)[] = [undefined];
  /** The number of the lane of every handle. */
  readonly #laneNumbers = new LongUint32Array();

  /**
   * An empty index.
   *
   * @param members The identities of the flows; ties are broken by them.
   */
  constructor(members: Members) {
    this.#members = members;
    this.#order = {
      members,
      places: new LongUint32Array(),
      partitionPlaces: new LongUint32Array(),
      scattered: new HashChains(),
      laneNumbers: this.#laneNumbers,
    };
  }

  /** Adds a flow, or moves it. */
  place(handle: number, { type, state, leased, priority, dueMs }: DuePlace): void {
    this.remove(handle);
    const lane = this.#types.of(type, state)[lanePlace(leased, priority)] ??
      this.#newLane({ type, state, leased, priority });
    this.#laneNumbers.set(handle, lane.kind.number);
    lane.add(handle, dueMs);
  }

  /** Removes a flow; harmless if it is not there. */
  remove(handle: number): void {
    const lane = this.#lanes[this.#laneNumbers.get(handle)];
    if (lane === undefined) return;
    lane.remove(handle);
    this.#laneNumbers.set(handle, 0);
  }

  /** When a flow of the index is due. */
  timeOf(handle: number): number {
    return this.#lanes[this.#laneNumbers.get(handle)]!.timeOf(handle);
  }

  /** Where a flow stands, undefined if it is not there. */
  placeOf(handle: number): DuePlace | undefined {
    const lane = this.#lanes[this.#laneNumbers.get(handle)];
    if (lane?.has(handle) !== true) return undefined;
    const { type, state, leased, priority } = lane.kind;
    return { type, state, leased, priority, dueMs: lane.timeOf(handle) };
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    for (const lane of this.#lanes) if (lane !== undefined) yield* lane.members();
  }

  /**
   * Whether what is selected by partition is at hand. If not, a little more of it is afterwards: whoever
   * asks until it is, and lets others have their turn in between, is spared a long task. Everything
   * else that takes a selection does what is missing at once.
   *
   * @param steps How much more, in looks at handles; 0: nothing. Default: what takes a millisecond.
   */
  divide(selection: DueSelection, steps: number = STEPS_AT_ONCE): boolean {
    if (selection.partitionKeys === null) return true;
    let left = steps;
    for (const lane of this.#selectedLanes(selection)) {
      left = lane.divide(left);
      if (left === 0) return false;
    }
    return true;
  }

  /** Yields what is due at an instant: the most urgent first, then the longest due, then by id. */
  walk(selection: DueSelection, nowMs: number): Generator<number> {
    return walkGroups(this.#byPriority(selection), this.#members, { nowMs });
  }

  /** Yields what is due at an instant: the longest due first, whatever its priority. */
  walkByTime(selection: DueSelection, nowMs: number, start?: HeapStart): Generator<number> {
    return walkHeaps(this.#allHeaps(selection), this.#members, nowMs, start);
  }

  /** Yields the handles of all flows that are meant, in no order. */
  *handles(selection: DueSelection): Generator<number> {
    for (const heap of this.#allHeaps(selection)) {
      for (let place = 0; place < heap.size; place++) yield heap.at(place);
    }
  }

  /** The earliest due time, `Infinity` if there is none. */
  earliestMs(selection: DueSelection): number {
    let earliestMs = Infinity;
    for (const lane of this.#selectedLanes(selection)) {
      earliestMs = Math.min(earliestMs, lane.earliestMs(selection.partitionKeys));
    }
    return earliestMs;
  }

  /** How many there are, and how many of them are due. Costs as much as are due. */
  count(selection: DueSelection, nowMs: number): { readonly all: number; readonly due: number } {
    let all = 0;
    let due = 0;
    for (const heap of this.#allHeaps(selection)) {
      all += heap.size;
      due += heap.countUntil(nowMs);
    }
    return { all, due };
  }

  #allHeaps(selection: DueSelection): HandleHeap[] {
    return [...this.#byPriority(selection)].flat();
  }

  /** The heaps of one priority after the other, when it is their turn. */
  *#byPriority(selection: DueSelection): Generator<HandleHeap[]> {
    for (const priority of PRIORITIES) {
      if (isSelected(selection, priority)) yield this.#heaps(selection, priority);
    }
  }

  #heaps(selection: DueSelection, priority: number): HandleHeap[] {
    const lanes: Lane[] = [];
    this.#addLanes(lanes, selection, priority);
    const found: HandleHeap[] = [];
    for (const lane of lanes) found.push(...lane.heaps(selection.partitionKeys));
    return found;
  }

  #selectedLanes(selection: DueSelection): Lane[] {
    const found: Lane[] = [];
    for (const priority of PRIORITIES) {
      if (isSelected(selection, priority)) this.#addLanes(found, selection, priority);
    }
    return found;
  }

  #addLanes(found: Lane[], selection: DueSelection, priority: number): void {
    const { type } = selection;
    if (type === null) {
      for (const states of this.#types.all) addLanesOfType(found, states, selection, priority);
      return;
    }
    const states = this.#types.ofType(type);
    if (states !== undefined) addLanesOfType(found, states, selection, priority);
  }

  #newLane(kind: Omit<LaneKind, "number">): Lane {
    const { type, state, leased, priority } = kind;
    const lane = new Lane(this.#order, { ...kind, number: this.#lanes.length });
    this.#lanes.push(lane);
    return this.#types.of(type, state)[lanePlace(leased, priority)] = lane;
  }
}

function isSelected(selection: DueSelection, priority: number): boolean {
  return selection.priority === null || selection.priority === priority;
}

function addLanesOfType(
  found: Lane[],
  states: ReadonlyMap<string, StateLanes>,
  selection: DueSelection,
  priority: number,
): void {
  for (const name of selection.states ?? states.keys()) {
    const lanes = states.get(name);
    if (lanes === undefined) continue;
    const waiting = selection.waiting ? lanes[lanePlace(false, priority)] : undefined;
    const leased = selection.leased ? lanes[lanePlace(true, priority)] : undefined;
    if (waiting !== undefined) found.push(waiting);
    if (leased !== undefined) found.push(leased);
  }
}

function noLanes(): StateLanes {
  return [undefined, undefined, undefined, undefined, undefined, undefined];
}

function lanePlace(leased: boolean, priority: number): number {
  return (leased ? 3 : 0) + priority;
}
