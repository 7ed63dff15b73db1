/**
 * The flows that one command has changed.
 *
 * @module
 */
import { isSameHash } from "../../codec/mod.ts";
import type { Flow } from "./flow.ts";
import { type FlowKey, numberOfKey } from "./flow_key.ts";

/**
 * Flows as a command has left them so far, found by their keys: most commands change one, and texts
 * as keys of a map took four times as long.
 */
export class ChangedFlows {
  #first: Flow | undefined;
  /** By the number of the key. Made for the second flow, and then all stand there. */
  #byNumber: Map<number, Flow> | undefined;
  /** Those whose number another flow has. Mostly none. */
  #others: Flow[] | undefined;

  /** Notes what has become of a flow. */
  set(flow: Flow): void {
    if (this.#first === undefined || isSameHash(this.#first.key, flow.key)) this.#first = flow;
    else this.#byNumber ??= new Map([[numberOfKey(this.#first.key), this.#first]]);
    if (this.#byNumber !== undefined) this.#setIn(this.#byNumber, flow);
  }

  /** The flow with a key. */
  get(key: FlowKey): Flow | undefined {
    const flow = this.#at(key);
    if (flow === undefined || isSameHash(flow.key, key)) return flow;
    return this.#others?.find((other) => isSameHash(other.key, key));
  }

  /**
   * The flow with an identity.
   *
   * @param key The first of the keys that it may have.
   */
  find(key: FlowKey, partitionKey: string, id: string): Flow | undefined {
    const flow = this.#at(key);
    if (flow === undefined || isNamed(flow, partitionKey, id)) return flow;
    return this.#others?.find((other) => isNamed(other, partitionKey, id));
  }

  /** A flow that may be the one with a key; if there is none, there is none with that key. */
  #at(key: FlowKey): Flow | undefined {
    return this.#byNumber === undefined ? this.#first : this.#byNumber.get(numberOfKey(key));
  }

  #setIn(flows: Map<number, Flow>, flow: Flow): void {
    const number = numberOfKey(flow.key);
    const known = flows.get(number);
    if (known === undefined || isSameHash(known.key, flow.key)) {
      flows.set(number, flow);
      return;
    }
    const others = this.#others ??= [];
    const index = others.findIndex(({ key }) => isSameHash(key, flow.key));
    if (index < 0) others.push(flow);
    else others[index] = flow;
  }
}

function isNamed({ identity }: Flow, partitionKey: string, id: string): boolean {
  return identity.id === id && identity.partitionKey === partitionKey;
}
