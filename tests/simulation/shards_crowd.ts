/**
 * Many callers of a store with several shards, all at once, on a disk whose power goes anywhere.
 *
 * There is no model: who comes first is not written down anywhere. What is checked is what must be
 * true whoever did: nothing that somebody was told is lost, nobody gets a flow that is somebody
 * else's, nobody waits for what is there, families are whole and hear of each other, and every log
 * makes again what is in memory.
 *
 * @module
 */

import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../src/engine/options.ts";
import { DEFAULT_SWEEP_PLAN } from "../../src/engine/sweeper.ts";
import { FlowError } from "../../src/errors.ts";
import { SimulatedDisk } from "../../src/files/mod.ts";
import { FlowBatchError, type FlowRecord } from "../../src/flow/mod.ts";
import { type Random, seededRandom } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { nameOf } from "./engine_journal.ts";
import type { CrowdOp, CrowdScenario } from "./crowd_scenario.ts";
import { CrowdFamilies } from "./crowd_families.ts";
import { Dice } from "./engine_request.ts";
import { checkFamilies } from "./family_check.ts";
import { showRecord } from "./flow_view.ts";
import { Violation } from "./log_oracle.ts";
import { type OpenShards, ShardsProcess, soundly } from "./shards_machine.ts";

const START_MS = 1_700_000_000_000;

/** Two partitions of every shard. */
const PARTITIONS: readonly string[] = ["p", "q", "r", "s", "t", "u", "v", "w"];
const IDS: readonly string[] = ["a", "b", "c", "d"];

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
  readonly claim: { readonly partitionKey?: string } | undefined;
}

class Crowd {
  readonly #scenario: CrowdScenario;
  readonly #opens: OpenShards;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #story: string[] = [];
  /** The newest that somebody was told of every flow. */
  readonly #told = new Map<string, FlowRecord>();
  /** Every claim that somebody was told of. */
  readonly #claims = new Set<string>();
  readonly #open = new Set<Open>();
  readonly #families = new CrowdFamilies(PARTITIONS);
  #jobs: FlowRecord[] = [];
  #wallMs = START_MS;
  #process!: ShardsProcess;
  #violation: unknown;
  readonly #report = {
    answerCount: 0,
    claimedCount: 0,
    crashCount: 0,
    voidCount: 0,
    wokenCount: 0,
    familyCount: 0,
  };

  constructor(scenario: CrowdScenario, opens: OpenShards) {
    this.#scenario = scenario;
    this.#opens = opens;
    this.#disk = new SimulatedDisk({ random: seededRandom(scenario.seed) });
    this.#random = seededRandom(~scenario.seed);
  }

  async run(): Promise<CrowdReport> {
    try {
      await this.#begin();
      for (const op of this.#scenario.ops) {
        this.#story.push(`— ${JSON.stringify(op)}`);
        await this.#perform(op);
        if (this.#violation !== undefined) throw this.#violation;
        if (this.#disk.isOff) await this.#begin();
        this.#checkFamilies({ isQuiet: false });
      }
      this.#disk.disarm();
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
        return this.#disk.cutAfter(op.calls, { ending: "power", keep: op.keep });
      case "close":
        return await this.#close();
    }
  }

  #call(dice: Dice): void {
    const store = this.#process.store;
    const target = { id: dice.pick(IDS), partitionKey: dice.pick(PARTITIONS) };
    if (dice.percent(this.#scenario.familyPercent)) {
      const parent = dice.pick([...this.#told.values(), ...this.#jobs]);
      if (parent !== undefined) {
        const { name, send } = this.#families.draw(dice, parent);
        return this.#send(name, () => send(store));
      }
    }
    const roll = dice.below(100);
    const job = this.#jobs.splice(dice.below(this.#jobs.length + 1), 1)[0];
    if (job !== undefined && roll < 45) return this.#settle(dice, job);
    if (job !== undefined) this.#jobs.push(job);
    if (roll < 20) {
      return this.#send("create", () => store.create(target.id, { ...target, type: "t" }));
    }
    if (roll < 40) {
      const items = PARTITIONS.slice(dice.below(4), 4 + dice.below(5)).map((partitionKey) => (
        { id: target.id, partitionKey, priority: dice.pick([0, 0, 1] as const) }
      ));
      const independent = dice.percent(50);
      return this.#send("createMany", () => store.createMany(items, { type: "t", independent }));
    }
    if (roll < 75) return this.#claim(dice);
    if (roll < 80) return this.#send("cancel", () => store.cancel(target));
    if (roll < 85) return this.#send("cancel by id", () => store.cancel(target.id));
    if (roll < 89) return this.#send("list", () => store.list("t", { count: 100 }));
    if (roll < 94) return this.#send("get", () => store.get(target));
    if (roll < 98) return this.#send("compact", () => store.compact());
    const policy = { retry: { maxRetries: dice.below(3) }, maxReclaims: dice.below(3) };
    this.#send("policySet", () => store.policySet("t", policy));
  }

  #claim(dice: Dice): void {
    const filter = dice.percent(30) ? { partitionKey: dice.pick(PARTITIONS) } : {};
    const limit = 1 + dice.below(4);
    const leaseMs = dice.pick([20, 5_000]);
    const isBlocked = dice.percent(40);
    const blocking = isBlocked ? { blockMs: 0 } : {};
    this.#send("claimDue", () => {
      const options = { worker: "w", limit, leaseMs, ...filter, ...blocking };
      return this.#process.store.claimDue("t", options);
    }, isBlocked ? filter : undefined);
  }

  #settle(dice: Dice, job: FlowRecord): void {
    const proof = { leaseToken: job.leaseToken!, fencingToken: job.fencingToken };
    const roll = dice.below(4);
    if (roll === 0) return this.#send("complete", () => this.#process.store.complete(job, proof));
    if (roll === 3) return this.#send("fail", () => this.#process.store.fail(job, proof));
    if (roll === 1) {
      return this.#send("retry", () => this.#process.store.retry(job, { ...proof, runAtMs: 0 }));
    }
    const move = { ...proof, from: "running", to: dice.pick(["queued", "next"]) };
    this.#send("transition", () => this.#process.store.transition(job, move));
  }

  #send(name: string, call: () => Promise<unknown>, claim?: Open["claim"]): void {
    const open: Open = { text: name, claim };
    this.#open.add(open);
    const { answerCount } = this.#report;
    this.#story.push(name);
    // Of a process that has ended nobody hears anything.
    const isHeard = (): boolean => this.#open.delete(open) && !this.#disk.isOff;
    call().then(
      (value) => isHeard() && this.#guarded(() => this.#hear(name, value, claim, answerCount)),
      (error) => isHeard() && this.#guarded(() => this.#hearError(name, error)),
    );
  }

  #hear(name: string, value: unknown, claim: Open["claim"], sentAt: number): void {
    const isClaim = name === "claimDue";
    this.#report.answerCount += 1;
    this.#story.push(`${name} → ${JSON.stringify(value)}`);
    for (const record of recordsIn(value)) {
      const before = this.#told.get(nameOf(record));
      if (before === undefined || before.version <= record.version) {
        this.#told.set(nameOf(record), record);
      }
    }
    if (!isClaim) return;
    const flows = value as FlowRecord[];
    for (const flow of flows) {
      const claim = `${nameOf(flow)} under fencing number ${flow.fencingToken}`;
      if (this.#claims.has(claim)) throw new Violation(`${claim} is claimed twice`);
      this.#claims.add(claim);
    }
    this.#jobs.push(...flows);
    this.#report.claimedCount += flows.length;
    if (claim !== undefined && this.#report.answerCount > sentAt + 1) this.#report.wokenCount += 1;
    const priorities = flows.map(({ priority }) => priority);
    assertEquals(priorities, priorities.toSorted((a, b) => b - a));
  }

  #hearError(name: string, error: unknown): void {
    if (!(error instanceof FlowError)) throw new Violation(`${name} fails: ${error}`);
    this.#report.answerCount += 1;
    this.#story.push(`${name} → ${error.code}`);
    if (!(error instanceof FlowBatchError)) return;
    for (const outcome of error.outcomes) {
      if (outcome.ok) this.#told.set(nameOf(outcome.record), outcome.record);
    }
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
    if (this.#disk.isOff) return;
    for (const { text, claim } of this.#open) {
      if (claim === undefined) throw new Violation(`${text} is forgotten`);
      const { partitionKey } = claim;
      const partitionKeys = partitionKey === undefined ? null : [partitionKey];
      const filter = { type: "t", states: null, partitionKeys, priority: null };
      for (const { state } of this.#process.shards.router.shardsOf(partitionKeys)) {
        const dueMs = state.flows.nextDueMs({ ...filter, waiting: true, expired: true });
        if (dueMs <= this.#process.shards.now()) {
          throw new Violation("A claim waits, though a flow is due");
        }
      }
    }
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

  /** Opens the store, which must have what was told. */
  async #begin(): Promise<void> {
    if (this.#disk.isOff) this.#report.crashCount += 1;
    if (this.#process !== undefined) this.#wallMs = this.#process.time.clock.wallMs();
    this.#open.clear();
    this.#jobs = [];
    while (true) {
      try {
        this.#openOnce();
        // Power may go in the middle of what an opening does without if it has to.
        if (!this.#disk.isOff) break;
      } catch (error) {
        if (!this.#disk.isOff) throw error;
      }
    }
    this.#disk.disarm();
    this.#story.push("opened");
    for (const [name, record] of this.#told) await this.#checkTold(name, record);
  }

  async #checkTold(name: string, record: FlowRecord): Promise<void> {
    const got = this.#process.store.get(record);
    let found: FlowRecord | null = null;
    got.then((flow) => found = flow);
    for (let rounds = 0; rounds < 4; rounds++) await this.#run(() => this.#process.time.tick(0));
    const flow = found as FlowRecord | null;
    if (flow === null || nameOf(flow) !== name || flow.version < record.version) {
      throw new Violation(`${name} was told in version ${record.version}, and is ${flow?.version}`);
    }
    if (flow.version !== record.version) return;
    // A flow that is taken into a group has not changed otherwise.
    const { parentPartitionKey, parentGroupId } = record.parentGroupId === null ? flow : record;
    const expected = { ...record, parentPartitionKey, parentGroupId };
    assertEquals(showRecord(flow), showRecord(expected));
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

function recordsIn(value: unknown): FlowRecord[] {
  if (Array.isArray(value)) return value.flatMap(recordsIn);
  if (value === null || typeof value !== "object") return [];
  if ("ok" in value) return "record" in value ? [value.record as FlowRecord] : [];
  return "fencingToken" in value ? [value as FlowRecord] : [];
}

/** Enough for a merge to get from one step to the next. */
async function microtasks(): Promise<void> {
  for (let count = 0; count < 60; count++) await undefined;
}
