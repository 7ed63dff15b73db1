import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  type FlowRecord,
  openStore,
  restoreStore,
  type Store,
  type StoreEvent,
} from "../../mod.ts";
import { FlowError } from "../../src/errors.ts";
import {
  type Directory,
  memoryDirectory,
  readWholeFile,
  SimulatedDisk,
  writeDurably,
} from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { test, when } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const GROUP = { groupId: "g", waitState: "waiting", success: "done", failure: "broken", type: "c" };
const PARTITIONS = ["p", "q", "r", "s", "t", "u"];

/** A store with something of everything in it. */
async function lived(files: Directory, shards: number): Promise<Store> {
  const store = await openStore({ files, shards, limits: { segmentBytesMax: 65_536 } });
  for (let round = 0; round < 40; round++) {
    await store.createMany(
      PARTITIONS.map((partitionKey) => ({
        id: `f${round}`,
        partitionKey,
        payload: "x".repeat(300),
      })),
      { type: "t" },
    );
  }
  const parent = await store.create("parent", { type: "p", partitionKey: "p" });
  const children = PARTITIONS.map((partitionKey) => ({
    id: `child-${partitionKey}`,
    partitionKey,
  }));
  await store.spawnChildren(parent, children, { ...GROUP, fencingToken: 0 });
  for (const flow of await store.claimDue("t", { worker: "w", limit: 50 })) {
    await store.complete(flow, proof(flow));
  }
  await store.kv.set("k", { a: 1 });
  return store;
}

function proof({ leaseToken, fencingToken }: FlowRecord) {
  return { leaseToken: leaseToken!, fencingToken };
}

/** Everything that can be seen of some types. */
async function seen(store: Store): Promise<unknown> {
  const rows: unknown[] = [];
  for (const type of ["t", "p", "c"]) {
    for (const record of await store.list(type, { count: 1_000 })) {
      const history = await store.history(record, { values: true });
      rows.push([await store.get(record, { payload: true }), history]);
    }
  }
  return [rows, (await store.kv.list("")).items];
}

for (const shards of [1, 3]) {
  test(`a store of ${shards} shards that was restored shows what the copied one did`, async () => {
    const [files, backup, restored] = [memoryDirectory(), memoryDirectory(), memoryDirectory()];
    const store = await lived(files, shards);
    const before = await seen(store);
    const progress: number[] = [];
    const { bytes, lsns } = await store.backup(backup, {
      onProgress: ({ bytes, totalBytes }) => progress.push(bytes / totalBytes),
    });
    assertEquals(progress.at(-1), 1);
    assertEquals(lsns.length, shards);
    assertGreater(bytes, 60_000);
    // What comes later is not in it.
    await store.create("late", { type: "t" });
    await store.close();
    progress.length = 0;
    const onProgress = (done: { readonly bytes: number; readonly totalBytes: number }): void => {
      assertEquals(done.totalBytes, bytes);
      progress.push(done.bytes);
    };
    await restoreStore({ from: backup, to: restored, onProgress });
    assertEquals([progress.at(-1), progress.toSorted((a, b) => a - b)], [bytes, progress]);
    for (const _ of ["once", "and again"]) {
      await using again = await openStore({ files: restored });
      assertEquals(await seen(again), before);
      assertEquals(await again.get("late"), null);
    }
  });
}

test("a store that was restored gives away fencing numbers that the copied one never did", async () => {
  const [files, backup, restored] = [memoryDirectory(), memoryDirectory(), memoryDirectory()];
  const store = await openStore({ files });
  await store.create("a", { type: "t" });
  await store.backup(backup);
  const [claimed] = await store.claimDue("t", { worker: "w" });
  assertEquals(claimed?.fencingToken, 1);
  await store.close();
  await restoreStore({ from: backup, to: restored });
  await using again = await openStore({ files: restored });
  const [other] = await again.claimDue("t", { worker: "w" });
  assertEquals(other?.fencingToken, 2 ** 32 + 1);
});

test("backup() copies one moment of all shards while commands go on", async () => {
  const [backup, restored] = [memoryDirectory(), memoryDirectory()];
  const store = await lived(memoryDirectory(), 3);
  let isDone = false;
  let number = 0;
  const writing = (async () => {
    while (!isDone) {
      const parent = await store.create(`family-${number++}`, { type: "p", partitionKey: "q" });
      const children = PARTITIONS.map((partitionKey) => ({ id: `${parent.id}.c`, partitionKey }))
        .map((child, place) => ({ ...child, id: `${child.id}${place}` }));
      await store.spawnChildren(parent, children, { ...GROUP, fencingToken: 0 });
    }
  })();
  const copying = store.backup(backup).finally(() => isDone = true);
  await Promise.all([copying, writing]);
  await store.close();
  await restoreStore({ from: backup, to: restored });
  await using again = await openStore({ files: restored });
  for (const parent of await again.list("p", { count: 10_000 })) {
    const children = await again.byParent(parent.id, { count: 10 });
    assertEquals(children.length, parent.childGroups["g"] === undefined ? 0 : 6);
  }
});

test("a backup is no store, and says so", async () => {
  const backup = memoryDirectory();
  await using store = await openStore(":memory:");
  await store.backup(backup);
  const error = await assertRejects(() => openStore({ files: backup }), FlowError);
  assertEquals(error.code, "invalid_argument");
  assert(error.message.includes("restoreStore"));
});

test("backup() and restoreStore() refuse a target that is not empty, and what is no backup", async () => {
  const [full, empty] = [memoryDirectory(), memoryDirectory()];
  full.open("x", { create: true }).close();
  await using store = await openStore(":memory:");
  for (
    const attempt of [
      () => store.backup(full),
      () => restoreStore({ from: empty, to: memoryDirectory() }),
      () => restoreStore({ from: full, to: memoryDirectory() }),
      () => store.backup(7 as never),
      () => store.backup(empty, { onprogress: 1 } as never),
      () => restoreStore({ from: "", to: empty }),
      ...["file:///tmp/flowcask", "file:data", ":memory:"].flatMap((path) => [
        () => store.backup(path),
        () => restoreStore({ from: path, to: empty }),
        () => restoreStore({ from: empty, to: path }),
      ]),
    ]
  ) assertEquals((await assertRejects(attempt, FlowError)).code, "invalid_argument");
  await store.backup(empty);
  const error = await assertRejects(() => restoreStore({ from: empty, to: full }), FlowError);
  assertEquals(error.code, "invalid_argument");
});

test(
  "backup() and restoreStore() write through no link, and take no folder for an empty one",
  when(process.platform !== "win32"),
  async () => {
    using scratch = scratchFolder();
    const [from, outside] = [join(scratch.path, "from"), join(scratch.path, "outside")];
    writeFileSync(outside, "precious");
    await using store = await openStore(":memory:");
    await store.create("a", { type: "t" });
    await store.backup(from);
    for (const name of ["log-1.seg", "BACKUP", "folder"]) {
      const to = join(scratch.path, `to-${name}`);
      mkdirSync(to);
      if (name === "folder") mkdirSync(join(to, name));
      else symlinkSync(outside, join(to, name));
      for (const attempt of [() => store.backup(to), () => restoreStore({ from, to })]) {
        const error = await assertRejects(attempt, FlowError);
        assertStringIncludes(error.message, `has to be empty, but "${name}" is in it`);
      }
      assertEquals(readdirSync(to), [name]);
    }
    assertEquals(readFileSync(outside, "utf8"), "precious");
  },
);

test("backup() takes the root of a file system, which has a folder for what was lost", async () => {
  using scratch = scratchFolder();
  mkdirSync(join(scratch.path, "lost+found"));
  await using store = await openStore(":memory:");
  await store.backup(scratch.path);
  assert(existsSync(join(scratch.path, "BACKUP")));
});

test("backup() writes no file that somebody else makes meanwhile", async () => {
  const target = memoryDirectory();
  await using store = await openStore(":memory:");
  await store.create("a", { type: "t" });
  let isMade = false;
  const onProgress = (): void => {
    if (!isMade) target.open("BACKUP", { create: true }).close();
    isMade = true;
  };
  const error = await assertRejects(() => store.backup(target, { onProgress }), FlowError);
  assertStringIncludes(error.message, "EEXIST");
  assertEquals(target.open("BACKUP").getSize(), 0);
});

test("backup() and restoreStore() that are aborted already make no directory", async () => {
  using scratch = scratchFolder();
  const [from, to] = [memoryDirectory(), join(scratch.path, "data")];
  await using store = await openStore(":memory:");
  await store.backup(from);
  const signal = AbortSignal.abort(new Error("enough"));
  for (
    const attempt of [() => store.backup(to, { signal }), () => restoreStore({ from, to, signal })]
  ) {
    assertEquals((await assertRejects(attempt, Error)).message, "enough");
    assert(!existsSync(to));
  }
});

test("restoreStore() says in which directory a backup is damaged", async () => {
  using scratch = scratchFolder();
  const from = join(scratch.path, "backup");
  await using store = await openStore(":memory:");
  await store.create("a", { type: "t" });
  await store.backup(from);
  truncateSync(join(from, "log-1.seg"), 4_096);
  const error = await assertRejects(() => restoreStore({ from, to: memoryDirectory() }), FlowError);
  assertEquals(error.code, "corrupt");
  assertStringIncludes(error.message, join(from, "log-1.seg"));
});

test("restoreStore() makes no directory where it looks for a backup", async () => {
  using scratch = scratchFolder();
  const from = join(scratch.path, "misspelt");
  const to = join(scratch.path, "data");
  const error = await assertRejects(() => restoreStore({ from, to }), FlowError);
  assertEquals(error.code, "invalid_argument");
  assertStringIncludes(error.message, from);
  assert(!existsSync(from) && !existsSync(to));
});

test("backup() ends with the store, whose files may be somebody else's then", async () => {
  const target = memoryDirectory();
  const store = await openStore(":memory:");
  for (const id of ["a", "b", "c", "d"]) {
    await store.create(id, { type: "t", payload: new Uint8Array(1 << 20) });
  }
  const backup = store.backup(target);
  const [error] = await Promise.all([assertRejects(() => backup, FlowError), store.close()]);
  assertEquals([error.code, target.list()], ["store_closed", []]);
});

test("backup() and restoreStore() onto a full disk say which, leave nothing, and the store goes on", async () => {
  await using store = await openStore(":memory:");
  await store.create("a", { type: "t", payload: new Uint8Array(1 << 20) });
  const from = memoryDirectory();
  await store.backup(from);
  const random = seededRandom(1);
  const disk = new SimulatedDisk({ random, capacityBytes: 500_000, path: "/small" });
  const to = disk.directory();
  for (const attempt of [() => store.backup(to), () => restoreStore({ from, to })]) {
    const error = await assertRejects(attempt, FlowError);
    assertEquals(error.code, "copy_failed");
    assertStringIncludes(error.message, '"/small/log-1.seg" cannot be written: ENOSPC');
    assertEquals([to.list(), disk.usedBytes], [[], 0]);
  }
  disk.capacityBytes = 5_000_000;
  await store.backup(to);
  assertEquals(store.health().status, "ok");
});

test("a backup or a restore that was killed is told from other files, also when it is opened", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const from = memoryDirectory();
  await using store = await openStore(":memory:");
  await store.create("a", { type: "t" });
  await store.backup(from);
  disk.cutAfter(1, { ending: "kill" });
  await assertRejects(() => store.backup(disk.directory()), Error);
  const to = disk.restart();
  assertEquals(to.list(), ["log-1.seg"]);
  for (const attempt of [() => store.backup(to), () => restoreStore({ from, to })]) {
    const error = await assertRejects(attempt, FlowError);
    assertEquals(error.code, "copy_failed");
    assertStringIncludes(error.message, "a backup or a restore that was cut short. Delete it");
  }
  const segment = readWholeFile(from, "log-1.seg")!;
  const killed = memoryDirectory();
  writeDurably(killed, "log-1.seg", segment, { create: true });
  const error = await assertRejects(() => openStore({ files: killed }), FlowError);
  assertEquals(error.code, "corrupt");
  assertStringIncludes(error.message, 'There is no manifest beside the segment "log-1.seg"');
});

test("restoreStore() names the options that there are", async () => {
  const options = { from: memoryDirectory(), into: memoryDirectory() };
  const error = await assertRejects(() => restoreStore(options as never), FlowError);
  assertStringIncludes(error.message, "into is not an option: use to");
});

test("restoreStore() refuses a backup with any byte changed in it", async () => {
  for (let at = 0; at < 12_000; at += 97) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const backup = disk.directory();
    {
      await using store = await openStore(":memory:");
      await store.create("a", { type: "t", payload: "x".repeat(5_000) });
      await store.backup(backup);
    }
    const file = backup.open("log-1.seg");
    if (at >= file.getSize()) return;
    const byte = new Uint8Array(1);
    file.read(byte, { at });
    byte[0]! ^= 1;
    file.write(byte, { at });
    file.close();
    const error = await assertRejects(
      () => restoreStore({ from: backup, to: memoryDirectory() }),
      FlowError,
    );
    assertEquals(error.code, "corrupt");
    assertEquals([error.details["file"], error.details["offset"]], ["log-1.seg", 0]);
  }
});

for (const what of ["backup", "restore"] as const) {
  test(`a ${what} that is cut short at any call is none, and a whole one stays one`, async () => {
    for (let calls = 0;; calls++) {
      const disk = new SimulatedDisk({ random: seededRandom(calls) });
      const store = await openStore(":memory:");
      await store.create("a", { type: "t" });
      const source = memoryDirectory();
      if (what === "restore") await store.backup(source);
      const target = disk.directory();
      disk.cutAfter(calls, { ending: "power", keep: "none" });
      const isWhole = await (what === "backup"
        ? store.backup(target)
        : restoreStore({ from: source, to: target })).then(() =>
          true, () => false);
      await store.close();
      const isCut = disk.isOff;
      disk.disarm();
      if (!isCut) disk.powerCut({ keep: "none" });
      const left = disk.restart();
      if (isWhole) {
        const again = what === "restore" ? left : memoryDirectory();
        if (what === "backup") await restoreStore({ from: left, to: again });
        await using opened = await openStore({ files: again });
        assertEquals((await opened.get("a"))?.state, "queued");
        if (!isCut) return assertGreater(calls, 5);
      } else if (what === "backup") {
        await assertRejects(() => restoreStore({ from: left, to: memoryDirectory() }), FlowError);
      } else if (left.list().length > 0) {
        // Perhaps it was made durable in the very call that the power went in.
        const opened = await openStore({ files: left }).catch(() => undefined);
        if (opened !== undefined) {
          assert([null, "queued"].includes((await opened.get("a"))?.state ?? null));
          await opened.close();
        }
      }
    }
  });
}

test("backup() ends when its signal is aborted, and leaves no backup", async () => {
  const backup = memoryDirectory();
  await using store = await lived(memoryDirectory(), 1);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("enough"));
  const error = await assertRejects(
    () => store.backup(backup, { onProgress, signal: controller.signal }),
    Error,
  );
  assertEquals(error.message, "enough");
  await assertRejects(() => restoreStore({ from: backup, to: memoryDirectory() }), FlowError);
});

test("a restored store gives no key a version that the copied one gave to another value", async () => {
  const time = manualTime();
  const [data, ...copies] = Array.from({ length: 5 }, () => memoryDirectory());
  const [backup, second, restored, again] = copies as [Directory, Directory, Directory, Directory];
  await using original = await openStore({ files: data!, time });
  const before = await original.kv.set("k", "before");
  await original.backup(backup);
  const later = await original.kv.set("k", "later");
  await restoreStore({ from: backup, to: restored });
  {
    await using store = await openStore({ files: restored, time });
    assertEquals((await store.kv.get("k"))?.version, before.version);
    const other = await store.kv.set("k", "other", { ifVersion: before.version });
    assertGreater(other.version, before.version);
    for (
      const act of [
        () => store.kv.set("k", "lost", { ifVersion: later.version }),
        () => store.kv.delete("k", { ifVersion: later.version }),
      ]
    ) assertEquals((await assertRejects(act, FlowError)).code, "version_conflict");
    const [entry] = (await store.kv.list("")).items;
    assertEquals([entry?.value, entry?.version], ["other", other.version]);
    await store.backup(second);
    await restoreStore({ from: second, to: again });
  }
  // Versions of each of the three are told apart, also after another opening.
  await using store = await openStore({ files: again, time });
  const { version } = (await store.kv.get("k"))!;
  const next = await store.kv.set("k", "next", { ifVersion: version });
  assertGreater(next.version, version);
  assertGreater(next.version - version, 2 ** 32 - 1);
  await store.kv.set("k", "last", { ifVersion: next.version });
});

test("events() of a restored store goes on behind what the backup has, and refuses what came later", async () => {
  const time = manualTime();
  const [data, backup, restored] = Array.from({ length: 3 }, () => memoryDirectory());
  await using original = await openStore({ files: data!, time });
  await original.create("a", { type: "job" });
  await original.create("b", { type: "job" });
  const copied = await firstEvents(original, 2);
  await original.backup(backup!);
  await original.create("c", { type: "job" });
  const later = (await firstEvents(original, 3))[2]!;
  await restoreStore({ from: backup!, to: restored! });
  await using store = await openStore({ files: restored!, time });
  await store.create("d", { type: "job" });
  await store.create("e", { type: "job" });
  const [, , own] = await firstEvents(store, 3);
  for (const { cursor } of [copied[1]!, (await firstEvents(store, 2))[1]!]) {
    await using events = store.events({ from: cursor });
    const { value } = await events.next();
    assertEquals(value?.id, "d");
  }
  const refused = assertThrows(() => store.events({ from: later.cursor }), FlowError);
  assertStringIncludes(refused.message, "after the backup which this store was restored from");
  // Nor does the original know what the other one has done.
  assertThrows(() => original.events({ from: own!.cursor }), FlowError, "from is");
});

async function firstEvents(store: Store, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const event of store.events({ from: "start" })) {
    if (events.push(event) === count) break;
  }
  return events;
}

test("backup() of a damaged store is refused, and leaves no backup", async () => {
  for (const name of ["log-1.seg", "log-2.seg"]) {
    const files = memoryDirectory();
    const limits = { segmentBytesMax: 65_536 };
    await using store = await openStore({ files, limits, time: manualTime() });
    await store.create("a", { type: "job", payload: "x".repeat(70_000) });
    await store.create("b", { type: "job", payload: "y".repeat(10_000) });
    const file = files.open(name);
    file.write(Uint8Array.of(0x21), { at: 8_000 });
    const backup = memoryDirectory();
    const { code, details } = await assertRejects(() => store.backup(backup), FlowError);
    assertEquals([code, details["file"]], ["corrupt", name]);
    assertEquals(backup.list().includes("BACKUP"), false);
  }
});
