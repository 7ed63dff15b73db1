import { openStore, type Store } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, type Time } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const DAY_MS = 86_400_000;

/** A time that is moved by hand, and looks to a store like that of a machine that has just started. */
function justStarted(time: ManualTime): Time {
  const { wallMs, monotonicMs } = time.clock;
  const clock = { wallMs, monotonicMs, steadyForMs: () => 0 };
  return { ...bound(time), clock, manual: false };
}

function bound(time: ManualTime): Pick<Time, "alarm" | "defer" | "random"> {
  return {
    alarm: (ring) => time.alarm(ring),
    defer: (task) => time.defer(task),
    random: time.random,
  };
}

/** What a store holds that ends: an ended flow, a key, and a flow that is leased. */
async function live(store: Store): Promise<void> {
  await store.create("ended", { type: "job" });
  await store.cancel("ended");
  await store.kv.set("key", 1, { ttlMs: 5 * DAY_MS });
  await store.create("leased", { type: "job" });
  await store.claimDue("job", { worker: "gone", leaseMs: 60_000 });
}

/** Opens it on a machine that has just started, and counts the milliseconds until it is open. */
async function openLater(
  files: ReturnType<typeof memoryDirectory>,
  time: ManualTime,
  setRight?: { afterMs: number; toMs: number },
): Promise<[Store, number]> {
  let store: Store | undefined;
  const opening = openStore({ files, time: justStarted(time) }).then((opened) => store = opened);
  const startMs = time.clock.monotonicMs();
  await time.advance(0);
  while (store === undefined && time.clock.monotonicMs() - startMs < 60_000) {
    await time.advance(1_000);
    if (time.clock.monotonicMs() - startMs === setRight?.afterMs) time.setWall(setRight.toMs);
  }
  return [await opening, time.clock.monotonicMs() - startMs];
}

test("openStore() on a machine whose clock is set right within ten seconds loses nothing", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  {
    await using store = await openStore({ files, time });
    await live(store);
  }
  const rightMs = time.clock.wallMs();
  time.setWall(rightMs + 40 * DAY_MS);
  const [store, tookMs] = await openLater(files, time, { afterMs: 4_000, toMs: rightMs + 4_000 });
  await using _ = store;
  assert(tookMs <= 10_000, `it took ${tookMs} ms`);
  await time.advance(180_000);
  assertEquals((await store.get("ended"))?.state, "cancelled");
  assertEquals((await store.kv.get("key"))?.value, 1);
  const { status, clockAheadMs } = store.health();
  assertEquals([status, clockAheadMs], ["ok", 0]);
});

test("openStore() of a store that was closed for forty days takes ten seconds, and its time is right", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  {
    await using store = await openStore({ files, time });
    await live(store);
  }
  time.setWall(time.clock.wallMs() + 40 * DAY_MS);
  const [store, tookMs] = await openLater(files, time);
  await using _ = store;
  assertEquals(tookMs, 10_000);
  assertEquals([await store.get("ended"), await store.kv.get("key")], [null, null]);
  const { createdAtMs } = await store.create("new", { type: "other", retentionTtlMs: DAY_MS });
  assertEquals(createdAtMs, time.clock.wallMs());
  await store.kv.set("key", 2, { ttlMs: 1_000 });
  assertEquals((await store.kv.get("key"))?.value, 2);
  // As after any opening: owners have five seconds to come back.
  await time.advance(4_999);
  assertEquals(await store.claimDue("job", { worker: "new" }), []);
  await time.advance(1);
  assertEquals((await store.claimDue("job", { worker: "new" })).map(({ id }) => id), ["leased"]);
});

test("openStore() takes no time if the store was closed for weeks, or is new", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  const [first, noneMs] = await openLater(files, time);
  await live(first);
  await first.close();
  time.setWall(time.clock.wallMs() + 29 * DAY_MS);
  const [second, tookMs] = await openLater(files, time);
  await second.close();
  assertEquals([noneMs, tookMs], [0, 0]);
});

test("health() has no word against a sweeper that could not sweep yet, since the store was closed", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  {
    await using store = await openStore({ files, time });
    await live(store);
  }
  await time.advance(30 * DAY_MS);
  await using store = await openStore({ files, time });
  const { status, sweepBehindMs } = store.health();
  assert(sweepBehindMs > 20 * DAY_MS);
  assertEquals(status, "ok");
});
