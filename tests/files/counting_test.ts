/**
 * Counters in front of a directory.
 *
 * @module
 */

import { memoryDirectory } from "../../src/files/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { countingDirectory } from "./counting.ts";

const nothing = {
  opens: 0,
  reads: 0,
  writes: 0,
  writtenBytes: 0,
  truncates: 0,
  flushes: 0,
  closes: 0,
  removes: 0,
};

test("countingDirectory() counts every call by file", () => {
  const directory = countingDirectory(memoryDirectory("here"));
  assertEquals(directory.path, "here");
  const a = directory.open("a", { create: true });
  const b = directory.open("b", { create: true });
  a.write(new Uint8Array(5), { at: 0 });
  a.write(new Uint8Array(7), { at: 5 });
  a.flush();
  a.read(new Uint8Array(1), { at: 0 });
  b.truncate(3);
  directory.sync();
  a.close();
  a.close();
  directory.remove("b");
  assertEquals(directory.counts("a"), {
    ...nothing,
    opens: 1,
    reads: 1,
    writes: 2,
    writtenBytes: 12,
    flushes: 1,
    closes: 1,
  });
  assertEquals(directory.counts("b"), { ...nothing, opens: 1, truncates: 1, removes: 1 });
  assertEquals(directory.counts("c"), nothing);
  assertEquals(directory.counts(), {
    opens: 2,
    reads: 1,
    writes: 2,
    writtenBytes: 12,
    truncates: 1,
    flushes: 1,
    closes: 1,
    removes: 1,
  });
  assertEquals([directory.syncCount, directory.openHandleCount], [1, 1]);
});

test("countingDirectory().reset() starts at zero and goes on counting files that are open", () => {
  const directory = countingDirectory(memoryDirectory());
  const file = directory.open("a", { create: true });
  file.flush();
  directory.sync();
  directory.reset();
  assertEquals([directory.counts(), directory.syncCount], [nothing, 0]);
  assertEquals(directory.openHandleCount, 1);
  file.flush();
  file.close();
  assertEquals(directory.counts("a"), { ...nothing, flushes: 1, closes: 1 });
  assertEquals(directory.openHandleCount, 0);
});

test("countingDirectory() counts calls that fail, but no handle for an open that failed", () => {
  const directory = countingDirectory(memoryDirectory());
  assertThrows(() => directory.open("a"));
  assertThrows(() => directory.remove("a"));
  assertEquals(directory.counts("a"), { ...nothing, opens: 1, removes: 1 });
  assertEquals(directory.openHandleCount, 0);
});
