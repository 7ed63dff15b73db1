import { FlowError, openStore, type Store } from "../../mod.ts";
import { Preparation } from "../../src/engine/calls/preparation.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";

/** Those of other partitions are passed over eight at a time. */
const MANY = 24_000;

/** A store with some thousand flows, every second of them in a partition of its own. */
async function filled(count = 6_000, shards = 1) {
  const time = manualTime({ autoDefer: false });
  const opening = openStore({ files: memoryDirectory(), shards, time });
  time.runDeferred();
  const store = await opening;
  for (let first = 0; first < count; first += 500) {
    const items = Array.from({ length: 500 }, (_, index) => {
      const n = first + index;
      return { id: `f${n}`, partitionKey: n % 2 === 0 ? `own${n}` : "shared" };
    });
    await turnsUntil(time, store.createMany(items, { type: "job" }));
  }
  return { store, time };
}

/** Lets turns pass until a call has its answer. Returns how many there were. */
async function turnsUntil(
  time: ReturnType<typeof manualTime>,
  call: Promise<unknown>,
): Promise<number> {
  let isDone = false;
  const done = () => void (isDone = true);
  call.then(done, done);
  for (let turns = 0;; turns++) {
    for (let count = 0; count < 12; count++) await undefined;
    if (isDone) return turns;
    assert(turns < 1_000, "the call is never answered");
    time.runDeferred();
  }
}

function claimOf(store: Store, partitionKey: string) {
  return store.claimDue("job", { worker: "w", partitionKey, limit: 2 });
}

test("the first claims by partition let others have their turn while flows are divided", async () => {
  const { store, time } = await filled();
  const claims = ["own4000", "shared", "none"].map((partitionKey) => claimOf(store, partitionKey));
  const everywhere = store.claimDue("job", { worker: "w", limit: 1 });
  const created = store.create("late", { type: "job", partitionKey: "own4000", priority: 2 });
  // Whoever does not ask for a partition does not wait.
  assert(await turnsUntil(time, Promise.all([everywhere, created])) <= 2);
  const turns = await turnsUntil(time, Promise.all(claims));
  assert(turns >= 8 && turns < 20, `${turns} turns`);
  const [own, shared, none] = await Promise.all(claims);
  assertEquals(own!.map(({ id }) => id), ["late", "f4000"]);
  assertEquals(shared!.map(({ id }) => id), ["f1", "f1001"]);
  assertEquals(none, []);
  const [first] = await everywhere;
  assertEquals(first?.id, "f0");
  const again = claimOf(store, "own2");
  assert(await turnsUntil(time, again) <= 1, "nothing is left to divide");
  assertEquals((await again).map(({ id }) => id), ["f2"]);
  await turnsUntil(time, store.close());
});

test("a claim by partition does not wait for flows of another type to be divided", async () => {
  const { store, time } = await filled();
  await turnsUntil(time, store.create("a", { type: "small", partitionKey: "shared" }));
  const large = claimOf(store, "shared");
  const small = store.claimDue("small", { worker: "w", partitionKey: "shared" });
  const other = store.claimDue("small", { worker: "w", partitionKey: "none" });
  assert(await turnsUntil(time, Promise.all([small, other])) <= 3);
  assertEquals((await small).map(({ id }) => id), ["a"]);
  assert(await turnsUntil(time, large) > 4);
  await turnsUntil(time, store.close());
});

test("a claim by partition ends with the store while flows are divided", async () => {
  const { store, time } = await filled();
  const claim = claimOf(store, "shared");
  const closed = store.close();
  const refused = assertRejects(() => claim, FlowError);
  assert(await turnsUntil(time, refused) <= 2, "nothing is looked at any more");
  await turnsUntil(time, closed);
  assertEquals((await refused).code, "store_closed");
});

test("a claim by partitions is decided once the flows of all their shards are divided", async () => {
  const { store, time } = await filled(6_000, 2);
  const partitionKeys = partitionsOf(2);
  const claim = store.claimDue("job", { worker: "w", partitionKeys });
  const turns = await turnsUntil(time, claim);
  assert(turns >= 10 && turns < 20, `${turns} turns`);
  await turnsUntil(time, store.close());
});

test("info() of a partition lets others have their turn while cold flows are counted, and is right", async () => {
  const time = manualTime({ autoDefer: false, startMs: 1_700_000_000_000 });
  const opening = openStore({ files: memoryDirectory(), time, limits: { hotFlowsMax: 0 } });
  time.runDeferred();
  const store = await opening;
  const runAtMs = time.clock.wallMs() + 3_600_000;
  for (let first = 0; first < 6_000; first += 500) {
    const ids = Array.from({ length: 500 }, (_, index) => `f${first + index}`);
    await turnsUntil(time, store.createMany(ids, { type: "job", partitionKey: "p", runAtMs }));
  }
  await turnsUntil(time, store.create("other", { type: "job", partitionKey: "q", runAtMs }));
  for (let rounds = 0; rounds < 100; rounds++) time.tick(10);
  assertEquals(store.stats().flows, 6_001);
  const before = store.stats().memory.flowsBytes;
  assert(before < 6_001 * 100, `${before} bytes: most flows are cold`);
  const counts = [
    store.info("job", { partitionKey: "p" }),
    store.info("job", { partitionKey: "q" }),
  ];
  const late = store.create("late", { type: "job", partitionKey: "p", runAtMs });
  assert(await turnsUntil(time, late) <= 2, "nobody waits for those who count");
  const changed = store.cancel({ id: "f7", partitionKey: "p" });
  assert(await turnsUntil(time, changed) <= 2);
  assert(await turnsUntil(time, counts[0]!) >= 4);
  const [p, q] = await Promise.all(counts);
  assertEquals([p!.states, p!.scheduled], [{ queued: 6_000, cancelled: 1 }, 6_000]);
  assertEquals([q!.states, q!.scheduled], [{ queued: 1 }, 1]);
  await turnsUntil(time, store.close());
});

test("list(), terminals() and stuck() of a partition let others have their turn, and are right", async () => {
  const { store, time } = await filled(MANY);
  await turnsUntil(time, store.cancel({ id: "f4000", partitionKey: "own4000" }));
  time.tick(1);
  const own = store.list("job", { partitionKey: "own5000" });
  const shared = store.list("job", { partitionKey: "shared", count: 2 });
  const none = store.list("job", { partitionKey: "none" });
  const ended = store.terminals("job", { partitionKey: "own4000" });
  const stuck = store.stuck("job", { partitionKey: "own3000", olderThanMs: 0 });
  const everywhere = store.list("job", { count: 1 });
  const created = store.create("late", { type: "job", partitionKey: "own5000" });
  const moved = store.cancel({ id: "f1", partitionKey: "shared" });
  // Whoever does not ask for a partition does not wait, and who changes something neither.
  assert(await turnsUntil(time, Promise.all([everywhere, created, moved])) <= 2);
  assertEquals((await everywhere).map(({ id }) => id), ["f0"]);
  const turns = await turnsUntil(time, Promise.all([own, shared, none, ended, stuck]));
  // Most of them to divide flows for stuck(), 500 at a time.
  assert(turns >= 40 && turns < 60, `${turns} turns`);
  assertEquals((await own).map(({ id }) => id), ["f5000", "late"]);
  assertEquals((await none).length, 0);
  assertEquals((await ended).map(({ id }) => id), ["f4000"]);
  assertEquals(await stuck, []);
  // What was found first has changed since.
  assertEquals((await shared).map(({ id }) => id), ["f10001", "f10003"]);
  await turnsUntil(time, store.close());
});

test("list() of a partition ends with the store while it looks for rows", async () => {
  const { store, time } = await filled(MANY);
  time.tick(1);
  const list = store.list("job", { partitionKey: "none" });
  const closed = store.close();
  const refused = assertRejects(() => list, FlowError);
  assert(await turnsUntil(time, refused) <= 2, "nothing is looked at any more");
  await turnsUntil(time, closed);
  assertEquals((await refused).code, "store_closed");
});

test("Preparation lets a call go on that cannot be prepared, to be refused", () => {
  const time = manualTime({ autoDefer: false });
  const said: string[] = [];
  const preparation = new Preparation({
    ...{ time, givesWay: () => false },
    guard(act) {
      try {
        act();
      } catch (error) {
        said.push(String((error as Error).message));
      }
    },
  });
  const isPrepared = (): boolean => {
    throw new Error("Broken");
  };
  preparation.lead({ givesWay: false, isPrepared, prepare: () => true }, () => said.push("on"));
  assertEquals([said, time.deferredCount], [["Broken", "on"], 0]);
});
