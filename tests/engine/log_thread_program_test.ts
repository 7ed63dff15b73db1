import type { ThreadAnswer, ThreadFiles } from "../../src/engine/log_thread_program.ts";
import { logThreadStep } from "../../src/engine/log_thread_program.ts";
import { FileError } from "../../src/files/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const layout = {
  serial: 0,
  order: 1,
  file: 2,
  closes: 3,
  length: 4,
  at: [5, 6],
  tookUs: 7,
} as const;
const orders = { open: 1, reserve: 2, write: 3, end: 4 };

/** A thread's program in this isolate, with files that only note what is asked of them. */
class Program {
  readonly calls: string[] = [];
  /** How many bytes the next writes take, or how they fail; then all of them. */
  readonly writes: (number | Error)[] = [];
  readonly words = new Int32Array(new SharedArrayBuffer(32));
  readonly memory = new Uint8Array(new SharedArrayBuffer(4_096));
  readonly #step;
  #opened = 10;
  #nowMs = 1_000;
  goesOn = true;

  constructor(platform = "linux", fails: Readonly<Record<string, Error>> = {}) {
    const note = (call: string): void => {
      this.calls.push(call);
      this.#nowMs += 0.125;
      const error = fails[call.split(" ")[0]!];
      if (error !== undefined) throw error;
    };
    const files: ThreadFiles = {
      platform,
      constants: { O_RDONLY: 0, O_RDWR: 2 },
      openSync: (path, flags) => (note(`open ${path} ${flags}`), this.#opened++),
      writeSync: (file, bytes, from, length, at) => {
        note(`write ${file} ${bytes[from]}×${length} ${at}`);
        const next = this.writes.shift() ?? length;
        if (next instanceof Error) throw next;
        return next;
      },
      fdatasyncSync: (file) => note(`fdatasync ${file}`),
      fsyncSync: (file) => note(`fsync ${file}`),
      closeSync: (file) => note(`close ${file}`),
      nowMs: () => this.#nowMs,
    };
    const { words: { buffer: words }, memory: { buffer: memory } } = this;
    const data = { layout, orders, words, memory, directory: "/d" };
    this.#step = logThreadStep(data, files);
  }

  /** Gives an order; returns the calls that came of it, and the answer. */
  order(order: number, { file = 1, closes = 0, length = 0, at = 0 } = {}): unknown[] {
    this.calls.length = 0;
    let answer: ThreadAnswer | undefined;
    this.words[0]! += 1;
    [order, file, closes, length, at % 2 ** 32, Math.floor(at / 2 ** 32)]
      .forEach((value, index) => this.words[index + 1] = value);
    this.goesOn = this.#step((given) => answer = given);
    return [...this.calls, typeof answer === "object" ? { ...answer, serial: 0 } : answer];
  }

  open(file: number, closes = 0): unknown[] {
    const path = new TextEncoder().encode(`/d/log-${file}.seg`);
    this.memory.set(path);
    return this.order(orders.open, { file, closes, length: path.length });
  }
}

function failed(error: Error, isNoSpace: boolean): unknown {
  const { code } = error as { readonly code?: string };
  return { serial: 0, isNoSpace, code, message: error.message };
}

test("logThreadStep() writes once and syncs once, at any offset", () => {
  const program = new Program();
  assertEquals(program.open(1), ["open /d/log-1.seg 2", 1]);
  program.memory.fill(7);
  const write = { length: 100, at: 4_096 };
  assertEquals(program.order(orders.write, write), ["write 10 7×100 4096", "fdatasync 10", 2]);
  for (const at of [2 ** 31, 2 ** 32 - 64, 2 ** 32, 2 ** 40 + 64]) {
    const [call] = program.order(orders.write, { length: 1, at });
    assertEquals(call, `write 10 7×1 ${at}`);
  }
});

test("logThreadStep() says how long a write and its sync took", () => {
  const program = new Program();
  program.open(1);
  program.order(orders.write, { length: 100 });
  assertEquals(program.words[layout.tookUs], 250);
  program.writes.push(60);
  program.order(orders.write, { length: 100 });
  assertEquals(program.words[layout.tookUs], 375);
});

test("logThreadStep() finishes a short write, and gives up on one that does nothing", () => {
  const program = new Program();
  program.open(1);
  program.memory.fill(7);
  program.writes.push(60, 39);
  assertEquals(program.order(orders.write, { length: 100, at: 64 }), [
    "write 10 7×100 64",
    "write 10 7×40 124",
    "write 10 7×1 163",
    "fdatasync 10",
    2,
  ]);
  program.writes.push(60, 0);
  const [, , answer] = program.order(orders.write, { length: 100 });
  assertEquals(answer, failed(new Error("The write at 60 did nothing"), false));
});

test("logThreadStep() says that there is no room only if nothing was written", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EIO"]) {
    const program = new Program();
    program.open(1);
    const error = new FileError(code, "Refused");
    program.writes.push(error);
    const isFull = code !== "EIO";
    assertEquals(program.order(orders.write, { length: 9 }).at(-1), failed(error, isFull));
    program.writes.push(5, error);
    assertEquals(program.order(orders.write, { length: 9 }).at(-1), failed(error, false));
    program.writes.push(5, error);
    assertEquals(program.order(orders.reserve, { length: 9 }).at(-1), failed(error, isFull));
  }
  const error = new FileError("ENOSPC", "Late");
  const late = new Program("linux", { fdatasync: error });
  late.open(1);
  assertEquals(late.order(orders.write, { length: 9 }).at(-1), failed(error, false));
});

test("logThreadStep() reserves by zeros and a synced directory, which Windows keeps by itself", () => {
  const linux = new Program();
  linux.open(3);
  linux.memory.fill(7);
  const reserve = { file: 3, length: 4_096 };
  assertEquals(linux.order(orders.reserve, reserve), [
    "write 10 0×4096 0",
    "open /d 0",
    "fsync 11",
    "close 11",
    2,
  ]);
  const windows = new Program("win32");
  windows.open(3);
  assertEquals(windows.order(orders.reserve, reserve), ["write 10 0×4096 0", 2]);
  const error = new FileError("EIO", "Refused");
  const broken = new Program("linux", { fsync: error });
  broken.open(3);
  assertEquals(broken.order(orders.reserve, reserve).slice(-2), ["close 11", failed(error, false)]);
});

test("logThreadStep() closes the file it is told to, and all of them at the end", () => {
  const program = new Program();
  program.open(1);
  program.open(2);
  assertEquals(program.open(3, 1), ["close 10", "open /d/log-3.seg 2", 3]);
  assertEquals(program.goesOn, true);
  assertEquals(program.order(orders.end), ["close 11", "close 12", undefined]);
  assertEquals(program.goesOn, false);
});
