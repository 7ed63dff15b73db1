/**
 * Looking for the rows of a list before it is decided.
 *
 * @module
 */
import { isFileFault } from "../errors.ts";
import { type FlowState, RowSearch, type RowsFound, type SearchedRows } from "../flow/core/mod.ts";
import type { Prepared } from "./preparation.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** What a query for rows is prepared with: they may be few among millions. */
export class Searching implements Prepared {
  readonly givesWay = false;
  readonly #shards: Pick<Shards, "now" | "ended">;
  readonly #on: readonly Shard[];
  readonly #rows: SearchedRows;
  /** By state: in one that is built anew nothing was found. */
  readonly #searches = new Map<FlowState, RowSearch>();
  #isOver = false;

  /** @param on The shards that may have the flows. */
  constructor(shards: Pick<Shards, "now" | "ended">, on: readonly Shard[], rows: SearchedRows) {
    this.#shards = shards;
    this.#on = on;
    this.#rows = rows;
  }

  /** What was found in a state; undefined: nothing was looked for. */
  readonly in: RowsFound = (state) => this.#searches.get(state);

  isPrepared(): boolean {
    if (this.#isOver || this.#shards.ended !== undefined) return true;
    return this.#on.every(({ state }) => RowSearch.isShort(state.flows, this.#rows));
  }

  prepare(): boolean {
    try {
      return this.#isOver = this.#on.every(({ state }) => this.#slice(state.flows));
    } catch (error) {
      if (!isFileFault(error)) throw error;
      // The decision will meet it, too, and whoever has called hears of it.
      return this.#isOver = true;
    }
  }

  #slice(state: FlowState): boolean {
    const nowMs = this.#shards.now();
    let search = this.#searches.get(state);
    if (search === undefined) {
      search = new RowSearch(state, this.#rows, nowMs);
      this.#searches.set(state, search);
    }
    return search.slice(nowMs);
  }
}
