import { setImmediate } from "node:timers";
import { FlowError, openStore, type Store } from "../../mod.ts";
import { manualTime, type Time } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

test("commands get to the log although every turn of the host takes longer than a second", async () => {
  const inner = manualTime();
  let stalledMs = 0;
  let turnCount = 0;
  const time: Time = {
    ...inner,
    manual: true,
    alarm: (ring) => inner.alarm(ring),
    clock: {
      wallMs: () => inner.clock.wallMs() + stalledMs,
      steadyForMs: () => 0,
      monotonicMs: () => inner.clock.monotonicMs() + stalledMs,
    },
    defer: (task) =>
      inner.defer(() => {
        stalledMs += 1_500;
        turnCount += 1;
        if (turnCount < 50) task();
      }),
  };
  await using store = await openStore({ dir: ":memory:", time });
  await store.create("a", { type: "job" });
  assert(turnCount < 10, `${turnCount} turns`);
});

test("after a hold-up the owner extends its lease first, whoever else claims something", async () => {
  const inner = manualTime({ autoDefer: false });
  let stalledMs = 0;
  let ring = (): void => {};
  const time: Time = {
    ...inner,
    alarm: (onRing) => {
      ring = onRing;
      return inner.alarm(onRing);
    },
    clock: {
      wallMs: () => inner.clock.wallMs() + stalledMs,
      steadyForMs: () => 0,
      monotonicMs: () => inner.clock.monotonicMs() + stalledMs,
    },
    defer: (task) => inner.defer(task),
  };
  const settled = async <T>(call: Promise<T>): Promise<T> => {
    for (let turn = 0; turn < 9; turn++) {
      inner.runDeferred();
      for (let count = 0; count < 12; count++) await undefined;
    }
    return await call;
  };
  const store = await openStore({ dir: ":memory:", time });
  await settled(store.create("a", { type: "job" }));
  const [flow] = await settled(store.claimDue("job", { worker: "owner", leaseMs: 2_000 }));
  const stolen = store.claimDue("job", { worker: "thief", blockMs: 10_000 });
  await settled(Promise.resolve());
  stalledMs = 5_000;
  const other = store.claimDue("other", { worker: "w" });
  // What was deferred runs, then the timers that are due: the store's, and the owner's.
  inner.runDeferred();
  ring();
  const { leaseToken, fencingToken } = flow!;
  const extended = store.extendLease("a", { leaseToken: leaseToken!, fencingToken });
  assertEquals((await settled(extended)).leaseOwner, "owner");
  assertEquals(await settled(other), []);
  const refused = assertRejects(() => stolen, FlowError, "closed");
  await settled(store.close());
  await refused;
});

test("a claim that comes right after a hold-up gives way to the owner of the lease", async () => {
  await using scripted = new ScriptedStore();
  const { store, time } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  const claimed = store.claimDue("job", { worker: "owner", leaseMs: 2_000 });
  await scripted.turn();
  const [flow] = await claimed;
  time.tick(5_000);
  const stolen = store.claimDue("job", { worker: "thief" });
  const { leaseToken, fencingToken } = flow!;
  const extended = store.extendLease("a", { leaseToken: leaseToken!, fencingToken });
  for (let turn = 0; turn < 4; turn++) await scripted.turn();
  assertEquals([(await extended).leaseOwner, await stolen], ["owner", []]);
});

test("after a leap of the wall clock nobody takes a lease over, also who says what time it is", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  for (const [id, isTold] of [["told", true], ["untold", false], ["asked", false]] as const) {
    await store.create(id, { type: id });
    await store.claimDue(id, { worker: "owner", leaseMs: 2_000 });
    const leaptMs = time.clock.wallMs() + 30_000;
    time.setWall(leaptMs);
    if (id === "asked") assertEquals(await store.stuck(id), []);
    const thief = { worker: "thief", ...isTold ? { nowMs: leaptMs - 5 } : {} };
    assertEquals(await store.claimDue(id, thief), []);
    await time.advance(2_000);
    assertEquals((await store.claimDue(id, thief))[0]?.leaseOwner, "thief");
  }
});

/** The most flows that are answered before everybody else has a turn. */
const ANSWERS_MAX = 1_000;

/** How many turns everybody else has had while something was done with a store. */
async function turnsBeside(act: (store: Store) => Promise<void>): Promise<number> {
  await using store = await openStore(":memory:");
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    turns += 1;
    setImmediate(turn);
  };
  setImmediate(turn);
  await act(store);
  isOver = true;
  return turns;
}

test("whoever reads on and on from memory leaves everybody else a turn", async () => {
  const turns = await turnsBeside(async (store) => {
    await store.create("email-1", { type: "email" });
    for (let count = 0; count < 5 * ANSWERS_MAX; count++) await store.get("email-1");
  });
  assert(turns >= 4, `${turns} turns beside 5,000 reads`);
});

test("whoever writes frames full on and on leaves everybody else a turn", async () => {
  // A frame is full before the turn is over, and a log that works here answers it at once.
  const payload = new Uint8Array(4 << 10);
  const commands = 120;
  let serial = 0;
  const turns = await turnsBeside(async (store) => {
    await Promise.all(Array.from({ length: 6 }, async () => {
      while (serial < commands) {
        const ids = Array.from({ length: 100 }, (_, index) => `${serial}-${index}`);
        serial += 1;
        await store.createMany(ids, { type: "photo", payload });
      }
    }));
  });
  // A runtime may run two tasks of the store one after the other, and nobody calls after the last answer.
  const turnsMin = Math.floor(100 * commands / (2 * ANSWERS_MAX)) - 1;
  assert(turns >= turnsMin, `${turns} turns beside ${commands} commands`);
});

test("whoever is refused on and on leaves everybody else a turn", async () => {
  const items = [...Array.from({ length: 999 }, (_, index) => `new-${index}`), "taken"];
  const turns = await turnsBeside(async (store) => {
    await store.create("taken", { type: "email" });
    // Some dozens of them take longer than a task may.
    for (let count = 0; count < 300; count++) {
      await assertRejects(() => store.createMany(items, { type: "email" }));
    }
  });
  assert(turns >= 3, `${turns} turns beside 300 batches that are refused`);
});

test("of many streams of events one goes on in each turn", async () => {
  const streams = 10;
  const events = 2_560;
  const turns = await turnsBeside(async (store) => {
    const ids = Array.from({ length: events }, (_, index) => `email-${index}`);
    for (let at = 0; at < events; at += 512) {
      await store.createMany(ids.slice(at, at + 512), { type: "email" });
    }
    await Promise.all(Array.from({ length: streams }, async () => {
      let count = 0;
      for await (const _ of store.events({ from: "start" })) if (++count === events) return;
    }));
  });
  assert(turns >= streams * 5, `${turns} turns beside ${streams * events} events`);
});
