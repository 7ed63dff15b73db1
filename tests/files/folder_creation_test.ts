import { makeFolder } from "../../src/files/folder_creation.ts";
import { PowerCut } from "../../src/files/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { FolderModel } from "./folder_model.ts";

/** More calls than any of these openings makes. */
const CALLS_MAX = 20;

/** Whether the process was killed on its way. */
function isKilledAfter(calls: number, path: string, folders: FolderModel): boolean {
  folders.killAfter(calls);
  try {
    makeFolder(path, folders);
    return false;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    return true;
  } finally {
    folders.restart();
  }
}

test("makeFolder() leaves a folder that no power cut takes, wherever others were killed", () => {
  for (const path of ["/a", "/a/b", "/a/b/c"]) {
    let kills = 0;
    for (let first = 0; first < CALLS_MAX; first++) {
      for (let second = 0; second < CALLS_MAX; second++) {
        const folders = new FolderModel();
        for (const calls of [first, second]) kills += Number(isKilledAfter(calls, path, folders));
        makeFolder(path, folders);
        folders.powerCut();
        assert(folders.has(path), `${path}, killed after ${first} and ${second} calls`);
      }
    }
    assert(kills > CALLS_MAX, "Processes were killed");
  }
});

test("makeFolder() makes nothing in a folder whose name a power cut may take", () => {
  for (let first = 0; first < CALLS_MAX; first++) {
    for (let second = 0; second < CALLS_MAX; second++) {
      const folders = new FolderModel();
      for (const calls of [first, second]) isKilledAfter(calls, "/a/b/c", folders);
      const there = ["/a", "/a/b", "/a/b/c"].filter((path) => folders.has(path));
      folders.powerCut();
      // Only the last name may be lost.
      for (const path of there.slice(0, -1)) {
        assert(folders.has(path), `${path}, killed after ${first} and ${second} calls`);
      }
    }
  }
});

test("makeFolder() syncs nothing for a folder that somebody has put something into", () => {
  const folders = new FolderModel(["/a", "/a/b"]);
  makeFolder("/a", folders);
  assertEquals(folders.calls, ["has /a", "isEmpty /a"]);
});

test("makeFolder() takes an empty folder whose parent it may not open: it has not made that", () => {
  const folders = new FolderModel(["/a", "/a/b"], ["/a"]);
  makeFolder("/a/b", folders);
  assertEquals(folders.calls, ["has /a/b", "isEmpty /a/b", "sync /a"]);
  // It makes nothing where it could not go on after a crash.
  assertThrows(() => makeFolder("/a/c", folders), Error, "EACCES");
  assertEquals(folders.has("/a/c"), false);
});

test("makeFolder() fails where the parent of an empty folder cannot be synced", () => {
  const folders = new FolderModel(["/a"]);
  const broken = Object.assign(folders, {
    sync() {
      throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    },
  });
  assertThrows(() => makeFolder("/a", broken), Error, "EIO");
});

test("makeFolder() takes an empty folder in a file system that syncs no folders", () => {
  for (const code of ["EINVAL", "ENOTSUP", "EROFS"]) {
    const folders = Object.assign(new FolderModel(["/a"]), {
      sync() {
        throw Object.assign(new Error(`${code}: not here`), { code });
      },
    });
    makeFolder("/a", folders);
    assertThrows(() => makeFolder("/b", folders), Error, code);
  }
});
