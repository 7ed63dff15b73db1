import { Keydir, MergedRun } from "../../src/bitcask/mod.ts";
import { StreamReader, StreamWriter } from "../../src/codec/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

test("Keydir finds every record in the segment that holds it", () => {
  const keydir = new Keydir();
  for (let lsn = 1; lsn <= 200_000; lsn++) {
    keydir.append(lsn, 1 + Math.floor(lsn / 70_000), 1 + lsn % 70_000);
  }
  for (const lsn of [1, 65_535, 65_536, 69_999, 70_000, 139_999, 140_000, 200_000]) {
    assertEquals(keydir.find(lsn), {
      segment: 1 + Math.floor(lsn / 70_000),
      offset: 1 + lsn % 70_000,
    });
  }
});

test("Keydir walks the records of one flow from the newest to the first", () => {
  const keydir = new Keydir();
  for (let lsn = 1; lsn <= 9; lsn++) keydir.append(lsn, 1, lsn * 64);
  keydir.link(5, 2);
  keydir.link(9, 5);
  assertEquals([keydir.previous(9), keydir.previous(5), keydir.previous(2)], [5, 2, 0]);
});

test("Keydir finds what stands around a record that was left out, and not that record", () => {
  const keydir = new Keydir();
  keydir.append(1, 1, 64);
  keydir.append(3, 2, 128);
  assertEquals(keydir.find(1), { segment: 1, offset: 64 });
  assertEquals(keydir.find(3), { segment: 2, offset: 128 });
  assertThrows(() => keydir.find(2), InvariantError, "left out");
  assertEquals([1, 2, 3, 4].map((lsn) => keydir.has(lsn)), [true, false, true, false]);
});

test("Keydir refuses LSNs that come again and unknown LSNs", () => {
  const keydir = new Keydir();
  keydir.append(2, 1, 64);
  assertThrows(() => keydir.append(2, 1, 128), InvariantError);
  assertThrows(() => keydir.append(1, 1, 128), InvariantError);
  assertThrows(() => keydir.find(0), InvariantError);
  assertThrows(() => keydir.find(3), InvariantError);
});

test("Keydir finds what came before a record however long ago that was", () => {
  const far = 2 ** 32 + 5;
  const links = [[far, 1], [2 * far, far], [2 * far + 1, 2 * far]] as const;
  const keydir = new Keydir();
  for (const lsn of [1, 2, 3]) keydir.append(lsn, 1, 64 * lsn);
  for (const [index, [lsn, before]] of links.entries()) {
    keydir.append(lsn, 2 + index, 64 * (index + 1));
    keydir.link(lsn, before);
  }
  const assertWhole = (keydir: Keydir): void => {
    const chain = [2 * far + 1, 2 * far, far, 1].map((lsn) => keydir.previous(lsn));
    assertEquals(chain, [2 * far, far, 1, 0]);
    assertEquals([1, 2, far, 2 * far].map((lsn) => keydir.has(lsn)), [true, true, true, true]);
  };
  assertWhole(keydir);
  // All of it is merged into one segment, which is then read again.
  const run = new MergedRun(keydir, { firstLsn: 1, lastLsn: 2 * far, keeps: (lsn) => lsn !== 3 });
  for (const lsn of [1, 2, 3, far, 2 * far]) run.pass(lsn);
  for (const [index, lsn] of [1, 2, far, 2 * far].entries()) run.append(lsn, 9, 64 * (index + 1));
  keydir.replace(run);
  assertWhole(keydir);
  assertEquals(keydir.find(2 * far), { segment: 9, offset: 256 });
  const again = new Keydir();
  for (const lsn of [1, 2]) again.append(lsn, 9, 64 * lsn);
  for (const [index, [lsn, before]] of links.entries()) {
    again.append(lsn, index < 2 ? 9 : 4, 64 * (index + 3));
    again.link(lsn, before);
  }
  assertWhole(again);
  const pieces: Uint8Array[] = [];
  const writer = new StreamWriter((bytes) => pieces.push(bytes.slice()));
  for (const _ of keydir.save(writer));
  writer.flush();
  const loaded = new Keydir();
  loaded.load(new StreamReader(() => pieces.shift()));
  assertWhole(loaded);
});
