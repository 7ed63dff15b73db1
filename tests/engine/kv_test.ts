import { FlowError, type KvEntry, openStore, type Store } from "../../mod.ts";
import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { eachPage } from "../../src/testing/conformance/pages.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";

/** All keys of the partition that nobody named, a page at a time. */
async function all(store: Store): Promise<KvEntry[]> {
  const pages = eachPage((cursor) => store.kv.list("", { count: 2, cursor }));
  return (await Array.fromAsync(pages)).flat();
}

test("keys are there after the store was opened again, with versions that go on", async () => {
  const files = memoryDirectory();
  const large = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  let before: KvEntry[];
  {
    await using store = await openStore({ files });
    await store.kv.set("a", 1);
    await store.kv.set("b", large, { ttlMs: 3_600_000 });
    await store.kv.set("c", [1, { x: "\u{1F600}" }]);
    await store.kv.set("gone", 1);
    await store.kv.delete("gone");
    await store.kv.set("a", 2, { partitionKey: "p" });
    await store.kv.set("a", null);
    before = await all(store);
  }
  assertEquals(before.map(({ key, value }) => [key, value]), [
    ["a", null],
    ["b", large],
    ["c", [1, { x: "\u{1F600}" }]],
  ]);
  await using store = await openStore({ files });
  assertEquals(await all(store), before);
  assertEquals((await store.kv.get("a", { partitionKey: "p" }))?.value, 2);
  assertEquals(await store.kv.get("gone"), null);
  const { version } = await store.kv.set("a", 3, { ifVersion: before[0]!.version });
  assert(version > before[0]!.version);
});

test("a key with a time reads as absent when it is over, also in a store that is opened later", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  {
    await using store = await openStore({ files, time, retention: { sweep: false } });
    await store.kv.set("a", 1, { ttlMs: 1_000 });
    await store.kv.set("b", 1, { ttlMs: 5_000 });
    await time.advance(999);
    assertEquals((await store.kv.get("a"))?.value, 1);
    await time.advance(1);
    assertEquals(await store.kv.get("a"), null);
  }
  await time.advance(1_000);
  await using store = await openStore({ files, time, retention: { sweep: false } });
  assertEquals((await all(store)).map(({ key }) => key), ["b"]);
  assertEquals((await store.kv.set("a", 2, { ifVersion: 0 })).expiresAtMs, null);
  assertEquals((await store.retentionCleanup()).keys, 0);
  await time.advance(5_000);
  assertEquals((await store.retentionCleanup()).keys, 1);
});

test("the sweeper removes keys that are over, slice by slice, and then rests", async () => {
  const time = manualTime();
  const files = countingDirectory(memoryDirectory());
  const limits = { cleanupLimitMax: 10 };
  await using store = await openStore({ files, time, limits, retention: { intervalMs: 1_000 } });
  for (let index = 0; index < 35; index++) await store.kv.set(`k${index}`, index, { ttlMs: 2_000 });
  await store.kv.set("stays", 1);
  await time.advance(3_000);
  assertEquals((await store.retentionCleanup()).keys, 0);
  assertEquals((await all(store)).map(({ key }) => key), ["stays"]);
  await time.advance(1_000);
  files.reset();
  await time.advance(3_600_000);
  assertEquals(files.counts("log-1.seg").writes, 0);
});

test("kv.list() passes very many keys that are over a few at a time, and says what there is in the end", async () => {
  const time = manualTime();
  await using store = await openStore({ dir: ":memory:", time, retention: { sweep: false } });
  const keys = Array.from({ length: 5_000 }, (_, index) => `k${10_000 + index}`);
  await Promise.all(keys.map((key) => store.kv.set(key, 1, { ttlMs: 1_000 })));
  await store.kv.set("k9", "last");
  await time.advance(1_000);
  for (const [rev, first, last] of [[false, "k10000", "k9"], [true, "k9", "k10000"]] as const) {
    const page = store.kv.list("k", { rev });
    // The list is not decided yet, so it shows what comes after it: where it has been, and elsewhere.
    const set = Promise.all([store.kv.set("k10000", "first"), store.kv.set("k12500", "middle")]);
    assertEquals((await page).items.map(({ key }) => key), [first, "k12500", last]);
    await set;
    await Promise.all([store.kv.delete("k10000"), store.kv.delete("k12500")]);
  }
});

test("what commands of one turn have done to keys is seen by those after them", async () => {
  await using store = await openStore(":memory:");
  const [first, entry, second, refused, deleted, none, page] = await Promise.all([
    store.kv.set("k", 1),
    store.kv.get("k"),
    store.kv.set("k", 2),
    store.kv.set("k", 3, { ifVersion: 0 }).catch((error) => error as FlowError),
    store.kv.delete("k"),
    store.kv.get("k"),
    store.kv.list(""),
  ]);
  assertEquals(entry, { ...first, value: 1 });
  assert(second.version > first.version);
  assert(refused instanceof FlowError);
  assertEquals([refused.code, deleted, none, page.items], ["version_conflict", true, null, []]);
});

test("of several that set a key to replace one version, one wins", async () => {
  await using store = await openStore(":memory:");
  const { version } = await store.kv.set("k", 0);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => store.kv.set("k", index, { ifVersion: version })),
  );
  assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

test("pages of keys stay in step with their cursor while keys come and go", async () => {
  await using store = await openStore(":memory:");
  for (let index = 0; index < 200; index++) await store.kv.set(`k${1_000 + index * 2}`, index);
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let round = 0; round < 100; round++) {
    const page: { items: readonly KvEntry[]; cursor: string | null } = await store.kv.list("k", {
      count: 7,
      cursor,
    });
    seen.push(...page.items.map(({ key }) => key));
    cursor = page.cursor;
    if (cursor === null) break;
    // One before and one behind the cursor; one that was seen goes.
    await store.kv.set(`k${1_000 + round}x`, "new");
    await store.kv.set(`k${1_399 - round}x`, "new");
    await store.kv.delete(seen[0]!);
  }
  assertEquals(new Set(seen).size, seen.length);
  assertEquals(seen, seen.toSorted());
  const there = Array.from({ length: 200 }, (_, index) => `k${1_000 + index * 2}`);
  for (const key of there) assert(seen.includes(key), `${key} was there all the time`);
});

test("kv.set() costs one write and one sync, and reading keys none", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  files.reset();
  await store.kv.set("k", "hello");
  const { writes, flushes } = files.counts();
  assertEquals([writes, flushes], [1, 1]);
  files.reset();
  await store.kv.get("k");
  await store.kv.list("");
  assertEquals([files.counts().writes, files.counts().flushes], [0, 0]);
});

test("a key whose set was acknowledged survives a power cut", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(3) });
  const store = await openStore({ files: disk.directory() });
  const { version } = await store.kv.set("k", "kept");
  await store.kv.set("l", 1);
  await store.kv.delete("l");
  disk.powerCut({ keep: "none" });
  await store.close().catch(() => {});
  await using again = await openStore({ files: disk.restart() });
  const entry = await again.kv.get("k");
  assertEquals([entry?.value, entry?.version], ["kept", version]);
  assertEquals(await again.kv.get("l"), null);
});

test("a damaged value of a key is refused, not skipped", async () => {
  const files = memoryDirectory();
  await using store = await openStore({ files });
  await store.kv.set("k", "a value that is damaged");
  await store.kv.set("l", 1);
  const segment = files.open("log-1.seg", { create: false });
  const bytes = new Uint8Array(segment.getSize());
  segment.read(bytes, { at: 0 });
  const at = new TextDecoder("latin1").decode(bytes).indexOf("a value that is damaged");
  segment.write(Uint8Array.of(33), { at });
  segment.close();
  const error = await assertRejects(() => store.kv.get("k"), FlowError);
  assertEquals([error.code, error.details["file"]], ["corrupt", "log-1.seg"]);
  await assertRejects(() => store.kv.list(""), FlowError);
  assertEquals((await store.kv.get("l"))?.value, 1);
});

test("a store that was closed serves no keys", async () => {
  const store = await openStore(":memory:");
  await store.close();
  for (const call of [store.kv.get("k"), store.kv.set("k", 1), store.kv.list("")]) {
    const { code } = await assertRejects(() => call, FlowError);
    assertEquals(code, "store_closed");
  }
});

test("the limits of keys and values are options of the store", async () => {
  const limits = { kvKeyBytesMax: 5, kvValueBytesMax: 10 };
  await using store = await openStore({ dir: ":memory:", limits });
  await store.kv.set("12345", "12345678");
  const key = await assertRejects(() => store.kv.set("123456", 1), FlowError);
  assertEquals([key.code, key.details], ["too_large", { field: "key", value: 6, limit: 5 }]);
  const value = await assertRejects(() => store.kv.set("k", "123456789"), FlowError);
  assertEquals([value.code, value.details], ["too_large", {
    field: "value",
    value: 11,
    limit: 10,
  }]);
});

test("keys of a store with several shards are where their partition is, also after it was opened again", async () => {
  const time = manualTime();
  const files = memoryDirectory();
  const partitions = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const retention = { sweep: false };
  {
    await using store = await openStore({ files, time, retention, shards: 4 });
    for (const partitionKey of partitions) {
      await store.kv.set("k", partitionKey, { partitionKey });
      await store.kv.set("short", 1, { partitionKey, ttlMs: 10 });
      await store.atomic(partitionKey, (tx) => {
        tx.kv.set("l", partitionKey);
        tx.create("f", { type: "t" });
      });
    }
  }
  await time.advance(10);
  await using store = await openStore({ files, time, retention, shards: 4 });
  for (const partitionKey of partitions) {
    const { items } = await store.kv.list("", { partitionKey });
    assertEquals(items.map(({ key, value }) => [key, value]), [
      ["k", partitionKey],
      ["l", partitionKey],
    ]);
    assertEquals((await store.get({ id: "f", partitionKey }))?.state, "queued");
  }
  assertEquals((await store.retentionCleanup({ limit: 5 })).keys, 5);
  assertEquals((await store.retentionCleanup()).keys, partitions.length - 5);
});
