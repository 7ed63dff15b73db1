import { Rest } from "../../src/engine/turns/rest.ts";
import { Slices } from "../../src/engine/turns/slices.ts";
import { TurnShare } from "../../src/engine/turns/turn_share.ts";
import { type ManualTime, manualTime } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** Works for so many slices, and notes each. */
async function work(slices: Slices, name: string, count: number, done: string[]): Promise<void> {
  for (let slice = 0; slice < count; slice++) {
    await slices.next();
    done.push(name);
  }
}

/** Lets one macrotask pass, with all promises that it settles. */
async function turn(time: ManualTime): Promise<number> {
  const count = time.runDeferred();
  await new Promise((resolve) => setTimeout(resolve, 0));
  return count;
}

test("Slices has one slice in a macrotask, of everybody in turn", async () => {
  const time = manualTime({ autoDefer: false });
  const slices = new Slices(time);
  const done: string[] = [];
  const works = [
    work(slices, "a", 4, done),
    work(slices, "b", 2, done),
    work(slices, "c", 2, done),
  ];
  for (let turns = 1; await turn(time) > 0; turns++) assertEquals(done.length, turns);
  await Promise.all(works);
  assertEquals(done.join(""), "abcabcaa");
});

test("Rest waits at its end for a macrotask in which nobody else goes on", async () => {
  const time = manualTime({ autoDefer: false });
  const slices = new Slices(time);
  const rest = new Rest({ time, slices, reschedule: () => {} });
  const done: string[] = [];
  const other = work(slices, "other", 2, done);
  const rested = rest.take(10).then(() => done.push("rested"));
  await turn(time);
  time.tick(0);
  rest.wake();
  assertEquals([...done, rest.isTaken], ["other", true]);
  assertEquals(rest.nextAtMs, 10);
  await other;
  time.tick(10);
  const another = work(slices, "another", 1, done);
  rest.wake();
  assertEquals(rest.nextAtMs, Infinity);
  await turn(time);
  assertEquals(done, ["other", "other", "another"]);
  await turn(time);
  await Promise.all([rested, another]);
  assertEquals(done, ["other", "other", "another", "rested"]);
});

test("TurnShare has room for so many slices, and for none once a turn has lasted", () => {
  const time = manualTime();
  const share = new TurnShare(time.clock, { slicesMax: 3, msMax: 2 });
  const took = (ms: number): boolean => {
    time.tick(ms);
    return share.took();
  };
  assertEquals([took(0), took(1), took(0)], [true, true, false]);
  share.begin();
  assertEquals([took(1), took(1)], [true, false]);
  share.begin();
  assertEquals([took(9)], [false]);
  time.tick(9);
  share.begin();
  assertEquals([took(0), took(0), took(0)], [true, true, false]);
});
