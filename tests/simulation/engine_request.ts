/**
 * Calls on a store, each with what the model does and says instead.
 *
 * @module
 */

import type { FlowStore } from "../../src/flow/mod.ts";
import { type Random, randomBelow } from "../../src/time/mod.ts";
import type { Model, ModelClaim, ModelFlow } from "../flow/model.ts";
import { showFlow, type Shown } from "./flow_view.ts";

/** What the model answers. */
export interface ModelAnswer {
  /** What the answer has to show. Asked once tokens and due times are known. */
  show(): Shown;
  /** The flow, if it is the only thing that the answer gives away. */
  readonly flow?: ModelFlow;
}

/** One call. */
export interface EngineRequest {
  /** The name of the method. */
  readonly name: string;
  /** What is handed over, for the report. */
  readonly given: readonly unknown[];
  /** How many flows it may write: many may be too many for one frame. */
  readonly itemCount: number;
  /** Calls the store. */
  send(store: FlowStore): Promise<unknown>;
  /**
   * Does the same to the model. The same again on the same model, since what was decided may have to
   * be decided again.
   *
   * @throws {Refusal} As the store has to refuse.
   */
  perform(model: Model): ModelAnswer;
  /** What a claim takes. */
  readonly claim?: ModelClaim;
  /** Ends the wait of a claim. */
  readonly abort?: AbortController;
}

/** Somebody rolling dice. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number below `count`. */
  below(count: number): number {
    return randomBelow(this.#random, count);
  }

  /** True in so many of a hundred cases. */
  percent(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of them. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(Math.max(1, from.length))]!;
  }

  /** One of them or nothing, in so many of a hundred cases something. */
  maybe<T>(percent: number, from: readonly T[]): T | undefined {
    return this.percent(percent) ? this.pick(from) : undefined;
  }

  /** Between one and `countMax` things. */
  some<T>(countMax: number, draw: () => T): T[] {
    return Array.from({ length: 1 + this.below(countMax) }, draw);
  }
}

/** Few enough names for everything to collide. */
export const IDS: readonly string[] = ["f", "g", "h", "i"];
export const PARTITIONS: readonly string[] = ["p", "q"];
export const TYPES: readonly string[] = ["t", "t", "t", "u"];
export const STATES: readonly string[] = ["a", "b", "queued"];

/** An answer with one flow. `maxBytes`: with its values. */
export function oneFlow(flow: ModelFlow, maxBytes?: number): ModelAnswer {
  return { flow, show: () => showFlow(flow, maxBytes) };
}

/** An answer with flows, or codes of refusals. */
export function manyFlows(
  model: Model,
  flows: readonly (ModelFlow | string)[],
  maxBytes?: number,
): ModelAnswer {
  return {
    show: () =>
      flows.map((flow) =>
        typeof flow === "string" ? flow : showFlow(withDueTime(model, flow), maxBytes)
      ),
  };
}

/** A copy of a flow that was made before its due time was known. */
function withDueTime(model: Model, flow: ModelFlow): ModelFlow {
  if (flow.dueRange === null) return flow;
  const now = model.flows.find(({ id, partitionKey }) =>
    id === flow.id && partitionKey === flow.partitionKey
  );
  return { ...flow, dueMs: now!.dueMs };
}
