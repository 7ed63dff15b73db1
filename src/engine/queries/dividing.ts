/**
 * Dividing flows by partition before a query is decided that asks for one.
 *
 * @module
 */
import { divideFor, type StuckQuery } from "../../flow/core/mod.ts";
import type { Prepared } from "../calls/preparation.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";

/** What `stuck` and `info` of a partition are prepared with, as claims are. */
export class Dividing implements Prepared {
  readonly givesWay = false;
  readonly #shards: Pick<Shards, "ended">;
  readonly #on: readonly Shard[];
  readonly #query: Pick<StuckQuery, "type" | "partitionKey">;

  /** @param on The shards that may have the partition. */
  constructor(
    shards: Pick<Shards, "ended">,
    on: readonly Shard[],
    query: Pick<StuckQuery, "type" | "partitionKey">,
  ) {
    this.#shards = shards;
    this.#on = on;
    this.#query = query;
  }

  isPrepared(): boolean {
    return this.#shards.ended !== undefined || this.#divide(0);
  }

  prepare(): boolean {
    return this.#divide();
  }

  #divide(steps?: number): boolean {
    return this.#on.every(({ state }) => divideFor(state.flows, this.#query, steps));
  }
}
