/**
 * The lock between processes: every runtime as holder against every runtime as challenger.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlowError } from "../../src/errors.ts";
import { lockOwner, nodeDirectory } from "../../src/files/mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { test, when } from "../harness.ts";
import { commandOf, currentRuntime, type RuntimeName, runtimeNames } from "../runtimes.ts";
import { scratchFolder } from "../scratch.ts";
import { askedByNobody, hasNobody } from "./nobody.ts";

const script = new URL("./lock_child.ts", import.meta.url);
const startedAtMs = Date.UTC(2026, 1, 3, 4, 5, 6);

/** A process that wants the directory, and the first line it said. */
interface Contender extends AsyncDisposable {
  readonly pid: number;
  readonly says: string;
  /** SIGKILL, and wait for the end. */
  kill(): Promise<void>;
  /** End of input, and wait for the end. */
  release(): Promise<void>;
}

async function contend(runtime: RuntimeName, path: string): Promise<Contender> {
  const [executable, ...args] = commandOf(runtime, script)!;
  const child = spawn(executable, [...args, path, String(startedAtMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const end = async (how: () => void): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) how();
    await ended;
  };
  const kill = () => end(() => child.kill("SIGKILL"));
  return {
    pid: child.pid!,
    says: await firstLine(child),
    kill,
    release: () => end(() => child.stdin!.end()),
    [Symbol.asyncDispose]: kill,
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.trimEnd();
}

for (const holder of runtimeNames) {
  for (const challenger of runtimeNames) {
    const present = [holder, challenger].every((name) => commandOf(name, script) !== undefined);
    test(
      `nodeDirectory().lock() of ${holder} refuses ${challenger} until the holder is killed`,
      when(present),
      async () => {
        using scratch = scratchFolder();
        await using held = await contend(holder, scratch.path);
        assertEquals(held.says, "held");

        await using refused = await contend(challenger, scratch.path);
        const { code, message } = JSON.parse(refused.says) as { code: string; message: string };
        assertEquals(code, "store_locked");
        assertStringIncludes(message, scratch.path);
        assertStringIncludes(message, `process ${held.pid} (`);
        assertMatch(message, new RegExp(`\\(${holder}(\\.js)?/\\d`, "i"));
        assertStringIncludes(message, "2026-02-03T04:05:06.000Z");
        assertStringIncludes(message, "stop the process that has it");

        await held.kill();
        await using heir = await contend(challenger, scratch.path);
        assertEquals(heir.says, "held");
      },
    );
  }
}

test("nodeDirectory().lock() is given back by a process that releases it", async () => {
  using scratch = scratchFolder();
  await using first = await contend(currentRuntime, scratch.path);
  assertEquals(first.says, "held");
  await first.release();
  assertEquals(readdirSync(scratch.path), ["LOCK"]);
  using _mine = nodeDirectory(scratch.path).lock(lockOwner(0));
});

test("nodeDirectory().lock() is new where its file was not there", () => {
  using folder = scratchFolder();
  const isNew = (): boolean => {
    using lock = nodeDirectory(folder.path).lock(lockOwner(startedAtMs));
    return lock.isNew === true;
  };
  assertEquals([isNew(), isNew()], [true, false]);
  rmSync(join(folder.path, "LOCK"));
  assertEquals(isNew(), true);
});

test("nodeDirectory().lock() refuses a second owner in the same process, by any object", () => {
  using scratch = scratchFolder();
  const directory = nodeDirectory(scratch.path);
  const lock = directory.lock({ pid: 7, runtime: "test/1", startedAtMs });
  for (const other of [directory, nodeDirectory(scratch.path)]) {
    const error = assertThrows(() => other.lock(lockOwner(0)), FlowError, "process 7 (test/1)");
    assertEquals(error.code, "store_locked");
    assertEquals(error.details, { path: scratch.path, pid: 7, runtime: "test/1", startedAtMs });
  }
  lock.release();
  lock.release();
  using _mine = directory.lock(lockOwner(0));
});

test("nodeDirectory().lock() keeps its file empty and its facts beside it", () => {
  using scratch = scratchFolder();
  const directory = nodeDirectory(scratch.path);
  using _lock = directory.lock(lockOwner(startedAtMs));
  assertEquals(readdirSync(scratch.path).sort(), ["LOCK", "OWNER"]);
  assertEquals(statSync(join(scratch.path, "LOCK")).size, 0);
  assertEquals(directory.list(), []);
});

test("nodeDirectory().lock() refuses without facts when the owner's are damaged", () => {
  using scratch = scratchFolder();
  const directory = nodeDirectory(scratch.path);
  using _lock = directory.lock(lockOwner(startedAtMs));
  for (const facts of ["", "null", "{}", '{"pid":1,"runtime":"x","startedAtMs":1e99}', "[1"]) {
    writeFileSync(join(scratch.path, "OWNER"), facts);
    const error = assertThrows(() => directory.lock(lockOwner(0)), FlowError, "left no facts");
    assertEquals(error.code, "store_locked");
  }
});

test("nodeDirectory().lock() reports a LOCK that is no lock as what it is", () => {
  using scratch = scratchFolder();
  writeFileSync(join(scratch.path, "LOCK"), "not a database at all\n".repeat(50));
  const error = assertThrows(() => nodeDirectory(scratch.path).lock(lockOwner(0)), Error);
  assert(!(error instanceof FlowError));
  assertStringIncludes(error.message, `"${scratch.path}/LOCK" is no lock of a store`);
});

test(
  "nodeDirectory().lock() refuses a LOCK that may only be read: it would keep nobody out",
  when(hasNobody),
  () => {
    using scratch = scratchFolder();
    writeFileSync(join(scratch.path, "LOCK"), "");
    chmodSync(join(scratch.path, "LOCK"), 0o444);
    chmodSync(scratch.path, 0o777);
    const [said = ""] = askedByNobody(scratch.path, { times: 1 });
    assertMatch(said, /readonly database|EACCES.*LOCK/);
    assertEquals(readdirSync(scratch.path), ["LOCK"]);
  },
);
