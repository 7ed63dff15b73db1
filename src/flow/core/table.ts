/**
 * Where flows are kept in memory.
 *
 * @module
 */
import { invariant } from "../../invariant.ts";
import type { Members } from "../../index/mod.ts";
import type { Flow } from "./flow.ts";
import { type FlowKey, packKey } from "./flow_key.ts";

/**
 * All flows. What it gives out is a snapshot: it may be made on demand, so nobody relies on getting
 * the same object twice.
 */
export interface FlowTable extends Members {
  /** How many flows there are. */
  readonly size: number;
  /** The flow with a key. */
  get(key: FlowKey): Flow | undefined;
  /** The flow with an identity. */
  find(partitionKey: string, id: string): Flow | undefined;
  /** The flows with an id, in whatever partitions. */
  findAll(id: string): Flow[];
  /** The flow with a handle. */
  at(handle: number): Flow;
  /** Adds a flow whose key is new. Returns its handle, which stays the same for life. */
  add(flow: Flow): number;
  /** Replaces the flow with a handle by what has become of it. */
  replace(handle: number, flow: Flow): void;
  /** Removes a flow. Its handle may be given to another one. */
  delete(key: FlowKey): void;
  /** The handle of a flow. */
  handleOf(key: FlowKey): number | undefined;
  /** All flows, in no order. */
  [Symbol.iterator](): Iterator<Flow>;
}

/** A table of plain objects. */
export class PlainTable implements FlowTable {
  readonly #flows: (Flow | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byKey = new Map<string, number>();
  /** Most ids are in one partition only; the others have a handle by partition. */
  readonly #byId = new Map<string, number | Map<string, number>>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: FlowKey): Flow | undefined {
    const handle = this.handleOf(key);
    return handle === undefined ? undefined : this.at(handle);
  }

  find(partitionKey: string, id: string): Flow | undefined {
    const found = this.#byId.get(id);
    if (found === undefined) return undefined;
    if (typeof found !== "number") {
      const handle = found.get(partitionKey);
      return handle === undefined ? undefined : this.at(handle);
    }
    const flow = this.at(found);
    return flow.identity.partitionKey === partitionKey ? flow : undefined;
  }

  findAll(id: string): Flow[] {
    const found = this.#byId.get(id);
    if (found === undefined) return [];
    if (typeof found === "number") return [this.at(found)];
    return [...found.values()].map((handle) => this.at(handle));
  }

  at(handle: number): Flow {
    const flow = this.#flows[handle];
    // Not the message as an argument: it would be made every time.
    if (flow === undefined) invariant(false, `no flow has the handle ${handle}`);
    return flow;
  }

  idOf(handle: number): string {
    return this.at(handle).identity.id;
  }

  partitionOf(handle: number): string {
    return this.at(handle).identity.partitionKey;
  }

  add(flow: Flow): number {
    const handle = this.#free.pop() ?? this.#flows.length;
    this.#flows[handle] = flow;
    this.#byKey.set(packKey(flow.key), handle);
    this.#addId(flow.identity.id, flow.identity.partitionKey, handle);
    return handle;
  }

  replace(handle: number, flow: Flow): void {
    this.#flows[handle] = flow;
  }

  delete(key: FlowKey): void {
    const handle = this.handleOf(key);
    if (handle === undefined) return;
    const { id, partitionKey } = this.at(handle).identity;
    this.#byKey.delete(packKey(key));
    this.#removeId(id, partitionKey);
    this.#flows[handle] = undefined;
    this.#free.push(handle);
  }

  handleOf(key: FlowKey): number | undefined {
    return this.#byKey.get(packKey(key));
  }

  *[Symbol.iterator](): Iterator<Flow> {
    for (const flow of this.#flows) if (flow !== undefined) yield flow;
  }

  #addId(id: string, partitionKey: string, handle: number): void {
    const found = this.#byId.get(id);
    if (found === undefined) {
      this.#byId.set(id, handle);
    } else if (typeof found === "number") {
      this.#byId.set(id, new Map([[this.partitionOf(found), found], [partitionKey, handle]]));
    } else {
      found.set(partitionKey, handle);
    }
  }

  #removeId(id: string, partitionKey: string): void {
    const found = this.#byId.get(id);
    if (found instanceof Map) {
      found.delete(partitionKey);
      if (found.size > 0) return;
    }
    this.#byId.delete(id);
  }
}
