import { openStore } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { type CountingDirectory, countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";

const SEGMENT = "log-1.seg";

/** Writes and syncs of everything since the last reset. */
function work(files: CountingDirectory): Record<string, number> {
  const { writes, flushes } = files.counts();
  return { writes, flushes, directorySyncs: files.syncCount };
}

test("create() costs one write and one sync", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  files.reset();
  await store.create("a", { type: "job", payload: "hello" });
  assertEquals(work(files), { writes: 1, flushes: 1, directorySyncs: 0 });
});

test("claimDue() and completeMany() cost one write and one sync each, whatever the batch", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  const ids = Array.from({ length: 200 }, (_, index) => `flow-${index}`);
  files.reset();
  await store.createMany(ids, { type: "job", payload: "hello" });
  assertEquals(work(files), { writes: 1, flushes: 1, directorySyncs: 0 });
  files.reset();
  const flows = await store.claimDue("job", { worker: "w", limit: 200 });
  assertEquals([flows.length, work(files)], [200, { writes: 1, flushes: 1, directorySyncs: 0 }]);
  files.reset();
  await store.completeMany(
    flows.map(({ id, leaseToken, fencingToken }) => ({
      id,
      leaseToken: leaseToken!,
      fencingToken,
    })),
  );
  assertEquals(work(files), { writes: 1, flushes: 1, directorySyncs: 0 });
});

test("commands of one turn share one write and one sync", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  files.reset();
  const ids = Array.from({ length: 300 }, (_, index) => `flow-${index}`);
  await Promise.all(ids.map((id) => store.create(id, { type: "job" })));
  assertEquals(work(files), { writes: 1, flushes: 1, directorySyncs: 0 });
});

test("reads of a quiet store write nothing and sync nothing", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files });
  await store.create("a", { type: "job", payload: 1 });
  files.reset();
  await store.get("a", { payload: true });
  await store.history("a");
  await store.list("job");
  await store.info("job");
  await store.claimDue("nothing", { worker: "w" });
  assertEquals(work(files), { writes: 0, flushes: 0, directorySyncs: 0 });
});

test("a store that has been idle for 100 ms proves its last frame, once", async () => {
  const files = countingDirectory(memoryDirectory());
  const time = manualTime();
  await using store = await openStore({ files, time });
  await store.create("a", { type: "job" });
  files.reset();
  await time.advance(99);
  assertEquals(work(files), { writes: 0, flushes: 0, directorySyncs: 0 });
  await time.advance(1);
  const { flushes, directorySyncs } = work(files);
  assertEquals([flushes, directorySyncs], [1, 0]);
  files.reset();
  await time.advance(600_000);
  assertEquals(work(files), { writes: 0, flushes: 0, directorySyncs: 0 });
});

test("rolling a segment has its own exact costs", async () => {
  const files = countingDirectory(memoryDirectory());
  await using store = await openStore({ files, limits: { segmentBytesMax: 65_536 } });
  await store.create("large", { type: "job", payload: new Uint8Array(65_536) });
  files.reset();
  await store.create("next", { type: "job" });
  assertEquals(files.counts("log-2.seg").flushes, 2, "the head of the new segment, and the frame");
  assertEquals(files.syncCount, 1, "the name of the new segment");
  const manifest = [files.counts("MANIFEST.0").flushes, files.counts("MANIFEST.1").flushes];
  assertEquals(manifest.toSorted(), [0, 1], "one generation lists it");
  assertEquals(files.counts(SEGMENT).writes, 0);
});

test("openStore() finds after a clean close what was acknowledged, and costs the same each time", async () => {
  const files = countingDirectory(memoryDirectory());
  {
    await using store = await openStore({ files });
    await store.create("a", { type: "job", payload: { n: 1 } });
  }
  const costs: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    files.reset();
    await using store = await openStore({ files });
    costs.push(work(files));
    assertEquals((await store.get("a", { payload: true }))?.payload, { n: 1 });
  }
  assertEquals(costs[1], costs[2]);
  assert(files.openHandleCount === 0, "a closed store holds no file");
});
