/**
 * Which flows have something in common, such as a parent, in the order of their last change.
 *
 * @module
 */
import { ChangePlaces } from "./change_places.ts";
import { ChangeSequence } from "./change_sequence.ts";
import { type ChangeWalk, walkChanges } from "./change_walk.ts";
import type { IndexedMember, Members } from "./members.ts";

/** Flows by a name that several of them share. */
export class LineageIndex {
  readonly #members: Members;
  readonly #sequences = new Map<string, ChangeSequence>();
  readonly #places = new ChangePlaces();
  readonly #names: (string | undefined)[] = [];

  /**
   * An empty index.
   *
   * @param members The identities of the flows; ties are broken by them.
   */
  constructor(members: Members) {
    this.#members = members;
  }

  /** Adds a flow under a name, or moves it, since it has changed. */
  place(handle: number, name: string, updatedAtMs: number): void {
    this.remove(handle);
    let sequence = this.#sequences.get(name);
    if (sequence === undefined) {
      this.#sequences.set(name, sequence = new ChangeSequence(this.#places));
    }
    sequence.append(handle, updatedAtMs);
    this.#names[handle] = name;
  }

  /** Removes a flow; harmless if it is not there. */
  remove(handle: number): void {
    const name = this.#names[handle];
    if (name === undefined) return;
    this.#names[handle] = undefined;
    const sequence = this.#sequences.get(name)!;
    sequence.remove(handle);
    if (sequence.size === 0) this.#sequences.delete(name);
  }

  /** Where a flow stands, undefined if it is not there. */
  placeOf(handle: number): { readonly name: string; readonly updatedAtMs: number } | undefined {
    const name = this.#names[handle];
    if (name === undefined) return undefined;
    const updatedAtMs = this.#sequences.get(name)?.timeOf(handle);
    return updatedAtMs === undefined ? undefined : { name, updatedAtMs };
  }

  /** Yields what it holds. It may change meanwhile: some may be missed then. */
  *members(): Generator<IndexedMember> {
    for (const sequence of this.#sequences.values()) yield* sequence.members();
  }

  /** How many flows have a name. */
  count(name: string): number {
    return this.#sequences.get(name)?.size ?? 0;
  }

  /** Yields the flows of a name by the time of their last change, then by id. */
  walk(name: string, walk: ChangeWalk = {}): Generator<number> {
    const sequence = this.#sequences.get(name);
    return walkChanges(this.#members, sequence === undefined ? [] : [sequence], walk);
  }
}
