/**
 * What an opening says to somebody who has done something to the directory.
 *
 * @module
 */

import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { FlowError, openStore } from "../../mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test, when } from "../harness.ts";
import { type Scratch, scratchFolder } from "../scratch.ts";

const isLinux = process.platform === "linux";

/** A store that is closed, in a folder of a folder that is gone with the test. */
async function closedStore(): Promise<Scratch & { readonly dir: string }> {
  const folder = scratchFolder();
  const dir = join(folder.path, "data");
  const store = await openStore(dir);
  await store.create("a", { type: "job" });
  await store.close();
  return { ...folder, dir };
}

test(
  "openStore() refuses a segment that is a link, by name and with the remedy, and changes nothing",
  when(process.platform !== "win32"),
  async () => {
    using folder = await closedStore();
    const { dir } = folder;
    const big = join(folder.path, "big");
    mkdirSync(big);
    renameSync(join(dir, "log-1.seg"), join(big, "log-1.seg"));
    symlinkSync(join(big, "log-1.seg"), join(dir, "log-1.seg"));
    const names = readdirSync(dir);
    const error = await assertRejects(() => openStore(dir), FlowError);
    assertEquals(error.code, "store_failed");
    const is = `"${dir}/log-1.seg" is a symbolic link: put the file itself in its place`;
    assertStringIncludes(error.message, is);
    assertEquals(readdirSync(dir), names);
    renameSync(join(big, "log-1.seg"), join(dir, "log-1.seg"));
    await using again = await openStore(dir);
    assertEquals((await again.get("a"))?.state, "queued");
  },
);

test(
  "openStore() says who has the directory in no file outside of it",
  when(process.platform !== "win32"),
  async () => {
    using folder = await closedStore();
    const outside = join(folder.path, "outside");
    writeFileSync(outside, "precious");
    symlinkSync(outside, join(folder.dir, "OWNER"));
    await using _store = await openStore(folder.dir);
    assertEquals(readFileSync(outside, "utf8"), "precious");
    const error = await assertRejects(() => openStore(folder.dir), FlowError);
    assertStringIncludes(error.message, `is held by process ${process.pid}`);
  },
);

test("openStore() says that LOCK is no lock of a store, and what to do", async () => {
  using folder = await closedStore();
  const path = join(folder.dir, "LOCK");
  writeFileSync(path, "#".repeat(5_000));
  const error = await assertRejects(() => openStore(folder.dir), FlowError);
  assertStringIncludes(error.message, `"${path}" is no lock of a store, which is an empty file`);
  assertStringIncludes(error.message, "Delete it while no process has the store open");
  rmSync(path);
  await using again = await openStore(folder.dir);
  assertEquals((await again.get("a"))?.state, "queued");
});

test("openStore() says that a path is too long to be locked", when(isLinux), async () => {
  using folder = scratchFolder();
  const dir = join(folder.path, ...Array<string>(6).fill("x".repeat(100)));
  const error = await assertRejects(() => openStore(dir), FlowError);
  const { length } = `${dir}/LOCK`;
  assertStringIncludes(error.message, `its path has ${length} bytes, and is probably too long`);
});

test("openStore() says of a stray segment that nothing is lost, and what to do with it", async () => {
  using folder = await closedStore();
  using stranger = await closedStore();
  const at = (name: string): string => join(folder.dir, name);
  const refusal = async (): Promise<string> => {
    const error = await assertRejects(() => openStore(folder.dir), FlowError);
    assertEquals(error.code, "store_failed");
    return error.message;
  };
  copyFileSync(at("log-1.seg"), at("log-99.seg"));
  assertStringIncludes(await refusal(), 'log-99.seg" is a copy of "log-1.seg", which is there');
  rmSync(at("log-1.seg"));
  assertStringIncludes(await refusal(), 'log-99.seg" is "log-1.seg" by another name. Give it');
  renameSync(at("log-99.seg"), at("log-1.seg"));
  copyFileSync(join(stranger.dir, "log-1.seg"), at("log-7.seg"));
  assertStringIncludes(await refusal(), 'log-7.seg" is a segment of another store. Move it out');
  rmSync(at("log-7.seg"));
  await using again = await openStore(folder.dir);
  assertEquals((await again.get("a"))?.state, "queued");
});

test("openStore() says which slot of the manifest is that of another store", async () => {
  using folder = await closedStore();
  using stranger = await closedStore();
  await (await openStore(folder.dir)).close();
  for (const name of ["MANIFEST.0", "MANIFEST.1"]) {
    const [path, kept] = [join(folder.dir, name), join(folder.path, name)];
    renameSync(path, kept);
    copyFileSync(join(stranger.dir, name), path);
    const error = await assertRejects(() => openStore(folder.dir), FlowError);
    assertEquals([error.code, error.details["file"]], ["corrupt", name]);
    assertStringIncludes(error.message, `${name}" is of another store than "MANIFEST.`);
    rmSync(path);
    renameSync(kept, path);
  }
  await using again = await openStore(folder.dir);
  assertEquals((await again.get("a"))?.state, "queued");
});
