import { memoryDirectory } from "../../src/files/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { type CountingDirectory, countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { ScriptedStore } from "./scripted_log.ts";

/** Turns that are more than any order of a thread takes. */
const MANY_TURNS = 40;

/** A store with a thread, over a directory that counts. */
function threadStore(): { readonly files: CountingDirectory; readonly scripted: ScriptedStore } {
  const files = countingDirectory(memoryDirectory());
  const scripted = new ScriptedStore({ directory: files, isThreaded: true });
  files.reset();
  return { files, scripted };
}

/** Lets turns go by until a call is answered. */
async function answered<T>(scripted: ScriptedStore, call: Promise<T>): Promise<T> {
  let isAnswered = false;
  call.then(() => isAnswered = true, () => isAnswered = true);
  for (let turn = 0; !isAnswered && turn < MANY_TURNS; turn++) await scripted.turn();
  return await call;
}

/** Writes and syncs of everything since the last reset, which it is. */
function work(files: CountingDirectory): Record<string, number> {
  const { writes, flushes } = files.counts();
  const { syncCount: directorySyncs } = files;
  files.reset();
  return { writes, flushes, directorySyncs };
}

const once = { writes: 1, flushes: 1, directorySyncs: 0 };

test("a store with a log thread makes one write and one sync a batch, and none for reads", async () => {
  const { files, scripted } = threadStore();
  const { store } = scripted;
  await answered(scripted, store.create("a", { type: "other", payload: "hello" }));
  assertEquals(work(files), once);
  const ids = Array.from({ length: 200 }, (_, index) => `flow-${index}`);
  await answered(scripted, store.createMany(ids, { type: "job", payload: "hello" }));
  assertEquals(work(files), once);
  const claimed = store.claimDue("job", { worker: "w", limit: 200 });
  const items = (await answered(scripted, claimed)).map((flow) => ({
    id: flow.id,
    leaseToken: flow.leaseToken!,
    fencingToken: flow.fencingToken,
  }));
  assertEquals([items.length, work(files)], [200, once]);
  await answered(scripted, store.completeMany(items));
  assertEquals(work(files), once);
  const calls = ids.map((id) => store.create(`again-${id}`, { type: "again" }));
  await answered(scripted, Promise.all(calls));
  assertEquals(work(files), once);
  await answered(scripted, Promise.all([store.get("a", { payload: true }), store.list("job")]));
  assertEquals(work(files), { writes: 0, flushes: 0, directorySyncs: 0 });
  await answered(scripted, store.close());
});

test("a store with a log thread that has been idle for 100 ms proves its last frame, once", async () => {
  const { files, scripted } = threadStore();
  await answered(scripted, scripted.store.create("a", { type: "job" }));
  work(files);
  await scripted.advance(99);
  assertEquals(work(files).writes, 0);
  await scripted.advance(1);
  for (let turn = 0; turn < MANY_TURNS; turn++) await scripted.turn();
  assertEquals(work(files), once);
  await scripted.advance(10_000);
  assertEquals(work(files).writes, 0);
  await answered(scripted, scripted.store.close());
});

test("a store hands 64 KiB to its log thread at once, as much behind it, and then the rest", async () => {
  const { files, scripted } = threadStore();
  const { store } = scripted;
  const payload = new Uint8Array(20_000);
  const calls = Array.from(
    { length: 9 },
    (_, index) => store.create(`f${index}`, { type: "job", payload }),
  );
  assertEquals(scripted.frameCount, 2, "before the turn has ended");
  await scripted.turn();
  assertEquals(scripted.frameCount, 2, "the rest is too little for a thread that is busy");
  await answered(scripted, Promise.all(calls));
  assertEquals(scripted.frameCount, 3);
  assertEquals(work(files), { writes: 3, flushes: 3, directorySyncs: 0 });
  assert((await answered(scripted, store.get("f8", { payload: true })))?.payload !== null);
  await answered(scripted, store.close());
});

test("a store divides what many callers send evenly among the frames of its log thread", async () => {
  const { scripted } = threadStore();
  const payload = new Uint8Array(20_000);
  let flowCount = 0;
  let isOver = false;
  // The first four are enough for a frame; the others call while that is written.
  const callers = Array.from({ length: 40 }, async () => {
    while (!isOver) {
      await scripted.store.create(`flow-${flowCount++}`, { type: "job", payload });
    }
  });
  while (scripted.frameCount < 20) await scripted.turn();
  isOver = true;
  const frames = scripted.frameBytes.slice(8, 20);
  const sizes = frames.map((bytes) => Math.round(bytes / 20_000));
  assert(Math.min(...sizes) >= 12 && Math.max(...sizes) <= 28, `${sizes} callers in a frame`);
  await answered(scripted, Promise.all(callers));
  await answered(scripted, scripted.store.close());
});

test("a store writes the little that was called beside a large frame, though nobody calls again", async () => {
  const { scripted } = threadStore();
  const { store } = scripted;
  scripted.isSilent = true;
  const large = store.create("large", { type: "job", payload: new Uint8Array(200_000) });
  const little = store.create("little", { type: "job" });
  for (let turn = 0; turn < MANY_TURNS; turn++) await scripted.turn();
  assertEquals(scripted.frameCount, 1);
  scripted.answer();
  await answered(scripted, large);
  let isAnswered = false;
  void little.then(() => isAnswered = true);
  for (let turn = 0; turn < MANY_TURNS; turn++) await scripted.turn();
  assertEquals([scripted.frameCount, isAnswered], [2, true]);
  await answered(scripted, store.close());
});
