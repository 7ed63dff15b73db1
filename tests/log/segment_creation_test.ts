import { memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { logStart, Manifest } from "../../src/log/mod.ts";
import { createSegment, freeSegmentId, listNext } from "../../src/log/segments/segment_creation.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";

const random = seededRandom(1);

test("createSegment() makes sure of a manifest that was only read before it makes a file", () => {
  const directory = countingDirectory(memoryDirectory());
  Manifest.open({ directory, random });
  const manifest = Manifest.open({ directory, random });
  directory.reset();
  createSegment({ directory, manifest, shard: 0, random }, logStart).file.close();
  const { writes, flushes } = directory.counts("MANIFEST.1");
  assertEquals([writes, flushes, directory.list().includes("log-1.seg")], [1, 1, true]);
  manifest.publish({});
  directory.remove("log-1.seg");
  // Once the manifest has failed there is none.
  directory.remove("MANIFEST.0");
  directory.remove("MANIFEST.1");
  assertThrows(() => manifest.publish({}));
  assertThrows(() => createSegment({ directory, manifest, shard: 0, random }, logStart));
  assertEquals(directory.list(), []);
});

test("createSegment() that fails says why, and leaves neither a file nor a handle", () => {
  for (const call of ["write", "flush", "sync"] as const) {
    const disk = new SimulatedDisk({ random });
    const directory = disk.directory();
    const manifest = Manifest.open({ directory, random });
    const names = directory.list();
    disk.arm({ call, code: "ENOSPC" });
    assertThrows(
      () => createSegment({ directory, manifest, shard: 0, random }, logStart),
      Error,
      "ENOSPC",
    );
    assertEquals([directory.list(), disk.openHandleCount], [names, 0]);
  }
});

test("freeSegmentId() is above what the manifest says, and above every file", () => {
  const directory = memoryDirectory();
  const manifest = Manifest.open({ directory, random });
  assertEquals(freeSegmentId({ directory, manifest }), 1);
  for (const name of ["log-7.seg", "log-3.seg"]) directory.open(name, { create: true }).close();
  assertEquals(freeSegmentId({ directory, manifest }), 8);
  manifest.publish({ nextSegment: 20 });
  assertEquals(freeSegmentId({ directory, manifest }), 20);
});

test("listNext() seals the segment that was open, and lists the next one behind it", () => {
  const directory = memoryDirectory();
  const manifest = Manifest.open({ directory, random });
  const first = { id: 1, shard: 0, salt: 7, base: logStart };
  const end = { index: 1, lsn: 2, chain: 3 };
  const next = { id: 2, shard: 0, salt: 8, base: end };
  manifest.publish({ segments: [first] });
  listNext(manifest, { entry: first, end, size: 9_000 }, next);
  const { segments } = Manifest.open({ directory, random }).state;
  assertEquals(segments, [{ ...first, sealed: { end, size: 9_000 } }, next]);
});
