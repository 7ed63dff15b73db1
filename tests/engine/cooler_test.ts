import { FlowError, openStore, type Store } from "../../mod.ts";
import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import { Shards } from "../../src/engine/shards.ts";
import { type Directory, memoryDirectory } from "../../src/files/mod.ts";
import { type Command, parseCreate } from "../../src/flow/core/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { Manifest, openFileLog } from "../../src/log/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { runEngineScenario } from "../simulation/engine/simulation.ts";

const HOUR_MS = 3_600_000;

/** A store whose flows are cold as soon as they can be. */
async function cold(): Promise<{ readonly store: Store; readonly time: ManualTime }> {
  const time = manualTime();
  const limits = { hotFlowsMax: 0 };
  return { time, store: await openStore({ files: memoryDirectory(), time, limits }) };
}

test("A store knows flows in short that are not due for long, and gives them out when they are", async () => {
  const { store, time } = await cold();
  await using _ = store;
  const runAtMs = time.clock.wallMs() + HOUR_MS;
  const ids = Array.from({ length: 1_000 }, (_, index) => `f${index}`);
  await store.createMany(ids, { type: "job", partitionKey: "p", runAtMs });
  const before = store.stats().memory.flowsBytes;
  await time.advance(1_000);
  const after = store.stats();
  assertEquals(after.flows, 1_000);
  assert(after.memory.flowsBytes < before / 10, `${after.memory.flowsBytes} of ${before} bytes`);
  assertEquals((await store.info("job")).scheduled, 1_000);
  assertEquals(await store.claimDue("job", { worker: "w" }), []);
  // Whoever waits is not told by a command, but by time.
  const waiting = store.claimDue("job", { worker: "w", limit: 2, blockMs: 2 * HOUR_MS });
  await time.advance(HOUR_MS);
  assertEquals((await waiting).map(({ id }) => id), ["f0", "f1"]);
  assertEquals((await store.claimDue("job", { worker: "w", limit: 1_000 })).length, 998);
});

test("A store gives out cold flows at once if the clock has leapt", async () => {
  const { store, time } = await cold();
  await using _ = store;
  const dueMs = time.clock.wallMs() + HOUR_MS;
  await store.create("a", { type: "job", runAtMs: dueMs });
  await time.advance(1_000);
  const [claimed] = await store.claimDue("job", { worker: "w", nowMs: dueMs });
  assertEquals(claimed?.id, "a");
});

test("A store sweeps cold flows when their retention is over", async () => {
  const { store, time } = await cold();
  await using _ = store;
  await store.create("a", { type: "job", retentionTtlMs: HOUR_MS });
  await store.cancel("a");
  await time.advance(1_000);
  assert(store.stats().memory.flowsBytes < 40_000);
  assertEquals((await store.get("a"))?.state, "cancelled");
  await time.advance(2 * HOUR_MS);
  assertEquals(store.stats().flows, 0);
});

test("A store whose flows were cold when it was closed opens with the same flows", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  const limits = { hotFlowsMax: 0 };
  const first = await openStore({ files, time, limits });
  const runAtMs = time.clock.wallMs() + HOUR_MS;
  await first.createMany(["a", "b"], { type: "job", runAtMs, values: { name: 1 } });
  await time.advance(1_000);
  const listed = await first.list("job");
  await first.close();
  await using second = await openStore({ files, time, limits });
  assertEquals(await second.list("job"), listed);
  const { damage } = await second.verify();
  assertEquals(damage, []);
});

test("A store serves everybody else if a flow is damaged whose time has come, and tells of it", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  await using store = await openStore({ files, time, limits: { hotFlowsMax: 0 } });
  const runAtMs = time.clock.wallMs() + HOUR_MS;
  await store.createMany(["damaged", "whole"], { type: "job", partitionKey: "p", runAtMs });
  await time.advance(1_000);
  spoil(files, "damaged");
  const waiting = store.claimDue("job", { worker: "w", limit: 2, blockMs: 2 * HOUR_MS });
  await time.advance(HOUR_MS);
  assertEquals((await waiting).map(({ id }) => id), ["whole"]);
  await store.create("new", { type: "job" });
  const codes = store.health().problems.map(({ code }) => code);
  assertEquals(codes, ["flow_unreadable"]);
  const target = { id: "damaged", partitionKey: "p" };
  const error = await assertRejects(() => store.get(target), FlowError);
  assertEquals(error.code, "corrupt");
  const { damage, flows } = await store.verify();
  assertEquals([damage.length > 0, flows], [true, 3]);
  assert(damage.every(({ file }) => file !== null));
  assert(damage.some(({ message }) => message.startsWith("A flow cannot be read: ")));
});

/** Shards whose flows are cold as soon as they can be, and a command for them. */
function coldShards(): {
  shards: Shards;
  time: ManualTime;
  apply(command: Command): Promise<void>;
} {
  const time = manualTime();
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory, random });
  const shards = new Shards({
    ...{ logs: [openFileLog({ directory, random, manifest })], time, hashKey: [1, 2, 3, 4] },
    ...{ limits: DEFAULT_STORE_LIMITS, coolingPlan: { hotFlowsMax: 0, aheadMs: 0 } },
  });
  const apply = (command: Command): Promise<void> =>
    shards.call(() => {
      const { first } = shards.router;
      shards.apply(command, first);
      return { standsOn: [first.footing()], read: () => {} };
    });
  return { shards, time, apply };
}

test("A store ends when memory turns out to be wrong about a cold flow, and the process goes on", async () => {
  const { shards, time, apply } = coldShards();
  const parsing = { limits: DEFAULT_STORE_LIMITS, manualClock: false };
  const runAtMs = time.clock.wallMs() + HOUR_MS;
  await apply(parseCreate("a", { type: "job", runAtMs }, parsing));
  await time.advance(1_000);
  const { flows, records } = shards.router.first.state;
  assertEquals([flows.cold.size, flows.table.rowCount], [1, 0]);
  records.control = (lsn) => {
    throw new InvariantError(`LSN ${lsn} was left out`);
  };
  // Nobody has called for the alarm, so nobody would catch it.
  await time.advance(2 * HOUR_MS);
  assertEquals(shards.ended?.code, "store_failed");
  assert(shards.ended?.cause instanceof InvariantError);
  const refused = apply(parseCreate("b", { type: "job" }, parsing));
  assertEquals((await assertRejects(() => refused, FlowError)).code, "store_failed");
  await shards.close();
});

test("A store ends that meets a log that has failed when a cold flow wakes, whoever has called", async () => {
  // The frame of a policy is lost, and before anybody is told of that a flow is due that is cold.
  await runEngineScenario({
    seed: 0,
    temper: { voidPercent: 0, losePercent: 0, pace: "slow" },
    familyPercent: 0,
    ops: [
      { kind: "crash", ending: "power", keep: "chance", downMs: 20_000, cut: undefined },
      { kind: "call", dice: 1390379986 },
      { kind: "advance", ms: 1 },
      { kind: "call", dice: 2116190487 },
      { kind: "fault", fault: { call: "flush", after: 0, code: "EIO", keep: "none" } },
      { kind: "turn" },
      { kind: "call", dice: 1725565904 },
      { kind: "quiet" },
    ],
  });
});

/** Changes a byte of the first record in which there is a text. */
function spoil(files: Directory, text: string): void {
  for (const name of files.list()) {
    const file = files.open(name);
    const bytes = new Uint8Array(file.getSize());
    file.read(bytes, { at: 0 });
    const at = new TextDecoder("latin1").decode(bytes).indexOf(text);
    if (at >= 0) file.write(new Uint8Array([bytes[at]! ^ 1]), { at });
    file.close();
    if (at >= 0) return;
  }
  assert(false, `There is no "${text}"`);
}

test("A turn brings back and cools no more flows with many shards than with one", async () => {
  const time = manualTime({ autoDefer: false });
  const opening = openStore({
    ...{ files: memoryDirectory(), time, shards: 8 },
    limits: { hotFlowsMax: 0 },
  });
  time.runDeferred();
  const store = await opening;
  const settled = async (call: Promise<unknown>): Promise<void> => {
    let isDone = false;
    void call.finally(() => isDone = true);
    for (let turns = 0; !isDone; turns++) {
      for (let count = 0; count < 12; count++) await undefined;
      time.runDeferred();
      assert(turns < 1_000, "the call is never answered");
    }
  };
  const runAtMs = time.clock.wallMs() + HOUR_MS;
  for (let first = 0; first < 8_000; first += 1_000) {
    const items = Array.from({ length: 1_000 }, (_, index) => ({
      ...{ id: `f${first + index}`, partitionKey: `p${(first + index) % 50}` },
      runAtMs,
    }));
    await settled(store.createMany(items, { type: "job" }));
    // What changed at one instant is looked at together.
    for (let count = 0; count < 20; count++) time.tick(1);
  }
  const coldBytes = (): number => store.stats().memory.flowsBytes;
  for (let rounds = 0; rounds < 200; rounds++) time.tick(1);
  const least = coldBytes();
  assert(least < 8_000 * 100, `${least} bytes: all are cold`);
  // Two minutes before their time all of them come back, in many turns, and then they are given out.
  time.tick(runAtMs - 121_000 - time.clock.wallMs());
  let turns = 0;
  for (let before = coldBytes(); time.clock.wallMs() < runAtMs - 118_000;) {
    time.tick(1);
    const bytes = coldBytes();
    assert(bytes - before < 400 * 600, `${bytes - before} bytes came back at once`);
    if (bytes > before) turns++;
    before = bytes;
  }
  assert(turns >= 20, `${turns} turns`);
  time.tick(118_000);
  let count = 0;
  for (let claims = 0; claims < 10; claims++) {
    const claim = store.claimDue("job", { worker: "w", limit: 1_000 });
    await settled(claim);
    count += (await claim).length;
  }
  assertEquals(count, 8_000);
  await settled(store.close());
});
