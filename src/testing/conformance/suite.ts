/**
 * The conformance suite: what every store promises, case by case.
 *
 * @module
 */
import { admissionCases } from "./admission.ts";
import { argumentsCases } from "./arguments.ts";
import { fail } from "./assertion.ts";
import { atomicCases } from "./atomic.ts";
import { batchCases } from "./batch.ts";
import { batchOptionCases } from "./batch_options.ts";
import { blockingCases } from "./blocking.ts";
import { cascadeCases } from "./cascade.ts";
import type {
  ConformanceCapability,
  ConformanceCase,
  ConformanceContext,
  ConformanceSettings,
  ConformanceStore,
  ConformanceSubject,
  ConformanceTime,
} from "./case.ts";
import { childrenCases } from "./children.ts";
import { claimCases } from "./claim.ts";
import { createCases } from "./create.ts";
import { defineCases } from "./define.ts";
import { durabilityCases } from "./durability.ts";
import { eventsCases } from "./events.ts";
import { historyCases } from "./history.ts";
import { infoCases } from "./info.ts";
import { kvCases } from "./kv.ts";
import { leaseCases } from "./lease.ts";
import { limitsCases } from "./limits.ts";
import { lineageCases } from "./lineage.ts";
import { listCases } from "./list.ts";
import { policyCases } from "./policy.ts";
import { retentionCases } from "./retention.ts";
import { retryCases } from "./retry.ts";
import { rewindCases } from "./rewind.ts";
import { rollUpCases } from "./roll_up.ts";
import { rowValuesCases } from "./row_values.ts";
import { settleCases } from "./settle.ts";
import { shardsCases } from "./shards.ts";
import { signalCases } from "./signal.ts";
import { spawnRefusalCases } from "./spawn_refusals.ts";
import { takeoverCases } from "./takeover.ts";
import { terminalsCases } from "./terminals.ts";
import { timeCases } from "./time.ts";
import { transitionCases } from "./transition.ts";
import { valuesCases } from "./values.ts";
import { watchLeaseCases } from "./watch_lease.ts";

/** Every case, by topic. Read from the first to the last, their names are what a store promises. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...createCases,
  ...claimCases,
  ...takeoverCases,
  ...leaseCases,
  ...settleCases,
  ...transitionCases,
  ...retryCases,
  ...batchCases,
  ...batchOptionCases,
  ...signalCases,
  ...valuesCases,
  ...rewindCases,
  ...historyCases,
  ...listCases,
  ...terminalsCases,
  ...rowValuesCases,
  ...infoCases,
  ...retentionCases,
  ...policyCases,
  ...blockingCases,
  ...argumentsCases,
  ...limitsCases,
  ...admissionCases,
  ...timeCases,
  ...durabilityCases,
  ...childrenCases,
  ...spawnRefusalCases,
  ...rollUpCases,
  ...cascadeCases,
  ...lineageCases,
  ...shardsCases,
  ...kvCases,
  ...atomicCases,
  ...eventsCases,
  ...watchLeaseCases,
  ...defineCases,
];

/** How a store is put through the suite. */
export interface ConformanceOptions {
  /** Opens a new, empty store for one case. It is disposed of after the case. */
  readonly open: (settings: ConformanceSettings) => Promise<ConformanceSubject>;
  /** Registers a case with a test runner. */
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  /** What the store is capable of. What is absent, it is not. */
  readonly supports: Readonly<Partial<Record<ConformanceCapability, boolean>>>;
}

/**
 * Registers every case that a store is capable of as a test of its own, under any test runner.
 *
 * @returns The cases that were left out, since they need what the store does not support.
 *
 * @example
 * ```ts
 * import { openStore } from "@flowcask/flowcask";
 * import { conformance, manualTime } from "@flowcask/flowcask/testing";
 *
 * const cases = new Map<string, () => Promise<void>>();
 * const leftOut = conformance({
 *   test: (name, body) => cases.set(name, body), // or simply: test, of your test runner
 *   supports: { manualClock: true, blocking: true, limits: true, kv: true, atomic: true },
 *   open: async ({ limits }) => {
 *     const time = manualTime();
 *     const store = await openStore({ dir: ":memory:", time, limits });
 *     return { store, time, [Symbol.asyncDispose]: () => store.close() };
 *   },
 * });
 * for (const run of cases.values()) await run();
 * console.log(`${cases.size} promises kept, ${leftOut.length} left out`);
 * ```
 */
export function conformance(
  { open, test, supports }: ConformanceOptions,
): readonly ConformanceCase[] {
  const leftOut: ConformanceCase[] = [];
  for (const each of conformanceCases) {
    if (each.needs?.every((capability) => supports[capability] === true) ?? true) {
      test(each.name, () => runCase(each, open));
    } else {
      leftOut.push(each);
    }
  }
  return leftOut;
}

/** Runs one case on a store of its own. */
async function runCase(
  { run, settings = {} }: ConformanceCase,
  open: ConformanceOptions["open"],
): Promise<void> {
  await using subject = await open(settings);
  await run(new Bench(subject));
}

/** A subject as cases see it. */
class Bench implements ConformanceContext {
  store: ConformanceStore;
  readonly #subject: ConformanceSubject;

  constructor(subject: ConformanceSubject) {
    this.store = subject.store;
    this.#subject = subject;
  }

  get kv(): ConformanceContext["kv"] {
    return this.store.kv ?? fail("The subject supports kv, but has none");
  }

  get atomic(): ConformanceContext["atomic"] {
    return this.store.atomic?.bind(this.store) ?? fail("The subject supports atomic, but has none");
  }

  get events(): ConformanceContext["events"] {
    return this.store.events?.bind(this.store) ?? fail("The subject supports events, but has none");
  }

  get nowMs(): number {
    return this.#time.clock.wallMs();
  }

  async advance(ms: number): Promise<void> {
    await this.#time.advance(ms);
  }

  setWall(wallMs: number): void {
    this.#time.setWall(wallMs);
  }

  async reopen(): Promise<void> {
    const { reopen } = this.#subject;
    if (reopen === undefined) return fail("The subject is durable, but has no reopen()");
    this.store = await reopen();
  }

  get #time(): ConformanceTime {
    return this.#subject.time ?? fail("The subject has a manual clock, but no time");
  }
}
