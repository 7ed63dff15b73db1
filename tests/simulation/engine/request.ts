/**
 * Calls on a store, each with what the model does and says instead.
 *
 * @module
 */

import type { FlowRecord, FlowStore, Page } from "../../../src/flow/mod.ts";
import { type Random, randomBelow } from "../../../src/time/mod.ts";
import type { ModelKey } from "../../flow/model/kv.ts";
import type { Model, ModelClaim, ModelFlow } from "../../flow/model/model.ts";
import { showFlow, type Shown } from "../flow_view.ts";

/** What the model answers. */
export interface ModelAnswer {
  /** What the answer has to show. Asked once tokens and due times are known. */
  show(): Shown;
  /** The flow, if it is the only thing that the answer gives away. */
  readonly flow?: ModelFlow;
  /** The key, if it is. */
  readonly key?: ModelKey;
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
  /** Asks for what follows a page. */
  readonly nextPage?: (page: Page<FlowRecord>) => EngineRequest | undefined;
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

/** Options that are not typed here: the store checks them, and the model is told the same. */
export type Raw = Record<string, unknown>;

type Methods = Record<string, (...given: unknown[]) => Promise<unknown>>;

/** Values that go inline, and values that go ahead in parts. */
const VALUES: readonly unknown[] = [null, 7, { a: [true] }, "x".repeat(90), new Uint8Array(9)];
const LARGE_VALUES: readonly unknown[] = [
  "y".repeat(150),
  "z".repeat(700),
  Uint8Array.from({ length: 300 }, (_, index) => index),
];

/** How far away due times are. */
export const DELAYS_MS: readonly number[] = [0, 5, 40, 1_500];

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

/** A call. */
export function request(
  name: string,
  given: readonly unknown[],
  perform: (model: Model) => ModelAnswer,
  rest: Partial<EngineRequest> = {},
): EngineRequest {
  return {
    name,
    given,
    itemCount: 1,
    send: (store: FlowStore) => (store as unknown as Methods)[name]!(...given),
    perform,
    ...rest,
  };
}

/** A call with many items. */
export function batch(
  name: string,
  items: readonly unknown[],
  common: Raw,
  perform: (model: Model) => Parameters<typeof manyFlows>[1],
): EngineRequest {
  return request(name, [items, common], (model) => manyFlows(model, perform(model)), {
    itemCount: items.length,
  });
}

/** A payload, result or error, or none. */
export function drawValue(dice: Dice): unknown {
  if (dice.percent(40)) return undefined;
  return dice.pick(dice.percent(35) ? LARGE_VALUES : VALUES);
}

/** The caller's own time, rarely given. */
export function drawTime(dice: Dice, model: Model): Raw {
  return dice.percent(4) ? { nowMs: model.nowMs + dice.pick([-5, 0, 3, 400]) } : {};
}

/** An instant so much later. */
export function after(model: Model, delayMs: number | undefined): number | undefined {
  return delayMs === undefined ? undefined : model.nowMs + delayMs;
}

/** Items of which no two name the same flow in the same words. */
export function distinct<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => { readonly id: string; readonly partitionKey?: string | undefined },
): Item[] {
  const named = new Map(items.map((item) => {
    const { id, partitionKey } = nameOf(item);
    return [JSON.stringify([id, partitionKey]), item];
  }));
  return [...named.values()];
}

/** Without the members that are undefined: as callers write it. */
export function given<Members extends object>(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Members;
}
