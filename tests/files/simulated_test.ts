/**
 * The simulated disk: what crashes take, and what they leave.
 *
 * @module
 */

import { PowerCut, SECTOR_BYTES, type SimulatedDisk } from "../../src/files/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { codeOf, contentOf, durableFile, filled, newDisk } from "./disk_case.ts";

const owner = { pid: 1, runtime: "test/1", startedAtMs: 0 };

test("SimulatedDisk.powerCut() takes bytes that were not flushed", () => {
  const disk = newDisk();
  durableFile(disk, filled(4, 1)).write(filled(2, 2), { at: 1 });
  assertEquals(contentOf(disk.directory()), [1, 2, 2, 1]);
  disk.powerCut({ keep: "none" });
  assertEquals(contentOf(disk.restart()), [1, 1, 1, 1]);
});

test("SimulatedDisk.powerCut() can leave everything", () => {
  const disk = newDisk();
  const directory = disk.directory();
  directory.open("a", { create: true }).write(filled(3, 9), { at: 2 });
  disk.powerCut({ keep: "all" });
  assertEquals(contentOf(disk.restart()), [0, 0, 9, 9, 9]);
});

test("SimulatedDisk.powerCut() takes a new file whose directory was not synced, flushed or not", () => {
  const disk = newDisk();
  const file = disk.directory().open("a", { create: true });
  file.write(filled(3, 1), { at: 0 });
  file.flush();
  disk.powerCut({ keep: "none" });
  assertEquals(disk.restart().list(), []);
});

test("SimulatedDisk.powerCut() takes the bytes of a file whose directory was synced, but not the file", () => {
  const disk = newDisk();
  const directory = disk.directory();
  directory.open("a", { create: true }).write(filled(3, 1), { at: 0 });
  directory.sync();
  disk.powerCut({ keep: "none" });
  assertEquals(contentOf(disk.restart()), []);
});

test("SimulatedDisk.powerCut() brings a removed file back until the directory is synced", () => {
  const disk = newDisk();
  durableFile(disk, filled(2, 5));
  disk.directory().remove("a");
  disk.powerCut({ keep: "none" });
  const directory = disk.restart();
  assertEquals(contentOf(directory), [5, 5]);
  directory.remove("a");
  directory.sync();
  disk.powerCut({ keep: "none" });
  assertEquals(disk.restart().list(), []);
});

test("SimulatedDisk.powerCut() brings the old file of a name back, not the new one's bytes", () => {
  const disk = newDisk();
  durableFile(disk, filled(2, 5));
  const directory = disk.directory();
  directory.remove("a");
  const second = directory.open("a", { create: true });
  second.write(filled(3, 6), { at: 0 });
  second.flush();
  disk.powerCut({ keep: "none" });
  assertEquals(contentOf(disk.restart()), [5, 5]);
});

test("SimulatedDisk.powerCut() undoes a truncate that was not flushed", () => {
  const disk = newDisk();
  durableFile(disk, filled(4, 1)).truncate(1);
  disk.powerCut({ keep: "none" });
  assertEquals(contentOf(disk.restart()), [1, 1, 1, 1]);
});

test("SimulatedDisk.powerCut() decides sector by sector, and about the size by itself", () => {
  const disk = newDisk();
  const at = SECTOR_BYTES - 10;
  durableFile(disk, filled(1, 1)).write(filled(10 + SECTOR_BYTES + 20, 7), { at });
  let asked = 0;
  // Of the pieces 10, 512 and 20 bytes long the middle one survives, and the size does.
  disk.powerCut({ keep: () => [false, true, false, true][asked++]! });
  assertEquals(asked, 4);
  const content = contentOf(disk.restart())!;
  assertEquals(content.length, 2 * SECTOR_BYTES + 20);
  assertEquals(content[0], 1);
  const survivors = content.flatMap((byte, offset) => byte === 7 ? [offset] : []);
  assertEquals([survivors[0], survivors.length], [SECTOR_BYTES, SECTOR_BYTES]);
});

test("SimulatedDisk.powerCut() by chance keeps nothing, everything, a part, and a size of zeros", () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const disk = newDisk({ seed });
    durableFile(disk, new Uint8Array(0)).write(filled(4 * SECTOR_BYTES, 1), { at: 0 });
    disk.powerCut();
    const content = contentOf(disk.restart())!;
    const written = content.filter((byte) => byte === 1).length;
    if (content.length === 0) outcomes.add("nothing");
    else if (written === 4 * SECTOR_BYTES) outcomes.add("everything");
    else if (content.at(-1) === 0) outcomes.add("zeros at the end");
    else if (written < content.length) outcomes.add("a hole");
    else outcomes.add("a part");
  }
  assertEquals([...outcomes].sort(), [
    "a hole",
    "a part",
    "everything",
    "nothing",
    "zeros at the end",
  ]);
});

test("SimulatedDisk.powerCut() by chance keeps nothing and everything about as often as a part", () => {
  const counts = { nothing: 0, everything: 0, part: 0 };
  const length = 64 * SECTOR_BYTES;
  for (let seed = 0; seed < 300; seed++) {
    const disk = newDisk({ seed });
    durableFile(disk, new Uint8Array(0)).write(filled(length, 1), { at: 0 });
    disk.powerCut();
    const written = contentOf(disk.restart())!.filter((byte) => byte === 1).length;
    counts[written === 0 ? "nothing" : written === length ? "everything" : "part"] += 1;
  }
  const { nothing, everything, part } = counts;
  assert(Math.min(nothing, everything, part) > 70, JSON.stringify(counts));
});

test("SimulatedDisk keeps what was written, not the buffer it was written from", () => {
  const disk = newDisk();
  const buffer = filled(2, 1);
  const file = durableFile(disk, buffer);
  buffer.fill(2);
  file.write(buffer, { at: 2 });
  buffer.fill(3);
  assertEquals(contentOf(disk.directory()), [1, 1, 2, 2]);
  disk.powerCut({ keep: "all" });
  assertEquals(contentOf(disk.restart()), [1, 1, 2, 2]);
});

test("SimulatedDisk.kill() takes nothing from the disk, and makes nothing durable", () => {
  const disk = newDisk();
  disk.directory().open("a", { create: true }).write(filled(2, 3), { at: 0 });
  disk.kill();
  assertEquals(contentOf(disk.restart()), [3, 3]);
  disk.powerCut({ keep: "none" });
  assertEquals(disk.restart().list(), []);
});

test("SimulatedDisk.powerCut() after a kill takes what the killed process had not flushed", () => {
  const disk = newDisk();
  durableFile(disk, filled(1, 1)).write(filled(1, 2), { at: 0 });
  disk.kill();
  disk.powerCut({ keep: "none" });
  assertEquals(contentOf(disk.restart()), [1]);
});

test("SimulatedDisk.restart() leaves the handles and the directory of the dead process dead", () => {
  for (
    const end of [(disk: SimulatedDisk) => disk.kill(), (disk: SimulatedDisk) => disk.powerCut()]
  ) {
    const disk = newDisk();
    const old = disk.directory();
    const file = durableFile(disk, filled(1, 1));
    const lock = old.lock(owner);
    assertEquals(disk.openHandleCount, 1);
    end(disk);
    assertEquals([disk.isOff, disk.openHandleCount], [true, 0]);
    const calls = [
      () => old.open("a"),
      () => old.list(),
      () => old.remove("a"),
      () => old.sync(),
      () => old.lock(owner),
      () => old.freeBytes(),
      () => file.read(new Uint8Array(1), { at: 0 }),
      () => file.write(new Uint8Array(1), { at: 0 }),
      () => file.truncate(0),
      () => file.getSize(),
      () => file.isInPlace(),
      () => file.flush(),
    ];
    for (const call of calls) assertThrows(call, PowerCut);
    const fresh = disk.restart();
    for (const call of calls) assertThrows(call, PowerCut);
    file.close();
    const mine = fresh.lock(owner);
    lock.release();
    assertEquals(codeOf(() => fresh.lock(owner)), "store_locked");
    mine.release();
    assertEquals([disk.isOff, contentOf(fresh)], [false, [1]]);
  }
});

test("SimulatedDisk.restart() refuses a machine that runs", () => {
  assertThrows(() => newDisk().restart(), InvariantError);
});

test("SimulatedDisk.trace() tells every call with its numbers and what came of it", () => {
  const disk = newDisk();
  const file = durableFile(disk, filled(3, 1));
  disk.arm({ call: "write", code: "ENOSPC" });
  assertThrows(() => file.write(filled(2, 2), { at: 7 }));
  disk.powerCut();
  disk.restart();
  assertEquals(disk.trace().split("\n"), [
    "#1 open a → ok",
    "#2 write a 0 3 → 3",
    "#3 flush a → ok",
    "#4 sync → ok",
    "#5 write a 7 2 → ENOSPC",
    "#6 POWER CUT",
    "#7 RESTART",
  ]);
});

test("SimulatedDisk.trace() keeps the latest calls of a long run, with their numbers", () => {
  const disk = newDisk();
  for (let count = 0; count < 10_000; count++) disk.directory().sync();
  const lines = disk.trace().split("\n");
  assert(lines.length < 5_000);
  assertEquals(lines.at(-1), "#10000 sync → ok");
});
