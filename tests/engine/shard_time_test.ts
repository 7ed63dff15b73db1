import {
  CLOSED_MS_MAX,
  LEAP_MS,
  LEAP_STABLE_MS,
  ShardTime,
} from "../../src/engine/shard/shard_time.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A clock whose two hands are moved by hand. */
class Hands {
  wall = 1_000_000;
  monotonic = 50;
  steady = 0;
  wallMs(): number {
    return this.wall;
  }
  monotonicMs(): number {
    return this.monotonic;
  }
  steadyForMs(): number {
    return this.steady;
  }
  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

test("ShardTime follows the wall clock", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 0);
  assertEquals(time.now(), 1_000_000);
  hands.pass(1_234);
  assertEquals(time.now(), 1_001_234);
  hands.pass(86_400_000);
  assertEquals(time.now(), 87_401_234);
});

test("ShardTime starts no earlier than the log and lets the wall clock catch up", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 1_010_000);
  assertEquals(time.now(), 1_010_000);
  assertEquals(time.aheadMs(), 10_000);
  hands.pass(10_000);
  assertEquals(time.now(), 1_015_000);
  hands.pass(10_000);
  assertEquals(time.now(), 1_020_000);
  assertEquals(time.aheadMs(), 0);
});

test("ShardTime neither runs back nor stands still when the wall clock is set back", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 0);
  let before = time.now();
  hands.wall -= 3_600_000;
  for (let step = 0; step < 100; step++) {
    hands.pass(10);
    const after = time.now();
    assert(after > before, `${after} after ${before}`);
    before = after;
  }
  assertEquals(before, 1_000_500);
});

test("ShardTime believes a leap of the wall clock only after it has lasted", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 0);
  hands.wall += LEAP_MS + 1_000;
  assertEquals(time.now(), 1_000_000);
  hands.pass(LEAP_STABLE_MS - 1);
  assertEquals(time.now(), 1_000_000 + LEAP_STABLE_MS - 1);
  hands.pass(1);
  assertEquals(time.now(), 1_000_000 + LEAP_MS + 1_000 + LEAP_STABLE_MS);
});

test("ShardTime tells once that time has leapt, and not passed", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 0);
  hands.pass(86_400_000);
  hands.wall += 1_000;
  time.now();
  assertEquals(time.takeLeap(), false);
  hands.wall += 1_001;
  time.now();
  assertEquals([time.takeLeap(), time.takeLeap()], [true, false]);
  hands.wall += 10 * LEAP_MS;
  time.now();
  hands.pass(LEAP_STABLE_MS - 1);
  time.now();
  assertEquals(time.takeLeap(), false);
  hands.pass(1);
  time.now();
  assertEquals(time.takeLeap(), true);
});

test("ShardTime forgets a leap that is taken back", () => {
  const hands = new Hands();
  const time = new ShardTime(hands, 0);
  hands.wall += 10 * LEAP_MS;
  time.now();
  hands.pass(LEAP_STABLE_MS / 2);
  time.now();
  hands.wall -= 10 * LEAP_MS;
  hands.pass(LEAP_STABLE_MS);
  assertEquals(time.now(), 1_000_000 + LEAP_STABLE_MS * 1.5);
});

test("ShardTime reaches an instant that lies ahead and ignores one that lies behind", () => {
  const time = new ShardTime(new Hands(), 0);
  assertEquals(time.reach(1_000_500), 1_000_500);
  assertEquals(time.reach(1_000_100), 1_000_500);
});

test("ShardTime starts where the log ends when it was closed for days, and nobody has watched the clock", () => {
  const hands = new Hands();
  hands.wall += 400 * 86_400_000;
  hands.steady = 4_000;
  const time = new ShardTime(hands, 1_000_000);
  assertEquals([time.now(), time.doubtedForMs], [1_000_000, 6_000]);
  hands.pass(5_999);
  assertEquals([time.now(), time.doubtedForMs], [1_005_999, 1]);
  hands.pass(1);
  assertEquals([time.doubtedForMs, time.now()], [0, hands.wall]);
});

test("ShardTime goes on where the log ends when the clock it was opened with is set right", () => {
  const hands = new Hands();
  hands.wall += 400 * 86_400_000;
  const time = new ShardTime(hands, 1_000_000);
  hands.pass(LEAP_STABLE_MS / 2);
  hands.wall -= 400 * 86_400_000 - 600;
  assertEquals([time.doubtedForMs, time.now()], [0, hands.wall]);
});

test("ShardTime believes a clock that was watched, one that is days ahead, and one without a log", () => {
  const hands = new Hands();
  hands.wall += CLOSED_MS_MAX;
  const soon = new ShardTime(hands, 1_000_000);
  hands.wall += 1;
  const first = new ShardTime(hands, 0);
  hands.steady = LEAP_STABLE_MS;
  const watched = new ShardTime(hands, 1_000_000);
  for (const time of [soon, first, watched]) assertEquals(time.doubtedForMs, 0);
  assertEquals(watched.now(), hands.wall);
});
