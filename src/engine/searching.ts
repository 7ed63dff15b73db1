/**
 * Looking for the rows of a list before it is decided.
 *
 * @module
 */
import { isFileFault } from "../errors.ts";
import {
  endedRows,
  type FlowState,
  listedRows,
  type ListQuery,
  readList,
  readTerminals,
  type Reply,
  RowSearch,
  type RowsFound,
  type SearchedRows,
  type TerminalsQuery,
} from "../flow/core/mod.ts";
import type { Prepared } from "./preparation.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** How a query of rows is answered. */
export interface SoughtRows<Query> {
  /** What rows it looks for. */
  readonly rowsOf: (query: Query) => SearchedRows;
  /** Answers it with what was found, and what else there is. */
  readonly read: (
    shards: readonly FlowState[],
    query: Query,
    nowMs: number,
    found: RowsFound,
  ) => Reply;
}

/** `list`. */
export const LISTED: SoughtRows<ListQuery> = { rowsOf: listedRows, read: readList };

/** `terminals` and `failures`. */
export const ENDED: SoughtRows<TerminalsQuery> = { rowsOf: endedRows, read: readTerminals };

/** What a list of a partition is prepared with: its flows may be few among millions of the type. */
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
    // Of all partitions, those that are wanted are the first ones.
    if (this.#isOver || this.#rows.partitionKey === null) return true;
    if (this.#shards.ended !== undefined) return true;
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
