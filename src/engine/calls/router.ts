/**
 * Which shards a call goes to.
 *
 * @module
 */
import {
  ALONE,
  type FlowLookup,
  type FlowTarget,
  isMeant,
  lookupIn,
  type Neighbours,
  type Route,
  type ShardMap,
} from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import { isExpected } from "../upkeep/courier.ts";

/** Finds the shards of a store by what is in them. */
export class Router {
  /** All shards, by number. */
  readonly all: readonly Shard[];
  readonly #map: ShardMap;

  /**
   * @param map Which shard has which partition.
   * @param all The shards; they may still be missing while they are built.
   */
  constructor(map: ShardMap, all: readonly Shard[]) {
    this.#map = map;
    this.all = all;
  }

  /** The shard that keeps what belongs to no partition. */
  get first(): Shard {
    return this.all[0]!;
  }

  /** The shard of a partition. */
  shardOf(partitionKey: string): Shard {
    return this.all[this.#map.shardOf(partitionKey)]!;
  }

  /** The shards of some partitions, or all if none are named. */
  shardsOf(partitionKeys: readonly string[] | null): readonly Shard[] {
    if (partitionKeys === null || this.all.length === 1) return this.all;
    return [...new Set(partitionKeys.map((partitionKey) => this.shardOf(partitionKey)))];
  }

  /** The shards that have to be looked at to find a flow. */
  shardsFor({ partitionKey }: FlowTarget): readonly Shard[] {
    return this.shardsOf(partitionKey === undefined ? null : [partitionKey]);
  }

  /** The flows among which one is that somebody names. */
  flowsFor(target: FlowTarget): FlowLookup {
    return lookupIn(this.shardsFor(target).map(({ state }) => state.flows.table));
  }

  /** The shard that has a flow; if none has it, one that will say so. */
  shardWith(target: FlowTarget, nowMs: number): Shard {
    const { id, partitionKey } = target;
    if (partitionKey !== undefined) return this.shardOf(partitionKey);
    const isHolder = ({ state }: Shard): boolean => {
      for (const flow of state.flows.table.findAll(id)) {
        if (isMeant(flow, target, nowMs)) return true;
      }
      return false;
    };
    return (this.all.length === 1 ? undefined : this.all.find(isHolder)) ?? this.first;
  }

  /** The shard that decides a command which concerns only one. */
  shardFor(route: Route, nowMs: number): Shard {
    switch (route.to) {
      case "flow":
        return this.shardWith(route.target, nowMs);
      case "partition":
        return this.shardOf(route.partitionKey);
      default:
        return this.first;
    }
  }

  /** What a command of a shard may know of the others. */
  neighboursOf(shard: number): Neighbours {
    if (this.#map.count === 1) return ALONE;
    return {
      shard,
      shardOf: (partitionKey) => this.#map.shardOf(partitionKey),
      find: (partitionKey, id) =>
        this.shardOf(partitionKey).state.flows.table.find(partitionKey, id),
      findAll: (id) =>
        lookupIn(
          this.all.filter(({ number }) => number !== shard).map(({ state }) => state.flows.table),
        ).findAll(id),
      isExpected: (partitionKey, id) =>
        isExpected(this.all, this.shardOf(partitionKey), { partitionKey, id }),
      durableLsn: (number) => this.all[number]?.life.durableLsn ?? 0,
    };
  }
}
