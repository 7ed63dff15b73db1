/**
 * A store over a log that does what a test tells it.
 *
 * @module
 */

import { DEFAULT_CHECKPOINT_PLAN } from "../../src/engine/checkpoints/checkpoint_plan.ts";
import { Checkpoints } from "../../src/engine/checkpoints/checkpoints.ts";
import { EmbeddedStore } from "../../src/engine/embedded_store.ts";
import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../src/engine/options.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import { Shards } from "../../src/engine/shards.ts";
import { FlowError } from "../../src/errors.ts";
import { type Directory, memoryDirectory } from "../../src/files/mod.ts";
import { ShardMap } from "../../src/flow/core/mod.ts";
import {
  type Frame,
  type Log,
  type LogOutcome,
  Manifest,
  openFileLogs,
  type VoidReason,
} from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { SimulatedThread } from "../simulation/simulated_thread.ts";
import { wrappedLog } from "../simulation/wrapped_log.ts";
import { noFiles } from "./no_files.ts";

/** What a scripted store differs in. */
export interface ScriptOptions {
  readonly limits?: Partial<StoreLimits>;
  readonly frameBytesMax?: number;
  readonly directory?: Directory;
  /** Its deferred tasks wait for a turn. Default: time that stands still. */
  readonly time?: ManualTime;
  readonly shardCount?: number;
  /** Whether logs are written by threads, which take some turns. Default `false`. */
  readonly isThreaded?: boolean;
  /** Whether closing writes checkpoints, however little there is. Default `false`. */
  readonly hasCheckpoints?: boolean;
}

/** A store whose turns and frames are in the hand of a test. */
export class ScriptedStore implements AsyncDisposable {
  readonly store: EmbeddedStore;
  readonly shards: Shards;
  readonly shard: Shard;
  readonly time: ManualTime;
  /** What becomes of the next frames of each shard; those after them are committed. */
  readonly fatesOf: VoidReason[][] = [];
  /** The same of the first shard. */
  readonly fates: VoidReason[];
  /** How many frames were submitted. */
  frameCount = 0;
  /** How many bytes of records each of them had. */
  readonly frameBytes: number[] = [];
  /** The index of the first frame that the logs still have. */
  firstIndex = 1;
  /** Whether the log keeps its answers to itself, until `answer()`. */
  isSilent = false;
  readonly #unanswered: (() => void)[] = [];

  constructor(options: ScriptOptions = {}) {
    const { limits, frameBytesMax, directory = memoryDirectory(), shardCount = 1 } = options;
    const { time = manualTime({ autoDefer: false }) } = options;
    this.time = time;
    const storeLimits = { ...DEFAULT_STORE_LIMITS, ...limits };
    const lock = directory.lock({ pid: 1, runtime: "test", startedAtMs: 0 });
    const manifest = Manifest.open({ directory, random: time.random, shards: shardCount });
    const threads = Array.from(
      { length: shardCount },
      () => new SimulatedThread({ directory, time, random: seededRandom(1) }),
    );
    const logs = openFileLogs({
      directory,
      manifest,
      random: time.random,
      io: (shard) => threads[shard]!,
      ...frameBytesMax === undefined ? {} : { frameBytesMax },
    });
    this.shards = new Shards({
      logs: logs.map((log) => this.#scripted(log)),
      map: new ShardMap(manifest.state.slots),
      time,
      hashKey: [1, 2, 3, 4],
      limits: storeLimits,
      checkpoints: options.hasCheckpoints === true
        ? new Checkpoints({ directory, manifest })
        : undefined,
      checkpointPlan: { ...DEFAULT_CHECKPOINT_PLAN, closingRecords: 1 },
    });
    if (options.isThreaded === true) { for (const thread of threads) thread.start(); }
    const parse = { limits: storeLimits, manualClock: true };
    this.shard = this.shards.router.first;
    this.fates = this.fatesOf[0]!;
    const parts = { shards: this.shards, time, parse, lock, ...noFiles };
    this.store = new EmbeddedStore(parts);
  }

  /** The end of a turn, after which promises have settled. */
  async turn(): Promise<void> {
    this.time.runDeferred();
    for (let count = 0; count < 12; count++) await undefined;
  }

  /** So many turns that whatever can be done without time has been done. */
  async manyTurns(): Promise<void> {
    for (let count = 0; count < 100; count++) await this.turn();
  }

  /** The log gives the answers that it has kept. */
  answer(): void {
    this.isSilent = false;
    for (const settle of this.#unanswered.splice(0)) settle();
  }

  /** Time goes on, and promises settle. */
  async advance(ms: number): Promise<void> {
    this.time.tick(ms);
    await this.turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }

  #scripted(inner: Log): Log {
    const fates: VoidReason[] = [];
    this.fatesOf.push(fates);
    let listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
    inner.onSettled((frame, outcome) => listener(frame, outcome));
    return wrappedLog(inner, {
      submit: (frame) => {
        this.frameCount += 1;
        this.frameBytes.push(frame.body.length);
        const why = fates.shift();
        const settle = () => {
          if (why === undefined) inner.submit(frame);
          else listener(frame, { kind: "void", why });
        };
        if (this.isSilent) this.#unanswered.push(settle);
        else settle();
      },
      onSettled(set) {
        listener = set;
      },
      read: (after) => {
        const { firstIndex } = this;
        if (typeof after === "number" && after + 1 < firstIndex) {
          throw new FlowError("log_trimmed", "Given up", { details: { first: firstIndex } });
        }
        return inner.read(after);
      },
    });
  }
}
