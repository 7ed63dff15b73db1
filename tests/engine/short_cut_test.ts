import { ShortCut } from "../../src/engine/thread/short_cut.ts";
import type { Time } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** What a machine is like, in milliseconds. */
interface Machine {
  /** How long writes take, one after the other, and again. */
  readonly writes: readonly number[];
  /** How long it takes to wake somebody up. */
  readonly wakingMs?: number;
  /** How long a task waits for its turn. */
  readonly lagMs?: number;
}

const QUICK: Machine = { writes: [0.2], wakingMs: 0.05 };
const SLOW_DISK: Machine = { writes: [5], wakingMs: 0.1 };
const SCARCE: Machine = { writes: [4], wakingMs: 3 };

/** A short cut, and writes for which it decides. */
function shortCut() {
  let nowMs = 0;
  const tasks: (() => void)[] = [];
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, steadyForMs: () => 0 };
  const time = { clock, defer: (task: () => void) => void tasks.push(task) } as unknown as Time;
  const cut = new ShortCut(time);
  function turn(lagMs: number): void {
    nowMs += lagMs;
    for (const task of tasks.splice(0)) task();
  }

  /** By the thread, in the next turn but one. */
  function byThread(length: number, writeMs: number, { wakingMs = 0, lagMs = 0 }: Machine): void {
    const departure = cut.leave(length, false);
    turn(lagMs);
    nowMs += writeMs + 2 * wakingMs;
    cut.comeBack(departure, writeMs);
  }

  /** Two writes by the thread, the second at hand when the first is done. */
  function twoByThread(lengths: readonly [number, number], [firstMs, secondMs]: readonly number[]) {
    const [first, second] = [cut.leave(lengths[0], false), cut.leave(lengths[1], true)];
    turn(0);
    nowMs += firstMs!;
    cut.comeBack(first, firstMs!);
    nowMs += secondMs!;
    cut.comeBack(second, secondMs!);
  }

  return {
    cut,
    byThread,
    twoByThread,
    /** One write after the other, each where it is said to be done better. Returns where: h or t. */
    write(count: number, machine: Machine, length = 100): string {
      let where = "";
      for (let index = 0; index < count; index++) {
        const writeMs = machine.writes[index % machine.writes.length]!;
        if (cut.isShorter(length)) {
          where += "h";
          cut.take(() => void (nowMs += writeMs));
          turn(machine.lagMs ?? 0);
        } else {
          where += "t";
          byThread(length, writeMs, machine);
        }
      }
      return where;
    },
  };
}

const here = (count: number): string => "h".repeat(count);
const thread = (count: number): string => "t".repeat(count);

test("ShortCut takes short writes as long as the disk is quick", () => {
  const { cut, write } = shortCut();
  assertEquals(write(100, QUICK), here(100));
  assertEquals([cut.isShorter(8_192), cut.isShorter(8_193)], [true, false]);
});

test("ShortCut does not mind writes that are slow every other time", () => {
  const { write } = shortCut();
  assertEquals(write(200, { writes: [10, 0.2] }), here(200));
});

test("ShortCut leaves a slow disk to the thread, and is not held up to look at it", () => {
  const { write } = shortCut();
  assertEquals(write(100, QUICK), here(100));
  assertEquals(write(1_000, SLOW_DISK), here(5) + thread(995));
});

test("ShortCut hears from the thread that the disk is quick again", () => {
  const { write } = shortCut();
  write(100, SLOW_DISK);
  assertEquals(write(100, QUICK), thread(4) + here(96));
});

test("ShortCut spares writes the way to the thread where processors are scarce", () => {
  const { write } = shortCut();
  const where = write(1_000, SCARCE);
  // Now and then it has to look how long the way is.
  assertEquals(
    where.slice(0, 80),
    here(5) + thread(2) + here(32) + thread(2) + here(32) + thread(2) + here(5),
  );
  // Also if the way is long only now and then, or the write.
  const { byThread, write: again } = shortCut();
  for (let count = 0; count < 8; count++) byThread(100, 4, count % 4 === 0 ? SCARCE : SLOW_DISK);
  assertEquals(again(10, SCARCE), here(10));
});

test("ShortCut sees that it is the disk again, and no longer the processors", () => {
  const { write } = shortCut();
  assertEquals(write(7, SCARCE), here(5) + thread(2));
  const where = write(200, SLOW_DISK);
  assertEquals(where, here(32) + thread(168));
  assertEquals(write(100, SCARCE).slice(0, 10), thread(2) + here(8));
});

test("ShortCut does not hold up an isolate that has other things to do", () => {
  const { write } = shortCut();
  const busy: Machine = { ...QUICK, lagMs: 2 };
  assertEquals(write(20, busy), here(2) + thread(18));
  // Whoever waits for the thread sees whether that has changed.
  assertEquals(write(20, QUICK), thread(7) + here(13));
  // What the thread has done, and nobody has looked at, makes no long way to it.
  const { write: slowly } = shortCut();
  const slow: Machine = { ...SLOW_DISK, lagMs: 8 };
  assertEquals(slowly(100, slow), here(2) + thread(98));
});

test("ShortCut learns nothing from writes that are not short", () => {
  const { cut, write } = shortCut();
  assertEquals(write(20, { writes: [50], wakingMs: 50 }, 100_000), thread(20));
  assert(cut.isShorter(100));
  assertEquals(write(100, SLOW_DISK), here(5) + thread(95));
});

test("ShortCut learns nothing from a long write with a short one behind it, but from that one", () => {
  const { write, twoByThread } = shortCut();
  for (let count = 0; count < 100; count++) twoByThread([100_000, 100], [50, 0.2]);
  assertEquals(write(100, QUICK), here(100));
  for (let count = 0; count < 100; count++) twoByThread([100, 100_000], [5, 0.2]);
  assertEquals(write(5, SLOW_DISK), thread(5));
});

test("ShortCut does not take for a long way that a write waits for another", () => {
  const { write, twoByThread } = shortCut();
  for (let count = 0; count < 100; count++) twoByThread([100, 100], [5, 5]);
  assertEquals(write(5, SLOW_DISK), thread(5));
  for (let count = 0; count < 100; count++) twoByThread([100_000, 100], [50, 5]);
  assertEquals(write(5, SLOW_DISK), thread(5));
});

test("ShortCut draws the line at half a millisecond, and at half of what the write takes", () => {
  const after = (writeMs: number, { wakingMs = 0, lagMs = 0 }: Partial<Machine>): boolean => {
    const { cut, byThread } = shortCut();
    for (let count = 0; count < 8; count++) byThread(100, writeMs, { writes: [], wakingMs, lagMs });
    return cut.isShorter(100);
  };
  assertEquals([0.5, 0.625].map((writeMs) => after(writeMs, {})), [true, false]);
  assertEquals([0.5, 0.625].map((lagMs) => after(0.25, { lagMs })), [true, false]);
  // The way is twice the waking.
  assertEquals([1, 1.0625].map((wakingMs) => after(4, { wakingMs })), [false, true]);
});

test("ShortCut calls a write short by its bytes, and times the way of one that waits for no other", () => {
  const { cut } = shortCut();
  assertEquals(cut.leave(8_192, false), { isShort: true, atMs: 0 });
  assertEquals(cut.leave(8_192, true), { isShort: true, atMs: undefined });
  assertEquals(cut.leave(8_193, false), { isShort: false, atMs: undefined });
});

test("ShortCut does not forget how long the way is over a write that does not show it", () => {
  const { cut, write } = shortCut();
  assertEquals(write(7, SCARCE), here(5) + thread(2));
  for (let count = 0; count < 3; count++) cut.comeBack(cut.leave(100, true), 4);
  assertEquals(write(1, SCARCE), here(1));
});

test("ShortCut looks once at a time how long tasks wait", () => {
  const tasks: (() => void)[] = [];
  const clock = { wallMs: () => 0, monotonicMs: () => 0, steadyForMs: () => 0 };
  const time = { clock, defer: (task: () => void) => void tasks.push(task) } as unknown as Time;
  const cut = new ShortCut(time);
  cut.leave(100, false);
  cut.take(() => {});
  cut.leave(100, true);
  assertEquals(tasks.length, 1);
  tasks.pop()!();
  cut.leave(100, false);
  assertEquals(tasks.length, 1);
});
