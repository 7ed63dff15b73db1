import fc from "fast-check";
import process from "node:process";
import type { Footing } from "../../src/engine/calls/footing.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { assert, fail } from "../assert.ts";
import { test } from "../harness.ts";
import { assertAsyncProperty } from "../property.ts";
import { currentRuntime } from "../runtimes.ts";
import { courierMutants, orderMutants } from "./mutants/courier.ts";
import { type OpenShards, spoiled } from "./shards/machine.ts";
import { checkCrowdScenarios, checkShardsScenarios } from "./shards/property.ts";
import { shardsScenario } from "./shards/scenario.ts";
import { runShardsScenario } from "./shards/simulation.ts";

const SEED = Number(process.env["FLOWCASK_SEED"] ?? Date.now() % 0x7fff_ffff);
const RUNS = Number(process.env["FLOWCASK_RUNS"] ?? 1) * (currentRuntime === "deno" ? 300 : 100);

/** Runs that are made again for every call on the disk that their last one sets off. */
const WHOLE_RUNS = currentRuntime === "deno" ? 20 : 16;

/** A mutant that lives longer than this is not noticed; the same runs on every machine. */
const MUTANT_RUNS = { seed: 7, runs: 300, shrinks: false };

test("A store of several shards answers what one with a single shard would", async () => {
  const { sum, violation } = await checkShardsScenarios({ seed: SEED, runs: RUNS });
  if (violation !== undefined) fail(violation);
  const { callCount, familyCount, cutCount, happenedCount } = sum;
  console.log(
    `${callCount} answers, ${familyCount} of them with families of many shards, ` +
      `${cutCount} calls without power, ${happenedCount} of them done, seed ${SEED}`,
  );
  // A simulation in which nothing happens proves nothing. Bounds are well below the least that
  // a hundred runs of forty seeds came to.
  assert(callCount > 8 * RUNS, "Few calls");
  assert(sum.spreadCount > RUNS / 25, "Few answers of many shards");
  assert(sum.voidCount > RUNS, "Few void frames");
  assert(sum.openingCount > 2 * RUNS, "Few openings");
  assert(familyCount > RUNS / 3, "Few families of many shards");
  assert(happenedCount > RUNS / 8, "Power went in few calls that happened");
  assert(sum.againCount > RUNS / 25, "Power went in few openings");
  assert(cutCount - happenedCount > RUNS / 8, "Power went in few calls that did not happen");
  assert(sum.droppedCount > RUNS / 4, "Merges drop hardly anything");
});

test("A call has happened with all that it sets off or not at all, whichever call on the disk is the last", async () => {
  let cutCount = 0;
  const property = fc.asyncProperty(shardsScenario, async (drawn) => {
    const calls = drawn.ops.filter(({ kind }) => kind === "call");
    for (const [index, keep] of (["none", "all", "none", "chance"] as const).entries()) {
      for (let count = 0;; count++) {
        const last = { dice: drawn.seed + index, calls: count, again: null, keep };
        const ops = [...calls, { kind: "cut", ...last } as const];
        const report = await runShardsScenario({ ...drawn, familyPercent: 90, ops });
        if (report.cutCount === 0) break;
        cutCount += 1;
      }
    }
  });
  const tried = () => `${cutCount} calls on the disk`;
  await assertAsyncProperty(property, { file: import.meta.url, runs: WHOLE_RUNS, tried });
  assert(cutCount > 0, "Power never went");
});

test("A store of several shards loses nothing and wakes everybody, whoever calls when power goes", async () => {
  const { sum, violation } = await checkCrowdScenarios({ seed: SEED, runs: RUNS });
  if (violation !== undefined) fail(violation);
  assert(sum.answerCount > 10 * RUNS, "Few answers");
  assert(sum.claimedCount > 2 * RUNS, "Few flows were claimed");
  assert(sum.crashCount > RUNS, "Few crashes");
  assert(sum.voidCount > RUNS / 4, "Few void frames");
  assert(sum.wokenCount > RUNS / 4, "Few claims were woken");
  assert(sum.familyCount > RUNS / 3, "Few families");
  assert(sum.lostCount > RUNS / 100, "Hardly any stores were lost");
  assert(sum.restoredCount > RUNS / 10, "Few stores were made of copies");
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
    const { violation } = await checkShardsScenarios({ ...MUTANT_RUNS, opens });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS.runs} runs`);
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
  /** Gives numbers away in a store made of a copy that the copied one has given away since. */
  numbersAgain: spoiled(({ all }) => {
    for (const { state } of all) Object.assign(state.flows, { fencingFloor: 0 });
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
    const { violation } = await checkCrowdScenarios({ ...MUTANT_RUNS, opens });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS.runs} runs`);
  });
}
