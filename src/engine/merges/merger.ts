/**
 * Keeping the logs of a store as small as what is in them.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import { beyondRuns } from "../../flow/core/mod.ts";
import type { Time } from "../../time/mod.ts";
import { isDiskFull, noRoomToMerge, outdatedAgain } from "../calls/refusals.ts";
import type { DiskRoom } from "../disk/disk_room.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { checkLongWork, type LongWorkOptions } from "../turns/long_work.ts";
import { Rest } from "../turns/rest.ts";
import { TurnShare, type TurnShareLimits } from "../turns/turn_share.ts";
import { type CompactProgress, type Pace, untilAborted } from "./merge_pace.ts";
import { DEFAULT_MERGE_PLAN, type MergePlan, segmentBytes, worthMerging } from "./merge_plan.ts";
import { carryOut, type MergingOptions, type Outcome, Outdated, PASSES } from "./merging.ts";
import { isWorthRolling, mergeInRoom, SCARCE_PASSES, type ScarceOutcome } from "./scarce_merge.ts";
import { ROOM_BYTES_MIN, ScarceRest } from "./scarce_rest.ts";

/**
 * In the background everybody else has this long between two slices, which take a few hundredths of it,
 * as long as a merge keeps up with what is written meanwhile.
 */
const REST_MS = 10;

/** The same while nothing is written: nobody is waiting, and a merge would take its time for nothing. */
const IDLE_REST_MS = 1;

/**
 * A merge has fallen behind when more has been written since it began than it has gone through. Then it
 * takes so much of every turn. With four slices, half a millisecond of small records, the log of a
 * process that did nothing but create and complete flows of 100 bytes grew by 15 MB a second for as
 * long as it went on; with these it levels off.
 */
const BEHIND: TurnShareLimits = { slicesMax: 16, msMax: 2 };

/** So often is a merge begun again that somebody has made wrong. */
const TRIES_MAX = 3;

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
  /** How far that one has come, of a shard at a time; null: none has gone through anything. */
  readonly progress: CompactProgress | null;
  /** Why the last one in the background did not end well, in sentence case; null: it did. */
  readonly failure: string | null;
}

/** Merges segments: in the background when it is worth it, or all of them when somebody asks. */
export class Merger {
  readonly #shards: Shards;
  readonly #plan: MergePlan;
  readonly #time: Time;
  /** How many segments each shard had when it was last looked at. */
  readonly #seen: number[] = [];
  #stats: Omit<MergeStats, "isRunning" | "progress"> = {
    count: 0,
    readBytes: 0,
    writtenBytes: 0,
    failure: null,
  };
  /** One merge at a time, whoever asks. */
  #last: Promise<unknown> = Promise.resolve();
  #runningCount = 0;
  #progress: CompactProgress | null = null;
  #holdCount = 0;
  #onFree: (() => void) | undefined;
  readonly #rest: Rest;
  readonly #scarceRest = new ScarceRest();
  /** How far the logs were when it rested last. */
  #restedAtLsns = "";
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
    const isRunning = this.#runningCount > 0;
    return { ...this.#stats, isRunning, progress: isRunning ? this.#progress : null };
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#rest.isTaken) return this.#rest.nextAtMs;
    if (!this.#plan.auto || this.#runningCount > 0 || this.#ending !== undefined) return Infinity;
    if (this.#shards.admission.shortDisk !== undefined) return this.#scarceRest.nextAtMs;
    return this.#changedShard() === undefined ? Infinity : 0;
  }

  /** Goes on, or begins if there is something to do. */
  wake(): void {
    if (this.nextAtMs() > this.#time.clock.monotonicMs()) return;
    if (this.#rest.isTaken) return this.#rest.wake();
    const { shortDisk } = this.#shards.admission;
    // There may be enough by now.
    if (shortDisk?.shortage() !== undefined) return this.#makeRoom(shortDisk);
    this.#scarceRest.end();
    const shard = this.#changedShard();
    if (shard === undefined) return;
    this.#seen[shard.number] = shard.meter.log.segments;
    const endsBefore = this.#shards.upkeep.checkpointer.neededSegmentOf(shard);
    const ids = worthMerging(shard.segments.list, this.#plan, endsBefore);
    if (ids.length === 0) return;
    const { bytes: bytesBefore } = shard.meter.log;
    const pace = this.#paceBehind(({ bytes }) =>
      shard.meter.log.bytes - bytesBefore > bytes / PASSES
    );
    this.#inBackground(() => this.#merge(shard, ids, pace));
  }

  /** Merges all shards in what room there is, since new work has to wait for more. */
  #makeRoom(room: DiskRoom): void {
    const headLsns = this.#headLsns();
    const nowMs = this.#time.clock.monotonicMs();
    if (!this.#scarceRest.begin({ nowMs, headLsns, roomBytes: room.roomForMerge })) return;
    // Whoever waits for room is not to wait for long.
    const pace = this.#paceBehind(() => true);
    this.#inBackground(async () => {
      let savedBytes = 0;
      let lackedBytes = 0;
      for (const shard of this.#shards.all) {
        if (isWorthRolling(shard.segments.list)) await this.#roll(shard, pace);
        const outcome = await this.#mergeScarce(shard, room.roomForMerge, pace);
        savedBytes += outcome.savedBytes;
        lackedBytes = Math.max(lackedBytes, outcome.lackedBytes);
      }
      const endMs = this.#time.clock.monotonicMs();
      this.#scarceRest.took(savedBytes, { nowMs: endMs, headLsns });
      if (savedBytes === 0 && lackedBytes > 0) throw noRoomToMerge(lackedBytes);
    });
  }

  /** Lets a log go on in a new segment, so that it can be merged to its end. */
  async #roll(shard: Shard, pace: Pace): Promise<void> {
    await pace.wait(Promise.race([shard.roll(), this.#ended.promise]));
  }

  /** A pace that takes rests, unless somebody waits or it has fallen behind. */
  #paceBehind(isBehind: (progress: CompactProgress) => boolean): Pace {
    const share = new TurnShare(this.#time.clock, BEHIND);
    const rest = async (progress: CompactProgress): Promise<void> => {
      // Somebody who waits for it must not wait for an alarm: that keeps no process alive.
      const isAwaited = this.#runningCount > 1;
      if (!isAwaited && !isBehind(progress)) await this.#takeRest();
      else if (isAwaited || !share.took()) await this.#rest.turn();
      else return;
      share.begin();
    };
    return { rest, wait: (until) => until };
  }

  #inBackground(work: () => Promise<void>): void {
    this.#inTurn(work).then(
      () => this.#stats = { ...this.#stats, failure: null },
      // What is wrong with a segment concerns those who read it; the merge has changed nothing.
      (error) => {
        this.#stats = { ...this.#stats, failure: String(error?.message ?? error) };
        this.#shards.damage.refused(error);
      },
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
        await this.#roll(shard, pace);
        const sealed = shard.segments.list.filter(({ isSealed }) => isSealed);
        // One that was merged and has nothing behind it would come out as it is.
        if (sealed.length === 1 && sealed[0]!.isMerged) continue;
        const ids = sealed.map(({ id }) => id);
        if (ids.length === 0) continue;
        try {
          if (this.#plan.choosePieces === undefined) await this.#merge(shard, ids, pace);
          else await this.#mergeScarce(shard, Infinity, pace);
        } catch (error) {
          if (!isDiskFull(error)) throw error;
          await this.#compactScarce(shard, segmentBytes(sealed), pace);
        }
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

  #merge(shard: Shard, ids: readonly number[], pace: Pace): Promise<void> {
    return again(() => this.#mergeOnce(shard, ids, pace));
  }

  /** Merges what there is in ever less room, as long as that gives any back. */
  async #compactScarce(shard: Shard, totalBytes: number, pace: Pace): Promise<void> {
    let roomBytes = totalBytes / 2;
    let lackedBytes = totalBytes;
    let savedBytes = 0;
    while (roomBytes >= ROOM_BYTES_MIN) {
      try {
        const outcome = await this.#mergeScarce(shard, roomBytes, pace);
        savedBytes += outcome.savedBytes;
        if (outcome.lackedBytes === 0 && savedBytes > 0) return;
        // All of it is wanted, but for a little: that goes with the rest or not at all.
        if (outcome.lackedBytes === 0) break;
        lackedBytes = outcome.lackedBytes;
        if (outcome.savedBytes > 0) continue;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
      }
      roomBytes /= 2;
    }
    throw noRoomToMerge(lackedBytes);
  }

  /** Merges all sealed segments of a shard in little room. */
  #mergeScarce(shard: Shard, roomBytes: number, pace: Pace): Promise<ScarceOutcome> {
    return again(async () => {
      const sealed = shard.segments.list.filter(({ isSealed }) => isSealed);
      if (sealed.length === 0) return { savedBytes: 0, lackedBytes: 0 };
      const totalBytes = SCARCE_PASSES * segmentBytes(sealed);
      return await mergeInRoom({
        ...this.#optionsOf(shard, totalBytes, pace),
        ...{ sealed, roomBytes, choosePieces: this.#plan.choosePieces },
        onOutcome: (outcome) => {
          this.#note(shard, outcome);
          this.#shards.admission.shortDisk?.gaveBack(outcome.savedBytes);
        },
      });
    });
  }

  async #mergeOnce(shard: Shard, ids: readonly number[], pace: Pace): Promise<void> {
    const merge = shard.segments.merge(ids);
    const options = this.#optionsOf(shard, PASSES * merge.bytes, pace);
    this.#note(shard, await carryOut(merge, options));
  }

  /** What a merge is carried out with that reads so many bytes. */
  #optionsOf(shard: Shard, totalBytes: number, pace: Pace): MergingOptions {
    const beyond = beyondRuns({
      shard: shard.number,
      states: () => this.#shards.all.map(({ state }) => state.flows),
    });
    const pause = async (bytes: number): Promise<void> => {
      this.#progress = { bytes, totalBytes };
      await pace.rest(this.#progress);
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
    return { shard, beyond, pause, told, held };
  }

  /** Notes what has become of some segments. */
  #note(shard: Shard, { bytesBefore, bytes }: Outcome): void {
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
      this.#progress = null;
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
    if (this.#ending !== undefined) return;
    const headLsns = this.#headLsns();
    const isIdle = headLsns === this.#restedAtLsns;
    this.#restedAtLsns = headLsns;
    await this.#rest.take(isIdle ? IDLE_REST_MS : REST_MS);
  }

  /** How far the logs are. */
  #headLsns(): string {
    return this.#shards.all.map(({ headLsn }) => headLsn).join();
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
    return this.#shards.all.reduce((sum, { segments }) => sum + segmentBytes(segments.list), 0);
  }
}

/** Does something again that somebody has made wrong. */
async function again<T>(merge: () => Promise<T>): Promise<T> {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    try {
      return await merge();
    } catch (error) {
      if (!(error instanceof Outdated)) throw error;
    }
  }
  throw outdatedAgain();
}
