/**
 * Which flows are in which state, in the order of their last change.
 *
 * @module
 */
import { ChangeSequence } from "./change_sequence.ts";
import { compareIdentity, type Members } from "./members.ts";
import { compareUtf8 } from "./utf8_order.ts";

/** Where a flow stands in the index. */
export interface StatePlace {
  /** The type. */
  readonly type: string;
  /** The state as its users see it. */
  readonly state: string;
  /** When the flow last changed. Never before the last change of any other flow. */
  readonly updatedAtMs: number;
}

/** A place between two flows of a listing: just after the flow that it names. */
export interface ListPosition {
  /** When that flow last changed. */
  readonly updatedAtMs: number;
  /** Its id. */
  readonly id: string;
  /** Its partition. */
  readonly partitionKey: string;
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

  /**
   * Yields flows of a type by the time of their last change, then by id.
   *
   * @param state Only this state; null: every state.
   * @param after Begin after this place; null: at the beginning.
   */
  *walk(type: string, state: string | null, after: ListPosition | null): Generator<number> {
    const streams = this.#sequences(type, state)
      .map((sequence) => sequence.runs(after?.updatedAtMs ?? 0));
    let heads = streams.map((stream) => ({ stream, run: stream.next().value }));
    while (true) {
      heads = heads.filter(({ run }) => run !== undefined);
      if (heads.length === 0) return;
      const timeMs = Math.min(...heads.map(({ run }) => run!.timeMs));
      const handles: number[] = [];
      for (const head of heads) {
        if (head.run!.timeMs !== timeMs) continue;
        for (const handle of head.run!.handles()) {
          if (timeMs !== after?.updatedAtMs || this.#isAfter(handle, after)) handles.push(handle);
        }
        head.run = head.stream.next().value;
      }
      yield* handles.sort((a, b) => compareIdentity(this.#members, a, b));
    }
  }

  #sequences(type: string, state: string | null): ChangeSequence[] {
    const states = this.#types.get(type);
    if (states === undefined) return [];
    if (state === null) return [...states.values()];
    const sequence = states.get(state);
    return sequence === undefined ? [] : [sequence];
  }

  #isAfter(handle: number, { id, partitionKey }: ListPosition): boolean {
    const order = compareUtf8(this.#members.idOf(handle), id) ||
      compareUtf8(this.#members.partitionOf(handle), partitionKey);
    return order > 0;
  }
}
