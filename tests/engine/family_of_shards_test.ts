import { FlowError, type FlowRecord, openStore, type Store } from "../../mod.ts";
import { type Directory, type Keep, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertObjectMatch, assertRejects, fail } from "../assert.ts";
import { test } from "../harness.ts";

const SHARDS = 3;

/** Partitions that are in different shards of a store with three. */
const PARTITIONS: readonly string[] = ["p", "q", "r", "s", "t", "u"];

const GROUP = { groupId: "g", waitState: "waiting", success: "done", failure: "broken", type: "c" };

interface Opened {
  readonly store: Store;
  readonly time: ManualTime;
}

async function open(files: Directory, startMs = 1_700_000_000_000): Promise<Opened> {
  const time = manualTime({ startMs });
  return { store: await openStore({ files, time, shards: SHARDS }), time };
}

/** One child in every partition. */
const CHILDREN = PARTITIONS.map((partitionKey) => (
  { id: `child-${partitionKey}`, partitionKey, payload: { to: partitionKey } }
));

async function spawn(store: Store, options: object = {}): Promise<FlowRecord> {
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  return await store.spawnChildren(parent, CHILDREN, { ...GROUP, fencingToken: 0, ...options });
}

async function claimAll(store: Store): Promise<FlowRecord[]> {
  return await store.claimDue("c", { worker: "w", limit: 100, payload: true, leaseMs: 3_600_000 });
}

function proof({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken: leaseToken!, fencingToken };
}

/** Lets everything happen that can happen without time going on. */
async function settle({ time }: Opened): Promise<void> {
  for (let round = 0; round < 20; round++) {
    time.tick(0);
    for (let task = 0; task < 12; task++) await undefined;
  }
}

test("children in other shards are there when the spawn is answered, and their ends roll up", async () => {
  const { store, time } = await open(memoryDirectory());
  await spawn(store);
  const children = await store.byParent("parent");
  assertEquals(children.map(({ partitionKey }) => partitionKey).sort(), PARTITIONS);
  for (const child of await claimAll(store)) {
    assertEquals(child.payload, { to: child.partitionKey });
    assertEquals(child.parentPartitionKey, "p");
    await store.complete(child, proof(child));
  }
  await settle({ store, time });
  assertObjectMatch((await store.get("parent"))!, {
    state: "done",
    childGroups: { g: { summary: { total: 6, completed: 6 }, resolved: "success" } },
  });
  assertEquals((await store.byRoot("parent")).length, 7);
  await store.close();
});

test("a message that cannot be read is told later, and everybody else is served meanwhile", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const { store, time } = await open(disk.directory());
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  // A read of more than is needed is tried again with less.
  for (let faults = 0; faults < 2; faults++) disk.arm({ call: "read" });
  // More than is kept in memory until it has arrived.
  const payload = "x".repeat(250_000);
  const children = CHILDREN.map((child) => ({ ...child, payload }));
  const spawned = store.spawnChildren(parent, children, { ...GROUP, fencingToken: 0 });
  await settle({ store, time });
  const [problem] = store.health().problems;
  assertEquals(problem?.code, "flow_unreadable");
  assert(/shard/.test(problem!.message), problem!.message);
  await store.create("other", { type: "t", partitionKey: "p" });
  await time.advance(1_000);
  await spawned;
  assertEquals(store.health().status, "ok");
  assertEquals((await store.byParent("parent")).length, PARTITIONS.length);
  await store.close();
});

test("spawnChildren() reads no message that was just written, and is answered with its children", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const { store, time } = await open(disk.directory());
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  // Whoever reads anything meets them.
  for (let faults = 0; faults < 20; faults++) disk.arm({ call: "read" });
  const spawned = store.spawnChildren(parent, CHILDREN, { ...GROUP, fencingToken: 0 });
  let found: FlowRecord[] | undefined;
  spawned.then(() => store.byParent("parent")).then((flows) => found = flows);
  await settle({ store, time });
  assertEquals(found?.length, PARTITIONS.length);
  assertEquals(store.health().status, "ok");
  await store.close();
});

test("the end of a parent reaches children in other shards, and theirs", async () => {
  const { store, time } = await open(memoryDirectory());
  await spawn(store);
  const [child] = (await claimAll(store)).filter(({ partitionKey }) => partitionKey === "q");
  assert(child !== undefined);
  await store.spawnChildren(
    child,
    PARTITIONS.map((partitionKey) => ({ id: `leaf-${partitionKey}`, partitionKey, type: "leaf" })),
    { ...GROUP, ...proof(child) },
  );
  const parent = await store.cancel("parent");
  assertObjectMatch(parent, { childGroups: { g: { summary: { cancelled: 6 } } } });
  await settle({ store, time });
  const family = await store.byRoot("parent", { count: 100 });
  assertEquals(family.length, 13);
  assertEquals(new Set(family.map(({ state }) => state)), new Set(["cancelled"]));
  await store.close();
});

test("a child that is in the way in another shard refuses the spawn as a whole", async () => {
  const { store } = await open(memoryDirectory());
  await store.create("child-u", { type: "c", partitionKey: "u" });
  const error = await assertRejects(() => spawn(store), FlowError);
  assertEquals(error.code, "already_exists");
  assertEquals(await store.byParent("parent"), []);
  assertObjectMatch((await store.get("parent"))!, { state: "queued", childGroups: {} });
  await store.close();
});

/** Flows in three shards, each created as a child of the one before, and the first as one of the last. */
async function ring(store: Store): Promise<FlowRecord[]> {
  const names = ["p", "q", "t"] as const;
  return await store.createMany(
    names.map((partitionKey, index) => ({
      id: `of-${partitionKey}`,
      partitionKey,
      parentFlowId: `of-${names.at(index - 1)!}`,
      rootFlowId: "root",
    })),
    { type: "t", independent: true },
  ).then((outcomes) => outcomes.map((outcome) => outcome.ok ? outcome.record : fail()));
}

/** Takes a flow in as the child of another one. */
function adopt(store: Store, parent: FlowRecord, child: FlowRecord): Promise<FlowRecord> {
  const { id, partitionKey } = child;
  const item = { id, partitionKey, idempotent: true };
  return store.spawnChildren(parent, [item], { ...GROUP, type: "t", fencingToken: 0 });
}

test("nobody becomes the child of who descends from it, through whatever shards", async () => {
  const { store } = await open(memoryDirectory());
  const [first, second, third] = await ring(store) as [FlowRecord, FlowRecord, FlowRecord];
  await adopt(store, first, second);
  await adopt(store, second, third);
  const error = await assertRejects(() => adopt(store, third, first), FlowError);
  assertEquals(error.code, "child_is_parent");
  await store.close();
});

test("nobody becomes the child of who is about to descend from it", async () => {
  const { store } = await open(memoryDirectory());
  const [first, second, third] = await ring(store) as [FlowRecord, FlowRecord, FlowRecord];
  const pairs = [[first, second], [second, third], [third, first]] as const;
  const codes = await Promise.all(
    pairs.map(([parent, child]) =>
      adopt(store, parent, child).then(() => "ok", (error: FlowError) => error.code)
    ),
  );
  // Which of them closes the ring depends on who is decided last.
  assertEquals(codes.sort(), ["child_is_parent", "ok", "ok"]);
  await store.close();
});

test("a name that is expected in another shard is nobody else's", async () => {
  const { store } = await open(memoryDirectory());
  const parent = await store.create("parent", { type: "t", partitionKey: "p" });
  const spawning = store.spawnChildren(parent, CHILDREN, { ...GROUP, fencingToken: 0 });
  const creating = PARTITIONS.map((partitionKey) =>
    store.create(`child-${partitionKey}`, { type: "other", partitionKey })
      .then(() => "created", (error: FlowError) => error.code)
  );
  assertEquals(await Promise.all(creating), PARTITIONS.map(() => "already_exists"));
  assertEquals((await spawning).state, "waiting");
  await store.close();
});

/** What somebody was told before the power went. */
interface Told {
  spawned: boolean;
  readonly completed: string[];
  cancelled: boolean;
}

/** Spawns, completes what is there, and perhaps cancels the parent; until the power goes. */
async function live(opened: Opened, told: Told, cancels: boolean): Promise<void> {
  const { store } = opened;
  await spawn(store);
  told.spawned = true;
  const children = await claimAll(store);
  for (const child of children.slice(0, cancels ? 3 : 6)) {
    await store.complete(child, proof(child));
    told.completed.push(child.id);
  }
  if (cancels) {
    await store.cancel("parent");
    told.cancelled = true;
  }
  await settle(opened);
}

/** Asserts that the family is whole or not there, and that nobody was told anything that is not so. */
async function check(opened: Opened, told: Told): Promise<void> {
  const { store } = opened;
  await settle(opened);
  const parent = await store.get("parent");
  const children = await store.byParent("parent");
  const group = parent?.childGroups["g"];
  if (group === undefined) {
    assertEquals([told.spawned, children.length], [false, 0]);
    return;
  }
  assertEquals(children.map(({ partitionKey }) => partitionKey).sort(), PARTITIONS);
  const ended = (state: string) => children.filter((child) => child.state === state).length;
  const completed = ended("completed");
  for (const id of told.completed) {
    assertEquals(children.find((child) => child.id === id)?.state, "completed");
  }
  if (told.cancelled) assertEquals(parent?.state, "cancelled");
  if (parent?.state === "cancelled") {
    assertEquals(ended("completed") + ended("cancelled"), 6);
    assertEquals(group.summary.cancelled + group.summary.completed, 6);
  } else {
    assertEquals(group.summary, { total: 6, completed, failed: 0, cancelled: 0 });
    assertEquals(parent?.state, completed === 6 ? "done" : "waiting");
  }
}

/** A store that lived until the power went, after so many calls on the disk; null: it did not go. */
async function cutShort(
  calls: number,
  { keep, cancels }: { readonly keep: Keep; readonly cancels: boolean },
): Promise<{ readonly disk: SimulatedDisk; readonly told: Told } | null> {
  const disk = new SimulatedDisk({ random: seededRandom(calls) });
  await (await open(disk.directory())).store.close();
  const told: Told = { spawned: false, completed: [], cancelled: false };
  const first = await open(disk.directory());
  disk.cutAfter(calls, { ending: "power", keep });
  // Whoever waits for an answer then waits for ever.
  let isOver = false;
  const living = live(first, told, cancels).then(() => first.store.close()).catch(() => {})
    .finally(() => isOver = true);
  await Promise.race([living, powerless(first, () => isOver || disk.isOff)]);
  if (disk.isOff) return { disk, told };
  assert(told.spawned && (cancels ? told.cancelled : told.completed.length === 6));
  return null;
}

for (const cancels of [false, true]) {
  for (const keep of ["none", "all", "chance"] as const satisfies readonly Keep[]) {
    const what = cancels ? "whose parent is cancelled" : "that completes";
    test(`a family over three shards ${what} survives a power cut at every call, keeping ${keep}`, async () => {
      let calls = 0;
      for (;; calls++) {
        const cut = await cutShort(calls, { keep, cancels });
        if (cut === null) break;
        const again = await open(cut.disk.restart(), 1_700_000_100_000);
        await check(again, cut.told);
        await again.store.close();
      }
      assert(calls >= 20, `only ${calls} cuts`);
    });
  }
}

test("a family over three shards survives one power cut at every call and one more while it opens", async () => {
  let cutCount = 0;
  for (let calls = 0;; calls++) {
    for (let later = 0;; later++) {
      const cut = await cutShort(calls, { keep: "none", cancels: calls % 2 === 0 });
      if (cut === null) return assert(cutCount >= 200, `only ${cutCount} cuts`);
      const { disk, told } = cut;
      const directory = disk.restart();
      disk.cutAfter(later, { ending: "power", keep: "chance" });
      const opening = open(directory, 1_700_000_100_000);
      const second = await opening.catch(() => undefined);
      if (second !== undefined) {
        await settle(second);
        await second.store.close().catch(() => {});
      }
      if (!disk.isOff) break;
      cutCount++;
      const third = await open(disk.restart(), 1_700_000_200_000);
      await check(third, told);
      await third.store.close();
    }
  }
});

/** Lets everything happen until the life of a store is over one way or the other, and some more. */
async function powerless({ time }: Opened, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    time.tick(0);
    await undefined;
  }
  for (let task = 0; task < 100; task++) await undefined;
}
