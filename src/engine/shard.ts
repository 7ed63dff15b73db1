/**
 * One shard: one log, one order of commands, one state ahead of it.
 *
 * Calls are decided at once, on a state that runs ahead of the log; callers hear of it when the log
 * has settled. State that turns out to be ahead of nothing is never undone: it is thrown away and
 * rebuilt from the log.
 *
 * @module
 */
import { FlowError, isFlowError } from "../errors.ts";
import {
  type ClaimCommand,
  type Command,
  type Effect,
  grantLeaseGrace,
  type Reply,
} from "../flow/core/mod.ts";
import type { SipKey } from "../codec/mod.ts";
import { type Frame, frameEnd, type Log, type LogOutcome, type VoidReason } from "../log/mod.ts";
import type { Alarm, Time } from "../time/mod.ts";
import { Claim } from "./claim.ts";
import { Closer } from "./closer.ts";
import { Feed } from "./feed.ts";
import { FramesAhead } from "./frames_ahead.ts";
import { HoldUp } from "./hold_up.ts";
import { IdleMark } from "./idle_mark.ts";
import type { StoreLimits } from "./options.ts";
import { LeaseWatch } from "./lease_watch.ts";
import { type Call, PendingCalls, settle, type Verdict } from "./pending.ts";
import { diskFull, tooLarge } from "./refusals.ts";
import { ShardState } from "./shard_state.ts";
import { ShardTime } from "./shard_time.ts";
import type { StoredRecords } from "./stored_records.ts";
import { DEFAULT_SWEEP_PLAN, Sweeper, type SweepPlan } from "./sweeper.ts";
import { type Waiter, Waiters } from "./waiters.ts";

/** A frame of so many bytes goes to the log without waiting for the end of the turn. */
const FRAME_BYTES_SOFT = 1 << 20;

/** What a shard is made of. */
export interface ShardOptions {
  /** The log; the shard is its only writer. */
  readonly log: Log;
  /** Time and randomness. */
  readonly time: Time;
  /** The key that flows get their keys by. */
  readonly hashKey: SipKey;
  /** Limits of the store. */
  readonly limits: StoreLimits;
  /** How and when flows and keys are removed that are over. Default: every minute. */
  readonly sweepPlan?: SweepPlan;
}

/** The state under a decision was thrown away while the decision was being written down. */
class Superseded extends Error {}

/** One shard of an open store. */
export class Shard {
  /** Claims that wait for a flow. */
  readonly waiters: Waiters;
  /** What has been committed, for those who follow it. */
  readonly feed: Feed;
  /** Leases whose holders want to hear when they are taken away. */
  readonly leases: LeaseWatch;
  /** Shows flows as they count, while groups of children are closing. */
  readonly closer: Closer;
  readonly #log: Log;
  readonly #time: Time;
  readonly #shardTime: ShardTime;
  readonly #hashKey: SipKey;
  readonly #limits: StoreLimits;
  readonly #openedAtMs: number;
  readonly #alarm: Alarm;
  readonly #holdUp: HoldUp;
  readonly #sweeper: Sweeper;
  readonly #idleMark: IdleMark;
  readonly #pending = new PendingCalls();
  readonly #ahead: FramesAhead;
  #state: ShardState;
  #turnIsDue = false;
  #diskIsFull = false;
  /** Whether calls are decided again that the disk has no room for. */
  #refusesWrites = false;
  #ended: FlowError | undefined;
  #onDrained: (() => void) | undefined;

  /** Reads the log and opens the shard. */
  constructor({ log, time, hashKey, limits, sweepPlan = DEFAULT_SWEEP_PLAN }: ShardOptions) {
    this.#log = log;
    this.#time = time;
    this.#hashKey = hashKey;
    this.#limits = limits;
    this.#ahead = new FramesAhead(log);
    this.waiters = new Waiters(limits.waitersMax);
    this.#state = new ShardState(log, hashKey, this.#ahead);
    this.feed = new Feed(log, this);
    this.leases = new LeaseWatch(this, time);
    this.#shardTime = new ShardTime(time.clock, this.#state.timeMs);
    this.#openedAtMs = this.#shardTime.now();
    grantLeaseGrace(this.#state.flows, this.#openedAtMs);
    this.#holdUp = new HoldUp(time);
    this.#alarm = time.alarm(() => this.#turn());
    this.#sweeper = new Sweeper(this, {
      plan: sweepPlan,
      sliceMax: limits.cleanupLimitMax,
      monotonicMs: () => time.clock.monotonicMs(),
    });
    const monotonicMs = (): number => time.clock.monotonicMs();
    this.closer = new Closer(this, monotonicMs);
    this.#idleMark = new IdleMark(log, monotonicMs);
    log.onSettled((frame, outcome) => this.#settled(frame, outcome));
    // What is over is swept also if nobody ever calls.
    this.#setAlarm();
  }

  /** The state that calls are decided on. */
  get state(): ShardState {
    return this.#state;
  }

  /** The newest LSN that has been decided; whoever has seen all of the state waits for it. */
  get headLsn(): number {
    return this.#ahead.nextLsn - 1;
  }

  /** The present shard time, in milliseconds. */
  now(): number {
    return this.#shardTime.now();
  }

  /** Decides a call now, and answers it when what it shows is on disk. */
  call<T>(decide: () => Verdict<T> | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => this.decide({ decide, resolve, reject }));
  }

  /**
   * Decides a claim. A claim may take leases away: if the process was held up, the owners were held
   * up with it, so they get their turn first.
   */
  claim<T>(command: ClaimCommand, verdictOn: (reply: Reply) => Verdict<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const nowMs = this.#time.clock.monotonicMs();
      const claim = new Claim(this, command, { verdictOn, resolve, reject }, nowMs);
      const attempt = (): void => {
        if (this.#holdUp.givesWay()) this.#time.defer(attempt);
        else this.decide(claim);
      };
      attempt();
    });
  }

  /** Decides a call, or decides it again. */
  decide<T>(call: Call<T>): void {
    if (this.#ended !== undefined) return call.reject(this.#ended);
    const verdict = this.#verdictOn(call);
    if (verdict === undefined) return;
    if (verdict.waitLsn <= this.#log.end.lsn) return settle(call, verdict);
    this.#pending.add(call, verdict);
    // Only now: should the frame turn out void, this call has to be among those decided again.
    if ((this.#ahead.open?.length ?? 0) >= FRAME_BYTES_SOFT) this.#submitIfRoom();
  }

  /** Decides a command and writes its effects down. */
  apply(command: Command): Reply {
    const nowMs = command.nowMs === undefined ? this.now() : this.#reach(command.nowMs);
    const { effects, reply } = this.#state.decide(command, {
      nowMs,
      firstLsn: this.#ahead.nextLsn,
      random: this.#time.random,
      limits: this.#limits,
    });
    if (effects.length > 0) this.#write(effects, nowMs);
    return reply;
  }

  /** Lets a claim wait. */
  park(waiter: Waiter): void {
    this.waiters.add(waiter);
    this.#setAlarm();
  }

  /** Looks anew at what comes next. */
  reschedule(): void {
    if (this.#ended === undefined) this.#setAlarm();
  }

  /** What is not in memory. */
  get records(): StoredRecords {
    return this.#state.records;
  }

  /** Ends the shard: what has been decided is written, calls that wait for work are refused. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = new FlowError("store_closed", "The store was closed");
      this.#dismiss(this.#ended);
      this.#submit();
      if (this.#ahead.submittedCount > 0) {
        await new Promise<void>((resolve) => this.#onDrained = resolve);
      }
    }
    this.#log.close();
  }

  #verdictOn<T>(call: Call<T>): Verdict<T> | undefined {
    while (true) {
      try {
        return call.decide();
      } catch (error) {
        if (error instanceof Superseded) continue;
        // A throw that is no refusal may have come in the middle of a change: memory and log no
        // longer agree, and what stands in the open frame may be half a command.
        if (!(error instanceof FlowError)) {
          const failure = this.#lose(error);
          return { waitLsn: 0, read: () => raise(failure) };
        }
        // A refusal tells what the state is, so it waits for the state like any other answer.
        return { waitLsn: this.headLsn, read: () => raise(error) };
      }
    }
  }

  /** Encodes effects, makes sure that they fit, and only then lets them change the state. */
  #write(effects: readonly Effect[], nowMs: number): void {
    if (this.#refusesWrites) throw diskFull();
    const { bytes, ends } = this.#state.encode(effects, this.#ahead.nextLsn);
    const aheadCount = effects.findIndex(({ kind }) => kind !== "value_part");
    const commandBytes = bytes.length - (ends[aheadCount - 1] ?? 0);
    if (commandBytes > this.#limits.commandBytesMax) throw tooLarge(commandBytes, this.#limits);
    // Parts of values may stand in frames of their own; the command itself stands in one.
    for (let first = 0; first <= aheadCount; first++) {
      const end = first < aheadCount ? first + 1 : effects.length;
      const records = bytes.subarray(ends[first - 1] ?? 0, ends[end - 1]);
      this.#makeRoom(records.length);
      const frame = this.#ahead.opened();
      const firstLsn = frame.nextLsn;
      const offset = frame.append(records, end - first, nowMs);
      this.#state.applyAll(effects, {
        first,
        end,
        ends,
        firstLsn,
        place: { ...frame.place, offset },
      });
    }
    this.leases.changed(effects);
    this.#scheduleTurn();
  }

  /** Makes sure that the open frame takes so many bytes. */
  #makeRoom(bytes: number): void {
    const state = this.#state;
    const { open } = this.#ahead;
    if (open !== undefined && open.length + bytes > this.#log.limits.frameBytesMax) {
      this.#submit();
      if (this.#ended !== undefined) throw this.#ended;
      // With the disk full, deciding again would meet the full disk again.
      if (this.#state !== state) throw this.#diskIsFull ? diskFull() : new Superseded();
    }
    try {
      this.#ahead.opened();
    } catch (error) {
      // A log in which no frame can be begun cannot be written to any more.
      if (isFlowError(error, "store_failed")) this.#lose(error);
      throw error;
    }
  }

  /** Moves time to where a caller says that it is. Flows may be due then, whatever he wants. */
  #reach(nowMs: number): number {
    this.#scheduleTurn();
    return this.#shardTime.reach(nowMs);
  }

  #scheduleTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.#time.defer(() => {
      this.#turnIsDue = false;
      this.#turn();
    });
  }

  /** The end of a turn: waiters take what has become due, the log gets what has been decided. */
  #turn(): void {
    if (this.#ended !== undefined) return;
    if (this.#holdUp.givesWay()) return this.#scheduleTurn();
    this.#holdUp.forget();
    this.waiters.serve(this.now(), this.#state.flows.takeChangedTypes());
    this.waiters.expire(this.#time.clock.monotonicMs());
    this.#sweeper.wake();
    this.closer.wake();
    this.#submitIfRoom();
    if (this.#ended !== undefined) return;
    this.#markIfIdle();
    this.#setAlarm();
  }

  /** Hands the open frame to the log, if that has room for one; otherwise it goes on growing. */
  #submitIfRoom(): void {
    if (this.#ahead.submittedCount < this.#log.limits.inFlightMax) this.#submit();
  }

  /** Hands the open frame to the log. */
  #submit(): void {
    const frame = this.#ahead.close();
    if (frame !== undefined) this.#log.submit(frame);
  }

  #settled(frame: Frame, outcome: LogOutcome): void {
    const place = this.#ahead.answered(frame);
    // Frames that stood on a void one have been forgotten with it.
    if (place === undefined) return;
    if (outcome.kind === "lost") return void this.#lose(outcome.cause);
    if (outcome.kind === "void") return this.#startAgain(outcome.why);
    this.#idleMark.committed();
    this.#pending.release(outcome.end.lsn);
    this.feed.committed(frameEnd({ body: frame.body, end: outcome.end, place }));
    if (this.#ahead.submittedCount === 0) this.#onDrained?.();
    if (this.#ahead.open !== undefined) this.#scheduleTurn();
  }

  /**
   * What was decided ahead of the log stands on nothing. The state is built anew from the log, and
   * the calls are decided again in their order; none of them has been answered.
   */
  #startAgain(why: VoidReason): void {
    this.#ahead.clear();
    this.#diskIsFull = why === "no_space";
    try {
      this.#state = new ShardState(this.#log, this.#hashKey, this.#ahead);
      grantLeaseGrace(this.#state.flows, this.#openedAtMs);
    } catch (error) {
      this.#lose(error);
      return;
    }
    // A full disk keeps nobody from reading.
    this.#refusesWrites = this.#diskIsFull;
    for (const call of this.#pending.takeAll()) this.decide(call);
    this.#refusesWrites = false;
    // What a void frame had given away is there again, for those who wait.
    this.#scheduleTurn();
    this.#onDrained?.();
  }

  /**
   * Nobody can know what is on disk, or memory cannot be trusted. Nothing is served any more; the
   * next opening finds out. Returns what calls hear from now on.
   */
  #lose(cause: unknown): FlowError {
    const failure = new FlowError("store_failed", "The log or the state above it failed", {
      cause,
    });
    this.#ended = failure;
    this.#ahead.clear();
    const message = "The store failed while the command was on its way to the disk";
    const unknown = new FlowError("unknown_outcome", message, { cause });
    for (const call of this.#pending.takeAll()) call.reject(unknown);
    this.#dismiss(failure);
    this.#onDrained?.();
    return failure;
  }

  /** Tells everybody who waits for something to happen that nothing will. */
  #dismiss(error: FlowError): void {
    this.#alarm.clear();
    this.waiters.abort(error);
    this.closer.abort(error);
    this.feed.close(error);
  }

  #markIfIdle(): void {
    try {
      this.#idleMark.wake();
    } catch (error) {
      this.#lose(error);
    }
  }

  /**
   * Sets the alarm for whatever comes first: a flow that a waiter may take, the end of a wait,
   * idleness, the end of a retention.
   */
  #setAlarm(): void {
    const nowMs = this.#time.clock.monotonicMs();
    const atMs = Math.min(
      nowMs + this.waiters.nextLookInMs(this.now()),
      this.waiters.nextDeadlineMs(),
      this.#idleMark.nextAtMs(),
      this.#sweeper.nextAtMs(),
      this.closer.nextAtMs(),
    );
    this.#alarm.set(atMs, { keepAlive: this.waiters.count > 0 || this.closer.isAwaited });
  }
}

function raise(error: unknown): never {
  throw error;
}
