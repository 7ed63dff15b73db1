/**
 * Queries that see more than one flow.
 *
 * @module
 */
import {
  type FlowState,
  type InfoQuery,
  type ParseContext,
  PartitionCounts,
  readInfo,
  readSearched,
  readStuck,
  readTypes,
  type Reply,
  RowSearch,
  type SearchedRows,
  type StuckQuery,
} from "../../flow/core/mod.ts";
import type * as flow from "../../flow/mod.ts";
import { verdictOn } from "../calls/verdict.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { Dividing } from "./dividing.ts";
import { Survey } from "./survey.ts";

/** Checks the arguments of a command or query. */
export type Parse<Parsed> = (subject: unknown, options: unknown, context: ParseContext) => Parsed;

/** Answers a query. */
type Read<Query> = (shards: readonly FlowState[], query: Query, nowMs: number) => Reply;

/** What a query of a type asks for. */
interface TypeQuery {
  /** Null: every partition. */
  readonly partitionKey: string | null;
}

/** Answers queries, over one shard or several. */
export class TypeQueries {
  readonly #shards: Shards;

  /** @param shards They have the flows. */
  constructor(shards: Shards) {
    this.#shards = shards;
  }

  /** Answers one whose rows may be few among very many flows. */
  rows<T>(rows: SearchedRows): Promise<T> {
    const search = new Survey({
      shards: this.#shards,
      on: this.#shardsOf(rows),
      isWorthIt: (state) => !RowSearch.isShort(state, rows, this.#shards.now()),
      begin: (state, nowMs) => new RowSearch(state, rows, nowMs),
    });
    const read: Read<SearchedRows> = (...given) => readSearched(...given, search.of);
    return this.#shards.preparation.led(search, () => this.#answer<SearchedRows, T>(read, rows));
  }

  /** Answers `types`. */
  types(): Promise<string[]> {
    const query = { partitionKey: null };
    return this.#answer((states, _, nowMs) => readTypes(states, nowMs), query);
  }

  /** Answers `info`. */
  info(query: InfoQuery): Promise<flow.FlowInfo> {
    const on = this.#shardsOf(query);
    const count = new Survey({
      shards: this.#shards,
      on,
      isWorthIt: (state) => PartitionCounts.areWorthIt(state, query),
      begin: (state) => new PartitionCounts(state, query),
    });
    const read: Read<InfoQuery> = (...given) => readInfo(...given, count.of);
    const dividing = new Dividing(this.#shards, on, query);
    const { preparation } = this.#shards;
    return preparation.led(
      dividing,
      () => preparation.led(count, () => this.#answer(read, query)),
    );
  }

  /** Answers `stuck`. */
  stuck<T>(query: StuckQuery): Promise<T> {
    const dividing = new Dividing(this.#shards, this.#shardsOf(query), query);
    return this.#shards.preparation.led(dividing, () => this.#answer(readStuck, query));
  }

  /** Decides a query, and answers it. */
  #answer<Query extends TypeQuery, T>(read: Read<Query>, query: Query): Promise<T> {
    const on = this.#shardsOf(query);
    return this.#shards.closer.callOnAll(() => {
      const states = on.map(({ state }) => state.flows);
      return verdictOn<T>(this.#shards, read(states, query, this.#shards.settledNow()), on);
    });
  }

  #shardsOf({ partitionKey }: TypeQuery): readonly Shard[] {
    return this.#shards.router.shardsOf(partitionKey === null ? null : [partitionKey]);
  }
}
