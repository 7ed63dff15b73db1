/**
 * Flows in the middle of their creation.
 *
 * @module
 */
import type { ByteSpan } from "../../../codec/mod.ts";
import type { Identity } from "../flow.ts";
import type { FlowKey } from "../flow_key.ts";

/** A flow that has a body, but no control block yet: the next records of its command bring it. */
export interface NascentFlow {
  /** Its key. */
  readonly key: FlowKey;
  /** What it is for life. */
  readonly identity: Identity;
  /** The LSN of its body. */
  readonly bodyLsn: number;
  /** What the record of its body says; undefined: nobody has it at hand. */
  readonly body: ByteSpan | undefined;
}

/** A few nascent flows, mostly one: they are looked through. */
export class NascentFlows {
  readonly #flows: NascentFlow[] = [];

  /** How many there are. */
  get size(): number {
    return this.#flows.length;
  }

  /** Adds a flow. One with the same key that was never finished is forgotten. */
  add(flow: NascentFlow): void {
    this.take(flow.key);
    this.#flows.push(flow);
  }

  /** Takes the flow with a key out, if it is there. */
  take({ hi, lo }: FlowKey): NascentFlow | undefined {
    const flows = this.#flows;
    for (let index = flows.length - 1; index >= 0; index--) {
      const flow = flows[index]!;
      if (flow.key.lo !== lo || flow.key.hi !== hi) continue;
      if (index === flows.length - 1) flows.pop();
      else flows.splice(index, 1);
      return flow;
    }
    return undefined;
  }
}
