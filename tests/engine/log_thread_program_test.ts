import type { ThreadAnswer, ThreadFiles } from "../../src/engine/thread/log_thread_program.ts";
import { LAYOUT, logThreadStep, ORDERS } from "../../src/engine/thread/log_thread_program.ts";
import { FileError } from "../../src/files/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const placeCount = 2;

/** What is ordered, besides what is to be done. */
interface Facts {
  readonly file?: number;
  readonly opens?: boolean;
  readonly closes?: number;
  readonly round?: number;
  readonly length?: number;
  readonly at?: number;
}

/** A thread's program in this isolate, with files that only note what is asked of them. */
class Program {
  readonly calls: string[] = [];
  /** How many bytes the next writes take, or how they fail; then all of them. */
  readonly writes: (number | Error)[] = [];
  readonly words = new Int32Array(new SharedArrayBuffer(4 * 19));
  readonly memory = new Uint8Array(new SharedArrayBuffer(4_096));
  readonly #step;
  #opened = 10;
  #given: number;
  #done: number;
  #nowMs = 1_000;
  goesOn = true;
  /** Of every file. */
  size = 0;
  /** How often the last order was answered. */
  answerCount = 0;

  /** @param serial The number of the order before the first. */
  constructor(platform = "linux", fails: Readonly<Record<string, unknown>> = {}, serial = 0) {
    this.#given = this.#done = serial;
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
      fstatSync: (file) => (note(`fstat ${file}`), { size: this.size }),
      ftruncateSync: (file, size) => note(`ftruncate ${file} ${size}`),
      closeSync: (file) => note(`close ${file}`),
      nowMs: () => this.#nowMs,
    };
    const { words: { buffer: words }, memory: { buffer: memory } } = this;
    const data = {
      layout: LAYOUT,
      orders: ORDERS,
      placeCount,
      words,
      memory,
      directory: "/d",
    };
    this.#step = logThreadStep(data, files);
  }

  /** Gives an order to write bytes of a number, or to do something else. */
  give(order: number, facts: Facts = {}, byte = 7): void {
    const { file = 1, opens = false, closes = 0, round = 0, length = 0, at = 0 } = facts;
    this.#given = (this.#given + 1) | 0;
    const place = (this.#given >>> 0) % placeCount;
    const path = new TextEncoder().encode(opens ? `/d/log-${file}.seg` : "");
    const start = place * this.memory.length / placeCount;
    this.memory.fill(byte, start, start + length);
    this.memory.set(path, start + length);
    const first = LAYOUT.places + place * LAYOUT.placeWords;
    const low = at % 2 ** 32;
    this.words.set([order, round, file, path.length, closes, length, low, at / 2 ** 32], first);
  }

  /** Carries out the next order; returns the calls that came of it, and the answer. */
  step(): unknown[] {
    this.calls.length = 0;
    let answer: ThreadAnswer | undefined;
    this.#done = (this.#done + 1) | 0;
    this.answerCount = 0;
    this.goesOn = this.#step(this.#done, (given) => {
      answer = given;
      this.answerCount += 1;
    });
    return [...this.calls, typeof answer === "object" ? { ...answer, serial: 0 } : answer];
  }

  /** Gives an order and carries it out. */
  order(order: number, facts: Facts = {}): unknown[] {
    this.give(order, facts);
    return this.step();
  }

  /** Writes a byte to a file that is not open. */
  open(file: number, closes = 0): unknown[] {
    return this.order(ORDERS.write, { file, opens: true, closes, length: 1 });
  }

  /** How long the last order has taken, as the thread says. */
  get tookUs(): number {
    const place = this.#done % placeCount;
    return this
      .words[LAYOUT.places + place * LAYOUT.placeWords + LAYOUT.tookUs]!;
  }
}

function failed(error: Error, isNoSpace: boolean): unknown {
  const { code } = error as { readonly code?: string };
  return { serial: 0, kind: isNoSpace ? "no_space" : "failed", code, message: error.message };
}

const SKIPPED = { serial: 0, kind: "skipped" };

test("logThreadStep() writes once and syncs once, at any offset", () => {
  const program = new Program();
  assertEquals(program.open(1), ["open /d/log-1.seg 2", "write 10 7×1 0", "fdatasync 10", 1]);
  const write = { length: 100, at: 4_096 };
  assertEquals(program.order(ORDERS.write, write), [
    "write 10 7×100 4096",
    "fdatasync 10",
    2,
  ]);
  for (const at of [2 ** 31, 2 ** 32 - 64, 2 ** 32, 2 ** 40 + 64]) {
    const [call] = program.order(ORDERS.write, { length: 1, at });
    assertEquals(call, `write 10 7×1 ${at}`);
  }
});

test("logThreadStep() says how long a write and its sync took", () => {
  const program = new Program();
  program.open(1);
  program.order(ORDERS.write, { length: 100 });
  assertEquals(program.tookUs, 250);
  program.writes.push(60);
  program.order(ORDERS.write, { length: 100 });
  assertEquals(program.tookUs, 375);
});

test("logThreadStep() finishes a short write, and gives up on one that does nothing", () => {
  const program = new Program();
  program.open(1);
  program.writes.push(60, 39);
  assertEquals(program.order(ORDERS.write, { length: 100, at: 64 }), [
    "write 10 7×100 64",
    "write 10 7×40 124",
    "write 10 7×1 163",
    "fdatasync 10",
    2,
  ]);
  program.writes.push(60, 0);
  const [, , answer] = program.order(ORDERS.write, { length: 100 });
  assertEquals(answer, failed(new Error("The write at 60 did nothing"), false));
});

test("logThreadStep() says that there is no room only if nothing is left of what it wrote", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EIO"]) {
    const program = new Program();
    program.open(1);
    const error = new FileError(code, "Refused");
    program.writes.push(error);
    const isFull = code !== "EIO";
    const answerTo = (order: number, round: number) =>
      program.order(order, { length: 9, at: 64, round }).at(-1);
    assertEquals(answerTo(ORDERS.write, 1), failed(error, isFull));
    program.writes.push(5, error);
    program.size = 69;
    assertEquals(answerTo(ORDERS.write, 2), failed(error, isFull));
    const taken = isFull
      ? ["fstat 10", "write 10 0×5 64", "fdatasync 10", "ftruncate 10 64", "fdatasync 10"]
      : [];
    assertEquals(program.calls, ["write 10 7×9 64", "write 10 7×4 69", ...taken]);
    // Deno says only by the size of the file that it has written a part.
    program.writes.push(error);
    assertEquals(answerTo(ORDERS.write, 3), failed(error, isFull));
    assertEquals(program.calls.slice(1), taken);
    // It stands in the middle of the file, and what was there before is gone.
    program.writes.push(5, error);
    program.size = 73;
    assertEquals(answerTo(ORDERS.write, 4), failed(error, false));
    program.writes.push(error);
    assertEquals(answerTo(ORDERS.write, 5), failed(error, isFull));
    program.writes.push(5, error);
    assertEquals(answerTo(ORDERS.reserve, 6), failed(error, isFull));
  }
  for (const call of ["fstat", "ftruncate"]) {
    const program = new Program("linux", { [call]: new FileError("EIO", "Not even that") });
    program.open(1);
    const error = new FileError("ENOSPC", "Refused");
    program.writes.push(5, error);
    program.size = 5;
    assertEquals(program.order(ORDERS.write, { length: 9 }).at(-1), failed(error, false));
  }
  const error = new FileError("ENOSPC", "Late");
  const late = new Program("linux", { fdatasync: error });
  late.open(1);
  assertEquals(
    late.order(ORDERS.write, { length: 9, round: 1 }).at(-1),
    failed(error, false),
  );
});

test("logThreadStep() reserves by zeros and a synced directory, which Windows keeps by itself", () => {
  const linux = new Program();
  linux.open(3);
  const reserve = { file: 3, length: 4_096 };
  assertEquals(linux.order(ORDERS.reserve, reserve), [
    "write 10 0×4096 0",
    "open /d 0",
    "fsync 11",
    "close 11",
    2,
  ]);
  const windows = new Program("win32");
  windows.open(3);
  assertEquals(windows.order(ORDERS.reserve, reserve), ["write 10 0×4096 0", 2]);
  const error = new FileError("EIO", "Refused");
  const broken = new Program("linux", { fsync: error });
  broken.open(3);
  assertEquals(broken.order(ORDERS.reserve, reserve).slice(-2), [
    "close 11",
    failed(error, false),
  ]);
});

test("logThreadStep() ends, and has tried to close every file, also if none can be closed", () => {
  const error = new FileError("EIO", "i/o error");
  const fails: Record<string, Error> = {};
  const program = new Program("linux", fails);
  program.open(1);
  program.open(2);
  fails["close"] = error;
  assertEquals(program.order(ORDERS.end), ["close 10", "close 11", failed(error, false)]);
  assertEquals(program.goesOn, false);
});

test("logThreadStep() closes the file it is told to, and all of them at the end", () => {
  const program = new Program();
  program.open(1);
  program.open(2);
  assertEquals(program.open(3, 1), [
    "close 10",
    "open /d/log-3.seg 2",
    "write 12 7×1 0",
    "fdatasync 12",
    3,
  ]);
  assertEquals(program.goesOn, true);
  assertEquals(program.order(ORDERS.end), ["close 11", "close 12", undefined]);
  assertEquals(program.goesOn, false);
});

test("logThreadStep() carries out what was ordered meanwhile, from a place of its own", () => {
  const program = new Program();
  program.open(1);
  program.give(ORDERS.write, { length: 100, at: 64 }, 1);
  program.give(ORDERS.write, { length: 50, at: 164 }, 2);
  assertEquals(program.step(), ["write 10 1×100 64", "fdatasync 10", 2]);
  program.give(ORDERS.write, { length: 9, at: 214 }, 3);
  assertEquals(program.step(), ["write 10 2×50 164", "fdatasync 10", 3]);
  assertEquals(program.step(), ["write 10 3×9 214", "fdatasync 10", 4]);
});

test("logThreadStep() writes nothing that stands on what was not written", () => {
  const program = new Program();
  program.open(1);
  const error = new FileError("ENOSPC", "Refused");
  program.writes.push(error);
  program.give(ORDERS.write, { length: 100, at: 64 });
  program.give(ORDERS.write, { length: 50, at: 164 });
  assertEquals(program.step(), ["write 10 7×100 64", "fstat 10", failed(error, true)]);
  assertEquals(program.step(), [SKIPPED]);
  // Of the next round is what was ordered by somebody who knows.
  const next = program.order(ORDERS.write, { length: 9, at: 64, round: 1 });
  assertEquals(next, ["write 10 7×9 64", "fdatasync 10", 4]);
  const fault = new FileError("EIO", "Refused");
  program.writes.push(5, fault);
  program.give(ORDERS.write, { length: 9, at: 73, round: 1 });
  program.give(ORDERS.write, { length: 9, at: 82, round: 1 });
  assertEquals(program.step().at(-1), failed(fault, false));
  assertEquals(program.step(), [SKIPPED]);
});

test("logThreadStep() leaves nothing open that an order has opened which was not done", () => {
  const program = new Program();
  const error = new FileError("ENOSPC", "Refused");
  program.writes.push(error);
  assertEquals(program.open(1), [
    "open /d/log-1.seg 2",
    "write 10 7×1 0",
    "fstat 10",
    "close 10",
    failed(error, true),
  ]);
  // A file that is open stays so: the isolate does not tell where it is any more.
  program.order(ORDERS.write, { file: 2, opens: true, round: 1, length: 1 });
  program.writes.push(error);
  const write = { file: 2, length: 1 };
  program.order(ORDERS.write, { ...write, round: 1 });
  const next = program.order(ORDERS.write, { ...write, round: 2 });
  assertEquals(next, ["write 11 7×1 0", "fdatasync 11", 4]);
});

test("logThreadStep() takes a frame back before it closes the file that was opened for it", () => {
  const program = new Program();
  const error = new FileError("ENOSPC", "Refused");
  program.writes.push(5, error);
  program.size = 69;
  assertEquals(program.order(ORDERS.write, { opens: true, length: 9, at: 64 }), [
    "open /d/log-1.seg 2",
    "write 10 7×9 64",
    "write 10 7×4 69",
    "fstat 10",
    "write 10 0×5 64",
    "fdatasync 10",
    "ftruncate 10 64",
    "fdatasync 10",
    "close 10",
    failed(error, true),
  ]);
});

test("logThreadStep() goes on if a file cannot be closed that was opened in vain", () => {
  const program = new Program("linux", { close: new FileError("EIO", "Not even that") });
  const error = new FileError("ENOSPC", "Refused");
  program.writes.push(error);
  assertEquals(program.open(1).slice(-2), ["close 10", failed(error, true)]);
  assertEquals(program.goesOn, true);
  const again = { file: 1, opens: true, round: 1, length: 1 };
  assertEquals(program.order(ORDERS.write, again), [
    "open /d/log-1.seg 2",
    "write 11 7×1 0",
    "fdatasync 11",
    2,
  ]);
});

test("logThreadStep() closes a file that it is told to also if it skips the order", () => {
  const program = new Program();
  program.open(1);
  program.writes.push(new FileError("ENOSPC", "Refused"));
  program.give(ORDERS.write, { length: 1 });
  program.give(ORDERS.write, { file: 2, opens: true, closes: 1, length: 1 });
  program.step();
  assertEquals(program.step(), ["close 10", SKIPPED]);
});

test("logThreadStep() tells once that files could not be closed", () => {
  const error = new Error("EIO: i/o error, close");
  const program = new Program("linux", { close: error });
  for (const file of [1, 2]) program.open(file);
  assertEquals(program.order(ORDERS.end).at(-1), failed(error, false));
  assertEquals([program.answerCount, program.goesOn], [1, false]);
});

test("logThreadStep() tells what was thrown, whatever it is", () => {
  const program = new Program("linux", { fdatasync: "odd" });
  const answer = { serial: 0, kind: "failed", code: undefined, message: "odd" };
  assertEquals(program.open(1).at(-1), answer);
  assertEquals(program.goesOn, true);
});

test("logThreadStep() goes on after an order that it skips", () => {
  const program = new Program();
  program.writes.push(new Error("EIO"));
  program.open(1);
  assertEquals(program.open(2).at(-1), { serial: 0, kind: "skipped" });
  assertEquals([program.answerCount, program.goesOn], [1, true]);
});

test("logThreadStep() finds the place of an order when its number begins anew below zero", () => {
  const program = new Program("linux", {}, 2 ** 31 - 2);
  const last = [2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1];
  assertEquals(last.map((_, index) => program.open(index + 1).at(-1)), last);
});
