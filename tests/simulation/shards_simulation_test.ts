import process from "node:process";
import fc from "fast-check";
import { assert, fail } from "../assert.ts";
import { test } from "../harness.ts";
import { currentRuntime } from "../runtimes.ts";
import {
  runShardsScenario,
  type ShardsReport,
  shardsScenario,
  type SpoilShards,
} from "./shards_simulation.ts";

const SEED = Number(process.env["FLOWCASK_SEED"] ?? Date.now() % 0x7fff_ffff);
const RUNS = Number(process.env["FLOWCASK_RUNS"] ?? 1) * (currentRuntime === "deno" ? 300 : 60);

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 300;

async function check(
  { seed, runs, spoil }: { readonly seed: number; readonly runs: number; spoil?: SpoilShards },
): Promise<{ readonly reports: readonly ShardsReport[]; readonly violation: string | undefined }> {
  const reports: ShardsReport[] = [];
  const property = fc.asyncProperty(shardsScenario, async (scenario) => {
    reports.push(await runShardsScenario(scenario, spoil));
  });
  const result = await fc.check(property, {
    seed,
    numRuns: runs,
    endOnFailure: spoil !== undefined,
  });
  if (!result.failed) return { reports, violation: undefined };
  const { errorInstance, counterexample } = result;
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const file = "tests/simulation/shards_simulation_test.ts";
  const replay = `FLOWCASK_SEED=${seed} deno test -A ${file}`;
  const violation = `${what}\nScenario: ${JSON.stringify(counterexample)}\nReplay: ${replay}`;
  return { reports, violation };
}

function sum(reports: readonly ShardsReport[], count: (report: ShardsReport) => number): number {
  return reports.reduce((total, report) => total + count(report), 0);
}

test("A store of several shards answers what one with a single shard would", async () => {
  const { reports, violation } = await check({ seed: SEED, runs: RUNS });
  if (violation !== undefined) fail(violation);
  // A simulation in which nothing happens proves nothing.
  assert(sum(reports, ({ callCount }) => callCount) > 8 * RUNS, "Few calls");
  assert(sum(reports, ({ spreadCount }) => spreadCount) > RUNS / 8, "Few answers of many shards");
  assert(sum(reports, ({ voidCount }) => voidCount) > RUNS, "Few void frames");
  assert(sum(reports, ({ openingCount }) => openingCount) > 2 * RUNS, "Few openings");
});

/** Stores with one thing wrong. */
const mutants: Readonly<Record<string, SpoilShards>> = {
  /** Takes from one shard after the other. */
  noOrder(shards) {
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
  },
  /** Looks for a flow that is only named by its id in one shard. */
  firstOnly({ router }) {
    router.shardsFor = () => [router.first];
  },
  /** Waits for none of the logs. */
  answersEarly({ all }) {
    for (const shard of all) {
      const footing = shard.footing.bind(shard);
      shard.footing = () => footing(0);
    }
  },
  /** Waits for the first log only. */
  answersHalf({ all }) {
    for (const shard of all.slice(1)) {
      const footing = shard.footing.bind(shard);
      shard.footing = () => footing(0);
    }
  },
  /** Lets policies be known in their own shard only. */
  noPolicies(shards) {
    const [, ...others] = shards.all;
    for (const { state } of others) state.flows.policies.get = () => undefined;
  },
};

for (const [name, spoil] of Object.entries(mutants)) {
  test(`The simulation of several shards notices the mutant ${name}`, async () => {
    const { violation } = await check({ seed: 7, runs: MUTANT_RUNS_MAX, spoil });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}
