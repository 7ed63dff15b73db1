/**
 * Looking at very many flows before a query over them is decided.
 *
 * @module
 */
import { isFileFault } from "../../errors.ts";
import type { FlowState } from "../../flow/core/mod.ts";
import type { Prepared } from "../calls/preparation.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";

/** What is done with the flows of one shard. */
export interface SurveyedPart {
  /** Looks at some more flows. Returns whether there is nothing left to look at for now. */
  slice(nowMs: number): boolean;
}

/** What is looked at, and how. */
export interface SurveyOptions<Part> {
  /** They know the time, and whether anything is answered any more. */
  readonly shards: Pick<Shards, "now" | "ended">;
  /** The shards that may have the flows. */
  readonly on: readonly Shard[];
  /** Whether so much is to be looked at in a shard that it is worth it. */
  readonly isWorthIt: (state: FlowState) => boolean;
  /** Begins with a shard. */
  readonly begin: (state: FlowState, nowMs: number) => Part;
}

/** What a query is prepared with that looks at all flows of a type, or has to read some. */
export class Survey<Part extends SurveyedPart> implements Prepared {
  readonly givesWay = false;
  readonly #options: SurveyOptions<Part>;
  /** By state: with one that is built anew nothing was done. */
  readonly #parts = new Map<FlowState, Part>();
  #isOver = false;

  /** Nothing was looked at yet. */
  constructor(options: SurveyOptions<Part>) {
    this.#options = options;
  }

  /** What was done with a state; undefined: nothing. */
  readonly of = (state: FlowState): Part | undefined => this.#parts.get(state);

  isPrepared(): boolean {
    const { shards, on, isWorthIt } = this.#options;
    if (this.#isOver || shards.ended !== undefined) return true;
    return !on.some(({ state }) => isWorthIt(state.flows));
  }

  prepare(): boolean {
    try {
      return this.#isOver = this.#options.on.every(({ state }) => this.#slice(state.flows));
    } catch (error) {
      if (!isFileFault(error)) throw error;
      // The decision will meet it, too, and whoever has called hears of it.
      return this.#isOver = true;
    }
  }

  #slice(state: FlowState): boolean {
    const { shards, begin } = this.#options;
    const nowMs = shards.now();
    let part = this.#parts.get(state);
    if (part === undefined) this.#parts.set(state, part = begin(state, nowMs));
    return part.slice(nowMs);
  }
}
