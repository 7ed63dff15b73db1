import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { ShortCut } from "../../src/engine/short_cut.ts";
import type { Time } from "../../src/time/mod.ts";

/** A short cut, and what its writes and its turns take. */
function shortCut() {
  let nowMs = 0;
  const tasks: (() => void)[] = [];
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const time = { clock, defer: (task: () => void) => void tasks.push(task) } as unknown as Time;
  const cut = new ShortCut(time);
  return {
    cut,
    /** The next turn, after so long. */
    turn(waitMs: number): void {
      nowMs += waitMs;
      for (const task of tasks.splice(0)) task();
    },
    /** A write that takes so long. */
    write: (ms: number): void => cut.take(() => void (nowMs += ms)),
  };
}

test("ShortCut takes short writes as long as the disk is quick", () => {
  const { cut, write, turn } = shortCut();
  assertEquals([cut.isShorter(8_192), cut.isShorter(8_193)], [true, false]);
  for (let count = 0; count < 100; count++) {
    write(0.2);
    turn(0.01);
  }
  assertEquals(cut.isShorter(100), true);
  for (let count = 0; count < 10; count++) {
    write(10);
    turn(0.01);
  }
  assertEquals(cut.isShorter(100), false);
});

test("ShortCut does not mind writes that are slow now and then", () => {
  const { cut, write, turn } = shortCut();
  for (let count = 0; count < 200; count++) {
    write(count % 3 === 0 ? 10 : 0.2);
    turn(0.01);
    assertEquals(cut.isShorter(100), true, `after ${count} writes`);
  }
});

test("ShortCut tries a slow disk again after some writes by the thread", () => {
  const { cut, write, turn } = shortCut();
  // However long it was left alone before that.
  for (let count = 0; count < 1_000; count++) cut.leave();
  let slowCount = 0;
  for (; cut.isShorter(100); slowCount++) write(10);
  assertEquals(slowCount < 10, true, `after ${slowCount} slow writes`);
  let count = 0;
  for (; !cut.isShorter(100); count++) {
    cut.leave();
    turn(0.01);
  }
  assertEquals(count > 20 && count < 100, true, `after ${count} writes`);
});

test("ShortCut does not hold up an isolate that has other things to do", () => {
  const { cut, write, turn } = shortCut();
  for (let count = 0; count < 20; count++) {
    write(0.2);
    turn(2);
  }
  assertEquals(cut.isShorter(100), false);
  // Whoever waits for the thread sees whether that has changed.
  for (let count = 0; count < 20; count++) {
    cut.leave();
    turn(0.01);
  }
  assertEquals(cut.isShorter(100), true);
});
