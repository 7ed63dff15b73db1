/**
 * The real store on a simulated disk, with callers that do what they like, and the oracle that
 * knows what they may be told.
 *
 * Every call is held against a model that decides the same calls in the same order; every opening
 * must show the model at a point no older than the last answer; and when nothing can happen any
 * more without time going on, nobody is left waiting for what is there.
 *
 * @module
 */

import type { LastCheckpoint } from "../../../src/engine/checkpoints/checkpoints.ts";
import type { Shard } from "../../../src/engine/shard/shard.ts";
import { FlowError } from "../../../src/errors.ts";
import { type Ending, type Keep, SimulatedDisk } from "../../../src/files/mod.ts";
import { type Random, seededRandom } from "../../../src/time/mod.ts";
import { Violation } from "../log_oracle.ts";
import { microtasks, stackOf } from "../moment.ts";
import { processTime } from "../process_time.ts";
import { checkRebuilt, checkState } from "../state_check.ts";
import { EngineCallers } from "./callers.ts";
import { checkAtRest, checkPoisoned, checkPromised } from "./checks.ts";
import { LEAP_NOTICED_MS, SWEEP_MS } from "./checks.ts";
import { EngineCompactions } from "./compactions.ts";
import { DiskSpace, ROOM_NOTICED_MS, type RoomFor } from "./disk_space.ts";
import { Excuses } from "./excuses.ts";
import { EngineFollower } from "./follower.ts";
import {
  type EnginePractice,
  EngineProcess,
  HASH_KEY,
  type LogTap,
  soundEngine,
  tapWhile,
} from "./machine.ts";
import { EngineOracle, type Surroundings } from "./oracle.ts";
import { type EngineReport, violationOf } from "./report.ts";
import type { EngineOp, EngineScenario, LogTemper } from "./scenario.ts";

/** Openings that may fail before the disk behaves again. */
const WILD_OPENINGS_MAX = 4;

/** Rounds after which something is taken to go in circles, and alarms while time goes on. */
const [ROUNDS_MAX, ALARMS_MAX] = [500, 10_000];

const START_MS = 1_700_000_000_000;

/** Runs a scenario. Throws a {@linkcode Violation}, with the story that led to it. */
export async function runEngineScenario(
  scenario: EngineScenario,
  practice: EnginePractice = soundEngine,
): Promise<EngineReport> {
  return await new EngineSimulation(scenario, practice).run(scenario.ops);
}

class EngineSimulation implements Surroundings, LogTap {
  readonly #practice: EnginePractice;
  readonly #temper: LogTemper;
  readonly #excuses: Excuses;
  readonly #disk: SimulatedDisk;
  readonly #space: DiskSpace;
  readonly #random: Random;
  readonly #oracle: EngineOracle = new EngineOracle(() => this);
  readonly #callers: EngineCallers;
  readonly #follower: EngineFollower = new EngineFollower();
  readonly #compactions: EngineCompactions = new EngineCompactions({
    isRunning: (asked) => !this.isOff && this.#process === asked,
    mayFail: () => this.#excuses.mayFail,
  });
  #process: EngineProcess | undefined;
  #wallMs = START_MS;
  #lostBy: unknown;
  #isOpening = false;
  #openingCount = 0;
  #lossCount = 0;
  #quietCount = 0;
  #life = 0;
  /** Monotonic time from which on a leap of the wall clock has been noticed. */
  #clockTrustedAtMs = 0;
  /** Frames without room before the store was opened. */
  #hadRoomSince = 0;
  /** What the next opening has to begin with; undefined: closing may have removed it. */
  #promised: LastCheckpoint | undefined;
  fullCount = 0;
  failedReadCount = 0;
  isClosing = false;
  isLost = false;

  constructor({ seed, temper, familyPercent }: EngineScenario, practice: EnginePractice) {
    this.#callers = new EngineCallers(this.#oracle, familyPercent);
    this.#practice = practice;
    this.#temper = temper;
    this.#excuses = new Excuses(temper);
    this.#disk = new SimulatedDisk({ random: seededRandom(seed), throwsShort: seed % 2 > 0 });
    this.#space = new DiskSpace(this.#disk);
    this.#random = seededRandom(~seed);
  }

  get shards() {
    return this.#process!.shards;
  }

  get shard() {
    return this.#process!.shard;
  }

  get durableLsn(): number {
    return this.#process!.durableLsn;
  }

  get roomFor(): RoomFor {
    return this.#space.roomFor(this.#process!);
  }

  get isOff(): boolean {
    return this.#disk.isOff;
  }

  async run(ops: readonly EngineOp[]): Promise<EngineReport> {
    try {
      for (const op of ops) await this.#perform(op);
      await this.#finish();
    } catch (error) {
      throw violationOf(error, this.#oracle.story);
    }
    return {
      openingCount: this.#openingCount,
      answerCount: this.#oracle.answerCount,
      redecidedCount: this.#oracle.redecidedCount,
      lossCount: this.#lossCount,
      quietCount: this.#quietCount,
      compactCount: this.#compactions.count,
      story: this.#oracle.story.join("\n"),
      trace: this.#disk.trace(),
    };
  }

  voided({ base }: { readonly base: { readonly lsn: number } }, why: string): void {
    if (why === "no_space") this.fullCount += 1;
    if (!this.isOff) this.#oracle.voided(base.lsn);
  }

  lost(cause: unknown): void {
    if (this.#isOpening || this.isLost) return;
    this.isLost = true;
    this.#lostBy = cause;
    this.#lossCount += 1;
  }

  readFailed(): void {
    this.failedReadCount += 1;
  }

  async #perform(op: EngineOp): Promise<void> {
    this.#oracle.story.push(`— ${JSON.stringify(op)}`);
    switch (op.kind) {
      case "call":
        return await this.#act((running) => this.#callers.call(running, op.dice));
      case "turn":
        return await this.#act(({ time }) => void time.runDeferred());
      case "quiet":
        return await this.#quiet();
      case "advance":
        return await this.#advance(op.ms);
      case "wall":
        return await this.#act(({ time }) => {
          time.setWall(time.clock.wallMs() + op.shiftMs);
          this.#clockTrustedAtMs = time.clock.monotonicMs() + LEAP_NOTICED_MS;
        });
      case "compact":
        return await this.#act((running) => this.#compactions.begin(running));
      case "abort":
        return await this.#act(() => this.#callers.abort(op.which));
      case "close":
        if (op.isQuiet) await this.#quiet();
        await this.#close();
        this.#wallMs += op.downMs;
        return;
      case "crash":
        this.#crash(op.ending, op.keep);
        this.#wallMs += op.downMs;
        if (op.cut !== undefined) this.#disk.cutAfter(op.cut, { ending: "power" });
        return;
      case "cut":
        return this.#disk.cutAfter(op.calls, op);
      case "fault":
        this.#excuses.hasFaults = true;
        return this.#disk.arm(op.fault);
      case "room":
        this.#excuses.wasShort = true;
        return this.#space.set(op.bytes, this.#process);
    }
  }

  /** Everything is looked at once more, with a disk that behaves. */
  async #finish(): Promise<void> {
    this.#calm();
    await this.#quiet();
    this.#opened().checkRecords(this.#oracle.journal.model);
    await this.#act((running) => this.#compactions.begin(running));
    await this.#quiet();
    this.#opened().checkRecords(this.#oracle.journal.model);
    await this.#checkAdmission();
    this.#crash("power", "none");
    this.#opened();
    await this.#close();
  }

  /** With room on the disk new work is taken again, unless the log goes on saying that it is full. */
  async #checkAdmission(): Promise<void> {
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
      const { fullCount } = this;
      await this.#advance(ROOM_NOTICED_MS);
      if (this.#opened().shards.admission.overload() === undefined) return;
      if (fullCount === this.fullCount) break;
    }
    throw new Violation("New work is refused, and nobody knows why");
  }

  /** Does something in the process, and looks at what came of it. */
  async #act(act: (running: EngineProcess) => void): Promise<void> {
    const running = this.#opened();
    try {
      act(running);
    } catch (error) {
      if (!this.isOff) {
        throw new Violation(`Nobody would catch ${stackOf(error)}`, { cause: error });
      }
    }
    await this.#settle();
  }

  /** Time goes on, from alarm to alarm, with a moment in between for what they set off. */
  async #advance(ms: number): Promise<void> {
    const running = this.#opened();
    const { time } = running;
    const endMs = time.clock.monotonicMs() + ms;
    for (let rounds = 0; this.#process === running && time.clock.monotonicMs() < endMs; rounds++) {
      if (rounds > ALARMS_MAX) throw new Violation("The store does not come to rest");
      // What is deferred may set an alarm.
      const nextMs = time.deferredCount > 0 ? 0 : time.nextAlarmMs ?? endMs;
      const leftMs = Math.min(nextMs, endMs) - time.clock.monotonicMs();
      await this.#act(() => time.tick(Math.max(0, leftMs)));
    }
  }

  /** Until nothing can happen any more without time going on. */
  async #quiet(): Promise<void> {
    const running = this.#opened();
    const { time, shard, log } = running;
    const now = () => time.clock.monotonicMs();
    const isBusy = () => time.deferredCount > 0 || (time.nextAlarmMs ?? Infinity) <= now();
    for (let rounds = 0; isBusy() && this.#process === running; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("The store does not come to rest");
      await this.#act(({ time }) => time.tick(0));
    }
    // Something went wrong on the way, and another process took over.
    if (this.#process !== running) return;
    this.#quietCount += 1;
    const hadRoom = this.fullCount === this.#hadRoomSince && this.roomFor === "everything";
    checkAtRest(running, this.#oracle, {
      hasNoticed: now() >= this.#clockTrustedAtMs,
      hadRoom,
      mayLook: this.#mayLook(shard),
      hasSwept: hadRoom && now() >= this.#clockTrustedAtMs + SWEEP_MS,
    });
    // A look at the disk would take the faults that are meant for others.
    if (this.#disk.armedCount > 0) return;
    checkRebuilt(shard, log, HASH_KEY);
    await this.#follower.catchUp(running);
  }

  async #close(): Promise<void> {
    const running = this.#opened();
    this.isClosing = true;
    this.#promised = undefined;
    let failure: unknown;
    let isClosed = false;
    running.store.close().catch((error) => failure = error).finally(() => isClosed = true);
    for (let rounds = 0; !isClosed && !this.isOff; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("The store does not close");
      await microtasks();
      running.time.tick(0);
    }
    await microtasks();
    this.#oracle.check();
    if (!this.isOff) this.#checkClosed(failure);
    this.#end();
  }

  #checkClosed(failure: unknown): void {
    const [ticket] = this.#oracle.open;
    if (ticket !== undefined) throw new Violation(`${ticket} outlives the store`);
    if (failure !== undefined) this.#expectFault(failure);
    if (this.#disk.openHandleCount > 0) throw new Violation("Files are left open");
  }

  #crash(ending: Ending, keep: Keep): void {
    if (ending === "kill") this.#disk.kill();
    else this.#disk.powerCut({ keep });
    this.#end();
  }

  /** Lets answers arrive, and lets go of a process that has ended or cannot go on. */
  async #settle(): Promise<void> {
    await microtasks();
    this.#oracle.check();
    this.#compactions.check();
    if (this.isOff) return this.#end();
    this.#promised = this.#process?.checkpoints.last(0);
    if (!this.isLost) return;
    this.#expectFault(this.#lostBy);
    await checkPoisoned(this.#process!, this.#oracle);
    await this.#close();
  }

  /** The store as it is, or as an opening leaves it. */
  #opened(): EngineProcess {
    for (let opening = 1; this.#process === undefined; opening++) {
      if (opening > WILD_OPENINGS_MAX) this.#calm();
      if (opening > WILD_OPENINGS_MAX + 1) throw new Violation("The store does not open any more");
      this.#process = this.#openOnce();
      if (this.#process === undefined) continue;
      this.#openingCount += 1;
      this.#hadRoomSince = this.fullCount;
      const { shard, shards, log } = this.#process;
      if (!this.#excuses.mayFail) checkPromised(this.#process, this.#promised);
      this.#oracle.recovered(shards.now(), log.end.lsn);
      if (!this.#mayLook(shard)) continue;
      checkState(shard.state, this.#oracle.journal.model);
      if (this.#disk.armedCount === 0) this.#process.checkRecords(this.#oracle.journal.model);
    }
    return this.#process;
  }

  /** Whether a look at flows takes no faults that are meant for others. */
  #mayLook({ state }: Shard): boolean {
    return this.#disk.armedCount === 0 || state.flows.cold.size === 0;
  }

  #openOnce(): EngineProcess | undefined {
    const directory = this.isOff ? this.#disk.restart() : this.#disk.directory();
    this.#isOpening = true;
    try {
      const process = new EngineProcess({
        ...{
          directory,
          time: processTime(this.#wallMs, this.#random),
          random: this.#random,
          temper: this.#temper,
        },
        practice: this.#practice,
        watch: this.#oracle,
        tap: tapWhile(this, this.#isThis()),
      });
      // Power may go in the middle of what an opening does without if it has to.
      return this.isOff ? undefined : process;
    } catch (error) {
      if (!this.isOff) this.#expectFault(error);
      return undefined;
    } finally {
      this.#isOpening = false;
    }
  }

  /** Whether the process that begins now is still there. */
  #isThis(life = ++this.#life): () => boolean {
    return () => life === this.#life;
  }

  #end(): void {
    this.#wallMs = this.#process?.time.clock.wallMs() ?? this.#wallMs;
    this.#process = undefined;
    this.#life += 1;
    this.#callers.leave();
    this.#clockTrustedAtMs = 0;
    this.#space.restarted();
    this.#lostBy = undefined;
    this.isLost = this.isClosing = false;
  }

  /** An error is right if something was done to the disk or the log that explains it. */
  #expectFault(error: unknown): void {
    const isRight = !(error instanceof FlowError) || error.code === "store_failed";
    const mayFail = this.#isOpening ? this.#excuses.mayFail : this.#excuses.mayLose;
    if (!mayFail || !isRight) {
      throw new Violation(`There is no reason for ${stackOf(error)}`);
    }
  }

  /** From now on the disk does what it is told. */
  #calm(): void {
    this.#disk.disarm();
    this.#space.set(undefined, this.#process);
  }
}
