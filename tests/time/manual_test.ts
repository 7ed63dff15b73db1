/**
 * Time that is moved by hand.
 *
 * @module
 */

import fc from "fast-check";
import { InvariantError } from "../../src/invariant.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

test("manualTime() stands still until it is advanced, both clocks together", async () => {
  const time = manualTime();
  assertEquals(time.manual, true);
  assertEquals([time.clock.wallMs(), time.clock.monotonicMs()], [1_700_000_000_000, 0]);
  await time.advance(1_500);
  assertEquals([time.clock.wallMs(), time.clock.monotonicMs()], [1_700_000_001_500, 1_500]);
  time.tick(0.5);
  assertEquals([time.clock.wallMs(), time.clock.monotonicMs()], [1_700_000_001_500.5, 1_500.5]);
});

test("manualTime() takes the start and the seed", () => {
  const time = manualTime({ startMs: 42, seed: 7 });
  assertEquals(time.clock.wallMs(), 42);
  assertEquals(time.random.u32(), seededRandom(7).u32());
});

test("manualTime().setWall() moves the wall clock alone", async () => {
  const time = manualTime({ startMs: 1_000 });
  time.setWall(500);
  await time.advance(10);
  assertEquals([time.clock.wallMs(), time.clock.monotonicMs()], [510, 10]);
  assertThrows(() => time.setWall(NaN), InvariantError);
});

test("manualTime().advance() rings alarms in the order of their moments, at their moments", async () => {
  const time = manualTime({ startMs: 0 });
  const rung: [string, number, number][] = [];
  const ring = (name: string) => () =>
    rung.push([name, time.clock.monotonicMs(), time.clock.wallMs()]);
  const late = time.alarm(ring("late"));
  const early = time.alarm(ring("early"));
  const moved = time.alarm(ring("moved"));
  const cleared = time.alarm(ring("cleared"));
  const beyond = time.alarm(ring("beyond"));
  late.set(300);
  early.set(100);
  moved.set(50);
  moved.set(200);
  cleared.set(60);
  cleared.clear();
  beyond.set(301);
  assertEquals(time.nextAlarmMs, 100);
  await time.advance(300);
  assertEquals(rung, [["early", 100, 100], ["moved", 200, 200], ["late", 300, 300]]);
  assertEquals(time.nextAlarmMs, 301);
  beyond.set(Infinity);
  assertEquals(time.nextAlarmMs, undefined);
});

test("manualTime().advance() rings an alarm whose moment has passed without moving back", async () => {
  const time = manualTime();
  await time.advance(100);
  let rangMs = 0;
  time.alarm(() => rangMs = time.clock.monotonicMs()).set(30);
  await time.advance(0);
  assertEquals([rangMs, time.clock.monotonicMs()], [100, 100]);
});

test("manualTime().advance() lets what an alarm sets off happen before the next one rings", async () => {
  const time = manualTime();
  const seen: string[] = [];
  const second = time.alarm(() => seen.push(`second at ${time.clock.monotonicMs()}`));
  time.alarm(async () => {
    seen.push("first");
    for (let count = 0; count < 20; count++) await Promise.resolve();
    time.defer(() => {
      seen.push("deferred");
      second.set(15);
    });
  }).set(10);
  time.alarm(() => seen.push(`third at ${time.clock.monotonicMs()}`)).set(20);
  await time.advance(30);
  assertEquals(seen, ["first", "deferred", "second at 15", "third at 20"]);
});

test("manualTime().tick() does the same at once, without waiting for promises", () => {
  const time = manualTime({ autoDefer: false });
  const seen: string[] = [];
  const again = time.alarm(() => {
    seen.push(`rang at ${time.clock.monotonicMs()}`);
    time.defer(() => again.set(time.clock.monotonicMs() + 10));
  });
  time.defer(() => again.set(10));
  time.tick(25);
  assertEquals(seen, ["rang at 10", "rang at 20"]);
  assertEquals([time.clock.monotonicMs(), time.nextAlarmMs], [25, 30]);
});

test("manualTime().defer() runs by itself at the end of the turn, so that a test may await", async () => {
  const time = manualTime();
  const order: string[] = [];
  const done = new Promise<void>((resolve) => {
    time.defer(() => order.push("deferred 1"));
    time.defer(() => (order.push("deferred 2"), resolve()));
  });
  queueMicrotask(() => order.push("microtask"));
  assertEquals(time.deferredCount, 2);
  await done;
  assertEquals(order, ["microtask", "deferred 1", "deferred 2"]);
  assertEquals(time.deferredCount, 0);
});

test("manualTime({ autoDefer: false }) runs nothing that it is not told to", async () => {
  const time = manualTime({ autoDefer: false });
  let runs = 0;
  time.defer(() => {
    runs += 1;
    time.defer(() => runs += 10);
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([runs, time.deferredCount], [0, 1]);
  assertEquals([time.runDeferred(), runs], [1, 1]);
  assertEquals([time.runDeferred(), runs], [1, 11]);
  assertEquals(time.runDeferred(), 0);
});

test("manualTime().runDeferred() keeps the tasks after one that throws", () => {
  const time = manualTime({ autoDefer: false });
  const seen: number[] = [];
  time.defer(() => {
    time.defer(() => seen.push(3));
    throw new Error("mine");
  });
  time.defer(() => seen.push(2));
  assertThrows(() => time.runDeferred(), Error, "mine");
  time.runDeferred();
  assertEquals(seen, [2, 3]);
});

test("manualTime() refuses to go back, and two advances at once", async () => {
  const time = manualTime();
  await assertRejects(() => time.advance(-1), InvariantError);
  await assertRejects(() => time.advance(NaN), InvariantError);
  assertThrows(() => time.tick(Infinity), InvariantError);
  const first = time.advance(5);
  await assertRejects(() => time.advance(5), InvariantError);
  await first;
  await time.advance(5);
  assertEquals(time.clock.monotonicMs(), 10);
});

test("manualTime().tick() tells alarms that ring for ever from time that passes", () => {
  const time = manualTime({ autoDefer: false });
  const alarm = time.alarm(() => alarm.set(0));
  alarm.set(0);
  assertThrows(() => time.tick(1), InvariantError, "for ever");
  let count = 0;
  alarm.clear();
  const every = time.alarm(() => every.set(++count));
  every.set(0);
  time.tick(150_000);
  assertEquals(count, 150_001);
});

test("manualTime().tick() rings any alarms in order and ends where it should", () => {
  const moments = fc.array(fc.nat(1_000), { maxLength: 20 });
  assertProperty(
    fc.property(moments, fc.array(fc.nat(300), { maxLength: 6 }), (alarms, steps) => {
      const time = manualTime({ autoDefer: false });
      const rung: number[] = [];
      for (const at of alarms) {
        time.alarm(() => {
          assertEquals(time.clock.monotonicMs(), at);
          rung.push(at);
        }).set(at);
      }
      for (const step of steps) time.tick(step);
      const endMs = steps.reduce((sum, step) => sum + step, 0);
      assertEquals(time.clock.monotonicMs(), endMs);
      const due = steps.length === 0 ? [] : alarms.filter((at) => at <= endMs);
      assertEquals(rung, due.sort((a, b) => a - b));
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("manualTime() goes on by lookMs whenever somebody looks, and alarms wait to be rung", () => {
  const time = manualTime({ startMs: 0, lookMs: 0.25 });
  const [first, second] = [time.clock.monotonicMs(), time.clock.monotonicMs()];
  assertEquals([first, second, time.clock.wallMs()], [0.25, 0.5, 0.5]);
  const rung: number[] = [];
  time.alarm(() => rung.push(time.clock.monotonicMs())).set(0.5);
  time.clock.monotonicMs();
  assertEquals(rung, []);
  time.tick(0);
  assertEquals(rung, [1]);
});
