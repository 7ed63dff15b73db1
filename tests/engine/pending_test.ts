import { FlowError } from "../../mod.ts";
import { GradualVerdict } from "../../src/engine/calls/gradual_verdict.ts";
import { type Call, PendingCalls } from "../../src/engine/calls/pending.ts";
import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import { Shards } from "../../src/engine/shards.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { parseCreate } from "../../src/flow/core/mod.ts";
import { type Frame, Manifest, openFileLog } from "../../src/log/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { wrappedLog } from "../simulation/wrapped_log.ts";

/** Calls that wait for one log, and who was answered until now. */
function calls() {
  const time = manualTime({ autoDefer: false });
  let readBytes = 0;
  const pending = new PendingCalls(time, () => readBytes);
  const life = { durableLsn: 0, isOver: false };
  const answered: number[] = [];
  const add = (number: number, { lsn = 1, flows = 1, bytes = 0 } = {}): boolean => {
    const call: Call<number[]> = {
      decide: () => undefined,
      resolve: ([first]) => void answered.push(first!),
      reject: () => void answered.push(-number),
    };
    const read = (): number[] => {
      readBytes += bytes;
      return new Array(flows).fill(number);
    };
    return pending.add(call, { standsOn: [{ life, lsn }], read });
  };
  return { time, pending, life, answered, add };
}

test("PendingCalls answers very many calls in several macrotasks, in their order", async () => {
  const { time, pending, life, answered, add } = calls();
  for (let number = 0; number < 10_000; number++) assert(add(number));
  const told = pending.told();
  life.durableLsn = 1;
  pending.release();
  let before = 0;
  let turns = 1;
  for (; pending.count > 0; turns++) {
    assert(answered.length - before <= 1_000, `${answered.length - before} in one macrotask`);
    before = answered.length;
    // A commit that comes meanwhile, and a call that waits for nothing: neither is a way ahead.
    pending.release();
    if (turns === 2) assertEquals(add(10_000), false);
    assertEquals(answered.length, before);
    time.runDeferred();
  }
  assertEquals(turns, 11);
  assertEquals(answered, Array.from({ length: 10_001 }, (_, number) => number));
  await told;
});

test("PendingCalls counts the flows of an answer, and answers at least one call in a macrotask", () => {
  const { time, pending, life, answered, add } = calls();
  for (const [number, flows] of [[0, 450], [1, 450], [2, 450], [3, 5_000], [4, 1]] as const) {
    add(number, { flows });
  }
  life.durableLsn = 1;
  pending.release();
  assertEquals(answered, [0, 1, 2]);
  time.runDeferred();
  assertEquals(answered, [0, 1, 2, 3]);
  time.runDeferred();
  assertEquals(answered, [0, 1, 2, 3, 4]);
  assertEquals(time.deferredCount, 0);
});

test("PendingCalls answers no more in a macrotask if commit follows commit in it", () => {
  const { time, pending, life, answered, add } = calls();
  for (let lsn = 1; lsn <= 6; lsn++) {
    add(lsn, { lsn, flows: 450 });
    life.durableLsn = lsn;
    pending.release();
  }
  assertEquals(answered, [1, 2, 3]);
  time.runDeferred();
  assertEquals(answered, [1, 2, 3, 4, 5, 6]);
  // There is room again as soon as somebody tells of another macrotask.
  add(7, { flows: 1_000 });
  add(8);
  assertEquals(answered.at(-1), 6);
  pending.begin();
  pending.release();
  assertEquals(answered.at(-1), 6, "those that were put off keep their order");
  time.runDeferred();
  assertEquals(answered, [1, 2, 3, 4, 5, 6, 7]);
  time.runDeferred();
  assertEquals(answered, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("PendingCalls answers no more in a macrotask if calls wait for nothing", () => {
  const { time, pending, answered, add } = calls();
  for (let number = 0; number < 1_003; number++) assertEquals(add(number, { lsn: 0 }), false);
  assertEquals(answered.length, 1_000);
  time.runDeferred();
  assertEquals(answered, Array.from({ length: 1_003 }, (_, number) => number));
  // The macrotask that the store begins next has all its room.
  pending.begin();
  for (let number = 0; number < 1_000; number++) add(number, { lsn: 0 });
  assertEquals([answered.length, pending.count], [2_003, 0]);
  add(0, { lsn: 0, bytes: 1 });
  assertEquals([answered.length, pending.count], [2_003, 1]);
});

test("PendingCalls answers no more in a macrotask once what is done between answers has lasted", () => {
  const { time, answered, add } = calls();
  const counts: number[] = [];
  for (let number = 0; number < 7; number++) {
    add(number, { lsn: 0 });
    counts.push(answered.length);
    // What was put off is answered before that time is over.
    time.tick(3);
  }
  assertEquals(counts, [1, 2, 3, 3, 5, 6, 6]);
  // Nobody has told of another macrotask, however long ago the last one was: there is room in the next.
  time.tick(1_000);
  add(7, { lsn: 0 });
  assertEquals(answered.length, 7);
  time.runDeferred();
  assertEquals(answered.length, 8);
});

test("PendingCalls reads no more in a macrotask if calls wait for nothing", () => {
  const { time, answered, add } = calls();
  for (let number = 0; number < 4; number++) add(number, { lsn: 0, bytes: 600 << 10 });
  assertEquals(answered, [0, 1]);
  time.runDeferred();
  assertEquals(answered, [0, 1, 2, 3]);
});

test("PendingCalls counts the flows of a page as those of a list", () => {
  const { time, pending, life, answered, add } = calls();
  const page = { items: new Array(1_000), cursor: null };
  pending.add({
    decide: () => undefined,
    resolve: () => void answered.push(0),
    reject: () => {},
  }, { standsOn: [{ life, lsn: 1 }], read: () => page });
  add(1);
  life.durableLsn = 1;
  pending.release();
  assertEquals(answered, [0]);
  time.runDeferred();
  assertEquals(answered, [0, 1]);
});

test("PendingCalls leaves those alone that wait for more", () => {
  const { pending, life, answered, add } = calls();
  for (let number = 0; number < 1_000; number++) add(number, { lsn: number % 2 });
  add(1_000, { lsn: 2 });
  life.durableLsn = 1;
  pending.release();
  assertEquals(answered.length, 1_000);
  assertEquals(pending.takeAll().length, 1);
  assertEquals(pending.count, 0);
});

test("PendingCalls answers no more in a macrotask when a mebibyte was read for it", () => {
  const { time, pending, life, answered, add } = calls();
  for (
    const [number, bytes] of [[0, 9], [1, 2 ** 20], [2, 2 ** 19], [3, 2 ** 19], [4, 1]] as const
  ) {
    add(number, { bytes });
  }
  life.durableLsn = 1;
  pending.release();
  assertEquals(answered, [0, 1]);
  time.runDeferred();
  assertEquals(answered, [0, 1, 2, 3]);
  time.runDeferred();
  assertEquals(answered, [0, 1, 2, 3, 4]);
});

test("PendingCalls reads an answer of many parts over several macrotasks, and keeps the order", () => {
  const { time, pending, life, answered, add } = calls();
  life.durableLsn = 1;
  let readCount = 0;
  function* parts(): Generator<void, number[]> {
    while (readCount < 600) {
      readCount++;
      yield;
    }
    return [1];
  }
  const failing = function* (): Generator<void, number[]> {
    yield;
    throw new Error("Not a value");
  };
  const gradual = (number: number, of: Generator<void, number[]>): boolean =>
    pending.add({
      decide: () => undefined,
      resolve: ([first]) => void answered.push(first!),
      reject: () => void answered.push(-number),
    }, new GradualVerdict([{ life, lsn: 1 }], of));
  // What waits for no log is begun with at once.
  assertEquals(gradual(1, parts()), false);
  assertEquals([readCount, answered], [250, []]);
  assertEquals([gradual(2, failing()), add(3)], [false, false]);
  assertEquals([readCount, pending.count], [250, 3]);
  time.runDeferred();
  assertEquals([readCount, answered], [500, []]);
  time.runDeferred();
  assertEquals([readCount, answered, pending.count], [600, [1, -2, 3], 0]);
  assertEquals(new GradualVerdict([], (readCount = 0, parts())).read(), [1]);
});

test("a store that closes answers in several macrotasks, and closes its logs after that", async () => {
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const inner = openFileLog({ directory, random, manifest: Manifest.open({ directory, random }) });
  const frames: Frame[] = [];
  const happened: string[] = [];
  const log = wrappedLog(inner, {
    limits: { ...inner.limits, inline: false },
    submit: (frame) => void frames.push(frame),
    close: () => {
      happened.push("closed");
      return inner.close();
    },
  });
  const time = manualTime({ autoDefer: false });
  const limits = DEFAULT_STORE_LIMITS;
  const shards = new Shards({ logs: [log], time, hashKey: [1, 2, 3, 4], limits });
  const answers = Array.from({ length: 5_000 }, () =>
    shards.call(() => {
      const { first } = shards.router;
      if (frames.length === 0 && first.headLsn === 0) {
        const create = parseCreate("f", { type: "job" }, { limits, manualClock: true });
        shards.apply(create, first);
      }
      return { standsOn: [first.footing()], read: () => void happened.push("answered") };
    }));
  const closed = shards.close();
  await settled();
  for (const frame of frames.splice(0)) inner.submit(frame);
  const counts = [happened.length];
  for (let turn = 0; turn < 9 && !happened.includes("closed"); turn++) {
    await settled();
    time.runDeferred();
    await settled();
    counts.push(happened.length);
  }
  await Promise.all([...answers, closed]);
  assertEquals(happened.indexOf("closed"), 5_000);
  assertEquals(counts, [1_000, 2_000, 3_000, 4_000, 5_001]);
});

/** Lets everything happen that has been promised. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("a store that is lost answers all the same what was durable before", async () => {
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const inner = openFileLog({ directory, random, manifest: Manifest.open({ directory, random }) });
  const frames: Frame[] = [];
  const log = wrappedLog(inner, {
    limits: { ...inner.limits, inFlightMax: 1, inline: false },
    submit: (frame) => void frames.push(frame),
  });
  const time = manualTime({ autoDefer: false });
  const limits = DEFAULT_STORE_LIMITS;
  const shards = new Shards({ logs: [log], time, hashKey: [1, 2, 3, 4], limits });
  const call = (index: number): Promise<number> =>
    shards.call(() => {
      const { first } = shards.router;
      shards.apply(
        parseCreate(`f${index}`, { type: "job" }, { limits, manualClock: true }),
        first,
      );
      return { standsOn: [first.footing()], read: () => index };
    });
  const durable = Array.from({ length: 3_000 }, (_, index) => call(index));
  // The first frame was full before the turn was over; the second has all the others.
  inner.submit(frames.shift()!);
  const late = call(3_000);
  inner.submit(frames.shift()!);
  const { pendingCount } = shards.vitals;
  assertEquals(pendingCount, 2_001, "all but a macrotask's share");
  shards.lose(new Error("the disk is gone"));
  const error = await assertRejects(() => late, FlowError);
  assertEquals(error.code, "unknown_outcome");
  for (let turn = 0; turn < 2; turn++) time.runDeferred();
  assertEquals((await Promise.all(durable)).length, 3_000);
});

test("PendingCalls leaves the rest of a macrotask to others once reading parts has lasted", () => {
  const { time, pending, life, answered, add } = calls();
  life.durableLsn = 1;
  let readCount = 0;
  function* parts(): Generator<void, number[]> {
    for (; readCount < 20; readCount++) {
      time.tick(1);
      yield;
    }
    return [1];
  }
  pending.add({
    decide: () => undefined,
    resolve: ([first]) => void answered.push(first!),
    reject: () => {},
  }, new GradualVerdict([{ life, lsn: 1 }], parts()));
  add(2);
  const counts = [readCount];
  for (; pending.count > 0; counts.push(readCount)) time.runDeferred();
  assertEquals(counts, [3, 7, 11, 15, 19, 20]);
  assertEquals(answered, [1, 2]);
});
