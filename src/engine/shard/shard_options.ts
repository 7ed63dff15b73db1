/**
 * What shards are made of.
 *
 * @module
 */
import type { SipKey } from "../../codec/mod.ts";
import type { FlowError } from "../../errors.ts";
import type { CoolingPlan, Effect, Neighbours, Policies, ShardMap } from "../../flow/core/mod.ts";
import type { Log, Origin } from "../../log/mod.ts";
import type { Time } from "../../time/mod.ts";
import type { Admission } from "../calls/admission.ts";
import type { CheckpointPlan } from "../checkpoints/checkpoint_plan.ts";
import type { Checkpoints } from "../checkpoints/checkpoints.ts";
import type { DiskRoom } from "../disk/disk_room.ts";
import type { MergePlan } from "../merges/merge_plan.ts";
import type { StoreLimits } from "../options.ts";
import type { SweepPlan } from "../upkeep/sweeper.ts";
import type { Shard } from "./shard.ts";

/** What a shard tells the store that it belongs to. */
export interface ShardHost {
  /** Whether there is room for new work. */
  readonly admission: Admission;
  /** Why nothing is served any more; undefined while it is. */
  readonly ended: FlowError | undefined;
  /** Frames have become durable. */
  committed(shard: Shard): void;
  /** What was decided ahead of the log has never happened: what stood on it is decided again. */
  startedAgain(shard: Shard): void;
  /** Nobody can know what is on disk, or memory cannot be trusted. */
  lose(cause: unknown): FlowError;
  /**
   * Does what nobody has called for who could hear of an error: the host would end the process for
   * it. It has come in the middle of something, so nothing is served any more.
   */
  guard(act: () => void): void;
  /** Effects of a shard have changed its state, of which the first has an LSN. */
  wrote(shard: Shard, effects: readonly Effect[], firstLsn: number): void;
  /** There is something to do at the end of the turn. */
  scheduleTurn(): void;
}

/** What a shard is made of. */
export interface ShardOptions {
  /** The log; the shard is its only writer. */
  readonly log: Log;
  /** Time and randomness. */
  readonly time: Time;
  /** The key that flows get their keys by. */
  readonly hashKey: SipKey;
  /** Every fencing number that is given away is above this. Default 0. */
  readonly fencingFloor?: number | undefined;
  /** The stores that this one was restored from. Default: none. */
  readonly origins?: readonly Origin[] | undefined;
  /** Knows what the log says up to a place, perhaps. Default: nobody does. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Limits of the store. */
  readonly limits: StoreLimits;
  /** Whether the files of the log are in memory, and nowhere else. Default: they are on a disk. */
  readonly isLogInMemory?: boolean | undefined;
  /** Who it is, and the shards beside it. */
  readonly neighbours: Neighbours;
  /** Policies that another shard has. Default: this one has them. */
  readonly policies?: Policies | undefined;
  /** When flows become cold. */
  readonly coolingPlan?: CoolingPlan | undefined;
  /** The store that it belongs to. */
  readonly host: ShardHost;
}

/** What the shards of a store are made of. */
export interface ShardsOptions
  extends Omit<ShardOptions, "log" | "neighbours" | "policies" | "host"> {
  /** Their logs, by number; each has one shard as its only writer. */
  readonly logs: readonly Log[];
  /** Which shard has which partition. Default: there is one shard. */
  readonly map?: ShardMap;
  /** How and when flows and keys are removed that are over. Default: every minute. */
  readonly sweepPlan?: SweepPlan;
  /** When segments are merged. Default: in the background. */
  readonly mergePlan?: MergePlan | undefined;
  /** When checkpoints are written. Default: now and then, and in the end. */
  readonly checkpointPlan?: CheckpointPlan | undefined;
  /** The room on the disk. Default: there is no end of it. */
  readonly disk?: DiskRoom | undefined;
}
