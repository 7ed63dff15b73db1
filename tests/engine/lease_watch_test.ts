import { FlowError, type FlowRecord, openStore, type Store } from "../../mod.ts";
import { SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

async function claimed(store: Store, leaseMs = 30_000): Promise<FlowRecord> {
  await store.create("a", { type: "job", partitionKey: "p" });
  const [flow] = await store.claimDue("job", { worker: "w", leaseMs });
  return flow!;
}

/** Hears of a lost lease. */
function listener(): { readonly heard: string[]; onLost(error: FlowError): void } {
  const heard: string[] = [];
  return { heard, onLost: ({ code, message }) => void heard.push(`${code}: ${message}`) };
}

test("watchLease() tells a holder that its flow was cancelled, once and for no other lease", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const flow = await claimed(store);
  const { heard, onLost } = listener();
  const { fencingToken } = flow;
  store.watchLease(flow, { fencingToken, onLost });
  await store.extendLease(flow, { leaseToken: flow.leaseToken!, fencingToken });
  await store.create("other", { type: "job" });
  await store.cancel("other");
  await time.advance(0);
  assertEquals(heard, []);
  await store.cancel("a");
  await time.advance(0);
  assertEquals(heard.length, 1);
  assertEquals(heard[0]!.startsWith('stale_lease: Flow "a" was taken from its worker'), true);
  await time.advance(60_000);
  assertEquals(heard.length, 1);
});

test("watchLease() tells of a claim by somebody else, and of a signal that moves the flow", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const first = await claimed(store, 1_000);
  const one = listener();
  store.watchLease(first, { fencingToken: first.fencingToken, onLost: one.onLost });
  await time.advance(2_000);
  assertEquals(one.heard, []);
  const [second] = await store.reclaim("job", { worker: "thief" });
  await time.advance(0);
  assertEquals(one.heard.map((text) => text.includes('"thief" has claimed it')), [true]);

  const two = listener();
  store.watchLease(second!, { fencingToken: second!.fencingToken, onLost: two.onLost });
  await store.signal("a", { signal: "note" });
  await time.advance(0);
  assertEquals(two.heard, []);
  await store.signal("a", { signal: "go", ifState: "running", transitionTo: "next" });
  await time.advance(0);
  assertEquals(two.heard.length, 1);
});

test("watchLease() tells nothing of what the holder settles, and nothing after it has ended", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const flow = await claimed(store);
  const { leaseToken, fencingToken } = flow;
  const one = listener();
  store.watchLease(flow, { fencingToken, onLost: one.onLost });
  const unwatched = listener();
  store.watchLease(flow, { fencingToken, onLost: unwatched.onLost })();
  await store.transition(flow, {
    from: "running",
    to: "next",
    leaseToken: leaseToken!,
    fencingToken,
  });
  await time.advance(0);
  assertEquals(one.heard, []);
  const [next] = await store.claimDue("job", { worker: "other" });
  await store.cancel(next!.id);
  await time.advance(0);
  assertEquals(one.heard, []);
  const ended = store.watchLease(flow, { fencingToken, onLost: unwatched.onLost });
  ended();
  ended();
  await time.advance(0);
  assertEquals(unwatched.heard, []);
});

test("watchLease() tells of what happened before it was called", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const flow = await claimed(store);
  await store.cancel("a");
  const { heard, onLost } = listener();
  store.watchLease(flow, { fencingToken: flow.fencingToken, onLost });
  store.watchLease("gone", { fencingToken: 1, onLost });
  assertEquals(heard, []);
  await time.advance(0);
  assertEquals(heard.map((text) => text.slice(0, 24)), [
    'stale_lease: Flow "a" wa',
    'stale_lease: Flow "gone"',
  ]);
});

test("watchLease() tells a holder whose flow was given up because its leases are lost too often", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  await store.policySet("job", { maxReclaims: 0 });
  const flow = await claimed(store, 1_000);
  const { heard, onLost } = listener();
  store.watchLease(flow, { fencingToken: flow.fencingToken, onLost });
  await time.advance(2_000);
  assertEquals(heard, []);
  assertEquals(await store.reclaim("job", { worker: "other" }), []);
  await time.advance(0);
  assertEquals([(await store.get("a"))?.state, heard.length], ["failed", 1]);
});

test("watchLease() can be ended before it has told that there is no flow", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const { heard, onLost } = listener();
  store.watchLease("gone", { fencingToken: 1, onLost })();
  await time.advance(0);
  assertEquals(heard, []);
});

test("watchLease() that was ended twice takes nothing from who watches now", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time });
  const flow = await claimed(store);
  const { fencingToken } = flow;
  const [first, second] = [listener(), listener()];
  const end = store.watchLease(flow, { fencingToken, onLost: first.onLost });
  end();
  store.watchLease(flow, { fencingToken, onLost: second.onLost });
  end();
  await store.cancel("a");
  await time.advance(0);
  assertEquals([first.heard.length, second.heard.length], [0, 1]);
});

test("LeaseWatch looks at no effect when nobody watches any more", async () => {
  await using scripted = new ScriptedStore();
  const { store, shard, shards: { leases } } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  let lookCount = 0;
  const effects: Iterable<never> = {
    [Symbol.iterator]() {
      lookCount++;
      return [][Symbol.iterator]();
    },
  };
  const options = { fencingToken: 0, onLost() {} };
  const ends = [store.watchLease("a", options), store.watchLease("a", options)];
  for (const end of ends) {
    leases.changed(effects as never, () => shard.footing());
    end();
  }
  assertEquals(lookCount, 2);
  leases.changed(effects as never, () => shard.footing());
  assertEquals(lookCount, 2);
  await scripted.turn();
});

/** A flow that is leased, in a log that says what a test wants. */
async function leasedIn(scripted: ScriptedStore): Promise<FlowRecord> {
  const { store } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  const claim = store.claimDue("job", { worker: "w" });
  await scripted.turn();
  return (await claim)[0]!;
}

test("watchLease() tells only what is on disk, and nothing of a cancel that never happened", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const flow = await leasedIn(scripted);
  const { heard, onLost } = listener();
  store.watchLease(flow, { fencingToken: flow.fencingToken, onLost });
  fates.push("no_space");
  const refused = assertRejects(() => store.cancel("a"), FlowError);
  await scripted.turn();
  await scripted.turn();
  await refused;
  assertEquals(heard, []);
  fates.push("moved");
  const cancelled = store.cancel("a");
  await scripted.turn();
  assertEquals(heard, []);
  await scripted.turn();
  await scripted.turn();
  await cancelled;
  assertEquals(heard.length, 1);
});

test("watchLease() tells of a loss after its holder has settled in vain", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const flow = await leasedIn(scripted);
  const { leaseToken, fencingToken } = flow;
  const lease = { leaseToken: leaseToken!, fencingToken };
  const { heard, onLost } = listener();
  store.watchLease(flow, { fencingToken, onLost });
  // Decided, but for lack of room it never happens, and then it is refused.
  fates.push("no_space");
  const refused = assertRejects(() => store.complete(flow, lease), FlowError);
  for (let turn = 0; turn < 3; turn++) await scripted.turn();
  assertEquals([(await refused).code, heard], ["overloaded", []]);
  const cancelled = store.cancel("a");
  for (let turn = 0; turn < 3; turn++) await scripted.turn();
  await cancelled;
  assertEquals(heard.length, 1);
});

test("watchLease() tells nothing of what comes after a settlement that is decided twice", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const flow = await leasedIn(scripted);
  const { leaseToken, fencingToken } = flow;
  const { heard, onLost } = listener();
  store.watchLease(flow, { fencingToken, onLost });
  fates.push("moved");
  const moved = store.transition(flow, {
    ...{ from: "running", to: "next", leaseToken: leaseToken!, fencingToken },
  });
  const cancelled = store.cancel("a");
  for (let turn = 0; turn < 4; turn++) await scripted.turn();
  await Promise.all([moved, cancelled]);
  assertEquals(heard, []);
});

test("watchLease() refuses arguments that are not what they must be", async () => {
  await using store = await openStore(":memory:");
  const onLost = (): void => {};
  const bad: [unknown, unknown, string][] = [
    ["a", undefined, "options"],
    ["a", { onLost }, "fencingToken"],
    ["a", { fencingToken: 1 }, "onLost"],
    ["a", { fencingToken: -1, onLost }, "fencingToken"],
    ["a", { fencingToken: 1, onLost, leaseToken: "x" }, "leaseToken"],
    [7, { fencingToken: 1, onLost }, "id"],
  ];
  for (const [flow, options, field] of bad) {
    const error = assertThrows(() => store.watchLease(flow as never, options as never), FlowError);
    assertEquals([error.code, error.details.field], ["invalid_argument", field]);
  }
});

test("watchLease() tells every holder that the store was closed, also one that watches after that", async () => {
  const time = manualTime();
  const store = await openStore({ dir: ":memory:", time });
  const flow = await claimed(store);
  await store.create("b", { type: "job" });
  const [settled] = await store.claimDue("job", { worker: "w" });
  const listeners = [listener(), listener(), listener(), listener(), listener()] as const;
  const [first, second, gone, done, late] = listeners;
  const { fencingToken, leaseToken } = flow;
  for (const { onLost } of [first, second]) store.watchLease(flow, { fencingToken, onLost });
  store.watchLease(flow, { fencingToken, onLost: gone.onLost })();
  store.watchLease(settled!, { fencingToken: settled!.fencingToken, onLost: done.onLost });
  await store.complete(settled!, {
    leaseToken: settled!.leaseToken!,
    fencingToken: settled!.fencingToken,
  });
  await store.extendLease(flow, { leaseToken: leaseToken!, fencingToken });
  await store.close();
  await time.advance(0);
  store.watchLease(flow, { fencingToken, onLost: late.onLost });
  assertEquals(late.heard, []);
  await time.advance(0);
  await store.close();
  await time.advance(60_000);
  const closed = [
    'store_closed: The store was closed, by close() or where the block of its "await using" ended. ' +
    "Open it again, or keep it open for longer",
  ];
  assertEquals(listeners.map(({ heard }) => heard), [closed, closed, [], [], closed]);
});

test("watchLease() tells every holder that the store has failed, and not that it was closed then", async () => {
  const time = manualTime();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const store = await openStore({ files: disk.directory(), time });
  const flow = await claimed(store);
  const codes: string[] = [];
  const onLost = ({ code }: FlowError): void => void codes.push(code);
  store.watchLease(flow, { fencingToken: flow.fencingToken, onLost });
  disk.arm({ call: "flush" });
  // It has been taken away, but nobody knows whether that is on disk.
  await assertRejects(() => store.cancel("a"), FlowError);
  await time.advance(0);
  assertEquals(codes, ["store_failed"]);
  await store.close();
  await time.advance(0);
  assertEquals(codes, ["store_failed"]);
});
