/**
 * The other shards of a store, as far as a command of one shard may look at them.
 *
 * @module
 */
import type { Flow } from "../flow.ts";
import type { ValuePlace } from "../values/value_ref.ts";

/** What a command may know of the shards around its own. */
export interface Neighbours {
  /** The number of the shard that decides. */
  readonly shard: number;
  /** The number of the shard that has a partition. */
  shardOf(partitionKey: string): number;
  /** A flow of another shard, whether its retention is over or not. */
  find(partitionKey: string, id: string): Flow | undefined;
  /** The flows of other shards with an id, whether their retention is over or not. */
  findAll(id: string): Iterable<Flow>;
  /** Whether a flow is about to be born under this name that another shard has sent. */
  isExpected(partitionKey: string, id: string): boolean;
  /** The newest LSN of another shard that is durable; 0 if there is no such shard. */
  durableLsn(shard: number): number;
}

const NO_FLOWS: readonly Flow[] = [];

/** The only shard of a store. */
export const ALONE: Neighbours = {
  shard: 0,
  shardOf: () => 0,
  find: () => undefined,
  findAll: () => NO_FLOWS,
  isExpected: () => false,
  durableLsn: () => 0,
};

/**
 * Whether a value can stand in a place. What was given away is durable; in the shard that decides,
 * what will be durable with the command is as good.
 *
 * @param firstLsn The LSN that the command's first record will have.
 */
export function isStored(
  { shard, lsn }: ValuePlace,
  neighbours: Neighbours,
  firstLsn: number,
): boolean {
  const lastLsn = shard === neighbours.shard ? firstLsn - 1 : neighbours.durableLsn(shard);
  return lsn > 0 && lsn <= lastLsn;
}
