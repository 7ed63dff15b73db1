import { assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { FlowError, type FlowRecord, openStore, type Store } from "../../mod.ts";
import { manualTime } from "../../src/time/mod.ts";
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
  const { store, shards: { leases } } = scripted;
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
    leases.changed(effects as never);
    end();
  }
  assertEquals(lookCount, 2);
  leases.changed(effects as never);
  assertEquals(lookCount, 2);
  await scripted.turn();
});

test("watchLease() tells only what is on disk, and nothing of a cancel that never happened", async () => {
  await using scripted = new ScriptedStore();
  const { store, fates } = scripted;
  const created = store.create("a", { type: "job" });
  await scripted.turn();
  await created;
  const claim = store.claimDue("job", { worker: "w" });
  await scripted.turn();
  const [flow] = await claim;
  const { heard, onLost } = listener();
  store.watchLease(flow!, { fencingToken: flow!.fencingToken, onLost });
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
