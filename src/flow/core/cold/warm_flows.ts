/**
 * Cold flows that are in the table as well.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";

/** The seats of warm flows, by handle. There may be millions whose time is near. */
export class WarmFlows {
  /** Those that somebody has looked up, those first that have been warm longest. */
  readonly #idle = new Map<number, number>();
  /** Those that are in the indexes of times: they stay until they change. */
  readonly #awake = new Map<number, number>();

  /** How many there are. */
  get size(): number {
    return this.#idle.size + this.#awake.size;
  }

  /** The seat of a flow, undefined if it is not warm. */
  seatOf(handle: number): number | undefined {
    return this.size === 0 ? undefined : this.#idle.get(handle) ?? this.#awake.get(handle);
  }

  /** Adds a flow that is not awake. */
  add(handle: number, seat: number): void {
    this.#idle.set(handle, seat);
  }

  /** A flow is awake from now on. Returns its seat. */
  awoke(handle: number): number {
    const seat = this.take(handle);
    this.#awake.set(handle, seat);
    return seat;
  }

  /** Removes a flow. Returns its seat. */
  take(handle: number): number {
    const seat = this.seatOf(handle);
    if (seat === undefined) invariant(false, `handle ${handle} is of no warm flow`);
    if (!this.#idle.delete(handle)) this.#awake.delete(handle);
    return seat;
  }

  /** The handles of those that are not awake, those first that have been warm longest. */
  idle(): Iterable<number> {
    return this.#idle.keys();
  }
}
