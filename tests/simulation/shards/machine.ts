/**
 * A process with an open store of several shards on the simulated disk.
 *
 * @module
 */

import { backUp } from "../../../src/engine/backup.ts";
import { Checkpoints } from "../../../src/engine/checkpoints/checkpoints.ts";
import { EmbeddedStore } from "../../../src/engine/embedded_store.ts";
import { EventCursors } from "../../../src/engine/events/event_cursor.ts";
import type { StoreLimits } from "../../../src/engine/options.ts";
import type { ShardsOptions } from "../../../src/engine/shard/shard_options.ts";
import { ShardState } from "../../../src/engine/shard/shard_state.ts";
import { Shards } from "../../../src/engine/shards.ts";
import type { SweepPlan } from "../../../src/engine/upkeep/sweeper.ts";
import type { VerifySubject } from "../../../src/engine/verify/verify.ts";
import type { Directory } from "../../../src/files/mod.ts";
import { ShardMap } from "../../../src/flow/core/mod.ts";
import { type Log, Manifest, openFileLogs } from "../../../src/log/mod.ts";
import { type ManualTime, type Random, seededRandom } from "../../../src/time/mod.ts";
import { assertEquals } from "../../assert.ts";
import { noFiles } from "../../engine/no_files.ts";
import { coolingPlanAt } from "../cooling_plans.ts";
import { CHECKPOINT_PLAN, HASH_KEY } from "../engine/machine.ts";
import { mergePlanAt } from "../merge_plans.ts";
import { processTime } from "../process_time.ts";
import { slowLog } from "../slow_log.ts";
import { checkWhole } from "../state_check.ts";
import { voidingLog } from "../voiding_log.ts";

/** As many as make every partition of the callers go to another shard. */
const SHARDS = 3;

/** What logs do besides what the disk makes them do. */
export interface ShardsTemper {
  /** Of a hundred frames, how many are void. */
  readonly voidPercent: number;
  /** Whether outcomes come later than the submission. */
  readonly isSlow: boolean;
}

/** Opens shards, so that something may be wrong with them. */
export type OpenShards = (open: () => Shards) => Shards;

/** Opens shards as they are. */
export const soundly: OpenShards = (open) => open();

/** Opens shards and changes something about them. */
export function spoiled(change: (shards: Shards) => void): OpenShards {
  return (open) => {
    const shards = open();
    change(shards);
    return shards;
  };
}

/** What a process is made of. */
export interface ShardsProcessParts {
  readonly directory: Directory;
  readonly wallMs: number;
  readonly random: Random;
  readonly limits: StoreLimits;
  readonly sweepPlan: SweepPlan;
  readonly temper: ShardsTemper;
  readonly opens: OpenShards;
  /** A frame is void. */
  readonly onVoid: () => void;
  /** Time has leapt ahead, and leases last longer because of it. */
  readonly onLeap: (nowMs: number) => void;
}

/** Shards that tell when time has leapt. */
class LeapingShards extends Shards {
  readonly #onLeap: (nowMs: number) => void;

  constructor(options: ShardsOptions, onLeap: (nowMs: number) => void) {
    super(options);
    this.#onLeap = onLeap;
  }

  protected override leapt(nowMs: number): void {
    super.leapt(nowMs);
    this.#onLeap(nowMs);
  }
}

/** An open store and what is under it. */
export class ShardsProcess {
  readonly time: ManualTime;
  readonly shards: Shards;
  readonly store: EmbeddedStore;
  readonly #logs: readonly Log[];
  readonly #files: Pick<VerifySubject, "directory" | "manifest">;

  /** Opens a store, as `openStore()` does. */
  constructor({ directory, wallMs, random, limits, sweepPlan, ...parts }: ShardsProcessParts) {
    const time = processTime(wallMs, random);
    const lock = directory.lock({ pid: 1, runtime: "simulation", startedAtMs: 0 });
    const manifest = Manifest.open({ directory, random, shards: SHARDS });
    assertEquals(manifest.shardCount, SHARDS);
    this.#files = { directory, manifest };
    const { fencingFloor, origins } = manifest.state;
    const { segmentBytesMax } = limits;
    this.#logs = openFileLogs({ directory, manifest, random, segmentBytesMax });
    this.time = time;
    const logs = this.#logs.map((log) => tempered(log, { ...parts, time, random }));
    const map = new ShardMap(manifest.state.slots);
    const checkpoints = new Checkpoints({ directory, manifest });
    const plans = { mergePlan: mergePlanAt(wallMs), coolingPlan: coolingPlanAt(wallMs) };
    const options = { logs, time, map, hashKey: HASH_KEY, limits, sweepPlan, checkpoints };
    const all = { ...options, ...plans, fencingFloor, origins, checkpointPlan: CHECKPOINT_PLAN };
    this.shards = parts.opens(() => new LeapingShards(all, parts.onLeap));
    const parse = { limits, manualClock: true };
    const cursors = new EventCursors(manifest.state);
    const storeParts = { shards: this.shards, time, parse, lock, ...noFiles, cursors };
    this.store = new EmbeddedStore(storeParts);
  }

  /** Copies the store while it goes on, as `backup()` does. */
  async backUp(to: Directory): Promise<void> {
    const { shards, time } = this;
    const parts = { ...this.#files, logs: this.#logs, time, ended: () => shards.ended };
    await shards.upkeep.merger.hold(() => backUp(parts, to));
  }

  /** How many records are left in all logs. */
  get recordCount(): number {
    let count = 0;
    for (const { headLsn, state: { keydir } } of this.shards.all) {
      for (let lsn = 1; lsn <= headLsn; lsn++) if (keydir.has(lsn)) count++;
    }
    return count;
  }

  /**
   * Asserts that every log would make again what is in memory, and that the store's own look at
   * everything finds nothing wrong. Nothing may be ahead of the logs.
   */
  checkRebuilt(): void {
    checkWhole({ ...this.#files, logs: this.#logs, shards: this.shards });
    for (const [number, log] of this.#logs.entries()) {
      const rebuilt = ShardState.of(log, { hashKey: HASH_KEY });
      assertEquals(flowsOf(rebuilt), flowsOf(this.shards.all[number]!.state));
    }
  }
}

function flowsOf({ flows }: ShardState) {
  return [...flows.table].sort((a, b) => a.lsn - b.lsn);
}

interface Tempering extends Pick<ShardsProcessParts, "temper" | "onVoid" | "random"> {
  readonly time: ManualTime;
}

function tempered(log: Log, { temper, onVoid, random, time }: Tempering): Log {
  const { voidPercent, isSlow } = temper;
  const chance = seededRandom(random.u32());
  // Without room nobody is served again, and callers have all the room there is.
  const reasons = ["moved", "denied", "sealed"] as const;
  const voiding = voidingLog(log, { random: chance, voidPercent, reasons });
  const counted: Log = Object.create(voiding, {
    onSettled: {
      value: (listener: Parameters<Log["onSettled"]>[0]) =>
        voiding.onSettled((frame, outcome) => {
          if (outcome.kind === "void") onVoid();
          listener(frame, outcome);
        }),
    },
  });
  return isSlow ? slowLog(counted, { time, random: chance }) : counted;
}
