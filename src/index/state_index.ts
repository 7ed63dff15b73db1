/**
 * Which flows are in which state, in the order of their last change.
 *
 * @module
 */
import { ChangePlaces } from "./change_places.ts";
import { ChangeSequence, type Run, type Stretch } from "./change_sequence.ts";
import { type ChangeWalk, walkChanges } from "./change_walk.ts";
import type { IndexedMember, Members } from "./members.ts";
import { TypeStates } from "./type_states.ts";

/** Where a flow stands in the index. */
export interface StatePlace {
  /** The type. */
  readonly type: string;
  /** The state as its users see it. */
  readonly state: string;
  /** When the flow last changed. Never before the last change of any other flow. */
  readonly updatedAtMs: number;
}

/** Which flows of a type are walked, and which way. */
export interface StateWalk extends ChangeWalk {
  /** Only these states, each once; null or absent: every state. */
  readonly states?: readonly string[] | null;
}

/** Flows of a type in one state that changed one after the other. */
export interface StateStretch {
  /** The state as its users see it. */
  readonly state: string;
  /** The flows. */
  readonly stretch: Stretch;
}

/** Where a stretch stands among those of its type. */
export interface StretchPlace extends Pick<StatePlace, "state">, Pick<Stretch, "rank"> {}

/** All flows by type and state. */
export class StateIndex {
  readonly #members: Members;
  readonly #types = new TypeStates((type, state) => this.#newSequence(type, state));
  readonly #places = new ChangePlaces();
  /** All sequences by number. A sequence stays when it is empty, as its names do. */
  readonly #sequences: NumberedSequence[] = [];

  /**
   * An empty index.
   *
   * @param members The identities of the flows; ties are broken by them.
   */
  constructor(members: Members) {
    this.#members = members;
  }

  /** Adds a flow, or moves it. */
  place(handle: number, { type, state, updatedAtMs }: StatePlace): void {
    this.remove(handle);
    this.#types.of(type, state).append(handle, updatedAtMs);
  }

  /** Removes a flow; harmless if it is not there. */
  remove(handle: number): void {
    this.#places.sequenceOf(handle)?.remove(handle);
  }

  /** Where a flow stands, undefined if it is not there. */
  placeOf(handle: number): StatePlace | undefined {
    const sequence = this.#places.sequenceOf(handle);
    if (!(sequence instanceof NumberedSequence)) return undefined;
    const { type, state } = sequence;
    return { type, state, updatedAtMs: this.#places.timeOf(handle) };
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    for (const sequence of this.#sequences) yield* sequence.members();
  }

  /** The states that flows of a type are in, with their counts. */
  counts(type: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [state, { size }] of this.#types.ofType(type) ?? []) {
      if (size > 0) counts.set(state, size);
    }
    return counts;
  }

  /** All sequences there ever were, by number: flows of one type in one state. */
  get sequences(): readonly SequenceKind[] {
    return this.#sequences;
  }

  /** Yields the instants from one on at which flows of a sequence changed, with these flows. */
  runs(number: number, fromMs: number): Generator<Run> {
    return this.#sequences[number]!.runs(fromMs);
  }

  /**
   * Yields the flows of a type by state, in stretches. Nothing may change meanwhile.
   *
   * @param from Where to begin, also if the stretch that was there is gone. Default: with the first.
   */
  *stretches(type: string, from?: StretchPlace): Generator<StateStretch> {
    let isReached = from === undefined;
    for (const [state, sequence] of this.#types.ofType(type) ?? []) {
      if (!isReached && state !== from?.state) continue;
      const fromRank = isReached ? 0 : from!.rank;
      isReached = true;
      for (const stretch of sequence.stretches(fromRank)) yield { state, stretch };
    }
  }

  /** Yields flows of a type by the time of their last change, then by id. */
  walk(type: string, walk: StateWalk = {}): Generator<number> {
    return walkChanges(this.#members, this.#named(type, walk.states ?? null), walk);
  }

  #named(type: string, names: readonly string[] | null): ChangeSequence[] {
    const states = this.#types.ofType(type);
    if (states === undefined) return [];
    if (names === null) return [...states.values()];
    return names.map((name) => states.get(name)).filter((sequence) => sequence !== undefined);
  }

  #newSequence(type: string, state: string): NumberedSequence {
    const number = this.#sequences.length;
    const sequence = new NumberedSequence(this.#places, { number, type, state });
    this.#sequences.push(sequence);
    return sequence;
  }
}

/** What the flows of a sequence have in common. */
export interface SequenceKind extends Pick<StatePlace, "type" | "state"> {
  /** The number of the sequence in its index. */
  readonly number: number;
}

/** The flows of a type in one state. */
class NumberedSequence extends ChangeSequence implements SequenceKind {
  readonly number: number;
  readonly type: string;
  readonly state: string;

  constructor(places: ChangePlaces, { number, type, state }: SequenceKind) {
    super(places);
    this.number = number;
    this.type = type;
    this.state = state;
  }
}
