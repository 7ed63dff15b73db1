/**
 * Whole transfers over calls that do less than they were asked for.
 *
 * @module
 */

import {
  FileError,
  fileErrorCode,
  memoryDirectory,
  readFully,
  SimulatedDisk,
  writeFully,
} from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

const digits = new TextEncoder().encode("0123456789");

test("writeFully() goes on where a short write stopped", () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = new SimulatedDisk({ random: seededRandom(seed) });
    const file = disk.directory().open("a", { create: true });
    for (let count = 0; count < 5; count++) disk.arm({ call: "write", short: true });
    writeFully(file, digits, { at: 3 });
    const buffer = new Uint8Array(20);
    assertEquals(file.read(buffer, { at: 3 }), 10);
    assertEquals(buffer.subarray(0, 10), digits);
  }
});

test("readFully() goes on where a short read stopped, to the end of the file", () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = new SimulatedDisk({ random: seededRandom(seed) });
    const file = disk.directory().open("a", { create: true });
    writeFully(file, digits, { at: 0 });
    for (let count = 0; count < 5; count++) disk.arm({ call: "read", short: true });
    const buffer = new Uint8Array(20);
    assertEquals(readFully(file, buffer, { at: 4 }), 6);
    assertEquals(buffer.subarray(0, 6), digits.subarray(4));
  }
});

test("readFully() and writeFully() let errors through", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const file = disk.directory().open("a", { create: true });
  writeFully(file, digits, { at: 0 });
  disk.arm({ call: "read", short: true });
  disk.arm({ call: "read", after: 1 });
  const read = assertThrows(() => readFully(file, new Uint8Array(9), { at: 0 }), FileError);
  assertEquals(read.code, "EIO");
  disk.arm({ call: "write", code: "ENOSPC", short: true });
  const write = assertThrows(() => writeFully(file, digits, { at: 0 }), FileError);
  assertEquals(write.code, "ENOSPC");
});

test("writeFully() does not try for ever when writes do nothing", () => {
  const idle = { ...memoryDirectory().open("a", { create: true }), write: () => 0 };
  const error = assertThrows(() => writeFully(idle as never, digits, { at: 0 }), FileError);
  assertEquals(fileErrorCode(error), "EIO");
});

test("readFully() and writeFully() of nothing touch nothing", () => {
  const file = memoryDirectory().open("a", { create: true });
  writeFully(file, new Uint8Array(0), { at: 9 });
  assertEquals(readFully(file, new Uint8Array(0), { at: 9 }), 0);
  assertEquals(file.getSize(), 0);
});

test("fileErrorCode() knows system errors, ours, and nothing else", () => {
  assertEquals(fileErrorCode(new FileError("EIO", "x")), "EIO");
  assertEquals(fileErrorCode(Object.assign(new Error("x"), { code: "ENOENT" })), "ENOENT");
  for (const other of [new Error("x"), Object.assign(new Error("x"), { code: 5 }), "EIO", null]) {
    assertEquals(fileErrorCode(other), undefined);
  }
});
