/**
 * The flows that were seen last.
 *
 * @module
 */
import { RecentHandles } from "../../../index/mod.ts";
import type { Flow } from "../flow.ts";
import type { FlowKey } from "../flow_key.ts";

/**
 * Flows that were seen last are kept as objects, so many: a power of two, and about as many as the
 * largest batch has. With 4,096 a flow cost 1 µs more than with 512, all of it the collector's.
 */
const RECENT_COUNT = 1 << 10;

/**
 * Places for what they are found by, a few for each, so that hardly any two come to the same: with one
 * for each it was one flow of eleven, each of which had to be looked for among all.
 */
const RECENT_PLACES = 4 * RECENT_COUNT;

/** Flows that were seen last, and what they are found by. All of it can be forgotten at any time. */
export class RecentFlows {
  readonly #flows = new Array<Flow | undefined>(RECENT_COUNT);
  /** The handle of every flow that is here. */
  readonly #handles = new Float64Array(RECENT_COUNT);
  readonly #keys = new RecentKeys();
  readonly #ids = new RecentHandles(RECENT_PLACES);

  /** The flow with a handle, if it is here. */
  at(handle: number): Flow | undefined {
    const place = handle & (RECENT_COUNT - 1);
    return this.#handles[place] === handle ? this.#flows[place] : undefined;
  }

  /** The flow with an identity, if it is here. */
  find(partitionKey: string, id: string): Flow | undefined {
    const flow = this.at(this.#ids.find(id));
    const isIt = flow?.identity.id === id && flow.identity.partitionKey === partitionKey;
    return isIt ? flow : undefined;
  }

  /** The handle of a key, -1 if it was not seen lately. */
  handleOf(key: FlowKey): number {
    return this.#keys.handleOf(key);
  }

  /** Notes that a flow was seen. */
  note(handle: number, flow: Flow): void {
    this.#ids.note(flow.identity.id, handle);
    this.replace(handle, flow);
  }

  /** Notes what has become of a flow. */
  replace(handle: number, flow: Flow): void {
    const place = handle & (RECENT_COUNT - 1);
    this.#flows[place] = flow;
    this.#handles[place] = handle;
    this.#keys.note(flow.key, handle);
  }

  /** Forgets a flow, since its handle may be given to another one. */
  delete(handle: number, key: FlowKey): void {
    const place = handle & (RECENT_COUNT - 1);
    if (this.#handles[place] === handle) this.#flows[place] = undefined;
    this.#keys.forget(key);
  }
}

/** The handles of the keys that were seen last: numbers in one place, where chains are all over it. */
class RecentKeys {
  readonly #keys = new Uint32Array(2 * RECENT_PLACES);
  /** The handles, plus 1. */
  readonly #handles = new Float64Array(RECENT_PLACES);

  /** The handle of a key, -1 if it was not seen lately. */
  handleOf(key: FlowKey): number {
    const place = placeOf(key);
    const isHere = this.#keys[2 * place] === key.lo && this.#keys[2 * place + 1] === key.hi;
    return isHere ? this.#handles[place]! - 1 : -1;
  }

  /** Notes that a flow was seen. */
  note(key: FlowKey, handle: number): void {
    const place = placeOf(key);
    this.#keys[2 * place] = key.lo;
    this.#keys[2 * place + 1] = key.hi;
    this.#handles[place] = handle + 1;
  }

  /** Forgets that a flow was seen. */
  forget(key: FlowKey): void {
    if (this.handleOf(key) >= 0) this.#handles[placeOf(key)] = 0;
  }
}

function placeOf({ lo }: FlowKey): number {
  return (lo >>> 2) & (RECENT_PLACES - 1);
}
