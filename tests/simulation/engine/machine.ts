/**
 * A process with an open store on the simulated disk, put together so that everything that passes
 * between the store and its log can be seen.
 *
 * @module
 */

import type { SipKey } from "../../../src/codec/mod.ts";
import type { CheckpointPlan } from "../../../src/engine/checkpoints/checkpoint_plan.ts";
import {
  Checkpoints,
  type CheckpointsOptions,
} from "../../../src/engine/checkpoints/checkpoints.ts";
import { DiskRoom } from "../../../src/engine/disk/disk_room.ts";
import { EmbeddedStore } from "../../../src/engine/embedded_store.ts";
import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../../src/engine/options.ts";
import type { Shard } from "../../../src/engine/shard/shard.ts";
import type { VerifySubject } from "../../../src/engine/verify/verify.ts";
import type { Directory } from "../../../src/files/mod.ts";
import type { Frame, Log, LogOutcome, SegmentIo } from "../../../src/log/mod.ts";
import { Manifest, openFileLog } from "../../../src/log/mod.ts";
import { type ManualTime, type Random, seededRandom, type Time } from "../../../src/time/mod.ts";
import { noFiles } from "../../engine/no_files.ts";
import type { Model } from "../../flow/model/model.ts";
import { coolingPlanAt } from "../cooling_plans.ts";
import { mergePlanAt } from "../merge_plans.ts";
import { SimulatedThread, type SimulatedThreadOptions } from "../simulated_thread.ts";
import { slowLog } from "../slow_log.ts";
import { checkRecords, checkWhole } from "../state_check.ts";
import { voidingLog } from "../voiding_log.ts";
import { type ShardsWatch, type TreatCall, WatchedShards } from "../watched_shards.ts";
import { wrappedLog } from "../wrapped_log.ts";
import type { LogTemper } from "./scenario.ts";

/** Small enough for a roll every few frames. */
const SEGMENT_BYTES_MAX = 4_096 + 3_000;

/** Small enough for commands that need several frames for their values. */
const FRAME_BYTES_MAX = 1_500;

/** Any key will do: it is not what is tested. */
export const HASH_KEY: SipKey = [1, 2, 3, 4];

/** Often enough for a sweep to come into everybody's way. */
const SWEEP_PLAN = { sweep: true, intervalMs: 200 };

/** After a full disk new work is taken again so soon. */
const PROBE_MS = 50;

/** Checkpoints come as soon as there is something new, and take their time. */
export const CHECKPOINT_PLAN: CheckpointPlan = {
  auto: true,
  logBytes: 3_000,
  logRecords: 20,
  growth: 0,
  closingRecords: 1,
  sliceBytes: 100,
  sliceSteps: 1,
};

/** Limits at which things happen in a short run. */
export const LIMITS: StoreLimits = {
  ...DEFAULT_STORE_LIMITS,
  valueInlineBytesMax: 100,
  commandBytesMax: 1_300,
  waitersMax: 3,
  cleanupLimitMax: 2,
  diskFreeBytesMin: 1_000,
  // Frames have multiples of 64 bytes.
  ballastBytes: 640,
};

/** How a store is used; a mutant does something wrong. */
export interface EnginePractice {
  /** What it is called. */
  readonly name: string;
  /** Puts something between the shard and its log. */
  readonly log?: (inner: Log) => Log;
  /** How the log's thread behaves. */
  readonly thread?: Pick<SimulatedThreadOptions, "isHeedless">;
  /** Puts something between the log and its thread. */
  readonly io?: (inner: SegmentIo, time: Time) => SegmentIo;
  /** Makes the checkpoints. */
  readonly checkpoints?: (options: CheckpointsOptions) => Checkpoints;
  /** Treats every call. */
  readonly call?: TreatCall;
  /** Changes shards that were opened. */
  readonly shards?: (shards: WatchedShards) => void;
}

/** The store as it should be used. */
export const soundEngine: EnginePractice = { name: "sound" };

/** Hears of what passes between a shard and its log. */
export interface LogTap {
  /** A frame that stood at the end of the log is void. */
  voided(frame: Frame, why: string): void;
  /** The log cannot be relied on any more. */
  lost(cause: unknown): void;
  /** Bytes could not be read. */
  readFailed(): void;
}

/** Hears of a process only while it is there: a merge may still be at work when it has ended. */
export function tapWhile(tap: LogTap, isThere: () => boolean): LogTap {
  return {
    voided: (frame, why) => isThere() && tap.voided(frame, why),
    lost: (cause) => isThere() && tap.lost(cause),
    readFailed: () => isThere() && tap.readFailed(),
  };
}

/** What a process is made of. */
export interface ProcessParts {
  readonly directory: Directory;
  readonly time: ManualTime;
  readonly random: Random;
  readonly temper: LogTemper;
  readonly practice: EnginePractice;
  readonly watch: ShardsWatch;
  readonly tap: LogTap;
}

/** An open store and what is under it. */
export class EngineProcess {
  readonly time: ManualTime;
  readonly store: EmbeddedStore;
  readonly shards: WatchedShards;
  /** The room on the disk. */
  readonly room: DiskRoom;
  readonly shard: Shard;
  readonly checkpoints: Checkpoints;
  /** The log as the shard sees it. */
  readonly log: Log;
  readonly #fileLog: Log;
  readonly #files: Pick<VerifySubject, "directory" | "manifest">;

  /** Opens a store, as `openStore()` does. */
  constructor({ directory, time, random, temper, practice, watch, tap }: ProcessParts) {
    this.time = time;
    const lock = directory.lock({ pid: 1, runtime: "simulation", startedAtMs: 0 });
    let fileLog: Log | undefined;
    try {
      const manifest = Manifest.open({ directory, random });
      const { losePercent: deathPercent, death } = temper;
      const manners = { deathPercent, death, ...practice.thread };
      const thread = new SimulatedThread({ directory, time, random, ...manners });
      const io = practice.io?.(thread, time) ?? thread;
      fileLog = openFileLog({
        directory,
        manifest,
        random,
        segmentBytesMax: SEGMENT_BYTES_MAX,
        frameBytesMax: FRAME_BYTES_MAX,
        // Frames here are small, and are to be under way together all the same.
        behindBytesMin: 0,
        io: () => io,
      });
      const log = tapped(temperedLog(fileLog, { temper, time, random }), tap);
      this.log = practice.log?.(log) ?? log;
      this.room = roomIn(directory, time);
      const fixed = { hashKey: HASH_KEY, limits: LIMITS, sweepPlan: SWEEP_PLAN, disk: this.room };
      const kept = { directory, manifest };
      const checkpoints = practice.checkpoints?.(kept) ?? new Checkpoints(kept);
      this.checkpoints = checkpoints;
      const plans = {
        ...{ mergePlan: mergePlanAt(time.clock.wallMs()), checkpointPlan: CHECKPOINT_PLAN },
        coolingPlan: coolingPlanAt(time.clock.wallMs()),
      };
      const options = { logs: [this.log], time, ...fixed, ...plans, checkpoints };
      this.shards = new WatchedShards(options, watch, practice.call);
      // State that cannot be built is as good as a log that is lost. A checkpoint that cannot be
      // read is not: then the log is.
      const lose = this.shards.lose.bind(this.shards);
      this.shards.lose = (cause) => {
        tap.lost(cause);
        return lose(cause);
      };
      // So it is with checkpoints that are no use.
      directory.list();
      practice.shards?.(this.shards);
      this.shard = this.shards.router.first;
      if (temper.pace === "thread") thread.start();
      this.#fileLog = fileLog;
      this.#files = { directory, manifest };
    } catch (error) {
      closeQuietly(fileLog);
      lock.release();
      throw error;
    }
    const parse = { limits: LIMITS, manualClock: true };
    const parts = { shards: this.shards, time, parse, lock, ...noFiles };
    this.store = new EmbeddedStore(parts);
  }

  /** Compares what is read from the log with the model, and lets the store look at everything itself. */
  checkRecords(model: Model): void {
    checkRecords(this.shard, model);
    checkWhole({ ...this.#files, logs: [this.#fileLog], shards: this.shards });
  }

  /** The newest LSN that no crash takes away. */
  get durableLsn(): number {
    return this.#fileLog.end.lsn;
  }
}

function roomIn(directory: Directory, { clock }: ManualTime): DiskRoom {
  const { ballastBytes, diskFreeBytesMin: freeBytesMin } = LIMITS;
  const room = new DiskRoom({ directory, clock, ballastBytes, freeBytesMin, probeMs: PROBE_MS });
  // What happened to the ballast is nobody's business, but a process that has ended is.
  directory.list();
  return room;
}

/** What made the opening fail is told; what closing says to it is not. */
function closeQuietly(log: Log | undefined): void {
  try {
    log?.close();
  } catch {
    // The opening has failed anyway.
  }
}

interface Tempering {
  readonly temper: LogTemper;
  readonly time: ManualTime;
  readonly random: Random;
}

function temperedLog(log: Log, { temper, time, random }: Tempering): Log {
  const { voidPercent, losePercent, pace } = temper;
  if (pace === "thread") return log;
  const chance = seededRandom(random.u32());
  const voiding = voidPercent + losePercent === 0
    ? log
    : voidingLog(log, { random: chance, voidPercent, losePercent });
  return pace === "slow" ? slowLog(voiding, { time, random: chance }) : voiding;
}

/** Lets everything through, and tells. */
function tapped(inner: Log, tap: LogTap): Log {
  let listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
  inner.onSettled((frame, outcome) => {
    if (outcome.kind === "lost") tap.lost(outcome.cause);
    // What stood on a void frame is void with it, which is no news.
    if (outcome.kind === "void" && frame.base.lsn === inner.end.lsn) tap.voided(frame, outcome.why);
    listener(frame, outcome);
  });
  const telling = <Result>(act: () => Result, tell: (error: unknown) => void): Result => {
    try {
      return act();
    } catch (error) {
      tell(error);
      throw error;
    }
  };
  return wrappedLog(inner, {
    nextPlace: () => telling(() => inner.nextPlace(), (error) => tap.lost(error)),
    onSettled(set) {
      listener = set;
    },
    onLost: (set) =>
      inner.onLost((cause) => {
        tap.lost(cause);
        set(cause);
      }),
    readBytes: (...place) => telling(() => inner.readBytes(...place), () => tap.readFailed()),
    mark: () => telling(() => inner.mark(), (error) => tap.lost(error)),
  });
}
