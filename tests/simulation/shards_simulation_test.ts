import process from "node:process";
import fc from "fast-check";
import type { Footing } from "../../src/engine/footing.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { assert, fail } from "../assert.ts";
import { test } from "../harness.ts";
import { currentRuntime } from "../runtimes.ts";
import { courierMutants, orderMutants } from "./courier_mutants.ts";
import { crowdScenario } from "./crowd_scenario.ts";
import { type CrowdReport, runCrowdScenario } from "./shards_crowd.ts";
import { shardsScenario } from "./shards_scenario.ts";
import { runShardsScenario, type ShardsReport } from "./shards_simulation.ts";
import { type OpenShards, spoiled } from "./shards_machine.ts";

const SEED = Number(process.env["FLOWCASK_SEED"] ?? Date.now() % 0x7fff_ffff);
const RUNS = Number(process.env["FLOWCASK_RUNS"] ?? 1) * (currentRuntime === "deno" ? 400 : 100);

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 300;

async function check(
  { seed, runs, opens }: { readonly seed: number; readonly runs: number; opens?: OpenShards },
): Promise<{ readonly reports: readonly ShardsReport[]; readonly violation: string | undefined }> {
  const reports: ShardsReport[] = [];
  const property = fc.asyncProperty(shardsScenario, async (scenario) => {
    reports.push(await runShardsScenario(scenario, opens));
  });
  const result = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: opens !== undefined,
  });
  return { reports, violation: violationOf(result, seed) };
}

function violationOf<Scenario>(
  { failed, errorInstance, counterexample }: fc.RunDetails<Scenario>,
  seed: number,
): string | undefined {
  if (!failed) return undefined;
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const file = "tests/simulation/shards_simulation_test.ts";
  const replay = `FLOWCASK_SEED=${seed} deno test -A ${file}`;
  return `${what}\nScenario: ${JSON.stringify(counterexample)}\nReplay: ${replay}`;
}

function sum(reports: readonly ShardsReport[], count: (report: ShardsReport) => number): number {
  return reports.reduce((total, report) => total + count(report), 0);
}

test("A store of several shards answers what one with a single shard would", async () => {
  const { reports, violation } = await check({ seed: SEED, runs: RUNS });
  if (violation !== undefined) fail(violation);
  // A simulation in which nothing happens proves nothing.
  assert(sum(reports, ({ callCount }) => callCount) > 8 * RUNS, "Few calls");
  assert(sum(reports, ({ spreadCount }) => spreadCount) > RUNS / 25, "Few answers of many shards");
  assert(sum(reports, ({ voidCount }) => voidCount) > RUNS, "Few void frames");
  assert(sum(reports, ({ openingCount }) => openingCount) > 2 * RUNS, "Few openings");
  assert(sum(reports, ({ familyCount }) => familyCount) > RUNS / 2, "Few families of many shards");
  const [cuts, happened] = [
    sum(reports, ({ cutCount }) => cutCount),
    sum(reports, ({ happenedCount }) => happenedCount),
  ];
  assert(happened > RUNS / 8 && cuts - happened > RUNS / 8, "Power went in few calls");
});

async function checkCrowd(
  { seed, runs, opens }: { readonly seed: number; readonly runs: number; opens?: OpenShards },
): Promise<{ readonly reports: readonly CrowdReport[]; readonly violation: string | undefined }> {
  const reports: CrowdReport[] = [];
  const property = fc.asyncProperty(crowdScenario, async (scenario) => {
    reports.push(await runCrowdScenario(scenario, opens));
  });
  const result = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: opens !== undefined,
  });
  return { reports, violation: violationOf(result, seed) };
}

test("A store of several shards loses nothing and wakes everybody, whoever calls when power goes", async () => {
  const { reports, violation } = await checkCrowd({ seed: SEED, runs: RUNS });
  if (violation !== undefined) fail(violation);
  const sumOf = (count: (report: CrowdReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  assert(sumOf(({ answerCount }) => answerCount) > 10 * RUNS, "Few answers");
  assert(sumOf(({ claimedCount }) => claimedCount) > 3 * RUNS, "Few flows were claimed");
  assert(sumOf(({ crashCount }) => crashCount) > RUNS, "Few crashes");
  assert(sumOf(({ voidCount }) => voidCount) > RUNS / 4, "Few void frames");
  assert(sumOf(({ wokenCount }) => wokenCount) > RUNS / 4, "Few claims were woken");
  assert(sumOf(({ familyCount }) => familyCount) > RUNS / 2, "Few families");
});

/** Lets answers stand on some footings only. */
function answersOn(isSeen: (footing: Footing, shards: Shards) => boolean): OpenShards {
  return spoiled((shards) => {
    const decide = shards.decide.bind(shards);
    shards.decide = (call) =>
      decide({
        decide() {
          const verdict = call.decide();
          const standsOn = verdict?.standsOn.filter((footing) => isSeen(footing, shards));
          return verdict && { ...verdict, standsOn: standsOn! };
        },
        looksAt: call.looksAt,
        resolve: (value) => call.resolve(value),
        reject: (error) => call.reject(error),
      });
  });
}

/** Waits for the first log only. */
const answersHalf = answersOn(({ life }, { all }) => life === all[0]!.life);

/** Stores with one thing wrong. */
const mutants: Readonly<Record<string, OpenShards>> = {
  /** Takes from one shard after the other. */
  noOrder: spoiled((shards) => {
    const spread = shards.spread.bind(shards);
    shards.spread = (command, on) => {
      const shares = [];
      let left = command.limit;
      for (const shard of on) {
        const [share] = left > 0 ? spread({ ...command, limit: left }, [shard]) : [];
        if (share === undefined) continue;
        if (share.reply.kind === "flows") left -= share.reply.flows.length;
        shares.push(share);
      }
      return shares;
    };
  }),
  /** Looks for a flow that is only named by its id in one shard. */
  firstOnly: spoiled(({ router }) => {
    router.shardsFor = () => [router.first];
  }),
  /** Waits for none of the logs. */
  answersEarly: answersOn(() => false),
  answersHalf,
  /** Lets policies be known in their own shard only. */
  noPolicies: spoiled(({ all: [, ...others] }) => {
    for (const { state } of others) state.flows.policies.get = () => undefined;
  }),
};

for (const [name, opens] of Object.entries({ ...mutants, ...courierMutants })) {
  test(`The simulation of several shards notices the mutant ${name}`, async () => {
    const { violation } = await check({ seed: 7, runs: MUTANT_RUNS_MAX, opens });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}

/** What goes wrong only among many. */
const crowdMutants: Readonly<Record<string, OpenShards>> = {
  answersHalf,
  /** Looks for waiters when the first shard has changed, and not otherwise. */
  wakesHalf: spoiled(({ waiters, all }) => {
    const serve = waiters.serve.bind(waiters);
    let lsn = 0;
    waiters.serve = (nowMs, changed) => {
      const { headLsn } = all[0]!;
      if (headLsn !== lsn) serve(nowMs, changed);
      lsn = headLsn;
    };
  }),
  /** Forgets who stood on what has never happened. */
  forgetsVoid: spoiled((shards) => {
    shards.startedAgain = () => {};
  }),
};

for (
  const [name, opens] of Object.entries({ ...crowdMutants, ...courierMutants, ...orderMutants })
) {
  test(`The crowd around several shards notices the mutant ${name}`, async () => {
    const { violation } = await checkCrowd({ seed: 7, runs: MUTANT_RUNS_MAX, opens });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}
