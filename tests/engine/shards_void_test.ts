import { FlowError, type FlowRecord } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";
import { ScriptedStore } from "./scripted_log.ts";

const SHARDS = 3;
const [P0, P1, P2] = partitionsOf(SHARDS) as [string, string, string];

function idsOf(flows: readonly FlowRecord[]): string[] {
  return flows.map(({ id }) => id);
}

/** A store with flows a, b, c, … in turns of the partitions. */
async function withFlows(scripted: ScriptedStore, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => ({
    id: String.fromCharCode(97 + index),
    partitionKey: [P0, P1, P2][index % SHARDS]!,
  }));
  const created = scripted.store.createMany(items, { type: "job" });
  await scripted.turn();
  await created;
}

/** What a promise has come to after some turns. */
async function after<T>(scripted: ScriptedStore, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  for (let turn = 0; turn < 100 && !isSettled; turn++) await scripted.turn();
  assert(isSettled, "Nobody was told");
  return await promise;
}

test("a claim does again in one shard what was void there, and keeps the rest", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  await withFlows(scripted, 6);
  scripted.fatesOf[1]!.push("moved");
  const claimed = scripted.store.claimDue("job", { worker: "w", limit: 5 });
  const flows = await after(scripted, claimed);
  assertEquals(idsOf(flows), ["a", "b", "c", "d", "e"]);
  assertEquals(flows.map(({ fencingToken }) => fencingToken), [1, 1, 1, 1, 1]);
  const left = scripted.store.claimDue("job", { worker: "w", limit: 5 });
  assertEquals(idsOf(await after(scripted, left)), ["f"]);
});

test("a claim that was void in a shard takes the same kinds of flows there again", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  const { store, time } = scripted;
  await withFlows(scripted, 2);
  await after(scripted, store.claimDue("job", { worker: "w", limit: 2, leaseMs: 20 }));
  await after(scripted, store.create("new", { type: "job", partitionKey: P1 }));
  time.tick(5_000);
  // One expired lease goes first, which is in the first shard; then comes what waits.
  scripted.fatesOf[1]!.push("moved");
  const claimed = store.claimDue("job", { worker: "w", limit: 2, reclaimRatio: 20 });
  assertEquals(idsOf(await after(scripted, claimed)).sort(), ["a", "new"]);
});

test("a claim of which a shard has no room for its part answers with the others", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  await withFlows(scripted, 3);
  scripted.fatesOf[1]!.push("no_space");
  const claimed = scripted.store.claimDue("job", { worker: "w", limit: 5 });
  assertEquals(idsOf(await after(scripted, claimed)), ["a", "c"]);
  const left = scripted.store.claimDue("job", { worker: "w", limit: 5 });
  assertEquals(idsOf(await after(scripted, left)), ["b"]);
});

test("a claim that is refused in the middle leaves nothing in a shard that had made room", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS, frameBytesMax: 4_096 });
  const { store } = scripted;
  await withFlows(scripted, 2);
  const large = store.create("large", {
    type: "other",
    partitionKey: P1,
    payload: "x".repeat(3_800),
  });
  scripted.fatesOf[1]!.push("no_space");
  const claimed = store.claimDue("job", { worker: "w", limit: 2 });
  const refused = [large, claimed].map((call) => assertRejects(() => call, FlowError));
  for (let turn = 0; turn < 4; turn++) await scripted.turn();
  for (const { code } of await Promise.all(refused)) assertEquals(code, "overloaded");
  // The log of the shard that was void still waits for the frame that the script has kept from it.
  await after(scripted, store.create("next", { type: "other", partitionKey: P1 }));
  await after(scripted, store.compact());
  const again = store.claimDue("job", { worker: "w", limit: 2 });
  assertEquals(idsOf(await after(scripted, again)), ["a", "b"]);
});

test("a claim is decided again that made room in a shard which started again", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS, frameBytesMax: 4_096 });
  const { store } = scripted;
  await withFlows(scripted, 2);
  const payload = "x".repeat(3_800);
  const large = store.create("large", { type: "other", partitionKey: P1, payload });
  scripted.fatesOf[1]!.push("moved");
  const claimed = store.claimDue("job", { worker: "w", limit: 2 });
  assertEquals(idsOf(await after(scripted, claimed)), ["a", "b"]);
  assertEquals((await after(scripted, large)).version, 1);
  const got = store.get({ id: "b", partitionKey: P1 });
  assertEquals((await after(scripted, got))?.fencingToken, 1);
});

test("a claim is decided again if a shard has changed while another one made room", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  const { store, shards } = scripted;
  await withFlows(scripted, 2);
  const created: Promise<FlowRecord>[] = [];
  const [shard] = shards.all.slice(1);
  const makeRoom = shard!.makeRoom.bind(shard);
  shard!.makeRoom = (plan) => {
    makeRoom(plan);
    if (created.length > 0) return;
    created.push(store.create("urgent", { type: "job", partitionKey: P0, priority: 2 }));
  };
  const claimed = store.claimDue("job", { worker: "w", limit: 3 });
  assertEquals(idsOf(await after(scripted, claimed)), ["urgent", "a", "b"]);
  assertEquals((await Promise.all(created)).map(({ version }) => version), [1]);
});

test("a claim that is void wherever it took flows is decided again in all shards", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  const { store } = scripted;
  await withFlows(scripted, 1);
  scripted.fatesOf[0]!.push("moved");
  const claimed = store.claimDue("job", { worker: "w", limit: 1 });
  const urgent = store.create("b", { type: "job", partitionKey: P1, priority: 2 });
  assertEquals(idsOf(await after(scripted, claimed)), ["b"]);
  await after(scripted, urgent);
});

test("a claim writes nothing in shards in which it takes nothing", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  await withFlows(scripted, 1);
  const before = scripted.frameCount;
  const wrote: number[] = [];
  const { shards } = scripted;
  const inner = shards.wrote.bind(shards);
  shards.wrote = (shard, ...given) => {
    wrote.push(shard.number);
    inner(shard, ...given);
  };
  await after(scripted, scripted.store.claimDue("job", { worker: "w", limit: 2 }));
  assertEquals([wrote, scripted.frameCount - before], [[0], 1]);
});

test("a cleanup that was void in a shard removes nothing more in the others", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  const { store, time } = scripted;
  await withFlows(scripted, 6);
  for (const id of ["a", "b", "c", "d", "e", "f"]) {
    await after(scripted, store.cancel(id, { ttlMs: 1_000 }));
  }
  time.tick(1_000);
  scripted.fatesOf[1]!.push("moved");
  const cleaned = store.retentionCleanup({ limit: 3 });
  assertEquals((await after(scripted, cleaned)).flows, 3);
});

test("a query over all shards is read again when one of them starts again", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  await withFlows(scripted, 2);
  scripted.fatesOf[2]!.push("no_space");
  const refused = assertRejects(
    () => scripted.store.create("c", { type: "job", partitionKey: P2 }),
    FlowError,
  );
  const created = scripted.store.create("d", { type: "job", partitionKey: P0 });
  const listed = scripted.store.list("job");
  const counted = scripted.store.info("job");
  const missing = scripted.store.get("c");
  assertEquals(idsOf(await after(scripted, listed)), ["a", "b", "d"]);
  assertEquals((await counted).queued, 3);
  assertEquals(await missing, null);
  assertEquals([(await refused).code, (await created).id], ["overloaded", "d"]);
});

test("a batch keeps what its other shards have applied when one has no room", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  scripted.fatesOf[1]!.push("no_space");
  const items = [P0, P1, P2].map((partitionKey) => ({ id: "f", partitionKey }));
  const created = scripted.store.createMany(items, { type: "job", independent: true });
  const outcomes = await after(scripted, created);
  assertEquals(outcomes.map((outcome) => outcome.ok || outcome.error.code), [
    true,
    "overloaded",
    true,
  ]);
  const again = scripted.store.createMany(items, { type: "job" }).catch((error) => error);
  const error = await after(scripted, again) as FlowError;
  assertEquals([error.code, error.details["applied"]], ["already_exists", 1]);
});

test("a void frame of one shard leaves the commands of the others alone", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  scripted.fatesOf[0]!.push("moved");
  const [inFirst, inSecond] = [P0, P1].map((partitionKey) =>
    scripted.store.create("f", { type: "job", partitionKey })
  );
  await scripted.turn();
  const { version } = await inSecond!;
  assertEquals([version, (await after(scripted, inFirst!)).version], [1, 1]);
  const both = scripted.store.list("job");
  assertEquals(idsOf(await after(scripted, both)), ["f", "f"]);
});

test("a policy holds in other shards once it is durable, and not if it never is", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  const { store } = scripted;
  const ttlOf = async (id: string): Promise<number> =>
    (await after(scripted, store.create(id, { type: "job", partitionKey: P1 }))).retentionTtlMs;
  const before = await ttlOf("a");
  scripted.fates.push("no_space");
  const refused = store.policySet("job", { retention: { ttlMs: 5 } }).catch(({ code }) => code);
  assertEquals(await after(scripted, refused), "overloaded");
  assertEquals(await ttlOf("b"), before);
  scripted.fates.push("moved");
  await after(scripted, store.policySet("job", { retention: { ttlMs: 7 } }));
  assertEquals(await ttlOf("c"), 7);
});

test("a call is answered that was written down when the store is closed, also if others were to hear of it first", async () => {
  await using scripted = new ScriptedStore({ shardCount: SHARDS });
  await withFlows(scripted, 1);
  const { store } = scripted;
  const children = [{ id: "child", partitionKey: P1 }];
  const options = { groupId: "g", type: "c", success: "done", failure: "broken" };
  scripted.isSilent = true;
  const spawned = store.spawnChildren({ id: "a", partitionKey: P0 }, children, {
    ...{ ...options, waitState: "waiting", fencingToken: 0 },
  });
  await scripted.turn();
  scripted.answer();
  const closed = store.close();
  assertEquals((await after(scripted, spawned)).state, "waiting");
  await closed;
});

test("a shard that is read again without its checkpoint has no mail that has arrived", async () => {
  const directory = memoryDirectory();
  const options = { directory, shardCount: SHARDS, hasCheckpoints: true };
  {
    await using scripted = new ScriptedStore(options);
    const { store } = scripted;
    const parent = await after(scripted, store.create("p", { type: "job", partitionKey: P0 }));
    const children = [{ id: "c", partitionKey: P1 }];
    const spawned = store.spawnChildren(parent, children, {
      ...{ type: "job", groupId: "g", fencingToken: 0 },
      ...{ waitState: "waiting", success: "done", failure: "broken" },
    });
    await after(scripted, spawned);
  }
  await using scripted = new ScriptedStore(options);
  const { store, shards, fatesOf } = scripted;
  const mail = () => [...shards.all[0]!.state.flows.mail.receivers];
  assertEquals(mail(), []);
  for (const name of directory.list()) {
    if (name.startsWith("CHECKPOINT")) directory.remove(name);
  }
  fatesOf[0]!.push("moved");
  await after(scripted, store.create("other", { type: "job", partitionKey: P0 }));
  assertEquals(mail(), []);
});
