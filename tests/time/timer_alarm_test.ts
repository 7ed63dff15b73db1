/**
 * An alarm on timers that are short, early and late.
 *
 * @module
 */

import { InvariantError } from "../../src/invariant.ts";
import { TIMER_DELAY_MS_MAX, TimerAlarm } from "../../src/time/timer_alarm.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

interface Timer {
  readonly callback: () => void;
  readonly delayMs: number;
  readonly keepAlive: boolean;
}

/** A runtime whose timers go off when the test says so. */
function newAlarm() {
  let nowMs = 1_000.5;
  let rings = 0;
  const timers = new Set<Timer>();
  let started = 0;
  const alarm = new TimerAlarm({
    clock: { wallMs: () => 0, monotonicMs: () => nowMs, steadyForMs: () => 0 },
    startTimer: (callback, delayMs, keepAlive) => {
      const timer = { callback, delayMs, keepAlive };
      timers.add(timer);
      started += 1;
      return () => timers.delete(timer);
    },
    ring: () => rings += 1,
  });
  return {
    alarm,
    rings: () => rings,
    started: () => started,
    pending: () => [...timers].map(({ delayMs, keepAlive }) => ({ delayMs, keepAlive })),
    /** Time passes and the one timer goes off. */
    fire: (passedMs: number): void => {
      nowMs += passedMs;
      const [timer] = timers;
      timers.delete(timer!);
      timer!.callback();
    },
  };
}

test("TimerAlarm.set() starts one timer that keeps nothing alive, and rings once", () => {
  const { alarm, rings, pending, fire } = newAlarm();
  alarm.set(1_010.5);
  assertEquals(pending(), [{ delayMs: 10, keepAlive: false }]);
  fire(10);
  assertEquals([rings(), pending()], [1, []]);
});

test("TimerAlarm.set() of a moment that has passed rings at the next turn, not within the call", () => {
  const { alarm, rings, pending, fire } = newAlarm();
  alarm.set(3);
  assertEquals([rings(), pending()], [0, [{ delayMs: 0, keepAlive: false }]]);
  fire(0);
  assertEquals(rings(), 1);
});

test("TimerAlarm.set() replaces what was set", () => {
  const { alarm, rings, pending, fire } = newAlarm();
  alarm.set(1_100.5);
  alarm.set(1_050.5);
  assertEquals(pending(), [{ delayMs: 50, keepAlive: false }]);
  fire(50);
  assertEquals([rings(), pending()], [1, []]);
});

test("TimerAlarm.set() to a later moment lets the timer run and goes on from there", () => {
  const { alarm, rings, started, pending, fire } = newAlarm();
  alarm.set(1_050.5);
  for (let at = 1_051; at <= 1_100; at++) alarm.set(at);
  assertEquals(started(), 1);
  fire(50);
  assertEquals([rings(), pending()], [0, [{ delayMs: 50, keepAlive: false }]]);
  fire(50);
  assertEquals([rings(), pending()], [1, []]);
});

test("TimerAlarm never rings early: rounded up, and again when a timer is early", () => {
  const { alarm, rings, pending, fire } = newAlarm();
  alarm.set(1_010.25);
  assertEquals(pending(), [{ delayMs: 10, keepAlive: false }]);
  fire(9.5);
  assertEquals([rings(), pending()], [0, [{ delayMs: 1, keepAlive: false }]]);
  fire(1);
  assertEquals(rings(), 1);
});

test("TimerAlarm.set() reaches beyond the longest timer in stages", () => {
  const { alarm, rings, pending, fire } = newAlarm();
  alarm.set(1_000.5 + TIMER_DELAY_MS_MAX + 5_000);
  assertEquals(pending(), [{ delayMs: TIMER_DELAY_MS_MAX, keepAlive: false }]);
  fire(TIMER_DELAY_MS_MAX);
  assertEquals([rings(), pending()], [0, [{ delayMs: 5_000, keepAlive: false }]]);
  fire(5_000);
  assertEquals(rings(), 1);
});

test("TimerAlarm.set() changes between keeping the process alive and not", () => {
  const { alarm, pending, fire } = newAlarm();
  alarm.set(1_020.5, { keepAlive: true });
  assertEquals(pending(), [{ delayMs: 20, keepAlive: true }]);
  alarm.set(1_030.5);
  assertEquals(pending(), [{ delayMs: 30, keepAlive: false }]);
  alarm.set(1_040.5, { keepAlive: true });
  assertEquals(pending(), [{ delayMs: 40, keepAlive: true }]);
  alarm.set(1_050.5, { keepAlive: true });
  fire(40);
  assertEquals(pending(), [{ delayMs: 10, keepAlive: true }]);
});

test("TimerAlarm.clear() and set(Infinity) leave no timer behind", () => {
  const { alarm, rings, pending } = newAlarm();
  alarm.set(2_000, { keepAlive: true });
  alarm.clear();
  alarm.clear();
  assertEquals(pending(), []);
  alarm.set(2_000);
  alarm.set(Infinity);
  assertEquals([rings(), pending()], [0, []]);
});

test("TimerAlarm may be set again while it rings", () => {
  let nowMs = 0;
  const timers: (() => void)[] = [];
  const alarm: TimerAlarm = new TimerAlarm({
    clock: { wallMs: () => 0, monotonicMs: () => nowMs, steadyForMs: () => 0 },
    startTimer: (callback) => (timers.push(callback), () => {}),
    ring: () => alarm.set(nowMs + 5),
  });
  alarm.set(5);
  for (nowMs = 5; nowMs <= 50; nowMs += 5) timers.pop()!();
  assertEquals(timers.length, 1);
});

test("TimerAlarm.set() refuses a moment that is none", () => {
  assertThrows(() => newAlarm().alarm.set(NaN), InvariantError);
});
