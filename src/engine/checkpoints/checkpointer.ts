/**
 * Sparing the next opening what this one has made of the logs, whenever it comes.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { Rest } from "../turns/rest.ts";
import {
  type CheckpointPlan,
  DEFAULT_CHECKPOINT_PLAN,
  isCheckpointDue,
} from "./checkpoint_plan.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { type CheckpointPace, GivenUp, type RunningCheckpoint } from "./running_checkpoint.ts";

/** After a checkpoint that went wrong, or that there is no room for, there is none for so long. */
export const CHECKPOINT_RETRY_MS = 10_000;

/** Everybody else has this long between two slices, which take a twentieth of it. */
const REST_MS = 10;

/**
 * A checkpoint has fallen behind when so much of what makes one due has come since it began. Then it
 * takes no rests: a slice in every turn, which is what it costs.
 */
const BEHIND_SHARE = 1 / 2;

/** So much is written at once when nobody else wants to do anything. */
const WITHOUT_REST = { sliceBytes: 4 << 20, sliceSteps: 4_096 };

/** Checkpoints since a store was opened. */
export interface CheckpointStats {
  /** How many were written. */
  readonly count: number;
  /** Their bytes. */
  readonly writtenBytes: number;
  /** Whether one is being written. */
  readonly isRunning: boolean;
  /** When the last one was done, in milliseconds since 1970; null: there was none. */
  readonly lastAtMs: number | null;
  /** Why the last one did not end well, in sentence case; null: it did. */
  readonly failure: string | null;
}

/** Writes checkpoints: one shard after the other, while the store works and when it closes. */
export class Checkpointer {
  readonly #shards: Shards;
  readonly #time: Time;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #plan: CheckpointPlan;
  readonly #rest: Rest;
  #stats: Omit<CheckpointStats, "isRunning"> = {
    count: 0,
    writtenBytes: 0,
    lastAtMs: null,
    failure: null,
  };
  #running: { readonly shard: Shard; readonly checkpoint: RunningCheckpoint } | undefined;
  #done: Promise<void> = Promise.resolve();
  #isEnding = false;
  #notBeforeMs = 0;

  /**
   * A checkpointer of all shards.
   *
   * @param options Who keeps the checkpoints; nobody: there are none. And when they are written.
   */
  constructor(
    shards: Shards,
    time: Time,
    options: {
      readonly checkpoints?: Checkpoints | undefined;
      readonly checkpointPlan?: CheckpointPlan | undefined;
    },
  ) {
    const { checkpoints, checkpointPlan = DEFAULT_CHECKPOINT_PLAN } = options;
    this.#shards = shards;
    this.#time = time;
    this.#checkpoints = checkpoints;
    this.#plan = checkpointPlan;
    this.#rest = new Rest({
      ...{ time, slices: shards.slices },
      reschedule: () => shards.reschedule(),
    });
  }

  /** What it has done. */
  get stats(): CheckpointStats {
    return { ...this.#stats, isRunning: this.#running !== undefined };
  }

  /** The newest record of a shard that is in a checkpoint; 0: there is none. */
  lsnOf({ number }: Shard): number {
    return this.#checkpoints?.last(number).lsn ?? 0;
  }

  /**
   * The segment of a shard that its checkpoint goes up to: a merge that includes it would make the
   * checkpoint useless. Undefined if that does not matter, or if there is no hope for another one.
   */
  neededSegmentOf({ number }: Shard): number | undefined {
    const { auto } = this.#plan;
    if (this.#checkpoints === undefined || !auto || this.#stats.failure !== null) return undefined;
    const { lsn, segment } = this.#checkpoints.last(number);
    if (lsn > 0) return segment;
    return this.#running?.shard.number === number ? this.#running.checkpoint.segment : undefined;
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#running !== undefined || !this.#mayBegin) return this.#rest.nextAtMs;
    return this.#dueShard() === undefined ? Infinity : this.#notBeforeMs;
  }

  /** Goes on, or begins if a checkpoint is worth it. Between commands. */
  wake(): void {
    this.#rest.wake();
    if (this.nextAtMs() > this.#time.clock.monotonicMs() || this.#running !== undefined) return;
    const shard = this.#dueShard()!;
    // Unless this turns out well, whenever that is known.
    this.#notBeforeMs = this.#time.clock.monotonicMs() + CHECKPOINT_RETRY_MS;
    if (this.#shards.admission.isShortOfDisk()) return;
    // A checkpoint ends with a frame.
    const { life } = shard;
    shard.submit();
    if (this.#shards.ended !== undefined) return;
    // If it is void, what stood on it is being decided again, in a frame that is open.
    if (shard.life !== life) return void (this.#notBeforeMs = 0);
    const { bytes } = this.#checkpoints!.last(shard.number);
    const begun = { lsn: shard.headLsn, logBytes: shard.meter.log.bytes, mergedBytes: 0, bytes };
    const rest = async (): Promise<void> => {
      // Nobody is woken any more when the store is closing.
      if (this.#isEnding) return;
      const isBehind = isCheckpointDue(begun, shard.meter.log, this.#plan, BEHIND_SHARE);
      await (isBehind ? this.#rest.turn() : this.#rest.take(REST_MS));
    };
    this.#done = this.#write(shard, { ...this.#plan, rest }).then(
      () => void (this.#notBeforeMs = 0),
      (error) => this.#failed(error),
    ).finally(() => this.#shards.reschedule());
  }

  #failed(error: unknown): void {
    if (this.#isEnding) return;
    // Whatever it was to say has never been, or was merged away: the next one may begin at once.
    if (error instanceof GivenUp) this.#notBeforeMs = 0;
    else {
      const failure = error instanceof Error ? error.message : String(error);
      this.#notBeforeMs = this.#time.clock.monotonicMs() + CHECKPOINT_RETRY_MS;
      this.#stats = { ...this.#stats, failure };
    }
  }

  /** Gives up what is under way. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#running?.checkpoint.abandon();
    this.#rest.end();
    await this.#done;
  }

  /**
   * Writes a checkpoint of every shard that has none of about the same. Everything is in the logs and
   * nothing changes any more. A store is closed properly also if that does not work.
   */
  async close(): Promise<void> {
    const checkpoints = this.#checkpoints;
    if (checkpoints === undefined) return;
    for (const shard of this.#shards.all) {
      const { number, headLsn, meter, state } = shard;
      const newCount = headLsn - checkpoints.last(number).lsn;
      if (meter.log.end === undefined || newCount < this.#plan.closingRecords) continue;
      // Before that takes its time.
      shard.mark();
      // Only the log tells which links are left, and merges keep what is linked: from one checkpoint
      // to the next, links would stay for ever.
      if (checkpoints.isOutlived(number) && state.flows.links.notedCount > 0) {
        checkpoints.discard(number);
        continue;
      }
      const pace = { ...WITHOUT_REST, rest: () => Promise.resolve() };
      // The one before is still as good as it was.
      await this.#write(shard, pace).catch(() => {});
    }
  }

  /** Whether one may be written while the store works. */
  get #mayBegin(): boolean {
    return this.#checkpoints !== undefined && this.#plan.auto && !this.#isEnding;
  }

  /** The first shard that is to have another one. */
  #dueShard(): Shard | undefined {
    const checkpoints = this.#checkpoints!;
    return this.#shards.all.find(({ number, meter }) =>
      checkpoints.isMissed(number) ||
      isCheckpointDue(checkpoints.last(number), meter.log, this.#plan)
    );
  }

  async #write(shard: Shard, pace: CheckpointPace): Promise<void> {
    const checkpoints = this.#checkpoints!;
    const checkpoint = shard.beginCheckpoint(checkpoints);
    this.#running = { shard, checkpoint };
    try {
      const written = await checkpoint.write(pace, () => checkpoints.isOutlived(shard.number));
      const isOfUse = checkpoints.published(shard.number, written);
      const { count, writtenBytes, lastAtMs } = this.#stats;
      this.#stats = {
        count: isOfUse ? count + 1 : count,
        writtenBytes: writtenBytes + written.bytes,
        lastAtMs: isOfUse ? this.#time.clock.wallMs() : lastAtMs,
        failure: null,
      };
      await checkpoints.removeOthers(shard.number, pace.rest);
    } finally {
      this.#running = undefined;
    }
  }
}
