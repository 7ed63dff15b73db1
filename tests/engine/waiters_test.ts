import { type Waiter, Waiters } from "../../src/engine/calls/waiters.ts";
import { FlowError } from "../../src/errors.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** A waiter that notes how often it is asked for its due time, and what it is told. */
class Probe implements Waiter {
  askedCount = 0;
  claimCount = 0;
  expireCount = 0;
  readonly type: string;
  readonly deadlineMs: number;
  readonly looksFor: string;
  due: number;
  readonly #waiters: Waiters;

  constructor(waiters: Waiters, type: string, due: number, deadlineMs = Infinity, looksFor = "") {
    this.type = type;
    this.looksFor = looksFor;
    this.due = due;
    this.deadlineMs = deadlineMs;
    this.#waiters = waiters;
    waiters.add(this);
    this.askedCount = 0;
  }

  dueMs(): number {
    this.askedCount++;
    return this.due;
  }

  claim(): void {
    this.claimCount++;
    this.#waiters.remove(this);
  }

  expire(): void {
    this.expireCount++;
    this.#waiters.remove(this);
  }

  abort(): void {
    this.#waiters.remove(this);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** No turn is over by the clock: it stands still. */
function waitersOf(countMax: number): Waiters {
  return new Waiters(countMax, manualTime().clock);
}

test("Waiters asks nobody while nothing has changed and nothing is due", () => {
  const waiters = waitersOf(1_000);
  const probes = Array.from({ length: 100 }, () => new Probe(waiters, "job", 500));
  waiters.serve(499, NOTHING);
  waiters.serve(499, new Set(["other"]));
  assertEquals(probes.map(({ askedCount }) => askedCount), probes.map(() => 0));
  assertEquals(waiters.nextDueMs(), 500);
  waiters.serve(500, NOTHING);
  assertEquals(probes.map(({ claimCount }) => claimCount), probes.map(() => 1));
  assertEquals([waiters.count, waiters.nextDueMs()], [0, Infinity]);
});

test("Waiters asks one for all who look for the same, and the next when that has found something", () => {
  const waiters = waitersOf(1_000);
  const probe = (due: number, looksFor: string): Probe =>
    new Probe(waiters, "job", due, Infinity, looksFor);
  const [a, b, c] = [probe(50, "x"), probe(50, "x"), probe(70, "y")];
  const asked = (): number[] => [a, b, c].map(({ askedCount }) => askedCount);
  waiters.serve(10, new Set(["job"]));
  assertEquals([asked(), waiters.nextDueMs()], [[1, 0, 1], 50]);
  // The first takes the flow that the second waits for as well.
  a.claim = () => {
    waiters.remove(a);
    b.due = 90;
  };
  waiters.serve(50, NOTHING);
  assertEquals([asked(), waiters.nextDueMs()], [[2, 1, 2], 70]);
  assertEquals([a, b, c].map(({ claimCount }) => claimCount), [0, 0, 0]);
  waiters.serve(70, NOTHING);
  assertEquals([c.claimCount, waiters.nextDueMs()], [1, 90]);
});

test("Waiters asks each of many kinds when its turn has come, not all of them at every claim", () => {
  const waiters = waitersOf(1_000);
  const probes = Array.from(
    { length: 300 },
    (_, index) => new Probe(waiters, "job", index % 3 === 0 ? 9 : 1, Infinity, `p${index}`),
  );
  waiters.serve(5, NOTHING);
  assertEquals(probes.map(({ askedCount }) => askedCount), probes.map(() => 1));
  assertEquals([waiters.count, waiters.nextDueMs()], [100, 9]);
});

test("Waiters serves so many in a turn, in the next one other types first, and in each the longest waiting", () => {
  const waiters = waitersOf(10_000);
  const served: string[] = [];
  const add = (type: string, index: number): void => {
    const probe = new Probe(waiters, type, 1, Infinity, `p${index % 7}`);
    probe.claim = () => {
      served.push(`${type}${index}`);
      waiters.remove(probe);
    };
  };
  for (let index = 0; index < 1_500; index++) add("a", index);
  for (let index = 0; index < 3; index++) add("b", index);
  const names = (type: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `${type}${from + index}`);
  waiters.serve(5, new Set(["a", "b"]));
  assertEquals(served.splice(0), names("a", 0, 1_000));
  assertEquals(waiters.nextLookInMs(5), 0);
  waiters.serve(5, NOTHING);
  assertEquals(served, [...names("b", 0, 3), ...names("a", 1_000, 1_500)]);
  assertEquals([waiters.count, waiters.nextDueMs()], [0, Infinity]);
});

test("Waiters serves the longest waiting first, whatever they look for", () => {
  const waiters = waitersOf(1_000);
  const probes = ["x", "y", "y", "x", "z", "y"].map((looksFor) =>
    new Probe(waiters, "job", looksFor === "z" ? 99 : 1, Infinity, looksFor)
  );
  const served: number[] = [];
  for (const [number, probe] of probes.entries()) {
    probe.claim = () => {
      served.push(number);
      // One finds nothing and stays, and then all that some look for is taken.
      if (number !== 2) waiters.remove(probe);
      if (number === 3) { for (const other of probes) if (other.looksFor === "y") other.due = 9; }
    };
  }
  waiters.serve(5, NOTHING);
  assertEquals([served, waiters.count, waiters.nextDueMs()], [[0, 1, 2, 3], 3, 9]);
});

test("Waiters gives up at the deadline and not before", () => {
  const waiters = waitersOf(10);
  const early = new Probe(waiters, "job", Infinity, 100);
  const late = new Probe(waiters, "job", Infinity, 200);
  waiters.expire(99);
  assertEquals([early.expireCount, late.expireCount], [0, 0]);
  waiters.expire(100);
  assertEquals([early.expireCount, late.expireCount, waiters.nextDeadlineMs()], [1, 0, 200]);
  waiters.expire(250);
  assertEquals([late.expireCount, waiters.count, waiters.nextDeadlineMs()], [1, 0, Infinity]);
});

test("Waiters refuses the one too many and changes nothing", () => {
  const waiters = waitersOf(1);
  const first = new Probe(waiters, "job", 0);
  assertThrows(() => new Probe(waiters, "job", 0), FlowError, "the limit");
  assertEquals(waiters.count, 1);
  waiters.remove(first);
  waiters.remove(first);
  assertEquals(waiters.count, 0);
});

test("Waiters is next due for those that still wait", () => {
  const waiters = waitersOf(10);
  const [first, second] = [new Probe(waiters, "job", 500), new Probe(waiters, "job", 900)];
  waiters.serve(500, NOTHING);
  assertEquals([first.claimCount, second.claimCount, waiters.nextDueMs()], [1, 0, 900]);
});

test("Waiters wants no look at the clock when nobody waits, and forgets what there was", () => {
  const waiters = waitersOf(10);
  assertEquals(waiters.nextLookInMs(0), Infinity);
  const probe = new Probe(waiters, "job", 500, 700);
  assertEquals([waiters.nextLookInMs(0), waiters.nextLookInMs(600)], [500, 0]);
  waiters.remove(probe);
  assertEquals(waiters.nextLookInMs(0), Infinity);
  assertEquals([waiters.nextDueMs(), waiters.nextDeadlineMs()], [Infinity, Infinity]);
});
