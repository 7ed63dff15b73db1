import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { FlowError, openStore, type Store } from "../../mod.ts";
import { LogThread } from "../../src/engine/thread/log_thread.ts";
import { threadProgram } from "../../src/engine/thread/log_thread_program.ts";
import { ShortCut } from "../../src/engine/thread/short_cut.ts";
import { ThreadIo } from "../../src/engine/thread/thread_io.ts";
import { memoryDirectory, nodeDirectory } from "../../src/files/mod.ts";
import { InlineIo, type IoResult, type LogMode, type SegmentFile } from "../../src/log/mod.ts";
import { systemTime } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { currentRuntime, runScript } from "../runtimes.ts";
import { scratchFolder } from "../scratch.ts";

/** A file of a directory, empty. */
function fileIn(path: string, name: string): SegmentFile {
  return { name, file: nodeDirectory(path).open(name, { create: true }) };
}

function write(
  thread: LogThread | ThreadIo,
  target: SegmentFile,
  { at = 0, text }: { readonly at?: number; readonly text: string },
): Promise<IoResult> {
  const bytes = new TextEncoder().encode(text);
  const fill = (memory: Uint8Array): void => memory.set(bytes);
  return new Promise((resolve) =>
    thread.write(target, { at, length: bytes.length, fill }, resolve)
  );
}

/** A thread that is there, and a short cut past it. */
async function shortCutIn(path: string): Promise<ThreadIo> {
  const directory = nodeDirectory(path);
  const shortCut = new ShortCut(systemTime());
  const io = new ThreadIo({ directory, frameBytesMax: 100_000, startsAfter: 1, shortCut });
  await io.start();
  return io;
}

/** The mode of an open store's log. */
function modeOf(store: Store): LogMode {
  return store.stats().log.mode;
}

test("LogThread writes at any place of any file, however many there are", async () => {
  using scratch = scratchFolder();
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096 });
  const files = [1, 2, 3, 4].map((id) => fileIn(scratch.path, `log-${id}.seg`));
  for (const at of [0, 5, 10]) {
    for (const target of files) {
      assertEquals(await write(thread, target, { at, text: "abcde" }), { kind: "done" });
    }
  }
  assertEquals(await new Promise((done) => thread.reserve(files[0]!, 7, done)), { kind: "done" });
  await thread.end();
  await thread.end();
  for (const { name, file } of files) {
    file.close();
    const text = readFileSync(join(scratch.path, name), "utf8");
    assertEquals(text, name === "log-1.seg" ? "\0\0\0\0\0\0\0cdeabcde" : "abcdeabcdeabcde");
  }
});

test("LogThread says what the operating system has refused, and goes on", async () => {
  using scratch = scratchFolder();
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096 });
  const there = fileIn(scratch.path, "there");
  const result = await write(thread, { ...there, name: "missing" }, { text: "a" });
  assert(result.kind === "failed");
  assertEquals((result.cause as { readonly code?: string }).code, "ENOENT");
  assertEquals(await write(thread, there, { text: "a" }), { kind: "done" });
  await thread.end();
  there.file.close();
});

test("LogThread.end() tells what could not be closed, once the thread is gone", async () => {
  using scratch = scratchFolder();
  const broken = `const { constants, openSync, writeSync, fdatasyncSync } = require("node:fs");
    const brokenFiles = {
      ...{ constants, openSync, writeSync, fdatasyncSync },
      closeSync() { throw Object.assign(new Error("EIO: i/o error, close"), { code: "EIO" }); },
    };`;
  const [first, ...lines] = threadProgram().split("\n");
  const program = [first, broken, ...lines].join("\n")
    .replace('require("node:fs"), platform', "brokenFiles, platform");
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096, program });
  const target = fileIn(scratch.path, "log-1.seg");
  assertEquals(await write(thread, target, { text: "a" }), { kind: "done" });
  target.file.close();
  const error = await assertRejects(() => thread.end(), Error, "EIO");
  assertEquals((error as { readonly code?: string }).code, "EIO");
  // Nothing more is said, and nothing can be ordered.
  await thread.end();
  assertEquals((await write(thread, target, { text: "b" })).kind, "failed");
});

test("LogThread keeps three files open, and closes the one that was used least recently for another", async () => {
  using scratch = scratchFolder();
  const spied = `const files = require("node:fs");
    const names = new Map();
    const said = (text) => files.appendFileSync(workerData.directory + "/calls", text + " ");
    const spiedFiles = {
      ...files,
      openSync(path, flags) {
        const name = path.slice(-5, -4);
        said("+" + name);
        const descriptor = files.openSync(path, flags);
        names.set(descriptor, name);
        return descriptor;
      },
      closeSync(descriptor) {
        said("-" + names.get(descriptor));
        files.closeSync(descriptor);
      },
    };`;
  const [first, workers, ...lines] = threadProgram().split("\n");
  const program = [first, workers, spied, ...lines].join("\n")
    .replace('require("node:fs"), platform', "spiedFiles, platform");
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096, program });
  const files = [1, 2, 3, 4].map((id) => fileIn(scratch.path, `log-${id}.seg`));
  for (const id of [1, 2, 3, 1, 4, 2]) await write(thread, files[id - 1]!, { text: "a" });
  const calls = readFileSync(join(scratch.path, "calls"), "utf8");
  assertEquals(calls.trim(), "+1 +2 +3 -2 +4 -3 +2");
  await thread.end();
  for (const { file } of files) file.close();
});

test("LogThread tells where to write, however far that is behind 4 GiB", async () => {
  using scratch = scratchFolder();
  const spied = `const files = require("node:fs");
    const spiedFiles = {
      ...files,
      writeSync(descriptor, bytes, from, length, at) {
        files.appendFileSync(workerData.directory + "/calls", at + " ");
        return length;
      },
      fdatasyncSync() {},
    };`;
  const [first, workers, ...lines] = threadProgram().split("\n");
  const program = [first, workers, spied, ...lines].join("\n")
    .replace('require("node:fs"), platform', "spiedFiles, platform");
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096, program });
  const target = fileIn(scratch.path, "log-1.seg");
  const places = [0, 2 ** 32 - 1, 2 ** 32, 3 * 2 ** 32 + 2 ** 31 + 7];
  for (const at of places) await write(thread, target, { at, text: "a" });
  await thread.end();
  assertEquals(readFileSync(join(scratch.path, "calls"), "utf8").trim(), places.join(" "));
  target.file.close();
});

test("ThreadIo works inline until its thread is there", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const directory = nodeDirectory(scratch.path);
  const io = new ThreadIo({ directory, frameBytesMax: 4_096, startsAfter: 2 });
  assertEquals(io.mode.kind, "inline");
  let result: IoResult | undefined;
  for (const at of [0, 1]) {
    io.write(target, { at, length: 1, fill: (bytes) => bytes.fill(65) }, (given) => result = given);
    assertEquals(result, { kind: "done" });
  }
  await io.start();
  assertEquals(io.mode, { kind: "thread" });
  assertEquals(await write(io, target, { at: 2, text: "BC" }), { kind: "done" });
  await io.close();
  target.file.close();
  assertEquals(readFileSync(join(scratch.path, "log-1.seg"), "utf8"), "AABC");
});

test("ThreadIo does what is short inline, and the rest by its thread, in one file", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const io = await shortCutIn(scratch.path);
  const texts = Array.from(
    { length: 20 },
    (_, index) => `${index % 10}`.repeat(index % 3 * 9_000 + 1),
  );
  let at = 0;
  for (const text of texts) {
    assertEquals(await write(io, target, { at, text }), { kind: "done" });
    at += text.length;
  }
  await io.close();
  target.file.close();
  assertEquals(readFileSync(join(scratch.path, "log-1.seg"), "utf8"), texts.join(""));
});

test("ThreadIo makes room in a file at once until its thread is there, and then lets it", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const directory = nodeDirectory(scratch.path);
  const io = new ThreadIo({ directory, frameBytesMax: 4_096, startsAfter: 9 });
  const results: IoResult[] = [];
  const reserve = (): Promise<void> =>
    new Promise((resolve) =>
      io.reserve(target, (result) => {
        results.push(result);
        resolve();
      })
    );
  const atOnce = reserve();
  assertEquals([results.length, io.writesMax], [1, 1]);
  await atOnce;
  const starting = io.start();
  assert(io.start() === starting, "It is started once");
  assertEquals(io.mode, { kind: "inline", why: "The thread is being started" });
  await starting;
  const later = reserve();
  assertEquals([results.length, io.writesMax], [1, 2]);
  await later;
  assertEquals(results, [{ kind: "done" }, { kind: "done" }]);
  await io.close();
  target.file.close();
});

test("ThreadIo tells its short cut of every write, and of those that came back", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const said: unknown[] = [];
  const shortCut = {
    isShorter: (length: number) => length < 4,
    take(act: () => void) {
      said.push("take");
      act();
    },
    leave(length: number, isBehind: boolean) {
      said.push(["leave", length, isBehind]);
      return { isShort: false, atMs: length };
    },
    comeBack: ({ atMs }: { readonly atMs: number }) => void said.push(["back", atMs]),
  } as unknown as ShortCut;
  const directory = nodeDirectory(scratch.path);
  const io = new ThreadIo({ directory, frameBytesMax: 4_096, startsAfter: 9, shortCut });
  await io.start();
  assertEquals(await write(io, target, { text: "abc" }), { kind: "done" });
  // Also once it has answered.
  assertEquals(await write(io, target, { text: "abc" }), { kind: "done" });
  assertEquals(said.splice(0), ["take", "take"]);
  const both = [write(io, target, { text: "abcd" }), write(io, target, { at: 4, text: "ef" })];
  assertEquals(await Promise.all(both), [{ kind: "done" }, { kind: "done" }]);
  const sent = [["leave", 4, false], ["leave", 2, true]];
  assertEquals(said.splice(0), [...sent, ["back", 4], ["back", 2]]);
  const missing = { ...fileIn(scratch.path, "log-2.seg"), name: "missing" };
  assertEquals((await write(io, missing, { text: "abcd" })).kind, "failed");
  assertEquals(said, [["leave", 4, false]]);
  await io.close();
  for (const { file } of [target, missing]) file.close();
  assertEquals(readFileSync(join(scratch.path, "log-1.seg"), "utf8"), "abcdef");
});

test("ThreadIo writes nothing inline while its thread is busy, and as much behind that as there is room", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const io = await shortCutIn(scratch.path);
  assertEquals(io.writesMax, 2);
  const order: string[] = [];
  const first = write(io, target, { text: "a".repeat(20_000) }).then(() => order.push("long"));
  // Short enough for a short cut, which would be answered at once.
  let isAnswered = false;
  const fill = (memory: Uint8Array): void => void memory.fill(98);
  const second = new Promise<void>((resolve) =>
    io.write(target, { at: 20_000, length: 1, fill }, () => {
      isAnswered = true;
      order.push("short");
      resolve();
    })
  );
  assertEquals(isAnswered, false);
  await Promise.all([first, second]);
  assertEquals(order, ["long", "short"]);
  await io.close();
  target.file.close();
  assertEquals(readFileSync(join(scratch.path, "log-1.seg"), "utf8"), `${"a".repeat(20_000)}b`);
});

test("LogThread writes nothing behind what it could not write, and opens again what it could not open", async () => {
  using scratch = scratchFolder();
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096 });
  const there = fileIn(scratch.path, "there");
  const results = await Promise.all([
    write(thread, { ...there, name: "missing" }, { text: "a" }),
    write(thread, there, { at: 1, text: "b" }),
  ]);
  assertEquals(results.map(({ kind }) => kind), ["failed", "skipped"]);
  assertEquals(readFileSync(join(scratch.path, "there"), "utf8"), "");
  for (const at of [0, 1]) {
    assertEquals(await write(thread, there, { at, text: "c" }), { kind: "done" });
  }
  await thread.end();
  there.file.close();
  assertEquals(readFileSync(join(scratch.path, "there"), "utf8"), "cc");
});

test("LogThread skips what was ordered before it was heard that something failed, and only that", async () => {
  using scratch = scratchFolder();
  const thread = await LogThread.start({ directory: scratch.path, writeBytesMax: 4_096 });
  const there = fileIn(scratch.path, "there");
  const missing = { ...fileIn(scratch.path, "gone"), name: "missing" };
  const text = "a";
  const first = { fails: write(thread, missing, { text }), behind: write(thread, there, { text }) };
  // In the middle of answers: the one that fails now was ordered after the first had, not after all.
  const third = first.fails.then(() => write(thread, missing, { text }));
  const fourth = first.behind.then(() => write(thread, there, { text }));
  const results = await Promise.all([first.fails, first.behind, third, fourth]);
  assertEquals(results.map(({ kind }) => kind), ["failed", "skipped", "failed", "skipped"]);
  assertEquals(await write(thread, there, { text }), { kind: "done" });
  await thread.end();
  there.file.close();
  missing.file.close();
});

test("ThreadIo does nothing at once that it is asked for in the middle of an answer", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const io = await shortCutIn(scratch.path);
  // By the thread, or inline: what comes in the middle of the answer is answered after that.
  for (const length of [20_000, 1]) {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      const fill = (memory: Uint8Array): void => void memory.fill(65);
      io.write(target, { at: 0, length, fill }, () => {
        io.write(target, { at: 0, length: 1, fill }, () => {
          order.push("second");
          resolve();
        });
        order.push("first");
      });
    });
    assertEquals(order, ["first", "second"]);
  }
  await io.close();
  target.file.close();
});

test("ThreadIo tells of a thread that ends while it has nothing to do", async () => {
  using scratch = scratchFolder();
  const target = fileIn(scratch.path, "log-1.seg");
  const directory = nodeDirectory(scratch.path);
  const io = new ThreadIo({ directory, frameBytesMax: 4_096, startsAfter: 9 });
  await io.start();
  const { ref } = Worker.prototype;
  const workers: Worker[] = [];
  Worker.prototype.ref = function (this: Worker) {
    workers.push(this);
    return ref.call(this);
  };
  const written = write(io, target, { text: "a" });
  Worker.prototype.ref = ref;
  assertEquals(await written, { kind: "done" });
  const heard = new Promise((resolve) => io.onFailed(resolve));
  await workers[0]!.terminate();
  assert(await heard instanceof Error);
  assertEquals((await write(io, target, { at: 1, text: "b" })).kind, "failed");
  await io.close();
  target.file.close();
});

test("ThreadIo stays inline where there is no shared memory, and says why", async () => {
  using scratch = scratchFolder();
  const directory = nodeDirectory(scratch.path);
  const shared = Object.getOwnPropertyDescriptor(globalThis, "SharedArrayBuffer")!;
  Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
  try {
    const io = new ThreadIo({ directory, frameBytesMax: 4_096, startsAfter: 1 });
    await io.start();
    assert(io.mode.kind === "inline" && /SharedArrayBuffer/.test(io.mode.why), io.mode.kind);
    assert(!io.mode.why.includes("ReferenceError"), io.mode.why);
    await io.close();
    const refused = await assertRejects(
      () => openStore({ dir: scratch.path, log: "thread" }),
      FlowError,
      "SharedArrayBuffer",
    );
    assertEquals(refused.code, "invalid_argument");
  } finally {
    Object.defineProperty(globalThis, "SharedArrayBuffer", shared);
  }
  // The refusal has left the directory free.
  await (await openStore({ dir: scratch.path, log: "inline" })).close();
});

test("openStore() writes by a thread of its own, across segments, what is read inline later", async () => {
  using scratch = scratchFolder();
  const dir = scratch.path;
  const payload = (index: number): string => `${index}`.repeat(20_000);
  {
    await using store = await openStore({
      dir,
      log: "thread",
      limits: { segmentBytesMax: 65_536 },
    });
    assertEquals(modeOf(store), { kind: "thread" });
    for (let index = 0; index < 30; index += 3) {
      await Promise.all(
        [0, 1, 2].map((step) =>
          store.create(`f${index + step}`, { type: "job", payload: payload(index + step) })
        ),
      );
    }
    assertEquals((await store.get("f3", { payload: true }))?.payload, payload(3));
  }
  assert(existsSync(join(dir, "log-3.seg")), "There are several segments");
  await using store = await openStore({ dir, log: "inline" });
  assertEquals(modeOf(store).kind, "inline");
  for (let index = 0; index < 30; index++) {
    assertEquals((await store.get(`f${index}`, { payload: true }))?.payload, payload(index));
  }
});

test("openStore() starts a thread by itself once there is something to write", async () => {
  using scratch = scratchFolder();
  await using store = await openStore({ dir: scratch.path });
  assertEquals(modeOf(store).kind, "inline");
  for (let index = 0; modeOf(store).kind === "inline"; index++) {
    assert(index < 20_000, "There is still no thread");
    await store.create(`f${index}`, { type: "job" });
  }
  await store.create("more", { type: "job" });
});

test("openStore() refuses a thread for files in memory, and logs that there are not", async () => {
  for (
    const options of [
      { dir: ":memory:", log: "thread" },
      { files: memoryDirectory(), log: "thread" },
      { dir: ":memory:", log: "worker" as "thread" },
    ] as const
  ) {
    const { code, details } = await assertRejects(() => openStore(options), FlowError);
    assertEquals([code, details["field"]], ["invalid_argument", "log"]);
  }
  await using store = await openStore(":memory:");
  assert(modeOf(store).kind === "inline");
  assertEquals(new InlineIo(memoryDirectory(), "Because").mode, { kind: "inline", why: "Because" });
});

test("a thread that ends with a command under way leaves it unknown, and its store failed", async () => {
  using scratch = scratchFolder();
  const store = await openStore({ dir: scratch.path, log: "thread" });
  await store.create("a", { type: "job" });
  const waiting = assertRejects(
    () => store.claimDue("other", { worker: "w", blockMs: 60_000 }),
    FlowError,
  );
  const commands: Promise<unknown>[] = [];
  const { ref } = Worker.prototype;
  const ended = new Promise<void>((resolve) => {
    Worker.prototype.ref = function (this: Worker) {
      Worker.prototype.ref = ref;
      const result = ref.call(this);
      void this.terminate().then(() => resolve());
      return result;
    };
  });
  commands.push(store.create("b", { type: "job" }).then(() => "answered", ({ code }) => code));
  await ended;
  const [outcome] = await Promise.all(commands);
  // It may have been faster than its end.
  assert(outcome === "unknown_outcome" || outcome === "answered", `${outcome}`);
  assertEquals((await waiting).code, "store_failed");
  assertEquals(
    (await assertRejects(() => store.create("c", { type: "job" }), FlowError)).code,
    "store_failed",
  );
  await store.close();
  await using again = await openStore({ dir: scratch.path });
  assert((await again.get("a")) !== null);
  if (outcome === "answered") assert((await again.get("b")) !== null);
});

test("a log thread keeps a process alive for a command, and not when the store is idle", async () => {
  using scratch = scratchFolder();
  const script = new URL("./idle_child.ts", import.meta.url);
  const { ended, text } = await runScript(script, { args: [scratch.path] });
  assertEquals(ended, [0, null]);
  assertEquals(text, "b is durable\nexit\n");
});

test("a log thread starts wherever the modules come from", async () => {
  // Bun and Node load no modules over the network.
  if (currentRuntime !== "deno") return;
  using scratch = scratchFolder();
  const root = new URL("../../", import.meta.url);
  const server = createServer((request, response) => {
    const file = readFileSync(new URL(`.${request.url}`, root));
    response.setHeader("content-type", "application/typescript").end(file);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  const url = `http://127.0.0.1:${port}/tests/engine/idle_child.ts`;
  const args = [
    "run",
    "--quiet",
    "-A",
    "--no-lock",
    "--no-config",
    url,
    join(scratch.path, "store"),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    // What was loaded is kept by nobody.
    env: { ...process.env, DENO_DIR: join(scratch.path, "cache") },
  });
  const ended = once(child, "close");
  let text = "";
  for await (const chunk of child.stdout!) text += chunk;
  assertEquals(await ended, [0, null]);
  assertEquals(text, "b is durable\nexit\n");
  server.close();
});

test("compact() has a log thread write, while others have it commit", async () => {
  using scratch = scratchFolder();
  const limits = { segmentBytesMax: 65_536 };
  const options = { dir: scratch.path, limits, merge: { auto: false } };
  const payload = "x".repeat(500);
  const create = async (store: Store, prefix: string): Promise<void> => {
    const ids = Array.from({ length: 300 }, (_, index) => `${prefix}-${index}`);
    await store.createMany(ids, { type: "t", payload });
  };
  const store = await openStore({ ...options, log: "thread" });
  await create(store, "a");
  await Promise.all([store.compact(), create(store, "b"), create(store, "c")]);
  assert(store.stats().merges.count === 1);
  await store.close();
  await using again = await openStore({ ...options, log: "inline" });
  assertEquals(again.stats().flows, 900);
  for (const id of ["a-0", "a-299", "b-150", "c-299"]) {
    assertEquals((await again.get(id, { payload: true }))?.payload, payload);
  }
  assertEquals((await again.verify()).damage, []);
});
