import { FlowError, openStore, type Store } from "../../mod.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { Sweeper } from "../../src/engine/upkeep/sweeper.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";

/** Creates flows and cancels them, to be kept for `ttlMs`. */
async function finish(store: Store, count: number, ttlMs: number, type = "job"): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `${type}-${ttlMs}-${index}`);
  for (let at = 0; at < count; at += 1_000) {
    const batch = ids.slice(at, at + 1_000);
    await store.createMany(batch, { type });
    await store.cancelMany(batch.map((id) => ({ id })), { ttlMs });
  }
}

/** How many flows there still are, whether they can be seen or not: they can be cleaned up. */
async function cleanup(store: Store): Promise<number> {
  return (await store.retentionCleanup({ limit: 1_000 })).flows;
}

async function opened(
  time: ManualTime,
  retention?: { sweep?: boolean; intervalMs?: number },
): Promise<Store> {
  return await openStore({ dir: ":memory:", time, retention });
}

test("the sweeper removes flows when their retention is over", async () => {
  const time = manualTime();
  await using store = await opened(time, { intervalMs: 1_000 });
  await finish(store, 5, 10_000);
  await finish(store, 2, 90_000, "late");
  await time.advance(10_000);
  assertEquals(await cleanup(store), 0);
  assertEquals((await store.terminals("late")).length, 2);
  await time.advance(80_000);
  assertEquals(await cleanup(store), 0);
});

test("the sweeper sweeps every minute unless it is told otherwise", async () => {
  const time = manualTime();
  await using store = await opened(time);
  await finish(store, 1, 1_000);
  await time.advance(59_999);
  assertEquals(await cleanup(store), 1);
  await finish(store, 1, 1_000, "other");
  await time.advance(1_000);
  assertEquals(await cleanup(store), 0);
});

test("the sweeper also removes what was over before the store was opened, though nobody calls", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  {
    await using store = await openStore({ files, time });
    await finish(store, 3, 1_000);
  }
  await time.advance(5_000);
  await using store = await openStore({ files, time });
  await time.advance(60_000);
  assertEquals(await cleanup(store), 0);
});

test("a store without the sweeper keeps flows until somebody asks", async () => {
  const time = manualTime();
  await using store = await opened(time, { sweep: false });
  await finish(store, 3, 1_000);
  await time.advance(86_400_000);
  assertEquals(await store.terminals("job"), []);
  assertEquals(await cleanup(store), 3);
});

test("the sweeper takes a slice at a time, and rests in between", async () => {
  const time = manualTime();
  await using store = await openStore({
    dir: ":memory:",
    time,
    retention: { intervalMs: 1_000 },
    limits: { cleanupLimitMax: 10 },
  });
  await finish(store, 25, 500);
  const left = async () => {
    let count = 0;
    while (count < 99) {
      const { flows } = await store.retentionCleanup({ limit: 1 });
      if (flows === 0) return count;
      count++;
    }
    return count;
  };
  await time.advance(1_000);
  await time.advance(24);
  await time.advance(1);
  // Two slices of ten are gone; what is left is counted by removing it.
  assertEquals(await left(), 5);
});

test("the sweeper does not rest for long when new work is refused for lack of memory", async () => {
  const time = manualTime();
  await using store = await openStore({
    ...{ dir: ":memory:", time },
    limits: { memoryBytesMax: 600_000 },
  });
  let count = 0;
  let refusal: unknown;
  while (refusal === undefined) {
    await finish(store, 100, 1_000, `batch-${count++}`).catch((error) => refusal = error);
  }
  assertEquals((refusal as FlowError).code, "overloaded");
  await time.advance(999);
  await assertRejects(() => store.create("early", { type: "job" }), FlowError);
  // Who was told to wait for five seconds finds room after that.
  await time.advance(4_001);
  assertEquals((await store.create("late", { type: "job" })).state, "queued");
});

test("the sweeper looks how much room there is when it has its slice, and not before", async () => {
  let nowMs = 0;
  let isDiskFull = false;
  let spareBytes = 0;
  const slices: (() => void)[] = [];
  const swept: string[] = [];
  const shards = {
    ...{ all: [], limits: { cleanupLimitMax: 1_000 }, now: () => nowMs, nextForgottenMs: () => 0 },
    admission: {
      ...{ isDiskFull: () => isDiskFull, shortDisk: { takeSpare: () => spareBytes } },
      isShortOfMemory: () => false,
    },
    slices: { next: () => new Promise<void>((resolve) => slices.push(resolve)) },
    call: () => {
      swept.push(`at ${nowMs}`);
      return Promise.resolve({ flows: 1, keys: 0 });
    },
    reschedule: () => {},
  };
  const sweeper = new Sweeper(shards as unknown as Shards, () => nowMs);
  const slice = async (): Promise<void> => {
    slices.shift()!();
    for (let count = 0; count < 12; count++) await undefined;
  };
  nowMs = 60_000;
  sweeper.wake();
  // Somebody has filled it while the sweeper waited for its turn.
  isDiskFull = true;
  await slice();
  assertEquals([swept, sweeper.nextAtMs()], [[], 120_000]);
  nowMs = 120_000;
  spareBytes = 100;
  sweeper.wake();
  await slice();
  assertEquals([swept, sweeper.nextAtMs()], [["at 120000"], 180_000]);
});

test("the sweeper asks for the memory only when something is over that a short rest would remove earlier", () => {
  let nowMs = 0;
  let forgottenMs = Infinity;
  let asked = 0;
  const shards = {
    ...{ all: [], now: () => nowMs, nextForgottenMs: () => forgottenMs },
    admission: { isShortOfMemory: () => asked++ < 0 },
  };
  const sweeper = new Sweeper(shards as unknown as Shards, () => nowMs);
  /** How often it asks in a turn at that time, and what it says when it wants its turn. */
  const turn = (atMs: number): readonly [wake: number, next: number, nextAtMs: number] => {
    [nowMs, asked] = [atMs, 0];
    sweeper.wake();
    const inWake = asked;
    const nextAtMs = sweeper.nextAtMs();
    return [inWake, asked - inWake, nextAtMs];
  };
  assertEquals(turn(30_000), [0, 0, Infinity]);
  forgottenMs = 60_000;
  assertEquals(turn(30_000), [0, 0, 60_000]);
  forgottenMs = 500;
  assertEquals(turn(999), [0, 1, 60_000]);
  assertEquals(turn(1_000), [1, 1, 60_000]);
});

test("the sweeper rests between slices, unless there is more than when it began", async () => {
  let nowMs = 60_000;
  const flows = { table: { size: 5_000 }, kv: { size: 10 } };
  const cleanup = { flows: 990, keys: 10 };
  const shards = {
    ...{ all: [{ state: { flows } }], limits: { cleanupLimitMax: 1_000 } },
    ...{ now: () => nowMs, nextForgottenMs: () => 0, reschedule: () => {} },
    admission: { isDiskFull: () => false, isShortOfMemory: () => false },
    slices: { next: () => Promise.resolve() },
    call: () => Promise.resolve(cleanup),
  };
  const sweeper = new Sweeper(shards as unknown as Shards, () => nowMs, {
    ...{ sweep: true, intervalMs: 1_000 },
  });
  /** Sweeps a slice, and tells how long it rests after it. */
  const sliceAfter = async (change: () => void): Promise<number> => {
    nowMs = sweeper.nextAtMs();
    sweeper.wake();
    change();
    for (let count = 0; count < 12; count++) await undefined;
    return sweeper.nextAtMs() - nowMs;
  };
  assertEquals(await sliceAfter(() => {}), 25);
  assertEquals(await sliceAfter(() => flows.table.size += 1), 0);
  assertEquals(await sliceAfter(() => flows.table.size -= 1), 25);
  assertEquals(await sliceAfter(() => flows.kv.size += 1), 0);
  // The next sweep is measured by what there is when it begins.
  assertEquals(await sliceAfter(() => cleanup.flows = 1), 1_000);
  cleanup.flows = 990;
  assertEquals(await sliceAfter(() => {}), 25);
});

test("the sweeper goes on after a fault", async () => {
  const time = manualTime();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  await using store = await openStore({
    files: disk.directory(),
    time,
    retention: { intervalMs: 1_000 },
  });
  await finish(store, 3, 500);
  disk.arm({ call: "write", code: "ENOSPC" });
  await time.advance(1_000);
  await time.advance(1_000);
  assertEquals(await cleanup(store), 0);
  await store.create("after", { type: "job" });
});

test("the sweeper of a store that fails or is closed stops", async () => {
  const time = manualTime();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({
    files: disk.directory(),
    time,
    retention: { intervalMs: 1_000 },
  });
  await finish(store, 3, 500);
  disk.arm({ call: "flush" });
  await time.advance(5_000);
  assertEquals((await assertRejects(() => store.get("a"), FlowError)).code, "store_failed");
  await store.close();
  assertEquals(time.nextAlarmMs, undefined);

  const closed = await opened(time, { intervalMs: 1_000 });
  await finish(closed, 3, 500);
  await closed.close();
  assertEquals(time.nextAlarmMs, undefined);
});

test("the sweeper of a store in which nothing is due sets no alarm and writes nothing", async () => {
  const time = manualTime();
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files, time, retention: { intervalMs: 1_000 } });
  await store.create("live", { type: "job" });
  await time.advance(1_000);
  assertEquals(time.nextAlarmMs, undefined);
  await finish(store, 1, 86_400_000);
  await time.advance(10_000);
  files.reset();
  await time.advance(80_000_000);
  assertEquals(files.counts("log-1.seg").writes, 0);
});

test("a store is the same after it was opened again, whatever was swept", async () => {
  const files = memoryDirectory();
  const time = manualTime();
  const seen = async () => {
    await using store = await openStore({ files, time, retention: { sweep: false } });
    const flows = await store.list("job");
    return { flows, info: await store.info("job"), left: await store.get("job-500-0") };
  };
  {
    await using store = await openStore({ files, time, retention: { intervalMs: 100 } });
    await finish(store, 4, 500);
    await store.create("live", { type: "job" });
    await time.advance(1_000);
    assertEquals(await cleanup(store), 0);
    await store.create("job-500-0", { type: "job", payload: "again" });
  }
  const first = await seen();
  assertEquals(await seen(), first);
  assertEquals(first.flows.map(({ id }) => id).sort(), ["job-500-0", "live"]);
  assert(first.left?.version === 1);
});

test("retentionCleanup() takes a time of its own where the clock is moved by hand", async () => {
  const time = manualTime();
  await using store = await opened(time, { sweep: false });
  await finish(store, 2, 10_000);
  const nowMs = time.clock.wallMs() + 10_000;
  assertEquals(await store.retentionCleanup({ nowMs: nowMs - 1 }), {
    flows: 0,
    history: 0,
    values: 0,
    keys: 0,
  });
  assertEquals(await store.retentionCleanup({ nowMs }), {
    flows: 2,
    history: 4,
    values: 0,
    keys: 0,
  });
});

test("openStore() refuses retention options that are not what they must be", async () => {
  // deno-lint-ignore no-explicit-any -- what plain JavaScript may pass
  const bad: [any, string][] = [
    [null, "retention"],
    [7, "retention"],
    [{ sweep: 1 }, "retention.sweep"],
    [{ intervalMs: 0 }, "retention.intervalMs"],
    [{ intervalMs: 1.5 }, "retention.intervalMs"],
    [{ intervalMs: "1" }, "retention.intervalMs"],
    [{ intervalMs: 31_536_000_001 }, "retention.intervalMs"],
    [{ interval: 5 }, "retention.interval"],
  ];
  for (const [retention, field] of bad) {
    const error = await assertRejects(
      () => openStore({ dir: ":memory:", retention }),
      FlowError,
      field,
    );
    assertEquals([error.code, error.details.field], ["invalid_argument", field]);
  }
});

test("the sweeper removes flows by the clock of the machine, which never stands still", async () => {
  await using store = await openStore({ dir: ":memory:", retention: { intervalMs: 5 } });
  await finish(store, 3, 1);
  for (let look = 0; store.stats().flows > 0; look++) {
    assert(look < 200, "Nothing is swept");
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
});
