/**
 * Which flows are in which state, in the order of their last change.
 *
 * @module
 */
import { ChangeSequence, type Run } from "./change_sequence.ts";
import type { Members } from "./members.ts";
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

/** Which flows of a type are walked, and which way. */
export interface StateWalk {
  /** Only these states, each once; null or absent: every state. */
  readonly states?: readonly string[] | null;
  /** Begin just after this place, in the direction of the walk. Default: at the beginning. */
  readonly after?: ListPosition | null;
  /** Only flows that changed last at or after this instant. */
  readonly fromMs?: number | undefined;
  /** Only flows that changed last at or before this instant. */
  readonly toMs?: number | undefined;
  /** The latest change first, the order turned round as a whole. Default false. */
  readonly rev?: boolean;
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
  *walk(type: string, walk: StateWalk = {}): Generator<number> {
    const { after = null, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER - 1, rev = false } = walk;
    const earliestMs = rev || after === null ? fromMs : Math.max(fromMs, after.updatedAtMs);
    const latestMs = rev && after !== null ? Math.min(toMs, after.updatedAtMs) : toMs;
    const sign = rev ? -1 : 1;
    const streams = this.#sequences(type, walk.states ?? null)
      .map((sequence) => rev ? sequence.runsBack(latestMs) : sequence.runs(earliestMs));
    for (const { timeMs, handles } of merged(streams, sign)) {
      if (timeMs < earliestMs || timeMs > latestMs) return;
      const isCut = timeMs === after?.updatedAtMs;
      yield* handles()
        .filter((handle) => !isCut || sign * this.#compare(handle, after) > 0)
        .sort((a, b) => sign * this.#members.compare(a, b));
    }
  }

  #sequences(type: string, names: readonly string[] | null): ChangeSequence[] {
    const states = this.#types.get(type);
    if (states === undefined) return [];
    if (names === null) return [...states.values()];
    return names.map((name) => states.get(name)).filter((sequence) => sequence !== undefined);
  }

  #compare(handle: number, { id, partitionKey }: ListPosition): number {
    return compareUtf8(this.#members.idOf(handle), id) ||
      compareUtf8(this.#members.partitionOf(handle), partitionKey);
  }
}

/** Joins what several streams have at one instant. `sign` is 1 if their times go up, -1 if down. */
function* merged(streams: readonly Generator<Run>[], sign: 1 | -1): Generator<Run> {
  let heads = streams.map((stream) => ({ stream, run: stream.next().value }));
  while (true) {
    heads = heads.filter(({ run }) => run !== undefined);
    if (heads.length === 0) return;
    const timeMs = sign * Math.min(...heads.map(({ run }) => sign * run!.timeMs));
    const next = heads.filter(({ run }) => run!.timeMs === timeMs);
    yield { timeMs, handles: () => next.flatMap(({ run }) => run!.handles()) };
    for (const head of next) head.run = head.stream.next().value;
  }
}
