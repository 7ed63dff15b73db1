import { copyFileSync, cpSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { openStore } from "../../mod.ts";
import { ownerEnded, watchedLock } from "../../src/engine/watched_lock.ts";
import { FlowError } from "../../src/errors.ts";
import { memoryDirectory, readWholeFile, writeDurably } from "../../src/files/mod.ts";
import { LostFiles, Manifest } from "../../src/log/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test, when } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

/** A lock that is watched, and what is seen of it. */
function scene() {
  const directory = memoryDirectory();
  const open = (): Manifest => Manifest.open({ directory, random: seededRandom(1) });
  const time = manualTime();
  const said: string[] = [];
  const inner = { release: () => void said.push("released"), [Symbol.dispose]() {} };
  const manifest = open();
  const lostFiles = new LostFiles({ directory, manifest, logs: [] });
  const lose = ({ code }: FlowError): void => void said.push(code);
  const lock = watchedLock(inner, { manifest, lostFiles, time, lose });
  return { directory, open, time, said, manifest, lock };
}

test("watchedLock() ends the store when another one has opened the directory", async () => {
  const { open, time, said, manifest, lock } = scene();
  await time.advance(5_000);
  manifest.publish({ epoch: 1 });
  await time.advance(5_000);
  assertEquals(said, []);
  open().publish({ epoch: 2 });
  await time.advance(1_000);
  assertEquals([said, time.nextAlarmMs], [["store_failed"], undefined]);
  lock.release();
  assertEquals(said, ["store_failed", "released"]);
});

test("watchedLock() looks again where a slot cannot be read, and not after its release", async () => {
  const { directory, time, said, lock } = scene();
  directory.remove("MANIFEST.0");
  await time.advance(3_000);
  assertEquals(said, []);
  lock.release();
  assertEquals([said, time.nextAlarmMs], [["released"], undefined]);
});

test("watchedLock() ends the store when there is no manifest, or that of another store", async () => {
  const gone = scene();
  for (const name of gone.directory.list()) gone.directory.remove(name);
  await gone.time.advance(1_000);
  assertEquals(gone.said, ["store_failed"]);
  const replaced = scene();
  for (const name of replaced.directory.list()) replaced.directory.remove(name);
  Manifest.open({ directory: replaced.directory, random: seededRandom(2) });
  await replaced.time.advance(1_000);
  assertEquals(replaced.said, ["store_failed"]);
});

test("watchedLock() ends the store when an older slot was put in the place of the manifest's", async () => {
  const { directory, time, said, manifest } = scene();
  const older = readWholeFile(directory, "MANIFEST.1")!;
  manifest.publish({ epoch: 1 });
  manifest.publish({ epoch: 2 });
  await time.advance(1_000);
  assertEquals(said, []);
  writeDurably(directory, "MANIFEST.1", older);
  await time.advance(1_000);
  assertEquals(said, ["store_failed"]);
});

test("watchedLock() tells who has the directory, if files are gone as well, and of a newer format", async () => {
  const refusal = (code: "newer_format" | "store_failed", message: string): FlowError =>
    new FlowError(code, message);
  const other = refusal("store_failed", "Another process");
  const gone = refusal("store_failed", "A file");
  const newer = refusal("newer_format", "Another version");
  const unreadable = new Error("EIO");
  const throws = (error: unknown) => () => {
    throw error;
  };
  for (
    const [findOther, find, told] of [
      [() => other, () => gone, other],
      [() => undefined, () => gone, gone],
      [throws(newer), () => undefined, newer],
      [throws(unreadable), () => gone, gone],
      [throws(unreadable), throws(unreadable), undefined],
    ] as const
  ) {
    const time = manualTime();
    const said: FlowError[] = [];
    const inner = { release() {}, [Symbol.dispose]() {} };
    const lose = (cause: FlowError): void => void said.push(cause);
    const lostFiles = { find };
    using _lock = watchedLock(inner, { manifest: { findOther }, lostFiles, time, lose });
    await time.advance(1_000);
    assertEquals(said, told === undefined ? [] : [told]);
  }
});

test("ownerEnded() lets whoever has another lock see a generation, and waits for two looks of it", async () => {
  const { directory, time, said } = scene();
  const random = seededRandom(1);
  const opened = Manifest.open({ directory, random });
  const seconds = {
    ...{ manual: false, clock: time.clock },
    alarm: (ring: () => void) => time.alarm(ring),
  };
  const ask = (isNew: boolean) => ownerEnded({ isNew }, { manifest: opened, time: seconds });
  // Nobody has had a store open in it.
  await ask(true);
  assertEquals(opened.generation, 1);
  opened.publish({ epoch: 1 });
  said.length = 0;
  // The lock is the one that its owner had.
  await ask(false);
  assertEquals(opened.generation, 2);
  let isOver = false;
  const asked = ask(true).then(() => isOver = true);
  assertEquals(opened.generation, 3);
  await time.advance(1_999);
  assertEquals([said, isOver], [["store_failed"], false]);
  await time.advance(1);
  await asked;
  const restored = memoryDirectory();
  Manifest.create(restored, opened.state);
  const manifest = Manifest.open({ directory: restored, random });
  await ownerEnded({ isNew: true }, { manifest, time: seconds });
  assertEquals(manifest.generation, 1);
  // A clock that is moved by hand has no seconds to look in.
  await ownerEnded({ isNew: true }, { manifest: opened, time });
});

test(
  "a store ends whose directory was moved away and made anew, before it writes to the new one",
  when(process.platform !== "win32"),
  async () => {
    using folder = scratchFolder();
    const [dir, moved] = [join(folder.path, "data"), join(folder.path, "moved")];
    const first = await openStore(dir);
    await first.create("a", { type: "job" });
    renameSync(dir, moved);
    await using second = await openStore(dir);
    while (first.health().status !== "failed") {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await first.close();
    assertEquals(await second.get("a"), null);
    await using again = await openStore(moved);
    assertEquals((await again.get("a"))?.state, "queued");
  },
);

test(
  "a store ends whose lock was deleted, before another one reads its directory",
  // Elsewhere files that are open cannot be deleted.
  when(process.platform !== "win32"),
  async () => {
    using folder = scratchFolder();
    const first = await openStore(folder.path);
    await first.create("a", { type: "job" });
    rmSync(join(folder.path, "LOCK"));
    const opening = openStore(folder.path);
    await first.create("late", { type: "job" });
    await using second = await opening;
    assertEquals(first.health().status, "failed");
    const error = await assertRejects(() => first.create("b", { type: "job" }), FlowError);
    assertStringIncludes(String((error.cause as Error).message), "Another process");
    await first.close();
    const [a, late] = [await second.get("a"), await second.get("late")];
    assertEquals([a?.state, late?.state], ["queued", "queued"]);
    await second.create("c", { type: "job" });
  },
);

for (
  const [what, harm] of [
    ["removed", (path: string) => rmSync(path)],
    ["cut off", (path: string) => truncateSync(path, 10_000)],
  ] as const
) {
  test(
    `a store ends when a file of its log is ${what} under it, and says which`,
    when(process.platform !== "win32"),
    async () => {
      using folder = scratchFolder();
      const limits = { segmentBytesMax: 65_536 };
      const options = { dir: folder.path, limits, merge: { auto: false } };
      const store = await openStore(options);
      for (let count = 0; count < 3; count++) {
        await store.create(`a-${count}`, { type: "job", payload: "x".repeat(70_000) });
      }
      harm(join(folder.path, "log-2.seg"));
      while (store.health().status !== "failed") {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const error = await assertRejects(() => store.create("b", { type: "job" }), FlowError);
      assertEquals(error.code, "store_failed");
      const [problem] = store.health().problems;
      assertStringIncludes(problem!.message, `"${folder.path}/log-2.seg" was ${what}`);
      await store.close();
      const refused = await assertRejects(() => openStore(options), FlowError);
      assertEquals(refused.code, "corrupt");
    },
  );
}

/** What somebody does to a store in a directory, and what is said of it. */
const replacements: Record<string, (dir: string) => void> = {
  "is a copy of itself by now": (dir) => {
    cpSync(dir, `${dir}.new`, { recursive: true, filter: (path) => !path.endsWith("LOCK") });
    renameSync(dir, `${dir}.old`);
    renameSync(`${dir}.new`, dir);
  },
  "has another file in the place of the one it writes to": (dir) => {
    const path = join(dir, "log-1.seg");
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  },
};

for (const [what, replace] of Object.entries(replacements)) {
  test(
    `a store ends whose directory ${what}`,
    when(process.platform !== "win32"),
    async () => {
      using folder = scratchFolder();
      const dir = join(folder.path, "data");
      const store = await openStore(dir);
      await store.create("a", { type: "job" });
      replace(dir);
      await store.create("b", { type: "job" });
      while (store.health().status !== "failed") {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const [problem] = store.health().problems;
      assertStringIncludes(
        problem!.message,
        'log-1.seg" was removed, or replaced by another file while the store',
      );
      await store.close();
      await using again = await openStore(dir);
      assertEquals((await again.get("a"))?.state, "queued");
      assertEquals(await again.get("b"), null);
    },
  );
}
