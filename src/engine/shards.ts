/**
 * The shards of a store: what they have in common, and the turns that they take together.
 *
 * Calls are decided at once, on states that run ahead of the logs; callers hear of it when the logs
 * have settled. All shards have one time, one line of claims that wait, and one end of the turn.
 *
 * @module
 */
import type { FlowError } from "../errors.ts";
import {
  type ClaimCommand,
  type Command,
  type Effect,
  leapGrace,
  type LeaseGrace,
  openingGrace,
  type Reply,
  ShardMap,
  type SpreadCommand,
} from "../flow/core/mod.ts";
import type { Time } from "../time/mod.ts";
import { Admission } from "./calls/admission.ts";
import { Claim, type Claimant } from "./calls/claim.ts";
import { decided } from "./calls/decision.ts";
import { type Call, PendingCalls, type Verdict } from "./calls/pending.ts";
import { Preparation } from "./calls/preparation.ts";
import { storeClosed, storeFailed, unknownOutcome } from "./calls/refusals.ts";
import { Router } from "./calls/router.ts";
import { decideIn, type Share } from "./calls/spread.ts";
import { type Waiter, Waiters } from "./calls/waiters.ts";
import { lacksRoom } from "./disk/disk_room.ts";
import { KnownDamage } from "./health/known_damage.ts";
import { loadOf } from "./health/load.ts";
import type { Vitals } from "./health/vitals.ts";
import { LeaseWatch } from "./lease_watch.ts";
import type { StoreLimits } from "./options.ts";
import { DurablePolicies } from "./policies.ts";
import { closeShards, Shard } from "./shard/shard.ts";
import type { ShardHost, ShardsOptions } from "./shard/shard_options.ts";
import { ShardTime } from "./shard/shard_time.ts";
import { HoldUp } from "./turns/hold_up.ts";
import { Slices } from "./turns/slices.ts";
import { Turns } from "./turns/turns.ts";
import { Closer } from "./upkeep/closer.ts";
import { Courier } from "./upkeep/courier.ts";
import { Upkeep } from "./upkeep/upkeep.ts";

/** The shards of an open store. */
export class Shards implements ShardHost {
  /** Claims that wait for a flow. */
  readonly waiters: Waiters;
  /** Leases whose holders want to hear when they are taken away. */
  readonly leases: LeaseWatch;
  /** Whether there is room for new work. */
  readonly admission: Admission;
  /** Which shards a call goes to. */
  readonly router: Router;
  readonly #all: Shard[] = [];
  /** Shows flows as they count, while groups of children are closing. */
  readonly closer: Closer;
  /** The limits of the store. */
  readonly limits: StoreLimits;
  /** Lets calls wait until they can be decided without a long task. */
  readonly preparation: Preparation;
  /** Turns of those who have long work to do. */
  readonly slices: Slices;
  /** The damage that somebody has found. */
  readonly damage: KnownDamage = new KnownDamage();
  /** Hands on what shards tell each other. */
  readonly courier: Courier;
  readonly #time: Time;
  readonly #shardTime: ShardTime;
  readonly #turns: Turns;
  readonly #holdUp: HoldUp;
  /** Keeps memory and logs small. */
  readonly upkeep: Upkeep;
  readonly #policies = new DurablePolicies();
  readonly #pending: PendingCalls;
  readonly #openedAtMs: number;
  #ended: FlowError | undefined;

  /** Reads the logs and opens the shards. */
  constructor(options: ShardsOptions) {
    const { logs, time, limits, map = new ShardMap() } = options;
    this.#time = time;
    this.limits = limits;
    this.#openedAtMs = time.clock.monotonicMs();
    this.#pending = new PendingCalls(time, () => readBytesOf(this.#all));
    this.waiters = new Waiters(limits.waitersMax, time.clock);
    this.leases = new LeaseWatch(this, time);
    this.admission = new Admission(limits, () => loadOf(this.#all), options.disk);
    this.router = new Router(map, this.#all);
    for (const [number, log] of logs.entries()) {
      const neighbours = this.router.neighboursOf(number);
      const policies = number === 0 ? undefined : this.#policies.policies;
      const shard = new Shard({ ...options, log, neighbours, policies, host: this });
      this.#all.push(shard);
      if (number === 0) {
        for (const set of shard.state.flows.policies) this.#policies.note(...set);
      }
      this.#policies.settle(shard.life.durableLsn);
    }
    const loggedMs = Math.max(...this.#all.map(({ state }) => state.timeMs));
    this.#shardTime = new ShardTime(time.clock, loggedMs);
    this.#grant(openingGrace(this.#shardTime.now()));
    this.#holdUp = new HoldUp(time);
    this.preparation = new Preparation({
      ...{ time, givesWay: () => this.#holdUp.givesWay() },
      guard: (act) => this.guard(act),
    });
    this.#turns = new Turns(time, () => this.guard(() => this.#turn()));
    const monotonicMs = (): number => time.clock.monotonicMs();
    this.closer = new Closer(this, monotonicMs);
    this.courier = new Courier(this, monotonicMs);
    this.slices = new Slices(time);
    this.upkeep = new Upkeep(this, options);
    // Whoever was told of children finds them, also after a crash.
    this.courier.opened();
    this.courier.wake();
    // What is over is swept also if nobody ever calls.
    this.#setAlarm();
  }

  /** All shards, by number. */
  get all(): readonly Shard[] {
    return this.#all;
  }

  /** What tells how they do. */
  get vitals(): Vitals {
    const nowMs = this.#time.clock.monotonicMs();
    const since = this.#all.map(({ oldestSubmittedAtMs }) => oldestSubmittedAtMs ?? nowMs);
    return {
      openForMs: nowMs - this.#openedAtMs,
      pendingCount: this.#pending.count,
      oldestCommitMs: nowMs - Math.min(...since),
      clockAheadMs: this.#shardTime.aheadMs(),
      sweepIntervalMs: this.upkeep.sweeper.intervalMs,
    };
  }

  get ended(): FlowError | undefined {
    return this.#ended;
  }

  /** The present shard time, in milliseconds. */
  now(): number {
    return this.#shardTime.now();
  }

  /** Resolves when the wall clock is believed. Nobody is served before that. */
  async clockBelieved(): Promise<void> {
    // Nobody could come back until now.
    if (await this.#shardTime.believed(this.#time)) this.#grant(openingGrace(this.now()));
  }

  /**
   * Decides a call now, and answers it when what it shows is on disk.
   *
   * @param looksAt The shards that a refusal has looked at. Default: all.
   */
  call<T>(
    decide: () => Verdict<T> | undefined,
    looksAt?: () => readonly Shard[],
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => this.decide({ decide, looksAt, resolve, reject }));
  }

  /**
   * Decides a claim. A claim may take leases away: if the process was held up, the owners were held
   * up with it, so they get their turn first.
   */
  claim<T>(command: ClaimCommand, verdictOn: Claimant<T>["verdictOn"]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const nowMs = this.#time.clock.monotonicMs();
      const claim = new Claim(this, command, { verdictOn, resolve, reject }, nowMs);
      this.preparation.lead(claim, () => this.decide(claim));
    });
  }

  /** Decides a call, or decides it again. */
  decide<T>(call: Call<T>): void {
    this.#wakeDue();
    if (this.#ended !== undefined) return call.reject(this.#ended);
    const verdict = decided(call, this);
    // The store failed in the middle of it: what was decided goes nowhere.
    if (this.#ended !== undefined) return call.reject(this.#ended);
    if (verdict === undefined) return;
    if (!this.#pending.add(call, verdict)) return;
    // Only now: should the frame turn out void, this call has to be among those decided again.
    for (const shard of this.#all) if (shard.isFrameLarge) shard.submitIfRoom();
  }

  /** Decides a command in a shard and writes its effects down. */
  apply(command: Command, shard: Shard): Reply {
    const reply = shard.apply(command, this.#timeOf(command));
    if (command.kind === "policy_set") {
      this.#policies.note(command.type, shard.state.flows.policies.get(command.type));
    }
    return reply;
  }

  /** Decides a command over flows that nobody names in some shards, and writes its effects down. */
  spread(command: SpreadCommand, on: readonly Shard[]): Share[] {
    return decideIn(on, command, this.#timeOf(command));
  }

  /** When the next retention is over, or was; `Infinity` if there is none. */
  nextForgottenMs(): number {
    return Math.min(...this.#all.map(({ state }) => state.flows.nextForgottenMs()));
  }

  /** Resolves when all calls that were decided until now have been answered, or are decided again. */
  told(): Promise<void> {
    return this.#pending.told();
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

  /** Ends the shards: what has been decided is written and answered, calls that wait are refused. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      const ending = this.#ended = storeClosed();
      this.#dismiss(ending);
      await this.upkeep.end(ending);
      await Promise.all(this.#all.map((shard) => shard.drain(ending)));
      this.#pending.release();
      // As many in a turn as ever; what they show is read from logs that are still open.
      await this.#pending.told();
      // Unless the log has failed in the end, or others need the room.
      const isSaved = this.#ended === ending && !this.admission.isShortOfDisk();
      if (isSaved) await this.upkeep.checkpointer.close();
    }
    await closeShards(this.#all);
  }

  wrote(shard: Shard, effects: readonly Effect[], firstLsn: number): void {
    if (this.#all.length > 1) this.courier.sent(shard, effects, firstLsn);
    this.leases.changed(effects, (index) => shard.footing(firstLsn + index));
    this.scheduleTurn();
  }

  committed(shard: Shard): void {
    if (shard.number === 0) this.#policies.settle(shard.life.durableLsn);
    // Not here and now: a command may be half written in another shard.
    if (this.#ended === undefined && this.courier.hasMail) this.scheduleTurn();
    else this.#pending.release();
    // A log in a thread answers outside of a turn; otherwise the end of one looks at what comes next.
    if (shard.logMode.kind !== "inline") this.reschedule();
  }

  startedAgain(shard: Shard): void {
    if (shard.number === 0) this.#policies.startAgain();
    this.courier.startedAgain(shard);
    for (const call of this.#pending.takeVoid()) this.decide(call);
  }

  /**
   * Nothing is served any more; the next opening finds out what is on disk. Returns what calls hear
   * from now on.
   */
  lose(cause: unknown): FlowError {
    const failure = storeFailed(cause);
    this.#ended = failure;
    if (lacksRoom(cause)) this.admission.ranOutOfRoom();
    const unknown = unknownOutcome(cause);
    for (const call of this.#pending.takeAll()) call.reject(unknown);
    this.#dismiss(failure);
    // Opening may fail before there is one.
    void (this.upkeep as Upkeep | undefined)?.end(failure);
    for (const shard of this.#all) shard.giveUp(failure);
    return failure;
  }

  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.lose(error);
    }
  }

  scheduleTurn(): void {
    this.#turns.schedule();
  }

  /** Tells everybody who waits for something to happen that nothing will. */
  #dismiss(error: FlowError): void {
    this.#turns.end();
    this.waiters.abort(error);
    this.leases.abort();
    this.closer.abort(error);
    this.courier.abort(error);
  }

  /** The time of a command. One that names it may make flows due, whatever else it wants. */
  #timeOf({ nowMs }: Command): number {
    const settledMs = this.settledNow();
    if (nowMs === undefined) return settledMs;
    this.scheduleTurn();
    const reachedMs = this.#shardTime.reach(nowMs);
    this.#wakeDue();
    if (this.#ended !== undefined) throw this.#ended;
    return reachedMs;
  }

  /**
   * The present shard time, for those who take leases over or tell which of them are over: a leap has
   * been dealt with.
   */
  settledNow(): number {
    const nowMs = this.now();
    if (this.#shardTime.takeLeap()) this.leapt(nowMs);
    return nowMs;
  }

  /** Time has leapt ahead, and leases may have ended that were about to be extended. */
  protected leapt(nowMs: number): void {
    this.#grant(leapGrace(nowMs));
  }

  #grant(grace: LeaseGrace): void {
    for (const shard of this.#all) shard.grant(grace);
  }

  /** Brings flows back that are due. What goes wrong with that is no matter of whoever has called. */
  #wakeDue(): void {
    if (this.#ended === undefined) this.guard(() => this.upkeep.cooler.wakeDue());
  }

  /** The end of a turn: waiters take what has become due, the logs get what has been decided. */
  #turn(): void {
    if (this.#ended !== undefined) return;
    if (this.#holdUp.givesWay()) return this.scheduleTurn();
    this.#holdUp.forget();
    this.#pending.begin();
    this.upkeep.cooler.work();
    this.waiters.serve(this.settledNow(), this.#takeChangedTypes());
    this.waiters.expire(this.#time.clock.monotonicMs());
    this.upkeep.sweeper.wake();
    this.upkeep.merger.wake();
    this.closer.wake();
    for (const shard of this.#all) {
      shard.submitIfRoom();
      if (this.#ended !== undefined) return;
    }
    this.#handOn();
    if (this.#ended !== undefined) return;
    this.upkeep.checkpointer.wake();
    if (this.#ended !== undefined) return;
    for (const shard of this.#all) shard.markIfIdle();
    this.#setAlarm();
  }

  /** Lets shards hear what is new before anybody hears of it from the one that did it. */
  #handOn(): void {
    this.courier.wake();
    this.#pending.release();
  }

  /** The types of which flows have changed since the last turn. */
  #takeChangedTypes(): ReadonlySet<string> {
    const changed = this.#all.map(({ state }) => state.flows.takeChangedTypes());
    return changed.length === 1 ? changed[0]! : new Set(changed.flatMap((types) => [...types]));
  }

  /** Sets the alarm for whatever comes first: what somebody waits for, or what is to be done then. */
  #setAlarm(): void {
    const nowMs = this.#time.clock.monotonicMs();
    const atMs = Math.min(
      nowMs + this.waiters.nextLookInMs(this.now()),
      this.waiters.nextDeadlineMs(),
      ...this.#all.map(({ markAtMs }) => markAtMs),
      this.upkeep.nextAtMs(),
      this.closer.nextAtMs(),
      this.courier.nextAtMs(),
    );
    const isAwaited = this.waiters.count > 0 || this.closer.isAwaited || this.courier.isAwaited;
    this.#turns.next(atMs, isAwaited);
  }
}

/** How many bytes of records were read so far. Asked for every answer. */
function readBytesOf(shards: readonly Shard[]): number {
  let bytes = 0;
  for (const { records } of shards) bytes += records.readBytes;
  return bytes;
}
