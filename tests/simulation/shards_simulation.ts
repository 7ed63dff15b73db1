/**
 * A store of several shards on a simulated disk, called by one caller who waits for every answer.
 *
 * What is decided by one call after the other does not depend on how many shards there are. So the
 * same model that knows a store with one shard knows this one, whatever becomes of frames in each of
 * its logs: they come late, they are void, and power goes in between.
 *
 * @module
 */

import fc from "fast-check";
import { DEFAULT_STORE_LIMITS, type StoreLimits } from "../../src/engine/options.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { type Keep, SimulatedDisk } from "../../src/files/mod.ts";
import { type Random, seededRandom } from "../../src/time/mod.ts";
import { Model } from "../flow/model.ts";
import { drawCommand } from "./engine_commands.ts";
import { EngineJournal } from "./engine_journal.ts";
import { refusalText, textOf } from "./outcome.ts";
import { drawQuery } from "./engine_queries.ts";
import { Dice, type EngineRequest, type Raw } from "./engine_request.ts";
import { Violation } from "./log_oracle.ts";
import { ShardsProcess, type ShardsTemper, type SpoilShards } from "./shards_machine.ts";
import { checkRecords, checkState } from "./state_check.ts";

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

/** What happens next. */
export type ShardsOp =
  | { readonly kind: "call"; readonly dice: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "close" }
  | { readonly kind: "crash"; readonly keep: Keep };

/** A run: what happens, and the seed of everything that is left to chance. */
export interface ShardsScenario extends ShardsTemper {
  readonly seed: number;
  readonly ops: readonly ShardsOp[];
}

/** Scenarios that shrink to the few things that matter. */
export const shardsScenario: fc.Arbitrary<ShardsScenario> = fc.record({
  seed: fc.nat(0x7fff_ffff),
  voidPercent: fc.constantFrom(0, 20, 50),
  isSlow: fc.boolean(),
  ops: fc.array(
    fc.oneof(
      {
        weight: 30,
        arbitrary: fc.record({
          kind: fc.constant("call" as const),
          dice: fc.noShrink(fc.nat(0x7fff_ffff)),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant("advance" as const),
          ms: fc.constantFrom(1, 10, 110, 2_000, 5_000),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: "close" as const }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("crash" as const),
          keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
        }),
      },
    ),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});

/** What happened in a run, for the test of the simulation. */
export interface ShardsReport {
  readonly callCount: number;
  /** Calls whose answer told of flows in more than one shard. */
  readonly spreadCount: number;
  readonly voidCount: number;
  readonly openingCount: number;
}

/** Runs a scenario. Throws a {@linkcode Violation} if an answer is not what the model says. */
export async function runShardsScenario(
  scenario: ShardsScenario,
  spoil: SpoilShards = () => {},
): Promise<ShardsReport> {
  return await new ShardsSimulation(scenario, spoil).run();
}

class ShardsSimulation {
  readonly #scenario: ShardsScenario;
  readonly #spoil: SpoilShards;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #journal = new EngineJournal();
  readonly #past: Raw[] = [];
  readonly #story: string[] = [];
  #wallMs = START_MS;
  #process!: ShardsProcess;
  #report = { callCount: 0, spreadCount: 0, voidCount: 0, openingCount: 0 };

  constructor(scenario: ShardsScenario, spoil: SpoilShards) {
    this.#scenario = scenario;
    this.#spoil = spoil;
    this.#disk = new SimulatedDisk({ random: seededRandom(scenario.seed) });
    this.#random = seededRandom(~scenario.seed);
  }

  get #shards(): Shards {
    return this.#process.shards;
  }

  async run(): Promise<ShardsReport> {
    try {
      this.#open();
      for (const op of this.#scenario.ops) await this.#perform(op);
      await this.#reopen(() => this.#disk.powerCut({ keep: "none" }));
      await this.#settled(this.#process.store.close());
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
        return await this.#call(new Dice(seededRandom(op.dice)));
      case "advance":
        return this.#process.time.tick(op.ms);
      case "close":
        return await this.#reopen(async () => await this.#settled(this.#process.store.close()));
      case "crash":
        return await this.#reopen(() => this.#disk.powerCut({ keep: op.keep }));
    }
  }

  async #call(dice: Dice): Promise<void> {
    const { model } = this.#journal;
    model.nowMs = this.#shards.now();
    const request = dice.percent(70)
      ? drawCommand(dice, model, this.#past)
      : drawQuery(dice, model);
    if (!this.#isKnown(request)) return;
    this.#report.callCount += 1;
    this.#story.push(`${request.name}(${JSON.stringify(request.given)})`);
    const baseLsn = this.#writtenCount;
    const sent = request.send(this.#process.store);
    const outcome = await this.#settled(
      sent.then((value) => ({ value }), (error: unknown) => ({ error })),
    );
    const { all, router } = this.#shards;
    const said = this.#journal.decide({
      request,
      nowMs: this.#shards.now(),
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
    const expected = said.ok ? JSON.stringify(said.answer.show()) : refusalText(said.refusal);
    const told = textOf(outcome);
    if (told !== expected) {
      throw new Violation(`The answer should be\n  ${expected}, not\n  ${told}`);
    }
    if (/"partitionKey":"p".*"partitionKey":"q"/.test(told)) this.#report.spreadCount += 1;
    for (const shard of all) this.#check(shard);
  }

  /** How many records there are in all shards. */
  get #writtenCount(): number {
    return this.#shards.all.reduce((sum, { headLsn }) => sum + headLsn, 0);
  }

  /** Whether the model can know the answer: it has one order of keys, and batches without groups. */
  #isKnown({ name, given: [items, options], abort }: EngineRequest): boolean {
    const { model } = this.#journal;
    if (abort !== undefined) return false;
    if (name === "retentionCleanup") {
      return model.kv.keys.every(({ untilMs }) => untilMs === null || untilMs > model.nowMs);
    }
    if (!name.endsWith("Many") || (options as Raw)["independent"]) return true;
    const partitions = (items as Raw[]).map(({ partitionKey }) => partitionKey as string);
    const isNew = name === "createMany" &&
      (items as Raw[]).every(({ id }) => model.flows.every((flow) => flow.id !== id));
    return isNew || new Set(partitions).size === 1 && partitions[0] !== undefined;
  }

  /** The flows of a shard are those of the model. */
  #check(shard: Shard): void {
    checkState(shard.state, this.#partOf(shard));
  }

  /** What the model has of a shard. */
  #partOf({ number }: Shard): Model {
    const { model } = this.#journal;
    const isHere = ({ partitionKey }: { readonly partitionKey: string }): boolean =>
      this.#shards.router.shardOf(partitionKey).number === number;
    const part = new Model(model.nowMs);
    part.flows = model.flows.filter(isHere);
    part.kv.keys = model.kv.keys.filter(isHere);
    for (const [type, policy] of model.policies) part.policies.set(type, policy);
    return part;
  }

  /** Turn after turn, until a promise is settled. */
  async #settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settling = promise.finally(() => isSettled = true);
    settling.catch(() => {});
    for (let turn = 0; turn < TURNS_MAX && !isSettled; turn++) {
      for (let count = 0; count < 12; count++) await undefined;
      if (!isSettled) this.#process.time.tick(0);
    }
    if (!isSettled) throw new Violation("Nobody answers");
    return await settling;
  }

  async #reopen(end: () => unknown): Promise<void> {
    // What frames have not answered was told to nobody, except that nothing is under way.
    await this.#settled(this.#process.store.get("nobody"));
    await end();
    this.#wallMs = this.#process.time.clock.wallMs();
    this.#open();
    for (const shard of this.#shards.all) {
      this.#check(shard);
      checkRecords(shard, this.#partOf(shard));
    }
  }

  #open(): void {
    this.#process = new ShardsProcess({
      directory: this.#disk.isOff ? this.#disk.restart() : this.#disk.directory(),
      wallMs: this.#wallMs,
      random: seededRandom(this.#random.u32()),
      limits: LIMITS,
      sweepPlan: { sweep: false, intervalMs: 1 },
      temper: this.#scenario,
      spoil: this.#spoil,
      onVoid: () => this.#report.voidCount += 1,
    });
    this.#report.openingCount += 1;
    this.#journal.opened(this.#shards.now(), this.#writtenCount);
    this.#process.checkRebuilt();
  }
}
