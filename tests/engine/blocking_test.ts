import { FlowError, openStore, type Store } from "../../mod.ts";
import { type ManualTime, manualTime } from "../../src/time/mod.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";
import { ScriptedStore } from "./scripted_log.ts";

async function stores(): Promise<{ store: Store; time: ManualTime }> {
  const time = manualTime();
  return { store: await openStore({ dir: ":memory:", time }), time };
}

/** A claim of one flow that waits for ever; resolves to its id. */
async function claimedId(store: Store, worker = "w", limit = 1): Promise<string> {
  const flows = await store.claimDue("job", { worker, limit, blockMs: 0 });
  return flows.map(({ id }) => id).join();
}

/** A signal, and how many listen to it. */
function watchedSignal(): { signal: AbortSignal; listening: () => number } {
  const { signal } = new AbortController();
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    count += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    count -= 1;
    remove(...given);
  };
  return { signal, listening: () => count };
}

test("claimDue() with blockMs wakes on create()", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const claimed = claimedId(store);
  await time.advance(10_000);
  await store.create("a", { type: "job" });
  assertEquals(await claimed, "a");
});

test("claimDue() with blockMs wakes when a due time arrives", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const runAtMs = time.clock.wallMs() + 5_000;
  await store.create("later", { type: "job", runAtMs });
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await time.advance(4_999);
  assertEquals((await store.get("later"))?.state, "queued");
  await time.advance(1);
  assertEquals((await claimed)[0]?.updatedAtMs, runAtMs);
});

test("claimDue() with blockMs wakes when the wall clock has leapt to a due time", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const hourMs = 3_600_000;
  await store.create("later", { type: "job", runAtMs: time.clock.wallMs() + hourMs });
  const claimed = claimedId(store);
  await time.advance(1_000);
  // The machine slept; only the wall clock went on.
  time.setWall(time.clock.wallMs() + hourMs);
  await time.advance(20_000);
  assertEquals(await claimed, "later");
});

test("claimDue() with blockMs wakes when a command says that it is later, even a refused one", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const nowMs = time.clock.wallMs() + 5_000;
  await store.create("later", { type: "job", runAtMs: nowMs });
  const claimed = claimedId(store);
  await time.advance(0);
  await assertRejects(() => store.create("later", { type: "job", nowMs }), FlowError);
  assertEquals(await claimed, "later");
});

test("claimDue() with blockMs wakes on retry() and on transition()", async () => {
  const { store } = await stores();
  await using _ = store;
  await store.create("a", { type: "job" });
  const [first] = await store.claimDue("job", { worker: "w" });
  let claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await store.retry("a", {
    leaseToken: first!.leaseToken!,
    fencingToken: first!.fencingToken,
    runAtMs: 0,
  });
  const [second] = await claimed;
  assertEquals([second?.attempts, second?.fencingToken], [1, 2]);
  claimed = store.claimDue("job", { worker: "w", state: "next", blockMs: 0 });
  await store.transition("a", {
    from: "running",
    to: "next",
    leaseToken: second!.leaseToken!,
    fencingToken: 2,
  });
  assertEquals((await claimed)[0]?.runState, "next");
});

test("claimDue() with blockMs wakes when a lease expires", async () => {
  const { store, time } = await stores();
  await using _ = store;
  await store.create("a", { type: "job" });
  await store.claimDue("job", { worker: "lost", leaseMs: 2_000 });
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await time.advance(1_999);
  assertEquals((await store.get("a"))?.leaseOwner, "lost");
  await time.advance(1);
  assertEquals((await claimed)[0]?.leaseOwner, "w");
});

test("claimDue() with blockMs finds nothing in other types, states, partitions and priorities", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const claimed = store.claimDue("job", {
    worker: "w",
    state: "wanted",
    partitionKey: "p",
    priority: 1,
    blockMs: 1_000,
  });
  const wanted = { type: "job", state: "wanted", partitionKey: "p", priority: 1 } as const;
  await store.create("type", { ...wanted, type: "other" });
  await store.create("state", { ...wanted, state: "other" });
  await store.create("partition", { ...wanted, partitionKey: "other" });
  await store.create("priority", { ...wanted, priority: 2 });
  await time.advance(1_000);
  assertEquals(await claimed, []);
});

test("claimDue() with blockMs answers with nothing when its time is over", async () => {
  const { store, time } = await stores();
  await using _ = store;
  let isOver = false;
  const claimed = store.claimDue("job", { worker: "w", blockMs: 1_000 })
    .finally(() => isOver = true);
  await time.advance(999);
  assertEquals(isOver, false);
  await time.advance(1);
  assertEquals(await claimed, []);
});

test("claimDue() with blockMs serves who has waited longest, up to its limit", async () => {
  const { store } = await stores();
  await using _ = store;
  const waiting = ["w1", "w2", "w3"].map((worker) => claimedId(store, worker, 10));
  await store.createMany(["a", "b", "c", "d", "e"], { type: "job" });
  assertEquals(await waiting[0], "a,b,c,d,e");
  await store.createMany(["f", "g"], { type: "job" });
  assertEquals(await waiting[1], "f,g");
  await store.create("h", { type: "job" });
  assertEquals(await waiting[2], "h");
});

test("claimDue() with blockMs gives no flow to two waiters", async () => {
  const { store } = await stores();
  await using _ = store;
  const waiting = Array.from({ length: 20 }, (_, index) => claimedId(store, `w${index}`, 2));
  const ids = Array.from({ length: 40 }, (_, index) => `flow-${String(index).padStart(2, "0")}`);
  await Promise.all(ids.map((id) => store.create(id, { type: "job" })));
  const claimed = (await Promise.all(waiting)).flatMap((text) => text.split(","));
  assertEquals(claimed.toSorted(), ids);
});

test("claimDue() ends its wait when its signal aborts", async () => {
  const { store } = await stores();
  await using _ = store;
  const controller = new AbortController();
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0, signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => claimed, RangeError, "enough");
  await store.create("a", { type: "job" });
  assertEquals((await store.get("a"))?.state, "queued");
  const aborted = AbortSignal.abort(new RangeError("before"));
  await assertRejects(
    () => store.claimDue("job", { worker: "w", blockMs: 0, signal: aborted }),
    RangeError,
  );
});

test("claimDue() that was aborted before it was decided does not wait", async () => {
  const { store, time } = await stores();
  await using _ = store;
  await time.advance(5_000);
  const controller = new AbortController();
  // The process was held up, so the claim is decided a turn later.
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0, signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => claimed, Error, "enough");
  await store.create("a", { type: "job" });
  assertEquals((await store.get("a"))?.state, "queued");
});

test("claimDue() refuses to wait with too many others", async () => {
  await using store = await openStore({ dir: ":memory:", limits: { waitersMax: 2 } });
  const waiting = [1, 2].map(() => store.claimDue("job", { worker: "w", blockMs: 50 }));
  const error = await assertRejects(
    () => store.claimDue("job", { worker: "w", blockMs: 50 }),
    FlowError,
  );
  assertEquals([error.code, error.details.limit], ["too_many_waiters", 2]);
  await Promise.all(waiting);
});

test("close() ends blocked claims with store_closed", async () => {
  const { store } = await stores();
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0 });
  await store.close();
  assertEquals((await assertRejects(() => claimed, FlowError)).code, "store_closed");
});

test("claimDue() without a limit of time keeps the process alive until it is answered", async () => {
  const { store, time } = await stores();
  await using _ = store;
  const controller = new AbortController();
  const claimed = store.claimDue("job", { worker: "w", blockMs: 0, signal: controller.signal });
  await time.advance(0);
  assertEquals(time.nextAlarmMs !== undefined, true, "an alarm is set, though nothing is in sight");
  controller.abort();
  await assertRejects(() => claimed);
});

test("a claim that waits after it has given a flow up takes the flow when it is due again", async () => {
  const { store, time } = await stores();
  await using _ = store;
  await store.policySet("job", {
    states: { queued: { maxReclaims: 0, retry: { exhaustedTo: "queued" } } },
  });
  await store.create("a", { type: "job" });
  await store.claimDue("job", { worker: "gone", leaseMs: 10 });
  await time.advance(10);
  const claimed = store.claimDue("job", { worker: "w", blockMs: 1_000 });
  await time.advance(1_000);
  assertEquals((await claimed).map(({ id }) => id), ["a"]);
});

test("claimDue() does not listen to its signal any more once it is answered, or the store closed", async () => {
  const { store } = await stores();
  const { signal, listening } = watchedSignal();
  const [claimed, refused] = [1, 2].map(() =>
    store.claimDue("job", { worker: "w", blockMs: 0, signal })
  );
  assertEquals(listening(), 2);
  await store.create("a", { type: "job" });
  assertEquals([(await claimed)!.length, listening()], [1, 1]);
  await store.close();
  await assertRejects(() => refused!, FlowError);
  assertEquals(listening(), 0);
});

test("a claim that finds nothing when it wakes counts once among those that wait", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time, limits: { waitersMax: 1 } });
  await store.policySet("job", {
    states: { queued: { maxReclaims: 0, retry: { exhaustedTo: "queued" } } },
  });
  await store.create("a", { type: "job" });
  await store.claimDue("job", { worker: "gone", leaseMs: 10 });
  const claimed = claimedId(store);
  // First it gives the flow up, and finds nothing; then the flow is due.
  await time.advance(10);
  assertEquals(await claimed, "a");
  const next = claimedId(store);
  await store.create("b", { type: "job" });
  assertEquals(await next, "b");
});

test("a claim that is refused when it wakes waits no more, also before it is told", async () => {
  await using scripted = new ScriptedStore({ limits: { commandBytesMax: 600 } });
  const { store, shards } = scripted;
  const woken = assertRejects(() => claimedId(store, "w", 10), FlowError);
  await scripted.turn();
  assertEquals(shards.waiters.count, 1);
  scripted.isSilent = true;
  const ids = Array.from({ length: 10 }, (_, index) => `f${index}`);
  const created = ids.map((id) => store.create(id, { type: "job" }));
  await scripted.turn();
  assertEquals(shards.waiters.count, 0);
  scripted.answer();
  await scripted.turn();
  assertEquals((await woken).code, "too_large");
  await Promise.all(created);
});

test("a claim that is refused does not wait for shards that it has not looked at", async () => {
  await using scripted = new ScriptedStore({ shardCount: 2, limits: { waitersMax: 1 } });
  const { store } = scripted;
  const [here, elsewhere] = partitionsOf(2) as [string, string];
  const waiting = store.claimDue("job", { worker: "w", blockMs: 0, partitionKey: here });
  scripted.isSilent = true;
  const created = store.create("a", { type: "job", partitionKey: elsewhere });
  await scripted.turn();
  const refused = assertRejects(
    () => store.claimDue("job", { worker: "w", blockMs: 0, partitionKey: here }),
    FlowError,
  );
  await scripted.turn();
  const inTime = await Promise.race([refused, scripted.turn()]);
  assertEquals(inTime?.code, "too_many_waiters");
  scripted.answer();
  await created;
  const closed = assertRejects(() => waiting, FlowError);
  await store.close();
  await closed;
});
