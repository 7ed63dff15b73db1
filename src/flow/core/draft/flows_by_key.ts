/**
 * The flows that one command is about.
 *
 * @module
 */
import { isSameHash } from "../../../codec/mod.ts";
import type { Flow } from "../flow.ts";
import { type FlowKey, numberOfKey } from "../flow_key.ts";

/** Places that there are at first, a power of two. Most commands are about one flow. */
const FIRST_PLACES = 4;

/**
 * Flows found by their keys, in an array with room for twice as many: what is not in the place of its
 * key is in one of the next. A map with the numbers of keys took twice as long, one with texts eight
 * times.
 */
export class FlowsByKey {
  #places: (Flow | undefined)[] = [];
  #size = 0;

  /** Makes room for so many more flows at once. */
  reserve(count: number): void {
    let length = FIRST_PLACES;
    while (length <= 2 * (this.#size + count)) length *= 2;
    if (length > this.#places.length) this.#grow(length);
  }

  /** Adds a flow, or puts it in the place of the one with its key. */
  set(flow: Flow): void {
    if (2 * this.#size >= this.#places.length) {
      this.#grow(Math.max(FIRST_PLACES, 4 * this.#places.length));
    }
    const place = this.#placeOf(flow.key);
    if (this.#places[place] === undefined) this.#size++;
    this.#places[place] = flow;
  }

  /** The flow with a key. */
  get(key: FlowKey): Flow | undefined {
    return this.#size === 0 ? undefined : this.#places[this.#placeOf(key)];
  }

  /**
   * The flow with an identity.
   *
   * @param key The first of the keys that it may have: the others are looked for in the same places.
   */
  find(key: FlowKey, partitionKey: string, id: string): Flow | undefined {
    if (this.#size === 0) return undefined;
    const places = this.#places;
    for (let place = numberOfKey(key);; place++) {
      const flow = places[place & (places.length - 1)];
      if (flow === undefined) return undefined;
      if (flow.identity.id === id && flow.identity.partitionKey === partitionKey) return flow;
    }
  }

  /** The place of the flow with a key, or the one that it would have. */
  #placeOf(key: FlowKey): number {
    const places = this.#places;
    for (let place = numberOfKey(key);; place++) {
      const at = place & (places.length - 1);
      const flow = places[at];
      if (flow === undefined || isSameHash(flow.key, key)) return at;
    }
  }

  #grow(length: number): void {
    const before = this.#places;
    this.#places = new Array<Flow | undefined>(length).fill(undefined);
    for (const flow of before) if (flow !== undefined) this.#places[this.#placeOf(flow.key)] = flow;
  }
}
