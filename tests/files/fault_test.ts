/**
 * The simulated disk: calls that fail, and calls in which the machine goes.
 *
 * @module
 */

import {
  type Directory,
  type Ending,
  type FileCall,
  type FileHandle,
  PowerCut,
  SECTOR_BYTES,
} from "../../src/files/mod.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { codeOf, contentOf, durableFile, filled, newDisk } from "./disk_case.ts";

test("SimulatedDisk.arm() lets a failed flush drop the bytes and say nothing the next time", () => {
  const disk = newDisk();
  const file = durableFile(disk, filled(3, 1));
  file.write(filled(3, 2), { at: 0 });
  disk.arm({ call: "flush" });
  assertEquals(codeOf(() => file.flush()), "EIO");
  file.flush();
  file.write(filled(1, 3), { at: 2 });
  file.flush();
  assertEquals(contentOf(disk.directory()), [2, 2, 3]);
  disk.kill();
  assertEquals(contentOf(disk.restart()), [2, 2, 3]);
  disk.powerCut({ keep: "all" });
  assertEquals(contentOf(disk.restart()), [1, 1, 3]);
});

test("SimulatedDisk.arm() lets a failed directory sync drop the names the same way", () => {
  const disk = newDisk();
  const directory = disk.directory();
  directory.open("a", { create: true });
  disk.arm({ call: "sync" });
  assertEquals(codeOf(() => directory.sync()), "EIO");
  directory.sync();
  assertEquals(directory.list(), ["a"]);
  disk.powerCut({ keep: "all" });
  assertEquals(disk.restart().list(), []);
});

test("SimulatedDisk.arm() lets a failed flush write some pieces all the same", () => {
  const disk = newDisk();
  const file = durableFile(disk, filled(2 * SECTOR_BYTES, 1));
  file.write(filled(2 * SECTOR_BYTES, 2), { at: 0 });
  let asked = 0;
  disk.arm({ call: "flush", keep: () => asked++ === 1 });
  assertThrows(() => file.flush());
  disk.powerCut({ keep: "none" });
  const content = contentOf(disk.restart())!;
  assertEquals([content[0], content[SECTOR_BYTES]], [1, 2]);
});

/** One call of each kind, on a file that is there. */
const calls: Record<FileCall, (directory: Directory, file: FileHandle) => unknown> = {
  open: (directory) => directory.open("a").close(),
  read: (_, file) => file.read(new Uint8Array(1), { at: 0 }),
  write: (_, file) => file.write(filled(1, 2), { at: 0 }),
  truncate: (_, file) => file.truncate(1),
  flush: (_, file) => file.flush(),
  remove: (directory) => directory.remove("a"),
  sync: (directory) => directory.sync(),
};

test("SimulatedDisk.arm() strikes the n-th call of its kind, once, with its code", () => {
  for (const [kind, call] of Object.entries(calls) as [FileCall, typeof calls.open][]) {
    for (let after = 0; after < 3; after++) {
      const disk = newDisk();
      const file = durableFile(disk, filled(2, 1));
      const directory = disk.directory();
      const again = () => {
        call(directory, file);
        if (kind === "remove") directory.open("a", { create: true });
      };
      disk.arm({ call: kind, after, code: "EACCES" });
      for (let count = 0; count < after; count++) again();
      assertEquals(disk.armedCount, 1);
      assertEquals(codeOf(again), "EACCES", `${kind} after ${after}`);
      assertEquals(disk.armedCount, 0);
      again();
    }
  }
});

test("SimulatedDisk.arm() twice for one call strikes that call and the next", () => {
  const disk = newDisk();
  const directory = disk.directory();
  disk.arm({ call: "sync", code: "EIO" });
  disk.arm({ call: "sync", code: "EACCES" });
  assertEquals(codeOf(() => directory.sync()), "EIO");
  assertEquals(codeOf(() => directory.sync()), "EACCES");
  directory.sync();
});

test("SimulatedDisk.arm() with a name counts and strikes calls on that file alone", () => {
  const disk = newDisk();
  const a = disk.directory().open("a", { create: true });
  const b = disk.directory().open("b", { create: true });
  disk.arm({ call: "write", name: "b", after: 1 });
  for (let count = 0; count < 5; count++) a.write(filled(1, 1), { at: 0 });
  b.write(filled(1, 1), { at: 0 });
  assertEquals(codeOf(() => b.write(filled(1, 1), { at: 0 })), "EIO");
});

test("SimulatedDisk.arm() waits through crashes, and disarm() forgets", () => {
  const disk = newDisk();
  durableFile(disk, filled(2, 1));
  disk.arm({ call: "open" });
  disk.kill();
  const directory = disk.restart();
  assertEquals(codeOf(() => directory.open("a")), "EIO");
  disk.arm({ call: "open" });
  disk.cutAfter(0);
  disk.disarm();
  directory.open("a");
  directory.sync();
  assertEquals(disk.isOff, false);
});

test("SimulatedDisk.arm() makes a write or a read short without an error", () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = newDisk({ seed });
    const file = durableFile(disk, filled(4, 1));
    disk.arm({ call: "write", short: true });
    const written = file.write(filled(4, 2), { at: 0 });
    assertEquals(contentOf(disk.directory()), [2, 2, 2, 2].fill(1, written));
    disk.arm({ call: "read", short: true });
    const buffer = new Uint8Array(4);
    const read = file.read(buffer, { at: 0 });
    assertEquals(buffer.filter((byte) => byte !== 0).length, read);
    lengths.add(written).add(read);
  }
  assertEquals([...lengths].sort(), [1, 2, 3]);
});

test("SimulatedDisk.arm() fills the disk in the middle of a write", () => {
  const disk = newDisk();
  const file = durableFile(disk, new Uint8Array(0));
  disk.arm({ call: "write", short: true, code: "ENOSPC" });
  const written = file.write(filled(9, 1), { at: 0 });
  assert(written > 0 && written < 9);
  assertEquals(codeOf(() => file.write(filled(1, 1), { at: written })), "ENOSPC");
  assertEquals(file.getSize(), written);
  file.write(filled(1, 1), { at: written });
  assertEquals(disk.armedCount, 0);
});

test("SimulatedDisk.capacityBytes makes writes short, then refuses them", () => {
  const disk = newDisk({ capacityBytes: 10 });
  const directory = disk.directory();
  const a = directory.open("a", { create: true });
  const b = directory.open("b", { create: true });
  assertEquals(a.write(filled(6, 1), { at: 0 }), 6);
  assertEquals([disk.usedBytes, directory.freeBytes()], [6, 4]);
  assertEquals(b.write(filled(6, 1), { at: 0 }), 4);
  assertEquals(codeOf(() => b.write(filled(2, 1), { at: 4 })), "ENOSPC");
  assertEquals(codeOf(() => b.truncate(5)), "ENOSPC");
  assertEquals(
    codeOf(() => directory.open("c", { create: true }).write(filled(1, 1), { at: 1 })),
    "ENOSPC",
  );
  assertEquals(a.write(filled(6, 2), { at: 0 }), 6);
  directory.remove("a");
  assertEquals(directory.freeBytes(), 0);
  a.close();
  assertEquals(directory.freeBytes(), 6);
  disk.capacityBytes = 3;
  assertEquals(directory.freeBytes(), 0);
  assertEquals(b.getSize(), 4);
});

/** The calls that change something, and that a crash can strike. */
const mutations: [name: string, call: (directory: Directory, file: FileHandle) => void][] = [
  ["create", (directory) => void directory.open("b", { create: true })],
  ["write", (_, file) => void file.write(filled(3, 2), { at: 0 })],
  ["truncate", (_, file) => file.truncate(1)],
  ["flush", (_, file) => file.flush()],
  ["remove", (directory) => directory.remove("a")],
  ["sync", (directory) => directory.sync()],
];

test("SimulatedDisk.cutAfter() strikes the n-th mutating call, whichever it is", () => {
  for (const ending of ["power", "kill"] satisfies Ending[]) {
    for (const [index, [name]] of mutations.entries()) {
      const disk = newDisk();
      const file = durableFile(disk, filled(3, 1));
      const directory = disk.directory();
      disk.cutAfter(index, { ending });
      for (const [, call] of mutations.slice(0, index)) {
        call(directory, file);
        // Neither reading nor opening what is there counts.
        file.read(new Uint8Array(1), { at: 0 });
      }
      assertThrows(() => mutations[index]![1](directory, file), PowerCut);
      assert(disk.isOff, name);
      assertThrows(() => directory.sync(), PowerCut);
      const last = disk.trace().split("\n").at(-1)!;
      assertStringIncludes(last, ending === "power" ? "POWER CUT" : "KILLED");
      disk.restart().sync();
    }
  }
});

test("SimulatedDisk.cutAfter() leaves the call done, not done, or done in part", () => {
  for (const ending of ["power", "kill"] satisfies Ending[]) {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = newDisk({ seed });
      const file = durableFile(disk, filled(2 * SECTOR_BYTES, 1));
      disk.cutAfter(0, { ending });
      assertThrows(() => file.write(filled(2 * SECTOR_BYTES, 2), { at: 0 }), PowerCut);
      const written = contentOf(disk.restart())!.filter((byte) => byte === 2).length;
      outcomes.add(written === 0 ? "not" : written === 2 * SECTOR_BYTES ? "done" : "in part");
    }
    assertEquals([...outcomes].sort(), ["done", "in part", "not"], ending);
  }
});

test("SimulatedDisk.cutAfter() with a kill may end a flush before or after it happened", () => {
  const outcomes = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = newDisk({ seed });
    const file = durableFile(disk, filled(1, 1));
    file.write(filled(1, 2), { at: 0 });
    disk.cutAfter(0, { ending: "kill" });
    assertThrows(() => file.flush(), PowerCut);
    assertEquals(contentOf(disk.restart()), [2]);
    disk.powerCut({ keep: "none" });
    outcomes.add(contentOf(disk.restart())![0]!);
  }
  assertEquals([...outcomes].sort(), [1, 2]);
});

test("SimulatedDisk.cutAfter() counts on through restarts, to strike within a recovery", () => {
  const disk = newDisk();
  const file = durableFile(disk, filled(1, 1));
  disk.cutAfter(2);
  file.flush();
  disk.kill();
  const directory = disk.restart();
  directory.sync();
  assertThrows(() => directory.sync(), PowerCut);
  disk.restart().sync();
});

test("SimulatedDisk.cutAfter() strikes although the disk is full", () => {
  const disk = newDisk({ capacityBytes: 0 });
  const file = disk.directory().open("a", { create: true });
  disk.cutAfter(0);
  assertThrows(() => file.write(filled(1, 1), { at: 0 }), PowerCut);
});
