/**
 * Many callers of a store with several shards, all at once, on a disk that fails and whose power goes
 * anywhere; now and then all of them go on with a store that is made of a backup.
 *
 * There is no model: who comes first is not written down anywhere. What is checked is what must be
 * true whoever did: nothing that somebody was told is lost, nobody gets a flow that is somebody
 * else's, nobody waits for what is there, families are whole and hear of each other, and every log
 * makes again what is in memory.
 *
 * @module
 */

import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../../src/engine/options.ts";
import { DEFAULT_SWEEP_PLAN } from "../../../src/engine/upkeep/sweeper.ts";
import { FlowError } from "../../../src/errors.ts";
import { PowerCut, SimulatedDisk } from "../../../src/files/mod.ts";
import { FlowBatchError, type FlowRecord } from "../../../src/flow/mod.ts";
import { restoreBackup } from "../../../src/log/mod.ts";
import { type Random, seededRandom } from "../../../src/time/mod.ts";
import { assertEquals } from "../../assert.ts";
import { LEAP_NOTICED_MS } from "../engine/checks.ts";
import { Dice } from "../engine/request.ts";
import { Violation } from "../log_oracle.ts";
import { stackOf } from "../moment.ts";
import type { Outcome } from "../outcome.ts";
import { type ClaimFilter, CrowdCalls } from "./crowd_calls.ts";
import type { CrowdOp, CrowdScenario } from "./crowd_scenario.ts";
import { CrowdTold } from "./crowd_told.ts";
import { checkFamilies } from "./family_check.ts";
import { type OpenShards, ShardsProcess, soundly } from "./machine.ts";

const START_MS = 1_700_000_000_000;

/** What could not be done for a fault of the disk is tried again so soon. */
const TRIED_AGAIN_MS = 5_000;

/** Openings that may fail before the disk behaves again. */
const WILD_OPENINGS_MAX = 4;

/** Rounds after which something is taken to go in circles. */
const ROUNDS_MAX = 500;

const LIMITS: StoreLimits = {
  ...DEFAULT_STORE_LIMITS,
  segmentBytesMax: 4_096 + 2_000,
  cleanupLimitMax: 2,
};

/** What happened in a run, for the test of the simulation. */
export interface CrowdReport {
  readonly answerCount: number;
  readonly claimedCount: number;
  readonly crashCount: number;
  readonly voidCount: number;
  readonly wokenCount: number;
  /** Stores that were lost to a fault of the disk. */
  readonly lostCount: number;
  /** Stores that were made of a copy. */
  readonly restoredCount: number;
  /** The most groups of children that there were. */
  readonly familyCount: number;
}

/** Runs a scenario. Throws a {@linkcode Violation} for what must not be. */
export async function runCrowdScenario(
  scenario: CrowdScenario,
  opens: OpenShards = soundly,
): Promise<CrowdReport> {
  return await new Crowd(scenario, opens).run();
}

/** A call that has not been answered. */
interface Open {
  readonly text: string;
  /** What a claim takes, if it waits. */
  readonly claim: ClaimFilter | undefined;
}

class Crowd {
  readonly #scenario: CrowdScenario;
  readonly #opens: OpenShards;
  #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #story: string[] = [];
  readonly #told = new CrowdTold();
  readonly #open = new Set<Open>();
  readonly #calls: CrowdCalls;
  #hasFaults = false;
  /** Monotonic time from which on a leap of the wall clock has been noticed. */
  #clockTrustedAtMs = 0;
  #wallMs = START_MS;
  #process!: ShardsProcess;
  #violation: unknown;
  readonly #report = {
    answerCount: 0,
    claimedCount: 0,
    crashCount: 0,
    voidCount: 0,
    wokenCount: 0,
    lostCount: 0,
    restoredCount: 0,
    familyCount: 0,
  };

  constructor(scenario: CrowdScenario, opens: OpenShards) {
    this.#scenario = scenario;
    this.#opens = opens;
    this.#random = seededRandom(~scenario.seed);
    this.#disk = this.#newDisk();
    this.#calls = new CrowdCalls(scenario.familyPercent);
  }

  async run(): Promise<CrowdReport> {
    try {
      await this.#begin();
      for (const op of this.#scenario.ops) {
        this.#story.push(`— ${JSON.stringify(op)}`);
        await this.#perform(op);
        if (this.#violation !== undefined) throw this.#violation;
        if (this.#isLost) await this.#abandon();
        if (this.#disk.isOff) await this.#begin();
        // A look at flows takes faults that are meant for others, or meets a log that has failed.
        if (!this.#hasFaults) this.#checkFamilies({ isQuiet: false });
      }
      await this.#calm();
      await this.#quiet();
      this.#disk.powerCut({ keep: "none" });
      await this.#begin();
      return this.#report;
    } catch (error) {
      const what = error instanceof Error ? error.stack ?? error.message : String(error);
      throw new Violation(`${what}\nStory:\n${this.#story.join("\n")}`, { cause: error });
    }
  }

  async #perform(op: CrowdOp): Promise<void> {
    switch (op.kind) {
      case "call":
        this.#call(new Dice(seededRandom(op.dice)));
        return await microtasks();
      case "turn":
        return await this.#run(() => void this.#process.time.runDeferred());
      case "advance":
        return await this.#advance(op.ms);
      case "quiet":
        return await this.#quiet();
      case "cut":
        return this.#disk.cutAfter(op.calls, op);
      case "fault":
        this.#hasFaults = true;
        return this.#disk.arm(op.fault);
      case "wall":
        return await this.#run(() => {
          const { clock } = this.#process.time;
          this.#clockTrustedAtMs = clock.monotonicMs() + LEAP_NOTICED_MS;
          this.#process.time.setWall(clock.wallMs() + op.shiftMs);
        });
      case "close":
        return await this.#close();
      case "restore":
        return await this.#restore();
    }
  }

  #call(dice: Dice): void {
    const call = this.#calls.draw(dice, this.#told.flows);
    const open: Open = { text: call.name, claim: call.claim };
    this.#open.add(open);
    const { answerCount } = this.#report;
    this.#story.push(call.name);
    // Of a process that has ended nobody hears anything.
    const isHeard = (): boolean => this.#open.delete(open) && !this.#disk.isOff;
    call.send(this.#process.store).then(
      (value) => isHeard() && this.#guarded(() => this.#hear(open, value, answerCount)),
      (error) => isHeard() && this.#guarded(() => this.#hearError(call.name, error)),
    );
  }

  #hear({ text, claim }: Open, value: unknown, sentAt: number): void {
    this.#report.answerCount += 1;
    this.#story.push(`${text} → ${JSON.stringify(value)}`);
    this.#told.hear(value);
    if (text !== "claimDue") return;
    const flows = value as FlowRecord[];
    this.#told.hearClaim(flows);
    this.#calls.jobs.push(...flows);
    this.#report.claimedCount += flows.length;
    if (claim !== undefined && this.#report.answerCount > sentAt + 1) this.#report.wokenCount += 1;
    const priorities = flows.map(({ priority }) => priority);
    assertEquals(priorities, priorities.toSorted((a, b) => b - a));
  }

  #hearError(name: string, error: unknown): void {
    if (!(error instanceof FlowError)) throw new Violation(`${name} fails: ${stackOf(error)}`);
    this.#report.answerCount += 1;
    this.#story.push(`${name} → ${error.code}`);
    if (isFault(error) && !this.#hasFaults) throw new Violation(`${name} fails: ${stackOf(error)}`);
    if (error instanceof FlowBatchError) this.#told.hear(error.outcomes);
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#violation ??= error;
    }
  }

  async #run(act: () => void): Promise<void> {
    try {
      act();
    } catch (error) {
      if (!this.#disk.isOff) throw error;
    }
    await microtasks();
  }

  async #advance(ms: number): Promise<void> {
    const { time } = this.#process;
    const endMs = time.clock.monotonicMs() + ms;
    for (let rounds = 0; !this.#disk.isOff && time.clock.monotonicMs() < endMs; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("Time does not go on");
      const nextMs = time.deferredCount > 0 ? 0 : time.nextAlarmMs ?? endMs;
      const leftMs = Math.min(nextMs, endMs) - time.clock.monotonicMs();
      await this.#run(() => time.tick(Math.max(0, leftMs)));
    }
  }

  /** Until nothing can happen any more without time going on. Then nobody waits for what is there. */
  async #quiet(): Promise<void> {
    await this.#merged();
    const time = this.#process.time;
    const isBusy = (): boolean =>
      time.deferredCount > 0 || (time.nextAlarmMs ?? Infinity) <= time.clock.monotonicMs();
    for (let rounds = 0; isBusy() && !this.#disk.isOff; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("The store does not come to rest");
      await this.#run(() => time.tick(0));
    }
    if (this.#disk.isOff || this.#isLost) return;
    const hasNoticed = time.clock.monotonicMs() >= this.#clockTrustedAtMs;
    for (const { text, claim } of this.#open) {
      if (claim === undefined) throw new Violation(`${text} is forgotten`);
      const { partitionKey } = claim;
      const partitionKeys = partitionKey === undefined ? null : [partitionKey];
      const filter = { type: "t", states: null, partitionKeys, priority: null };
      for (const { state } of this.#process.shards.router.shardsOf(partitionKeys)) {
        const dueMs = state.flows.nextDueMs({ ...filter, waiting: true, expired: true });
        // An alarm rings within the millisecond in which it is time.
        if (hasNoticed && dueMs < this.#process.shards.now()) {
          throw new Violation("A claim waits, though a flow is due");
        }
      }
    }
    if (this.#hasFaults) return;
    this.#process.checkRebuilt();
    this.#checkFamilies({ isQuiet: true });
  }

  /** Nothing is removed here, so every family is there as a whole. */
  #checkFamilies({ isQuiet }: { readonly isQuiet: boolean }): void {
    const { groupCount } = checkFamilies(this.#process.shards, { isQuiet, keepsAll: true });
    if (isQuiet) this.#report.familyCount = Math.max(this.#report.familyCount, groupCount);
  }

  /** Merges rest now and then, so they take time. */
  async #merged(): Promise<void> {
    const isMerging = (): boolean => [...this.#open].some(({ text }) => text === "compact");
    for (let rounds = 0; isMerging() && !this.#disk.isOff; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("A merge does not end");
      await this.#advance(10);
    }
  }

  async #close(): Promise<void> {
    let isClosed = false;
    this.#process.store.close().then(() => isClosed = true, () => isClosed = true);
    for (let rounds = 0; !isClosed && !this.#disk.isOff; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("The store does not close");
      await this.#run(() => this.#process.time.tick(0));
    }
    if (this.#disk.isOff) return;
    if (this.#open.size > 0) throw new Violation("A call outlives the store");
    this.#wallMs = this.#process.time.clock.wallMs();
    await this.#begin();
  }

  /** Whether the store has ended by itself, and not with its process. */
  get #isLost(): boolean {
    return !this.#disk.isOff && this.#process.shards.ended !== undefined;
  }

  /** From now on the disk does what it is told, and everybody has tried again. */
  async #calm(): Promise<void> {
    this.#disk.disarm();
    await this.#advance(TRIED_AGAIN_MS);
    if (this.#isLost) await this.#abandon();
    this.#hasFaults = false;
  }

  /** What was lost is closed; whatever it was, nothing that was told is. */
  async #abandon(): Promise<void> {
    if (!this.#hasFaults) {
      throw new Violation(`There is no reason for ${stackOf(this.#process.shards.ended)}`);
    }
    this.#report.lostCount += 1;
    await this.#close();
  }

  /** Goes on with a store that is made of a copy. What was told since the copy was begun is not in it. */
  async #restore(): Promise<void> {
    const [backup, restored] = [this.#newDisk().directory(), this.#newDisk()];
    const forget = this.#told.checkpoint();
    const outcome = await this.#outcomeOf(this.#process.backUp(backup));
    if (outcome === undefined) return;
    if ("error" in outcome) {
      if (this.#hasFaults) return;
      throw new Violation(`There is no backup: ${stackOf(outcome.error)}`);
    }
    const parts = { from: backup, to: restored.directory(), random: this.#random };
    for (const _ of restoreBackup({ ...parts, to: () => parts.to }));
    this.#disk = restored;
    forget();
    this.#report.restoredCount += 1;
    await this.#begin();
  }

  /** What comes of a call; undefined: power went first. */
  async #outcomeOf(asked: Promise<unknown>): Promise<Outcome | undefined> {
    let outcome: Outcome | undefined;
    asked.then((value) => outcome = { value }, (error) => outcome = { error });
    for (let rounds = 0; outcome === undefined && !this.#disk.isOff; rounds++) {
      if (rounds > ROUNDS_MAX) throw new Violation("Nobody answers");
      await this.#run(() => this.#process.time.tick(0));
    }
    return this.#disk.isOff ? undefined : outcome;
  }

  /** Opens the store, which must have what was told. */
  async #begin(): Promise<void> {
    if (this.#disk.isOff) this.#report.crashCount += 1;
    if (this.#process !== undefined) this.#wallMs = this.#process.time.clock.wallMs();
    this.#open.clear();
    this.#calls.jobs = [];
    this.#clockTrustedAtMs = 0;
    for (let opening = 1;; opening++) {
      if (opening > WILD_OPENINGS_MAX) this.#disk.disarm();
      try {
        this.#openOnce();
        this.#story.push("opened");
        this.#disk.disarm();
        await this.#told.check(this.#process.store, (asked) => this.#answerTo(asked));
        this.#hasFaults = false;
        return;
      } catch (error) {
        // Power may go in the middle of what an opening does without if it has to.
        if (this.#disk.isOff) continue;
        const isRight = this.#hasFaults && error instanceof FlowError && isFault(error);
        if (!isRight || opening > WILD_OPENINGS_MAX) throw error;
        this.#disk.kill();
      }
    }
  }

  async #answerTo<T>(asked: Promise<T>): Promise<T> {
    const outcome = await this.#outcomeOf(asked);
    if (outcome === undefined) throw new PowerCut("Power went");
    if ("error" in outcome) throw outcome.error;
    return outcome.value as T;
  }

  #newDisk(): SimulatedDisk {
    return new SimulatedDisk({ random: seededRandom(this.#random.u32()) });
  }

  #openOnce(): void {
    this.#process = new ShardsProcess({
      directory: this.#disk.isOff ? this.#disk.restart() : this.#disk.directory(),
      wallMs: this.#wallMs,
      random: seededRandom(this.#random.u32()),
      limits: LIMITS,
      sweepPlan: DEFAULT_SWEEP_PLAN,
      temper: this.#scenario,
      opens: this.#opens,
      onVoid: () => this.#report.voidCount += 1,
      onLeap: () => {},
    });
  }
}

/** Whether an error says that the disk has done something wrong. */
function isFault({ code }: FlowError): boolean {
  return code === "store_failed" || code === "unknown_outcome";
}

/** Enough for a merge to get from one step to the next. */
async function microtasks(): Promise<void> {
  for (let count = 0; count < 60; count++) await undefined;
}
