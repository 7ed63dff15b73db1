/**
 * A store of several shards on a simulated disk, called by one caller who waits for every answer.
 *
 * What is decided by one call after the other does not depend on how many shards there are. So the
 * same model that knows a store with one shard knows this one, whatever becomes of frames in each of
 * its logs: they come late, they are void, and power goes in between.
 *
 * @module
 */

import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../../src/engine/options.ts";
import type { Shard } from "../../../src/engine/shard/shard.ts";
import type { Shards } from "../../../src/engine/shards.ts";
import { SimulatedDisk } from "../../../src/files/mod.ts";
import { type Random, seededRandom } from "../../../src/time/mod.ts";
import { Model } from "../../flow/model/model.ts";
import { EngineJournal, type ModelSaid } from "../engine/journal.ts";
import { Dice, type EngineRequest } from "../engine/request.ts";
import { Violation } from "../log_oracle.ts";
import { microtasks } from "../moment.ts";
import { type Outcome, refusalText, textOf } from "../outcome.ts";
import { checkRecords, checkState } from "../state_check.ts";
import { checkFamilies } from "./family_check.ts";
import { type OpenShards, ShardsProcess, soundly } from "./machine.ts";
import { isWhole, ShardsCaller } from "./requests.ts";
import type { ShardsOp, ShardsScenario } from "./scenario.ts";

const START_MS = 1_700_000_000_000;

/** Turns after which a call is taken to be forgotten. */
const TURNS_MAX = 400;

/** Segments that roll, values in parts, cleanups that leave something. */
const LIMITS: StoreLimits = {
  ...DEFAULT_STORE_LIMITS,
  valueInlineBytesMax: 100,
  cleanupLimitMax: 2,
  segmentBytesMax: 8_000,
};

/** What happened in a run, for the test of the simulation. */
export interface ShardsReport {
  readonly callCount: number;
  /** Calls whose answer told of flows in more than one shard. */
  readonly spreadCount: number;
  readonly voidCount: number;
  readonly openingCount: number;
  /** Answers that told of a parent with children in other shards. */
  readonly familyCount: number;
  /** Calls in the middle of which power went, and of them those that had happened. */
  readonly cutCount: number;
  readonly happenedCount: number;
  /** Openings in the middle of which power went once more. */
  readonly againCount: number;
  /** Records that merges have dropped, in the background or when they were asked to. */
  readonly droppedCount: number;
}

/** Runs a scenario. Throws a {@linkcode Violation} if an answer is not what the model says. */
export async function runShardsScenario(
  scenario: ShardsScenario,
  opens: OpenShards = soundly,
): Promise<ShardsReport> {
  return await new ShardsSimulation(scenario, opens).run();
}

class ShardsSimulation {
  readonly #scenario: ShardsScenario;
  readonly #opens: OpenShards;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #journal: EngineJournal;
  readonly #caller: ShardsCaller;
  readonly #story: string[] = [];
  #process: ShardsProcess | undefined;
  #report = {
    callCount: 0,
    spreadCount: 0,
    voidCount: 0,
    openingCount: 0,
    familyCount: 0,
    cutCount: 0,
    happenedCount: 0,
    againCount: 0,
    droppedCount: 0,
  };

  constructor(scenario: ShardsScenario, opens: OpenShards) {
    this.#scenario = scenario;
    this.#opens = opens;
    this.#caller = new ShardsCaller(scenario.familyPercent);
    this.#disk = new SimulatedDisk({ random: seededRandom(scenario.seed) });
    this.#random = seededRandom(~scenario.seed);
    this.#journal = new EngineJournal({ placeOf: (partitionKey) => this.#placeOf(partitionKey) });
  }

  get #running(): ShardsProcess {
    return this.#process!;
  }

  get #shards(): Shards {
    return this.#running.shards;
  }

  async run(): Promise<ShardsReport> {
    try {
      await this.#reopen(() => {});
      for (const op of this.#scenario.ops) await this.#perform(op);
      await this.#reopen(() => this.#disk.powerCut({ keep: "none" }));
      this.#report.droppedCount = this.#writtenCount - this.#running.recordCount;
      await this.#settled(this.#running.store.close());
      return this.#report;
    } catch (error) {
      const what = error instanceof Error ? error.stack ?? error.message : String(error);
      throw new Violation(`${what}\nStory:\n${this.#story.join("\n")}`, { cause: error });
    }
  }

  async #perform(op: ShardsOp): Promise<void> {
    this.#story.push(`— ${JSON.stringify(op)}`);
    switch (op.kind) {
      case "call":
        return await this.#call(this.#draw(op.dice));
      case "cut":
        return await this.#cut(op);
      case "advance":
        return this.#running.time.tick(op.ms);
      case "wall": {
        const { time } = this.#running;
        return time.setWall(time.clock.wallMs() + op.shiftMs);
      }
      case "compact":
        return await this.#compact(op);
      case "close":
        return await this.#reopen(async () => await this.#settled(this.#running.store.close()));
      case "crash":
        return await this.#reopen(() => this.#disk.powerCut({ keep: op.keep }));
    }
  }

  async #compact({ cut }: Extract<ShardsOp, { kind: "compact" }>): Promise<void> {
    if (cut !== undefined) this.#disk.cutAfter(cut.calls, { ending: "power", keep: cut.keep });
    let outcome: Outcome | undefined;
    outcomeOf(this.#running.store.compact()).then((heard) => outcome = heard);
    // One in the background may come first, which rests now and then.
    await this.#turns(() => outcome !== undefined && !this.#isBusy, { ms: 5 });
    if (this.#disk.isOff) return await this.#reopen(() => {});
    this.#disk.disarm();
    if (outcome === undefined || "error" in outcome) {
      throw new Violation(`The merge ends with ${outcome && textOf(outcome)}`);
    }
    this.#checkAll();
  }

  /** Draws what somebody asks for; undefined: the model cannot know what comes of it. */
  #draw(
    dieSeed: number,
    isWanted?: (request: EngineRequest) => boolean,
  ): EngineRequest | undefined {
    const { model } = this.#journal;
    model.nowMs = this.#shards.now();
    const request = this.#caller.draw(new Dice(seededRandom(dieSeed)), model, isWanted);
    if (request !== undefined) {
      this.#story.push(`${request.name}(${JSON.stringify(request.given)})`);
    }
    return request;
  }

  async #call(request: EngineRequest | undefined): Promise<void> {
    if (request === undefined) return;
    const baseLsn = this.#writtenCount;
    const outcome = await this.#settled(outcomeOf(request.send(this.#running.store)));
    await this.#quiet();
    this.#compare(request, outcome, baseLsn);
  }

  #compare(request: EngineRequest, outcome: Outcome, baseLsn: number): void {
    // Nobody but the store knows how much it takes. Nothing has happened then.
    if (textOf(outcome) !== "too_large") {
      this.#match(this.#decide(request, { baseLsn, nowMs: this.#shards.now() }), outcome);
    }
    this.#check();
  }

  /** What the model says to a call that the store has decided. */
  #decide(
    request: EngineRequest,
    { baseLsn, nowMs }: { readonly baseLsn: number; readonly nowMs: number },
  ): ModelSaid {
    const { router } = this.#shards;
    return this.#journal.decide({
      request,
      nowMs,
      baseLsn,
      lastLsn: this.#writtenCount,
      state: {
        table: {
          find: (partitionKey, id) =>
            router.shardOf(partitionKey).state.flows.table.find(partitionKey, id),
        },
        kv: {
          find: (partitionKey, key) =>
            router.shardOf(partitionKey).state.flows.kv.find(partitionKey, key),
        },
      },
    });
  }

  /** Compares what somebody was told with what the model says. */
  #match(said: ModelSaid, outcome: Outcome): void {
    const expected = said.ok ? JSON.stringify(said.answer.show()) : refusalText(said.refusal);
    const told = textOf(outcome);
    if (told !== expected) {
      throw new Violation(`The answer should be\n  ${expected}, not\n  ${told}`);
    }
    this.#report.callCount += 1;
    if (/"partitionKey":"p".*"partitionKey":"q"/.test(told)) this.#report.spreadCount += 1;
    const group = said.ok ? said.answer.flow?.groups.at(-1) : undefined;
    if (group?.isSpread) this.#report.familyCount += 1;
  }

  /** Lets power go in the middle of a call. It has happened then with all that it set off, or not. */
  async #cut({ dice, calls, again, keep }: Extract<ShardsOp, { kind: "cut" }>): Promise<void> {
    const request = this.#draw(dice, isWhole);
    if (request === undefined) return;
    const baseLsn = this.#writtenCount;
    this.#disk.cutAfter(calls, { ending: "power", keep });
    let outcome: Outcome | undefined;
    const running = this.#running;
    outcomeOf(request.send(running.store)).then((heard) => {
      if (running === this.#process && !this.#disk.isOff) outcome = heard;
    });
    await this.#turns(() => outcome !== undefined && !this.#isBusy);
    if (!this.#disk.isOff) {
      this.#disk.disarm();
      if (outcome === undefined) throw new Violation("Nobody answers");
      return this.#compare(request, outcome, baseLsn);
    }
    this.#report.cutCount += 1;
    const nowMs = this.#shards.now();
    this.#story.push(`Power went; the answer was ${outcome && textOf(outcome)}`);
    if (again !== null) this.#disk.cutAfter(again, { ending: "power", keep });
    await this.#revive();
    // Owners of whom somebody has heard since have no grace. All have it who are found again.
    await this.#settled(this.#running.store.close());
    this.#open();
    await this.#quiet();
    const restore = this.#journal.checkpoint();
    try {
      const said = this.#decide(request, { baseLsn, nowMs });
      this.#opened();
      if (outcome !== undefined) this.#match(said, outcome);
      this.#check();
      if (said.ok) this.#report.happenedCount += 1;
    } catch (error) {
      if (outcome !== undefined) throw error;
      restore();
      this.#opened();
      this.#checkElse(error);
    }
  }

  /** Opens the store and lets it come to rest, also if power goes meanwhile. */
  async #revive(): Promise<void> {
    do {
      try {
        this.#open();
        checkFamilies(this.#shards, { isQuiet: false });
        await this.#quiet();
      } catch (error) {
        if (!this.#disk.isOff) throw error;
      }
      if (this.#disk.isOff) this.#report.againCount += 1;
    } while (this.#disk.isOff);
    this.#disk.disarm();
  }

  /** The call has not happened at all, if what it would have come to is not there. */
  #checkElse(missed: unknown): void {
    try {
      this.#check();
    } catch (error) {
      throw new Violation(`The call has happened in part: ${missed}\n${error}`, { cause: error });
    }
  }

  /** How many records there are in all shards. */
  get #writtenCount(): number {
    return this.#shards.all.reduce((sum, { headLsn }) => sum + headLsn, 0);
  }

  /** Everything is as the model has it, once all have heard of everything. */
  #check(): void {
    this.#running.checkRebuilt();
    for (const shard of this.#shards.all) checkState(shard.state, this.#partOf(shard));
    checkFamilies(this.#shards, { isQuiet: true });
  }

  /** What the model has of a shard. */
  #partOf({ number }: Shard): Model {
    const { model } = this.#journal;
    const isHere = ({ partitionKey }: { readonly partitionKey: string }): boolean =>
      this.#placeOf(partitionKey) === number;
    const part = new Model(model.nowMs);
    part.flows = model.flows.filter(isHere);
    part.kv.keys = model.kv.keys.filter(isHere);
    for (const [type, policy] of model.policies) part.policies.set(type, policy);
    return part;
  }

  #placeOf(partitionKey: string): number {
    return this.#shards.router.shardOf(partitionKey).number;
  }

  /** Whether anything can happen without time going on. */
  get #isBusy(): boolean {
    const { deferredCount, nextAlarmMs = Infinity, clock } = this.#running.time;
    return deferredCount > 0 || nextAlarmMs <= clock.monotonicMs();
  }

  /** Until nothing happens any more. */
  async #quiet(): Promise<void> {
    // Looking again may take until the next alarm.
    let isQuiet = false;
    await this.#turns(() => isQuiet = !this.#isBusy);
    if (!isQuiet && this.#isBusy) throw new Violation("The store does not come to rest");
  }

  /** Until a promise is settled. */
  async #settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settling = promise.finally(() => isSettled = true);
    settling.catch(() => {});
    await this.#turns(() => isSettled);
    if (!isSettled) throw new Violation("Nobody answers");
    return await settling;
  }

  /** Turn after turn, each of so many milliseconds, until there is a reason to stop, or power goes. */
  async #turns(isOver: () => boolean, { ms } = { ms: 0 }): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX && !this.#disk.isOff; turn++) {
      await microtasks();
      if (isOver()) return;
      try {
        this.#running.time.tick(ms);
      } catch (error) {
        if (!this.#disk.isOff) throw error;
      }
    }
  }

  async #reopen(end: () => unknown): Promise<void> {
    await end();
    this.#open();
    await this.#quiet();
    this.#opened();
    this.#checkAll();
  }

  /** Everything that is in memory or in the logs is as the model has it. */
  #checkAll(): void {
    this.#check();
    for (const shard of this.#shards.all) checkRecords(shard, this.#partOf(shard));
  }

  /** Lets the model know that the store was opened. */
  #opened(): void {
    this.#journal.opened(this.#shards.now(), this.#writtenCount);
  }

  #open(): void {
    this.#process = new ShardsProcess({
      directory: this.#disk.isOff ? this.#disk.restart() : this.#disk.directory(),
      wallMs: this.#process?.time.clock.wallMs() ?? START_MS,
      random: seededRandom(this.#random.u32()),
      limits: { ...LIMITS, commandBytesMax: this.#scenario.commandBytesMax },
      sweepPlan: { sweep: false, intervalMs: 1 },
      temper: this.#scenario,
      opens: this.#opens,
      onVoid: () => this.#report.voidCount += 1,
      onLeap: (nowMs) => this.#journal.leapt(nowMs),
    });
    this.#report.openingCount += 1;
  }
}

/** How a call ends, either way. */
function outcomeOf(sent: Promise<unknown>): Promise<Outcome> {
  return sent.then((value) => ({ value }), (error: unknown) => ({ error }));
}
