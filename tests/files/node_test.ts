/**
 * What only a directory of the operating system can get wrong.
 *
 * @module
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileErrorCode, nodeDirectory, writeFully } from "../../src/files/mod.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test, when } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { askedByNobody, hasNobody } from "./nobody.ts";

/** Not everybody may make links on Windows. */
const hasLinks = process.platform !== "win32";

test("nodeDirectory() creates the directory and the parents it lacks", () => {
  using scratch = scratchFolder();
  const path = join(scratch.path, "a", "b", "c");
  const directory = nodeDirectory(path);
  assertEquals(directory.path, path);
  directory.open("f", { create: true }).close();
  assertEquals(nodeDirectory(path).list(), ["f"]);
});

test("nodeDirectory() makes a relative path absolute at once", () => {
  using scratch = scratchFolder();
  const path = join(scratch.path, "inner");
  assertEquals(nodeDirectory(relative(process.cwd(), path)).path, path);
});

test("nodeDirectory() refuses a path where a file is", () => {
  using scratch = scratchFolder();
  const path = join(scratch.path, "file");
  writeFileSync(path, "");
  assertEquals(fileErrorCode(assertThrows(() => nodeDirectory(path), Error)), "EEXIST");
});

test("nodeDirectory() creates nothing in a parent that it cannot sync", when(hasNobody), () => {
  using scratch = scratchFolder();
  const parent = join(scratch.path, "parent");
  mkdirSync(parent);
  chmodSync(scratch.path, 0o755);
  chmodSync(parent, 0o333); // names may be made in it, and it cannot be opened
  for (const said of askedByNobody(join(parent, "a", "b"), { times: 2 })) {
    assertStringIncludes(said, "EACCES");
  }
  assertEquals(existsSync(join(parent, "a")), false);
});

test("nodeDirectory() takes a folder in one that may not be opened", when(hasNobody), () => {
  using scratch = scratchFolder();
  const [parent, inner] = [join(scratch.path, "parent"), join(scratch.path, "parent", "inner")];
  mkdirSync(inner, { recursive: true });
  chmodSync(scratch.path, 0o755);
  chmodSync(inner, 0o777);
  chmodSync(parent, 0o311);
  assertEquals(askedByNobody(inner, { times: 1 }), ["locked"]);
});

test("nodeDirectory() says so where no folder can be made", when(existsSync("/proc/self")), () => {
  assertThrows(() => nodeDirectory("/proc/missing"), Error);
});

test("nodeDirectory().list() names folders and links as well", when(hasLinks), () => {
  using scratch = scratchFolder();
  mkdirSync(join(scratch.path, "folder"));
  symlinkSync(join(scratch.path, "nothing"), join(scratch.path, "link"));
  writeFileSync(join(scratch.path, "file"), "");
  assertEquals(nodeDirectory(scratch.path).list(), ["file", "folder", "link"]);
});

test("nodeDirectory().open() follows no link, and says what to do", when(hasLinks), () => {
  using scratch = scratchFolder();
  const outside = join(scratch.path, "outside");
  const directory = nodeDirectory(join(scratch.path, "data"));
  symlinkSync(outside, join(directory.path, "a"));
  for (const content of [undefined, "there"]) {
    if (content !== undefined) writeFileSync(outside, content);
    for (const options of [{}, { create: true }]) {
      const error = assertThrows(() => directory.open("a", options), Error);
      assertEquals(fileErrorCode(error), "ELOOP");
      assertStringIncludes(error.message, `"${directory.path}/a" is a symbolic link: put the file`);
    }
    assertEquals(existsSync(outside), content !== undefined);
    const error = assertThrows(() => directory.open("a", { create: "new" }), Error);
    assertEquals(fileErrorCode(error), "EEXIST");
  }
  assertEquals(readFileSync(outside, "utf8"), "there");
});

test("nodeDirectory().open() writes and reads beyond 4 GiB", () => {
  using scratch = scratchFolder();
  const file = nodeDirectory(scratch.path).open("sparse", { create: true });
  const at = 5 * 2 ** 30;
  file.write(new Uint8Array([1, 2, 3]), { at });
  const buffer = new Uint8Array(3);
  assertEquals(file.read(buffer, { at }), 3);
  assertEquals([...buffer], [1, 2, 3]);
  assertEquals(file.getSize(), at + 3);
  file.close();
});

test(
  "nodeDirectory() lets system errors through with their code",
  when(process.platform === "linux"),
  () => {
    // Linux has a device on which every write finds the disk full.
    const file = nodeDirectory("/dev").open("full");
    const error = assertThrows(() => writeFully(file, new Uint8Array(10), { at: 0 }), Error);
    assertEquals(fileErrorCode(error), "ENOSPC");
    file.close();
  },
);

test("nodeDirectory().freeBytes() is a plausible number where it may be asked", () => {
  using scratch = scratchFolder();
  const freeBytes = nodeDirectory(scratch.path).freeBytes();
  assert(freeBytes !== undefined && Number.isSafeInteger(freeBytes) && freeBytes > 0);
});
