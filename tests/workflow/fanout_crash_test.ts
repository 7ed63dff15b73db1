/**
 * A tree of fan-outs over several shards, worked on by a worker on a disk whose power goes again and
 * again: in the end it adds up, or has failed as a whole, every group was spawned once, and what was
 * seen to be done has stayed done.
 *
 * @module
 */

import process from "node:process";
import { openStore, type Store } from "../../src/engine/mod.ts";
import { isFlowError } from "../../src/errors.ts";
import { type Directory, PowerCut } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, simulatedDisk } from "../../src/testing/mod.ts";
import { randomBelow, seededRandom } from "../../src/time/mod.ts";
import { complete, fail, fanout, startWorker, type, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertGreater } from "../assert.ts";
import { test } from "../harness.ts";

const DEPTH = 3;
const CHILDREN = 3;
const CUTS_MAX = 25;
const STEPS_MAX = 500;

// deno-lint-ignore explicit-module-boundary-types -- the inferred type is long and says nothing
function treeOn(store: Store) {
  return workflow({
    type: "node",
    store,
    initialState: "found",
    states: {
      // However often the power goes: a flow is not to blame for it.
      found: { payload: type<number>(), maxReclaims: null },
      counted: { payload: type<number>(), maxReclaims: null },
      failed: {},
    },
  });
}

type Tree = ReturnType<typeof treeOn>;

/** A leaf is one, unless it is rotten; a node is the sum of its children. */
function workOn(node: Tree, isRotten: (id: string) => boolean): AsyncDisposable {
  return startWorker(node, {
    worker: "w",
    leaseMs: 1_000,
    onError: () => {}, // the power goes all the time
    handlers: {
      found: ({ id, payload: depth }) => {
        if (isRotten(id)) return fail("Rotten");
        return depth === 0 ? complete(1) : fanout(
          Array.from(
            { length: CHILDREN },
            (_, index) =>
              node.child({ id: `${id}.${index}`, payload: depth - 1, partitionKey: `p${index}` }),
          ),
          { onAllOk: "counted", onAnyError: "failed" },
        );
      },
      counted: async (job) => {
        const children = await node.children(job);
        const refs = children.map(({ resultRef }) => resultRef ?? "none");
        const sums = await node.store.valueMget(refs) as number[];
        return complete(sums.reduce((total, sum) => total + sum, 0));
      },
    },
  });
}

interface Life {
  readonly shards: number;
  readonly isRotten: (id: string) => boolean;
  readonly time: ManualTime;
  readonly files: Directory;
  /** Flows that somebody has been shown as completed. */
  readonly done: Set<string>;
}

/** One life of the program: until everything is done (true), or until the power goes. */
async function live({ shards, isRotten, time, files, done }: Life): Promise<boolean> {
  const store = await openStore({ files, shards, time });
  try {
    const node = treeOn(store);
    await node.create({ id: "root", payload: DEPTH, idempotent: true });
    await using _worker = workOn(node, isRotten);
    for (let step = 0; step < STEPS_MAX; step++) {
      await time.advance(500);
      const completed = new Set(
        (await node.list("completed", { count: 1_000 })).map(({ id }) => id),
      );
      for (const id of done) assert(completed.has(id), `${id} was completed, and is no longer`);
      for (const id of completed) done.add(id);
      if ((await node.byRoot("root", { activeOnly: true })).length === 0) return true;
    }
  } finally {
    await store.close().catch(() => {});
  }
  throw new Error("The tree does not come to its end");
}

/** A sound tree as it is in the end. */
async function checkSum(node: Tree): Promise<void> {
  assertEquals((await node.get("root", { full: true }))?.result, CHILDREN ** DEPTH);
  const flows = await node.byRoot("root", { count: 1_000 });
  assertEquals(flows.length, (CHILDREN ** (DEPTH + 1) - 1) / (CHILDREN - 1));
  for (const { id, state, childGroups } of flows) {
    assertEquals(state, "completed", id);
    const isLeaf = id.length === "root".length + 2 * DEPTH;
    const counts = { total: CHILDREN, completed: CHILDREN, failed: 0, cancelled: 0 };
    assertEquals(childGroups.fanout?.summary, isLeaf ? undefined : counts, id);
    const events = (await node.history(id)).map(({ event }) => event);
    const count = (name: string): number => events.filter((event) => event === name).length;
    assertEquals(count("children_spawned"), isLeaf ? 0 : 1, id);
    assertEquals(count("child_completed"), isLeaf ? 0 : CHILDREN, id);
    assertEquals(count("completed"), 1, id);
  }
}

/** A tree with something rotten in it: all that is above it has failed. */
async function checkFailure(node: Tree, rotten: string): Promise<void> {
  for (let id = rotten; id.includes("."); id = id.slice(0, -2)) {
    const parent = await node.get(id.slice(0, -2));
    assertEquals([parent?.state, parent?.childGroups.fanout?.resolved], ["failed", "failure"], id);
  }
  const flows = await node.byRoot("root", { count: 1_000 });
  const counted = flows.filter(({ state }) => state === "failed").length;
  assertEquals(counted, DEPTH + 1);
}

/** Runs a tree to its end, with the power cut as chance has it. Returns how often it went. */
async function addUp(seed: number): Promise<number> {
  const random = seededRandom(seed);
  const time = manualTime({ seed });
  const disk = simulatedDisk({ seed });
  const shards = 1 + randomBelow(random, 3);
  const rotten = seed % 3 === 0 ? "root.1.2.0" : undefined;
  const isRotten = (id: string): boolean => id === rotten;
  const done = new Set<string>();
  let files = disk.directory();
  for (let cuts = 0;; cuts++) {
    if (cuts < CUTS_MAX) disk.cutAfter(randomBelow(random, 1 + randomBelow(random, 60)));
    else disk.disarm();
    try {
      if (await live({ shards, isRotten, time, files, done })) {
        await using store = await openStore({ files, shards, time });
        await (rotten === undefined
          ? checkSum(treeOn(store))
          : checkFailure(treeOn(store), rotten));
        return cuts;
      }
    } catch (error) {
      // What a process sees of its own end; everything else is somebody's mistake.
      if (!disk.isOff || !(isFlowError(error) || error instanceof PowerCut)) throw error;
    }
    disk.disarm();
    files = disk.restart();
  }
}

test("a tree of fan-outs over shards adds up, however often the power goes while it grows", async () => {
  const { FLOWCASK_SEED: first = 1, FLOWCASK_RUNS: factor = 1 } = process.env;
  // From the one that is named on: a single tree may come to its end before the power goes.
  const seeds = Array.from({ length: 15 * Number(factor) }, (_, at) => Number(first) + at);
  let cuts = 0;
  for (const seed of seeds) {
    try {
      cuts += await addUp(seed);
    } catch (error) {
      const replay = `FLOWCASK_SEED=${seed} deno test -A tests/workflow/fanout_crash_test.ts`;
      throw new Error(`Replay: ${replay}`, { cause: error });
    }
  }
  assertGreater(cuts, seeds.length, "The power has gone too seldom");
});
