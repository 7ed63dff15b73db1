/**
 * What the store in this process can be asked.
 *
 * @module
 */
import {
  endedRows,
  type LineageQuery,
  listedRows,
  parseByCorrelation,
  parseByParent,
  parseByRoot,
  type ParseContext,
  parseDefine,
  parseEvents,
  parseFailures,
  parseGet,
  parseHistory,
  parseInfo,
  parseLeaseWatch,
  parseList,
  parsePolicyGet,
  parseStuck,
  parseTerminals,
  parseValueMget,
  readPolicy,
  readValues,
  relatedRows,
  valuePlace,
} from "../flow/core/mod.ts";
import type * as flow from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";
import type { Callers } from "./calls/caller.ts";
import { flowVerdict, historyVerdict, verdictOn } from "./calls/verdict.ts";
import { Definitions } from "./definitions.ts";
import type { EventCursors } from "./events/event_cursor.ts";
import { FeedStream } from "./events/event_stream.ts";
import { healthOf, type StoreHealth } from "./health/health.ts";
import { statsOf, type StoreStats } from "./health/stats.ts";
import { type Parse, TypeQueries } from "./queries/type_queries.ts";
import type { Shards } from "./shards.ts";

/** What queries need of the store around them. */
export interface QueryParts {
  /** The shards. */
  readonly shards: Shards;
  /** The time of the shards. */
  readonly time: Time;
  /** What arguments are checked against. */
  readonly parse: ParseContext;
  /** Who hears of what is refused. */
  readonly callers: Callers;
  /** The cursors of its events. */
  readonly cursors: EventCursors;
}

/** Queries over one shard or several. */
export class EmbeddedQueries {
  /** The clock that commands happen by. */
  readonly time: Time;
  readonly #shards: Shards;
  readonly #parse: ParseContext;
  readonly #callers: Callers;
  readonly #cursors: EventCursors;
  readonly #queries: TypeQueries;
  readonly #definitions = new Definitions();

  constructor({ shards, time, parse, callers, cursors }: QueryParts) {
    this.#cursors = cursors;
    this.#callers = callers;
    this.time = time;
    this.#shards = shards;
    this.#parse = parse;
    this.#queries = new TypeQueries(shards);
  }

  get(flow: flow.FlowRef, options?: flow.GetOptions): Promise<flow.FlowRecord | null> {
    return this.#callers.told(() => {
      const query = parseGet(flow, options, this.#parse);
      const on = this.#shards.router.shardsFor(query.target);
      return this.#shards.call(() => flowVerdict(this.#shards, query, on), () => on);
    });
  }

  history(flow: flow.FlowRef, options?: flow.HistoryOptions): Promise<flow.HistoryEvent[]> {
    return this.#callers.told(() => {
      const query = parseHistory(flow, options, this.#parse);
      const on = this.#shards.router.shardsFor(query.target);
      return this.#shards.call(() => historyVerdict(this.#shards, query, on), () => on);
    });
  }

  // Rows or a page of them: the contract's overloads say for whom it is which.
  list(type: string, options?: flow.ListOptions): Promise<never> {
    return this.#callers.told(() =>
      this.#queries.rows(listedRows(parseList(type, options, this.#parse)))
    );
  }

  terminals(type: string, options?: flow.TerminalsOptions): Promise<never> {
    return this.#callers.told(() =>
      this.#queries.rows(endedRows(parseTerminals(type, options, this.#parse)))
    );
  }

  failures(type: string, options?: flow.FailuresOptions): Promise<never> {
    return this.#callers.told(() =>
      this.#queries.rows(endedRows(parseFailures(type, options, this.#parse)))
    );
  }

  byParent(id: string, options?: flow.ByParentOptions): Promise<never> {
    return this.#lineage(parseByParent, id, options);
  }

  byRoot(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#lineage(parseByRoot, id, options);
  }

  byCorrelation(id: string, options?: flow.LineageOptions): Promise<never> {
    return this.#lineage(parseByCorrelation, id, options);
  }

  stuck(type: string, options?: flow.StuckOptions): Promise<never> {
    return this.#callers.told(() => this.#queries.stuck(parseStuck(type, options, this.#parse)));
  }

  types(): Promise<string[]> {
    return this.#callers.told(() => this.#queries.types());
  }

  info(type: string, options?: flow.InfoOptions): Promise<flow.FlowInfo> {
    return this.#callers.told(() => this.#queries.info(parseInfo(type, options, this.#parse)));
  }

  policyGet(type: string, options?: flow.PolicyGetOptions): Promise<flow.ResolvedPolicy> {
    return this.#callers.told(() => {
      const query = parsePolicyGet(type, options, this.#parse);
      const { first } = this.#shards.router;
      return this.#shards.call(() =>
        verdictOn(this.#shards, readPolicy(first.state.flows, query), [first])
      );
    });
  }

  valueMget(refs: readonly string[]): Promise<unknown[]> {
    return this.#callers.told(() => {
      const query = parseValueMget(refs, this.#parse);
      const { all } = this.#shards;
      const named = new Set(query.lsns.map((number) => valuePlace(number ?? 0).shard));
      const on = all.length === 1 ? all : all.filter(({ number }) => named.has(number));
      return this.#shards.call(() => verdictOn(this.#shards, readValues(query), on));
    });
  }

  watchLease(flow: flow.FlowRef, options: flow.LeaseWatchOptions): () => void {
    const { target, ...watch } = parseLeaseWatch(flow, options, this.#parse);
    return this.#shards.leases.watch(target, watch);
  }

  define(type: string, outline: readonly string[]): void {
    this.#definitions.define(parseDefine(type, outline, this.#parse));
  }

  events(options?: flow.EventsOptions): flow.EventStream {
    return this.#callers.toldAtOnce(() => {
      const query = parseEvents(options, this.#parse);
      const { all, slices } = this.#shards;
      const feeds = all.map(({ feed }) => feed);
      const parts = { cursors: this.#cursors, time: this.time, callers: this.#callers };
      return new FeedStream(query, { feeds, slices, ...parts });
    });
  }

  stats(): StoreStats {
    return statsOf(this.#shards);
  }

  health(): StoreHealth {
    return healthOf(this.#shards);
  }

  #lineage(parse: Parse<LineageQuery>, id: string, options: unknown): Promise<never> {
    return this.#callers.told(() =>
      this.#queries.rows(relatedRows(parse(id, options, this.#parse)))
    );
  }
}
