/**
 * Which flows are in which state, in the order of their last change.
 *
 * @module
 */
import { ChangeSequence } from "./change_sequence.ts";
import { type ChangeWalk, walkChanges } from "./change_walk.ts";
import type { Members } from "./members.ts";

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

/** All flows by type and state. */
export class StateIndex {
  readonly #members: Members;
  readonly #types = new Map<string, Map<string, ChangeSequence>>();
  readonly #places: number[] = [];
  readonly #paths: (StatePlace | undefined)[] = [];

  /**
   * An empty index.
   *
   * @param members The identities of the flows; ties are broken by them.
   */
  constructor(members: Members) {
    this.#members = members;
  }

  /** Adds a flow, or moves it. */
  place(handle: number, place: StatePlace): void {
    this.remove(handle);
    let states = this.#types.get(place.type);
    if (states === undefined) this.#types.set(place.type, states = new Map());
    let sequence = states.get(place.state);
    if (sequence === undefined) {
      states.set(place.state, sequence = new ChangeSequence(this.#places));
    }
    sequence.append(handle, place.updatedAtMs);
    this.#paths[handle] = place;
  }

  /** Removes a flow; harmless if it is not there. */
  remove(handle: number): void {
    const place = this.#paths[handle];
    if (place === undefined) return;
    this.#paths[handle] = undefined;
    const states = this.#types.get(place.type)!;
    const sequence = states.get(place.state)!;
    sequence.remove(handle);
    if (sequence.size > 0) return;
    states.delete(place.state);
    if (states.size === 0) this.#types.delete(place.type);
  }

  /** The states that flows of a type are in, with their counts. */
  counts(type: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [state, sequence] of this.#types.get(type) ?? []) counts.set(state, sequence.size);
    return counts;
  }

  /** Yields flows of a type by the time of their last change, then by id. */
  walk(type: string, walk: StateWalk = {}): Generator<number> {
    return walkChanges(this.#members, this.#sequences(type, walk.states ?? null), walk);
  }

  #sequences(type: string, names: readonly string[] | null): ChangeSequence[] {
    const states = this.#types.get(type);
    if (states === undefined) return [];
    if (names === null) return [...states.values()];
    return names.map((name) => states.get(name)).filter((sequence) => sequence !== undefined);
  }
}
