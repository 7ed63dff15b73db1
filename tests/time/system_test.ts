/**
 * The time of the machine that runs the test.
 *
 * @module
 */

import { systemTime } from "../../src/time/mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
} from "../assert.ts";
import { test } from "../harness.ts";
import { runScript } from "../runtimes.ts";

test("systemTime().clock reads the clocks of the machine", () => {
  const { clock } = systemTime();
  const before = Date.now();
  const wallMs = clock.wallMs();
  assert(before <= wallMs && wallMs <= Date.now());
  const monotonicMs = clock.monotonicMs();
  let later = monotonicMs;
  while (later === monotonicMs) later = clock.monotonicMs();
  assertGreater(later, monotonicMs);
});

test("systemTime().random goes on beyond its block and repeats nothing", () => {
  const { random } = systemTime();
  const words = Array.from({ length: 1_000 }, () => random.u32());
  assert(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32));
  // Of 1000 words two are equal once in 8600 runs, ten never.
  assertGreater(new Set(words).size, 990);
  assert(words.some((word) => word >= 2 ** 31) && words.some((word) => word < 2 ** 31));
});

test("systemTime().alarm() rings once, not early and not within the call", async () => {
  const time = systemTime();
  let rings = 0;
  const startMs = time.clock.monotonicMs();
  const rangMs = await new Promise<number>((resolve) => {
    const alarm = time.alarm(() => {
      rings += 1;
      resolve(time.clock.monotonicMs());
    });
    alarm.set(startMs + 20, { keepAlive: true });
    alarm.set(startMs + 10, { keepAlive: true });
    assertEquals(rings, 0);
  });
  assertGreaterOrEqual(rangMs - startMs, 10);
  assertLess(rangMs - startMs, 5_000);
  assertEquals(rings, 1);
});

test("systemTime().defer() runs tasks in order, after all microtasks and before timers that wait", async () => {
  const time = systemTime();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    time.defer(() => order.push("deferred 1"));
    time.defer(() => {
      order.push("deferred 2");
      time.defer(() => order.push("deferred by deferred"));
    });
    time.defer(() => time.defer(() => time.defer(resolve)));
    Promise.resolve().then(() => order.push("microtask"))
      .then(() => order.push("microtask of microtask"));
    order.push("now");
  });
  assertEquals(order, [
    "now",
    "microtask",
    "microtask of microtask",
    "deferred 1",
    "deferred 2",
    "deferred by deferred",
  ]);
});

test("systemTime() keeps a process alive for a deferred task and an alarm that says so, not else", async () => {
  const { ended, text } = await runScript(new URL("./exit_child.ts", import.meta.url));
  assertEquals(ended, [0, null]);
  assertEquals(text, "start\ndeferred\nalarm that keeps alive\n");
});

test("systemTime().clock has been steady since the process began, unless the wall clock was set", () => {
  const { clock } = systemTime();
  const realNow = Date.now;
  const steadyForMs = clock.steadyForMs();
  assertGreater(steadyForMs, 0);
  assertGreaterOrEqual(clock.monotonicMs(), steadyForMs);
  try {
    Date.now = () => realNow() + 60_500;
    assertEquals(clock.steadyForMs(), 0);
    Date.now = () => realNow() - 60_500;
    assertEquals(clock.steadyForMs(), 0);
  } finally {
    Date.now = realNow;
  }
});
