/**
 * Keeping the logs of a store as small as what is in them.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import { beyondRuns } from "../flow/core/mod.ts";
import { checkLongWork, type LongWorkOptions } from "./long_work.ts";
import { bytesOf, DEFAULT_MERGE_PLAN, type MergePlan, worthMerging } from "./merge_plan.ts";
import { carryOut, Outdated, PASSES } from "./merging.ts";
import { Rest } from "./rest.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";
import type { Time } from "../time/mod.ts";

/**
 * In the background everybody else has this long between two slices, which take a twentieth of it, as
 * long as a merge keeps up with what is written meanwhile.
 */
const REST_MS = 10;

/**
 * A merge has fallen behind when more has been written since it began than it has gone through. Then it
 * takes so many slices in every turn: some one and a half milliseconds, about a third of the time of a
 * process that does nothing but write, which is what merging costs.
 */
const BEHIND_SLICES = 4;

/** So often is a merge begun again that somebody has made wrong. */
const TRIES_MAX = 3;

/** Then whoever asked for it waits so long. */
const RETRY_MS = 1_000;

/** How far a merge has come. */
export interface CompactProgress {
  /** Bytes that have been read: everything is read three times. */
  readonly bytes: number;
  /** Bytes that there are to read. */
  readonly totalBytes: number;
}

/** Options of `compact`. What was done before the signal stays. */
export type CompactOptions = LongWorkOptions<CompactProgress>;

/** What `compact` has done. */
export interface Compaction {
  /** Bytes of all logs before. */
  readonly bytesBefore: number;
  /** Bytes of all logs after. */
  readonly bytesAfter: number;
}

/** Merges since a store was opened. */
export interface MergeStats {
  /** How many have ended. */
  readonly count: number;
  /** Bytes of segments that they replaced. */
  readonly readBytes: number;
  /** Bytes of segments that they wrote. */
  readonly writtenBytes: number;
  /** Whether one is under way. */
  readonly isRunning: boolean;
  /** Why the last one in the background did not end well, in sentence case; null: it did. */
  readonly failure: string | null;
}

/** How a merge gives way to others. */
interface Pace {
  /** Lets others have their turn between two slices. */
  rest(progress: CompactProgress): Promise<void>;
  /** Waits for something that others have to do first. */
  wait(until: Promise<void>): Promise<void>;
}

/** Merges segments: in the background when it is worth it, or all of them when somebody asks. */
export class Merger {
  readonly #shards: Shards;
  readonly #plan: MergePlan;
  readonly #time: Time;
  /** How many segments each shard had when it was last looked at. */
  readonly #seen: number[] = [];
  #stats: Omit<MergeStats, "isRunning"> = {
    count: 0,
    readBytes: 0,
    writtenBytes: 0,
    failure: null,
  };
  /** One merge at a time, whoever asks. */
  #last: Promise<unknown> = Promise.resolve();
  #runningCount = 0;
  #holdCount = 0;
  #onFree: (() => void) | undefined;
  readonly #rest: Rest;
  #ending: FlowError | undefined;
  readonly #ended = Promise.withResolvers<void>();

  /** A merger of all shards. */
  constructor(shards: Shards, time: Time, plan: MergePlan = DEFAULT_MERGE_PLAN) {
    this.#shards = shards;
    this.#plan = plan;
    this.#time = time;
    this.#rest = new Rest({
      ...{ time, slices: shards.slices },
      reschedule: () => shards.reschedule(),
    });
  }

  /** What it has done. */
  get stats(): MergeStats {
    return { ...this.#stats, isRunning: this.#runningCount > 0 };
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#rest.isTaken) return this.#rest.nextAtMs;
    if (!this.#plan.auto || this.#runningCount > 0 || this.#ending !== undefined) return Infinity;
    return this.#changedShard() === undefined ? Infinity : 0;
  }

  /** Goes on, or begins if there is something to do. */
  wake(): void {
    if (this.nextAtMs() > this.#time.clock.monotonicMs()) return;
    if (this.#rest.isTaken) return this.#rest.wake();
    const shard = this.#changedShard()!;
    this.#seen[shard.number] = shard.meter.log.segments;
    const endsBefore = this.#shards.upkeep.checkpointer.neededSegmentOf(shard);
    const ids = worthMerging(shard.segments.list, this.#plan, endsBefore);
    if (ids.length === 0) return;
    const { bytes: bytesBefore } = shard.meter.log;
    let slices = 0;
    const rest = async ({ bytes }: CompactProgress): Promise<void> => {
      const isBehind = shard.meter.log.bytes - bytesBefore > bytes / PASSES;
      // Somebody who waits for it must not wait for an alarm: that keeps no process alive.
      const isAwaited = this.#runningCount > 1;
      if (isAwaited) await this.#rest.turn();
      else if (!isBehind) await this.#takeRest();
      else if (++slices % BEHIND_SLICES === 0) await this.#rest.turn();
    };
    const pace: Pace = { rest, wait: (until) => until };
    this.#inTurn(() => this.#merge(shard, ids, pace)).then(
      () => this.#stats = { ...this.#stats, failure: null },
      // What is wrong with a segment concerns those who read it; the merge has changed nothing.
      (error) => this.#stats = { ...this.#stats, failure: String(error?.message ?? error) },
    ).finally(() => this.#shards.reschedule());
  }

  /** Merges all that is there. */
  async compact(options: CompactOptions = {}): Promise<Compaction> {
    const { onProgress, signal } = checkLongWork(options);
    signal?.throwIfAborted();
    const pace: Pace = {
      wait: (until) => untilAborted(until, signal),
      rest: async (progress) => {
        onProgress?.(progress);
        await this.#rest.turn();
        signal?.throwIfAborted();
      },
    };
    return await this.#inTurn(async () => {
      const bytesBefore = this.#bytes();
      for (const shard of this.#shards.all) {
        await pace.wait(Promise.race([shard.roll(), this.#ended.promise]));
        const sealed = shard.segments.list.filter(({ isSealed }) => isSealed);
        // One that was merged and has nothing behind it would come out as it is.
        if (sealed.length === 1 && sealed[0]!.isMerged) continue;
        const ids = sealed.map(({ id }) => id);
        if (ids.length === 0) continue;
        await this.#merge(shard, ids, pace);
      }
      return { bytesBefore, bytesAfter: this.#bytes() };
    });
  }

  /** Lets somebody read the files of the store, in peace. */
  async hold<T>(read: () => Promise<T>): Promise<T> {
    this.#holdCount += 1;
    try {
      return await read();
    } finally {
      this.#holdCount -= 1;
      if (this.#holdCount === 0) this.#onFree?.();
    }
  }

  /** Ends what is under way. Resolves when nothing of it is left. */
  async end(ending: FlowError): Promise<void> {
    this.#ending = ending;
    this.#ended.resolve();
    this.#rest.end();
    this.#onFree?.();
    await this.#last.catch(() => {});
  }

  async #merge(shard: Shard, ids: readonly number[], pace: Pace): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      try {
        return await this.#mergeOnce(shard, ids, pace);
      } catch (error) {
        if (!(error instanceof Outdated)) throw error;
      }
    }
    throw new FlowError(
      "overloaded",
      "Values that were to go were linked while segments were merged, again and again",
      { details: { retryAfterMs: RETRY_MS } },
    );
  }

  async #mergeOnce(shard: Shard, ids: readonly number[], pace: Pace): Promise<void> {
    const merge = shard.segments.merge(ids);
    const beyond = beyondRuns({
      shard: shard.number,
      states: () => this.#shards.all.map(({ state }) => state.flows),
    });
    const pause = async (bytes: number): Promise<void> => {
      await pace.rest({ bytes, totalBytes: PASSES * merge.bytes });
      this.#checkGoesOn();
    };
    const held = (): Promise<void> | undefined => {
      const free = this.#held();
      return free && pace.wait(free);
    };
    const told = async (): Promise<void> => {
      await pace.wait(Promise.race([this.#shards.told(), this.#ended.promise]));
      this.#checkGoesOn();
    };
    const options = { shard, beyond, pause, told, held };
    const { bytesBefore, bytes } = await carryOut(merge, ids.length, options);
    this.#seen[shard.number] = shard.meter.log.segments;
    const { count, readBytes, writtenBytes } = this.#stats;
    this.#stats = {
      count: count + 1,
      readBytes: readBytes + bytesBefore,
      writtenBytes: writtenBytes + bytes,
      failure: null,
    };
  }

  /** Does something when all that was asked for before has been done. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#checkGoesOn();
    this.#runningCount += 1;
    this.#rest.end();
    const before = this.#last;
    const done = before.then(() => {
      this.#checkGoesOn();
      return work();
    });
    this.#last = done.catch(() => {});
    try {
      return await done;
    } finally {
      this.#runningCount -= 1;
    }
  }

  /** The first shard that has other segments than when it was last looked at. */
  #changedShard(): Shard | undefined {
    return this.#shards.all
      .find(({ number, meter }) => this.#seen[number] !== meter.log.segments);
  }

  /** Lets everybody else have some time. */
  async #takeRest(): Promise<void> {
    if (this.#ending === undefined) await this.#rest.take(REST_MS);
  }

  /** Whether somebody reads the files who must not be disturbed: resolves when nobody does. */
  #held(): Promise<void> | undefined {
    this.#checkGoesOn();
    if (this.#holdCount === 0) return undefined;
    return new Promise((resolve) => this.#onFree = resolve);
  }

  #checkGoesOn(): void {
    const ended = this.#ending ?? this.#shards.ended;
    if (ended !== undefined) throw ended;
  }

  #bytes(): number {
    return this.#shards.all.reduce((sum, { segments }) => sum + bytesOf(segments.list), 0);
  }
}

/** Waits until something has happened, or rejects with the reason of the signal. */
async function untilAborted(until: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await until;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([until, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
