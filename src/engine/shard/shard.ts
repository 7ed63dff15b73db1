/**
 * One shard: one log, one order of commands, one state ahead of it.
 *
 * Commands are decided at once, on a state that runs ahead of the log. State that turns out to be
 * ahead of nothing is never undone: it is thrown away and rebuilt from the log.
 *
 * @module
 */
import type { MergedRun } from "../../bitcask/mod.ts";
import { type FlowError, isFlowError } from "../../errors.ts";
import {
  type Command,
  type DecideShard,
  type Effect,
  grantLeaseGrace,
  type LeaseGrace,
  openingGrace,
  type Reply,
} from "../../flow/core/mod.ts";
import {
  type Frame,
  frameEnd,
  type Log,
  type LogMode,
  type LogOutcome,
  type Segments,
  type VoidReason,
} from "../../log/mod.ts";
import type { Time } from "../../time/mod.ts";
import type { Footing, Life } from "../calls/footing.ts";
import { commandTooLarge, diskFull } from "../calls/refusals.ts";
import type { Checkpoints } from "../checkpoints/checkpoints.ts";
import type { RunningCheckpoint } from "../checkpoints/running_checkpoint.ts";
import { Feed } from "../events/feed.ts";
import { CommitMeter } from "./commit_meter.ts";
import { FrameShares } from "./frame_shares.ts";
import { FramesAhead } from "./frames_ahead.ts";
import { IdleMark } from "./idle_mark.ts";
import type { MergedSegments } from "./log_tally.ts";
import type { ShardHost, ShardOptions } from "./shard_options.ts";
import { type Circumstances, type EncodedRecords, ShardState } from "./shard_state.ts";
import type { StoredRecords } from "./stored_records.ts";

/** The state under a decision is no longer there, or has gone on, before it was written down. */
export class Superseded extends Error {}

/** What a command is going to write in one shard. */
export interface PlannedWrite {
  readonly effects: readonly Effect[];
  /** Their records. They are good until the shard plans another write. */
  readonly encoded: EncodedRecords;
  /** How many of the effects go ahead of the command, in frames of their own if need be. */
  readonly aheadCount: number;
  /** The size of the command itself, which stands in one frame. */
  readonly commandBytes: number;
  /** What it was decided on. */
  readonly base: Footing;
}

/** One shard of an open store. */
export class Shard {
  /** Its number. */
  readonly number: number;
  /** What has been committed, for those who follow it. */
  readonly feed: Feed;
  /** How its commits go. */
  readonly meter: CommitMeter;
  readonly #log: Log;
  readonly #time: Time;
  readonly #options: ShardOptions;
  readonly #host: ShardHost;
  readonly #ahead: FramesAhead;
  readonly #shares = new FrameShares();
  readonly #idleMark: IdleMark;
  #state: ShardState;
  #life: { durableLsn: number; isOver: boolean };
  #grace = openingGrace(0);
  #diskIsFull = false;
  /** Whether commands are decided again that the disk has no room for. */
  #refusesWrites = false;
  /** The checkpoint that is being written, or was written last. */
  #checkpoint: RunningCheckpoint | undefined;

  /** Reads the log. The shard serves once it was begun. */
  constructor(options: ShardOptions) {
    const { log, time, neighbours, host } = options;
    this.number = neighbours.shard;
    this.#log = log;
    this.#time = time;
    this.#options = options;
    this.#host = host;
    this.#ahead = new FramesAhead(log);
    this.#idleMark = new IdleMark(log, () => time.clock.monotonicMs());
    this.#state = this.#build();
    this.feed = new Feed(log, this);
    this.meter = new CommitMeter(this.#state.read);
    this.#life = { durableLsn: log.end.lsn, isOver: false };
    log.onSettled((frame, outcome) => host.guard(() => this.#settled(frame, outcome)));
    log.onLost((cause) => host.lose(cause));
  }

  /** Gives the owners of leases time to extend them: after an opening, or a leap of time. */
  grant(grace: LeaseGrace): void {
    this.#grace = grace;
    grantLeaseGrace(this.#state.flows, grace);
  }

  /** The state that commands are decided on. */
  get state(): ShardState {
    return this.#state;
  }

  /** The time for which the present state lasts. */
  get life(): Life {
    return this.#life;
  }

  /** The newest LSN that has been decided; whoever has seen all of the state waits for it. */
  get headLsn(): number {
    return this.#ahead.nextLsn - 1;
  }

  /** What is not in memory. */
  get records(): StoredRecords {
    return this.#state.records;
  }

  /** The monotonic time at which it wants to write evidence; `Infinity`: it has. */
  get markAtMs(): number {
    return this.#idleMark.nextAtMs();
  }

  /** Bytes of its log that take up memory. */
  get logBytesInMemory(): number {
    return this.#options.isLogInMemory === true ? this.meter.log.bytes : 0;
  }

  /** What an answer stands on that has seen this shard up to an LSN. Default: all of it. */
  footing(lsn: number = this.headLsn): Footing {
    return { life: this.#life, lsn };
  }

  /**
   * Decides a command and lets it change the state.
   *
   * @throws {FlowError} If it is refused. Nothing has changed then.
   * @throws {Superseded} If it has to be decided once more.
   */
  apply(command: Command, nowMs: number): Reply {
    const { effects, reply } = this.#state.decide(command, this.#circumstances(nowMs));
    if (effects.length > 0) this.write(this.plan(effects), nowMs);
    return reply;
  }

  /** The shard as one of several that a command is decided in. */
  beside(nowMs: number): DecideShard {
    return this.#state.beside(this.#circumstances(nowMs));
  }

  /** Encodes effects and makes sure that they fit. Nothing changes. */
  plan(effects: readonly Effect[]): PlannedWrite {
    if (this.#refusesWrites) throw diskFull();
    const { limits } = this.#options;
    const base = this.footing();
    const encoded = this.#state.encode(effects, base.lsn + 1);
    const aheadCount = effects.findIndex(({ kind }) => kind !== "value_part");
    const commandBytes = encoded.bytes.length - encoded.bounds[aheadCount]!;
    if (commandBytes > limits.commandBytesMax) throw commandTooLarge(commandBytes, limits);
    this.#host.admission.admit(effects, encoded.bytes.length);
    return { effects, encoded, aheadCount, commandBytes, base };
  }

  /** Makes sure that the open frame takes a command, and that it still stands on what it saw. */
  makeRoom({ commandBytes }: PlannedWrite): void {
    this.#makeRoom(commandBytes);
  }

  /** Whether nothing has changed since a command was decided. */
  isBase({ life, lsn }: Footing): boolean {
    return life === this.#life && lsn === this.headLsn;
  }

  /** Lets a plan change the state. Does not fail if room was made for it and it is on its base. */
  write(plan: PlannedWrite, nowMs: number): void {
    const { effects, encoded: { bytes, bounds }, aheadCount, base } = plan;
    // Parts of values may stand in frames of their own; the command itself stands in one.
    for (let first = 0; first <= aheadCount; first++) {
      const end = first < aheadCount ? first + 1 : effects.length;
      // A view takes time, and mostly it would be of all of them.
      const records = aheadCount === 0 ? bytes : bytes.subarray(bounds[first], bounds[end]);
      this.#makeRoom(records.length);
      const frame = this.#ahead.opened();
      const { nextLsn: firstLsn, place: { segment } } = frame;
      const place = { segment, offset: frame.append(records, end - first, nowMs) };
      this.#state.applyAll(effects, { first, end, bytes, bounds, firstLsn, place });
    }
    this.#host.wrote(this, effects, base.lsn + 1);
  }

  /** When the frame was handed over that the log is at, in monotonic milliseconds. */
  get oldestSubmittedAtMs(): number | undefined {
    return this.#ahead.oldestSubmittedAtMs;
  }

  /** Bytes that were decided and that the log has not answered. */
  get inFlightBytes(): number {
    return this.#ahead.bytes;
  }

  /** Whether the open frame is large enough not to wait for the end of the turn. */
  get isFrameLarge(): boolean {
    const { open } = this.#ahead;
    return open !== undefined && this.#shares.isLarge(open.length, this.#log.limits);
  }

  /** Hands the open frame to the log, if that has room for it; otherwise it goes on growing. */
  submitIfRoom(): void {
    const { submittedCount, open } = this.#ahead;
    const { inFlightMax, behindBytesMin } = this.#log.limits;
    if (submittedCount >= inFlightMax) return;
    if (submittedCount === 0 || (open?.length ?? 0) >= behindBytesMin) this.submit();
  }

  /** Hands the open frame to the log, or lets go of it: room was made for what came to nothing. */
  submit(): void {
    if (this.#dropEmpty()) return;
    const frame = this.#ahead.close(this.#time.clock.monotonicMs());
    if (frame !== undefined) this.#log.submit(frame);
  }

  /** The segments of its log. */
  get segments(): Segments {
    return this.#log.segments;
  }

  /** Goes on in a new segment of its log, or stays where it is; see `Segments.roll()`. */
  roll(): Promise<void> {
    this.#dropEmpty();
    return this.#log.segments.roll();
  }

  /** Segments have taken the place of others: what was kept of their records is found there. */
  merged(run: MergedRun, merged: MergedSegments): void {
    this.#state.keydir.replace(run);
    if (this.#checkpoint?.outlives(merged.lastLsn) === false) this.#checkpoint.abandon();
    this.#options.checkpoints?.merged(this.number, merged);
    this.meter.log.merged(merged);
  }

  /** Writes evidence if nothing was committed for a while. */
  markIfIdle(): void {
    this.#idleMark.wake();
  }

  /** Writes what has been decided, and waits until the log has answered. Nothing more is decided. */
  async drain(ending: FlowError): Promise<void> {
    this.feed.close(ending);
    this.submit();
    await this.#ahead.drained();
  }

  /** Forgets what the log has not answered, since the answer does not matter any more. */
  giveUp(failure: FlowError): void {
    this.#ahead.clear();
    this.feed.close(failure);
  }

  /** Where its log is written at the moment. */
  get logMode(): LogMode {
    return this.#log.mode;
  }

  /** Begins to write down the state as it is now. Between commands, and when no frame is open. */
  beginCheckpoint(checkpoints: Checkpoints): RunningCheckpoint {
    const on = { log: this.#log, state: this.#state };
    const checkpoint = this.#checkpoint = checkpoints.begin(this.number, this.headLsn, on);
    checkpoint.settled(this.meter.log, this.#state.timeMs);
    return checkpoint;
  }

  /** Writes evidence that everything committed is durable. */
  mark(): void {
    this.#log.mark();
  }

  /** Closes the log. */
  close(): void | Promise<void> {
    return this.#log.close();
  }

  #circumstances(nowMs: number): Circumstances {
    const { limits, neighbours, time: { random } } = this.#options;
    return { nowMs, firstLsn: this.#ahead.nextLsn, random, limits, neighbours };
  }

  #build(): ShardState {
    return ShardState.of(this.#log, { ...this.#options, shard: this.number, bytes: this.#ahead });
  }

  #makeRoom(bytes: number): void {
    const life = this.#life;
    const { open } = this.#ahead;
    if (open !== undefined && open.length + bytes > this.#log.limits.frameBytesMax) {
      this.submit();
      if (this.#host.ended !== undefined) throw this.#host.ended;
      // With the disk full, deciding again would meet the full disk again.
      if (this.#life !== life) throw this.#diskIsFull ? diskFull() : new Superseded();
    }
    try {
      this.#ahead.opened();
      // Also if nothing is written to it: then it is let go of.
      if (open === undefined) this.#host.scheduleTurn();
    } catch (error) {
      // A log in which no frame can be begun cannot be written to any more.
      if (isFlowError(error, "store_failed")) this.#host.lose(error);
      throw error;
    }
  }

  /** Lets go of the open frame if nothing was written to it. Returns whether there was such a one. */
  #dropEmpty(): boolean {
    const isDropped = this.#ahead.dropEmpty();
    if (isDropped) this.#log.segments.returnPlace();
    return isDropped;
  }

  #settled(frame: Frame, outcome: LogOutcome): void {
    const { bytes: aheadBytes } = this.#ahead;
    const submitted = this.#ahead.answered(frame);
    // Frames that stood on a void one have been forgotten with it.
    if (submitted === undefined) return;
    if (outcome.kind === "lost") return void this.#host.lose(outcome.cause);
    if (outcome.kind === "void") return this.#startAgain(outcome.why);
    const { records: { place }, submittedAtMs } = submitted;
    const end = frameEnd({ body: frame.body, end: outcome.end, place, isMerged: false });
    const ms = this.#time.clock.monotonicMs() - submittedAtMs;
    this.#idleMark.committed();
    this.meter.committed(end, { count: frame.count, ms });
    this.#life.durableLsn = outcome.end.lsn;
    this.#state.committed(frame.timeMs);
    this.#checkpoint?.settled(this.meter.log, this.#state.timeMs);
    this.feed.committed(end);
    this.#shares.written(frame.body.length, aheadBytes, this.#log.limits);
    this.#goOn();
    this.#host.committed(this);
  }

  /** Hands the next frame to the log before callers are answered, or lets some of them come into it. */
  #goOn(): void {
    const { open } = this.#ahead;
    if (open === undefined) return;
    if (this.#shares.goesFirst(open.length)) this.submitIfRoom();
    else this.#host.scheduleTurn();
  }

  /**
   * What was decided ahead of the log stands on nothing. The state is built anew from the log, and
   * what stood on it is decided again; none of that has been answered.
   */
  #startAgain(why: VoidReason): void {
    this.#ahead.clear();
    this.#checkpoint?.abandon();
    // Nor does it keep the state that it was taken of.
    this.#checkpoint = undefined;
    this.#diskIsFull = why === "no_space" && !this.#host.admission.ranOutOfRoom();
    this.#state = this.#build();
    grantLeaseGrace(this.#state.flows, this.#grace);
    this.#life.isOver = true;
    this.#life = { durableLsn: this.#log.end.lsn, isOver: false };
    // A full disk keeps nobody from reading.
    this.#refusesWrites = this.#diskIsFull;
    this.#host.startedAgain(this);
    this.#refusesWrites = false;
    // What a void frame had given away is there again, for those who wait.
    this.#host.scheduleTurn();
  }
}

/** Closes every shard, also if one of them cannot be closed properly; that one's error is told. */
export async function closeShards(shards: readonly Shard[]): Promise<void> {
  const closed = await Promise.allSettled(shards.map(async (shard) => await shard.close()));
  const failed = closed.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
