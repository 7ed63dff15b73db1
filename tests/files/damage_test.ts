/**
 * The simulated disk: damage to data at rest.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../src/files/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { codeOf, contentOf, durableFile, filled, newDisk } from "./disk_case.ts";

test("SimulatedDisk.flipBit() changes one bit on the platter, for good", () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = newDisk({ seed });
    const file = durableFile(disk, filled(8, 0));
    const damage = disk.flipBit()!;
    assertEquals(damage.name, "a");
    const seen = contentOf(disk.directory())!;
    assert([1, 2, 4, 8, 16, 32, 64, 128].includes(seen[damage.at]!));
    assertEquals(seen.filter((byte) => byte !== 0).length, 1);
    file.close();
    disk.powerCut();
    assertEquals(contentOf(disk.restart()), seen);
  }
});

test("SimulatedDisk.flipBit() hits where it is told to, and nothing when nothing is at rest", () => {
  const disk = newDisk();
  assertEquals(disk.flipBit(), undefined);
  const file = disk.directory().open("a", { create: true });
  file.write(filled(5, 0), { at: 0 });
  assertEquals(disk.flipBit(), undefined);
  file.flush();
  assertEquals(disk.flipBit({ name: "a", at: 3 }), { name: "a", at: 3 });
  assertEquals(disk.flipBit({ name: "a", at: 5 }), undefined);
  assertEquals(disk.flipBit({ name: "b" }), undefined);
});

test("SimulatedDisk.flipBit() is hidden by bytes that wait to be flushed over it", () => {
  const disk = newDisk();
  const file = durableFile(disk, filled(2, 0));
  file.write(filled(1, 0), { at: 0 });
  disk.flipBit({ name: "a", at: 0 });
  assertEquals(contentOf(disk.directory()), [0, 0]);
  disk.flipBit({ name: "a", at: 1 });
  file.flush();
  disk.powerCut({ keep: "none" });
  const [first, second] = contentOf(disk.restart())!;
  assertEquals(first, 0);
  assert(second !== 0);
});

test("SimulatedDisk.loseSector() zeroes one aligned sector", () => {
  const disk = newDisk();
  durableFile(disk, filled(2 * SECTOR_BYTES + 10, 1));
  assertEquals(disk.loseSector({ name: "a", at: SECTOR_BYTES + 7 }), {
    name: "a",
    at: SECTOR_BYTES,
  });
  assertEquals(disk.loseSector({ name: "a", at: SECTOR_BYTES }), undefined);
  assertEquals(disk.loseSector({ name: "a", at: 2 * SECTOR_BYTES })?.at, 2 * SECTOR_BYTES);
  const expected = [...filled(2 * SECTOR_BYTES + 10, 0).fill(1, 0, SECTOR_BYTES)];
  assertEquals(contentOf(disk.directory()), expected);
});

test("SimulatedDisk.misdirect() exchanges two pieces that differ", () => {
  const disk = newDisk();
  const content = new Uint8Array(3 * 4_096).map((_, offset) => offset / 4_096);
  durableFile(disk, content);
  const before = contentOf(disk.directory())!;
  let damage = disk.misdirect();
  // By chance both places can be the same one.
  for (let tries = 0; tries < 50 && damage === undefined; tries++) damage = disk.misdirect();
  const [one, two] = damage!;
  const after = contentOf(disk.directory())!;
  assertEquals(after[one.at], before[two.at]);
  assertEquals(after[two.at + 4_095], before[one.at]);
  assert(after[one.at] !== before[one.at]);
  assertEquals(after.toSorted(), before.toSorted());
  const same = newDisk();
  durableFile(same, filled(9_000, 1));
  assertEquals(same.misdirect(), undefined);
});

test("SimulatedDisk.loseFile() takes a file away for good", () => {
  const disk = newDisk();
  durableFile(disk, filled(1, 1));
  disk.loseFile("a");
  assertEquals(codeOf(() => disk.directory().open("a")), "ENOENT");
  disk.powerCut({ keep: "all" });
  assertEquals(disk.restart().list(), []);
});
