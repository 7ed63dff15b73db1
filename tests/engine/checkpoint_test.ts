import { isFlowError, openStore, restoreStore, type Store } from "../../mod.ts";
import { sha256Hex } from "../../src/codec/mod.ts";
import { type Directory, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { CHECKPOINT_VERSION } from "../../src/flow/core/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { copyOf } from "./copied_files.ts";

/** The name of the checkpoint of a store that was closed once. */
const NAME = "CHECKPOINT.0.1";

interface Opened {
  readonly store: Store;
  readonly time: ManualTime;
}

async function open(files: Directory): Promise<Opened> {
  const time = manualTime({ startMs: 1_700_000_000_000 });
  const limits = { segmentBytesMax: 1 << 20 };
  return { store: await openStore({ files, time, limits, merge: { auto: false } }), time };
}

/** So much that opening would read for a while. */
async function fill({ store, time }: Opened): Promise<void> {
  for (let round = 0; round < 22; round++) {
    const ids = Array.from({ length: 1_000 }, (_, index) => `${round}-${index}`);
    await store.createMany(ids, {
      type: round % 2 === 0 ? "even" : "odd",
      payload: { round },
      priority: (round % 3) as 0 | 1 | 2,
      ...(round === 0 ? { correlationId: "c", values: { name: "value" } } : {}),
    });
    await time.advance(7);
  }
  await store.create("parent", { type: "family" });
  const children = ["x", "y", "z"].map((id) => ({ id, partitionKey: "p" }));
  const group = { groupId: "g", waitState: "waiting", success: "done", failure: "broken" };
  await store.spawnChildren("parent", children, { ...group, type: "child", fencingToken: 0 });
  await store.signal("parent", { signal: "s", idempotencyKey: "once" });
  await store.policySet("even", { retry: { maxRetries: 3 } });
  for (const key of ["a", "b", "c"]) await store.kv.set(key, key, { ttlMs: 1_000_000 });
  const [job] = await store.claimDue("odd", { worker: "w", leaseMs: 60_000 });
  await store.complete(job!, { leaseToken: job!.leaseToken!, fencingToken: job!.fencingToken });
  await store.claimDue("even", { worker: "w", limit: 5, leaseMs: 60_000 });
}

/** What a caller can see of it: much of it only if every order and every index is as it was. */
async function everything(store: Store): Promise<unknown> {
  return [
    await store.info("even"),
    await store.info("odd"),
    await store.list("even", { count: 1_000 }),
    await store.list("odd", { count: 1_000 }),
    await store.byCorrelation("c", { count: 100 }),
    await store.byParent("parent"),
    await store.byRoot("parent"),
    await store.terminals("odd"),
    await store.history("parent"),
    await store.get("0-17", { payload: true, values: true }),
    await store.policyGet("even"),
    await store.kv.list(""),
    store.stats().log.bytes,
    store.stats().log.records,
  ];
}

/** A store that was closed, and what was in it. */
async function closed(): Promise<{ files: Directory; before: unknown }> {
  const files = memoryDirectory();
  const opened = await open(files);
  await fill(opened);
  const before = await everything(opened.store);
  await opened.store.close();
  return { files, before };
}

async function assertOpensAs(files: Directory, before: unknown): Promise<Store> {
  const { store } = await open(files);
  assertEquals(await everything(store), before);
  return store;
}

test("a store that was closed opens from a checkpoint as from its log, and goes on", async () => {
  const { files, before } = await closed();
  assert(files.list().includes(NAME));
  const without = copyOf(files);
  without.remove(NAME);
  const stores = [await assertOpensAs(files, before), await assertOpensAs(without, before)];
  const answers: unknown[] = [];
  for (const store of stores) {
    assertEquals((await store.verify()).damage, []);
    const claimed = await store.claimDue("even", { worker: "v", limit: 20 });
    const repeated = await store.signal("parent", { signal: "s", idempotencyKey: "once" });
    const created = await store.create("new", { type: "even" });
    answers.push([
      claimed.map(({ id, fencingToken }) => [id, fencingToken]),
      [repeated.version, created.createdAtMs],
    ]);
    assertEquals((await store.verify()).damage, []);
    await store.close();
  }
  assertEquals(answers[0], answers[1]);
});

test("what came after a checkpoint is read from the log", async () => {
  const { files } = await closed();
  const { store } = await open(files);
  await store.create("late", { type: "even", payload: 1 });
  const after = await everything(store);
  // The process is killed: it closes nothing.
  const killed = copyOf(files);
  const again = await assertOpensAs(killed, after);
  assertEquals((await again.get("late", { payload: true }))?.payload, 1);
  await again.close();
  await store.close();
});

test("a checkpoint that is damaged anywhere, or cut short, is not used", async () => {
  const { files, before } = await closed();
  const size = ((): number => {
    const file = files.open(NAME);
    const size = file.getSize();
    file.close();
    return size;
  })();
  const random = seededRandom(7);
  const offsets = [0, 9, 30, 64, 100, 65_536, 65_540, 65_544, size - 1];
  for (let count = 0; count < 6; count++) offsets.push(random.u32() % size);
  for (const offset of offsets) {
    const flipped = copyOf(files, (name, bytes) => {
      if (name === NAME) bytes[offset]! ^= 1 << (offset % 8);
      return bytes;
    });
    await (await assertOpensAs(flipped, before)).close();
  }
  for (const length of [0, 64, 65_536, 65_600, size - 1]) {
    const cut = copyOf(files, (name, bytes) => name === NAME ? bytes.subarray(0, length) : bytes);
    await (await assertOpensAs(cut, before)).close();
  }
});

test("a checkpoint that is damaged goes when the log has been read, and not before", async () => {
  const { files, before } = await closed();
  const damage = (names: readonly string[]): Directory =>
    copyOf(files, (name, bytes) => {
      if (names.includes(name)) bytes[100_000]! ^= 1;
      return bytes;
    });
  const both = damage([NAME, "log-1.seg"]);
  assert(isFlowError(await assertRejects(() => open(both)), "corrupt"));
  assert(both.list().includes(NAME), "What is left of a damaged store is evidence");
  const one = damage([NAME]);
  await assertOpensAs(one, before);
  assert(!one.list().includes(NAME));
});

test("a store that opens from a checkpoint reads old frames when somebody wants them", async () => {
  const { files } = await closed();
  const rotten = copyOf(files, (name, bytes) => {
    if (name === "log-1.seg") bytes[100_000]! ^= 1;
    return bytes;
  });
  const { store } = await open(rotten);
  const [damage] = (await store.verify()).damage;
  assertEquals(damage?.file, "log-1.seg");
  await store.close();
  rotten.remove(NAME);
  const error = await assertRejects(() => open(rotten));
  assert(isFlowError(error, "corrupt"), String(error));
});

test("a checkpoint of places that were merged away is not used, and the next one is", async () => {
  const { files } = await closed();
  const first = await open(files);
  await first.store.compact();
  const before = await everything(first.store);
  // Killed: the checkpoint is the one from before the merge.
  const killed = copyOf(files);
  const again = await assertOpensAs(killed, before);
  assertEquals((await again.verify()).damage, []);
  await again.close();
  await first.store.close();
  const third = await assertOpensAs(files, before);
  assertEquals((await third.verify()).damage, []);
  await third.close();
});

test("what was a link once is forgotten by an opening after a merge, also with checkpoints", async () => {
  const { files } = await closed();
  const first = await open(files);
  const payload = "x".repeat(50_000);
  const { payloadRef } = await first.store.create("owner", { type: "t", payload });
  await first.store.create("link", { type: "t", payloadRef: payloadRef! });
  for (const id of ["owner", "link"]) await first.store.cancel(id, { ttlMs: 1 });
  await first.time.advance(1_000);
  while ((await first.store.retentionCleanup()).flows > 0);
  await first.store.compact();
  assertEquals(await first.store.valueMget([payloadRef!]), [payload]);
  await first.store.close();
  const second = await open(files);
  await second.store.create("new", { type: "t" });
  await second.store.compact();
  assertEquals(await second.store.valueMget([payloadRef!]), [null]);
  await second.store.close();
  assert(files.list().includes(NAME));
});

test("a checkpoint of another store is not used", async () => {
  const { files, before } = await closed();
  const { store } = await open(files);
  const [backup, restored] = [memoryDirectory(), memoryDirectory()];
  await store.backup(backup);
  await store.close();
  await restoreStore({ from: backup, to: restored });
  assert(!restored.list().includes(NAME));
  const mixed = copyOf(files);
  for (const name of mixed.list()) if (name !== NAME) mixed.remove(name);
  copyOf(restored, (name, bytes) => {
    const file = mixed.open(name, { create: true });
    file.write(bytes, { at: 0 });
    file.close();
    return bytes;
  });
  await (await assertOpensAs(mixed, before)).close();
});

test("close() does without a checkpoint where there is no room, or not enough to say", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const opened = await open(disk.directory());
  await fill(opened);
  const before = await everything(opened.store);
  disk.capacityBytes = disk.usedBytes + 100_000;
  await opened.store.close();
  assert(!disk.directory().list().includes(NAME));
  disk.capacityBytes = Infinity;
  await (await assertOpensAs(disk.directory(), before)).close();

  const small = memoryDirectory();
  const { store } = await open(small);
  await store.create("a", { type: "t" });
  await store.close();
  assert(!small.list().includes(NAME));
});

test("close() without room for a checkpoint leaves the one before, which is as good as it was", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const first = await open(disk.directory());
  await fill(first);
  await first.store.close();
  const { records } = first.store.stats().log;
  const second = await open(disk.directory());
  for (let round = 0; round < 20; round++) {
    const ids = Array.from({ length: 1_000 }, (_, index) => `more-${round}-${index}`);
    await second.store.createMany(ids, { type: "more", payload: round });
  }
  const before = await everything(second.store);
  disk.capacityBytes = disk.usedBytes + 100_000;
  await second.store.close();
  disk.capacityBytes = Infinity;
  const third = await assertOpensAs(disk.directory(), before);
  assertEquals(third.stats().shards[0]!.checkpointRecords, records);
  await third.close();
});

/** Checksums of the checkpoint of a certain store, by version of what is in it. */
const CHECKSUMS: Readonly<Record<number, string>> = {
  1: "91ea0fc27b267fdb",
  2: "73c898cd499694f5",
  3: "8dce175edee70fba",
  4: "41181b57b26c442e",
  5: "1b25d2654c23db5c",
  6: "d6a744928579ddfa",
  7: "8aab3585de383401",
  8: "b3ccbdc0148c61c2",
};

test("what is in a checkpoint has a new version number whenever it changes", async () => {
  const { files } = await closed();
  const file = files.open(NAME);
  // The head names a store by chance and a version; what follows has no chance in it.
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  file.close();
  const checksum = sha256Hex(bytes.subarray(65_536)).slice(0, 16);
  assertEquals(
    checksum,
    CHECKSUMS[CHECKPOINT_VERSION],
    "Give CHECKPOINT_VERSION the next number, unless this is about the store of this test only",
  );
});
