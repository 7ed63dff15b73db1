/**
 * What an opening says to somebody who has done something to the directory.
 *
 * @module
 */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { FlowError, openStore } from "../../mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test, when } from "../harness.ts";
import { type Scratch, scratchFolder } from "../scratch.ts";

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
