/**
 * When checkpoints are written, and what becomes of one that cannot be: all others are made up.
 *
 * @module
 */

import {
  type CheckpointPlan,
  DEFAULT_CHECKPOINT_PLAN,
} from "../../src/engine/checkpoints/checkpoint_plan.ts";
import { CHECKPOINT_RETRY_MS, Checkpointer } from "../../src/engine/checkpoints/checkpointer.ts";
import type { Checkpoints } from "../../src/engine/checkpoints/checkpoints.ts";
import { type CheckpointPace, GivenUp } from "../../src/engine/checkpoints/running_checkpoint.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { Slices } from "../../src/engine/turns/slices.ts";
import { manualTime } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A shard with a lot of log, whose checkpoints end as the test says. */
function scene(plan: Partial<CheckpointPlan> = {}) {
  const time = manualTime();
  const said: string[] = [];
  const last = { name: "", segment: undefined as number | undefined, lsn: 0, bytes: 0 };
  let ending = Promise.withResolvers<{ readonly bytes: number }>();
  let [isShort, isStubborn, isOfUse] = [false, false, true];
  let pace: CheckpointPace | undefined;
  let onSubmit = (): void => {};
  const links = { notedCount: 0 };
  const log = { bytes: 1e9, end: { end: { lsn: 1e6 } } as object | undefined };
  const shard = {
    ...{ number: 0, headLsn: 1e6, life: {} },
    ...{ meter: { log }, state: { flows: { links } } },
    mark: () => void said.push("mark"),
    submit: () => {
      said.push("submit");
      onSubmit();
    },
    beginCheckpoint: () => {
      said.push("begin");
      return {
        segment: 7,
        write(given: CheckpointPace) {
          pace = given;
          return ending.promise;
        },
        abandon() {
          if (!isStubborn) ending.reject(new GivenUp("abandoned"));
        },
      };
    },
  };
  let isOutlived = false;
  const checkpoints = {
    last: () => ({ ...last, logBytes: 0, mergedBytes: 0 }),
    ...{ isMissed: () => false, isOutlived: () => isOutlived, published: () => isOfUse },
    removeOthers: () => Promise.resolve(),
    discard: () => void said.push("discard"),
  };
  const shards = {
    ended: undefined as Error | undefined,
    all: [shard],
    slices: new Slices(time),
    reschedule: () => {},
    admission: { isShortOfDisk: () => isShort },
  };
  const checkpointer = new Checkpointer(shards as unknown as Shards, time, {
    checkpoints: checkpoints as unknown as Checkpoints,
    checkpointPlan: { ...DEFAULT_CHECKPOINT_PLAN, ...plan },
  });
  return {
    ...{ time, said, last, links, log, shards, checkpointer },
    shard: shard as unknown as Shard,
    setShort: (value: boolean) => isShort = value,
    /** A checkpoint that is given up goes on to its end. */
    setStubborn: () => isStubborn = true,
    /** The checkpoint that is under way lets others have their turn. */
    rest: (): Promise<void> => pace!.rest(),
    setOutlived: () => isOutlived = true,
    /** A merge makes useless what is written from now on. */
    setUseless: () => isOfUse = false,
    /** The frame that is open turns out badly. */
    setOnSubmit: (act: (shard: { life: object }) => void) => onSubmit = () => act(shard),
    /** The checkpoint that is under way ends, and whoever waits for that goes on. */
    async end(how: Error | "not an error" | number): Promise<void> {
      const { resolve, reject } = ending;
      ending = Promise.withResolvers();
      if (typeof how === "number") resolve({ bytes: how });
      else reject(how);
      await time.advance(0);
    },
  };
}

test("Checkpointer counts no checkpoint that is of no use by the time it is written", async () => {
  const { checkpointer, end, setUseless } = scene();
  setUseless();
  checkpointer.wake();
  await end(100);
  const { count, writtenBytes, lastAtMs } = checkpointer.stats;
  assertEquals([count, writtenBytes, lastAtMs], [0, 100, null]);
});

test("Checkpointer writes one behind the frame that is open, and the next one when that is done", async () => {
  const { time, said, checkpointer, end } = scene();
  assertEquals(checkpointer.stats, {
    ...{ count: 0, writtenBytes: 0, isRunning: false, lastAtMs: null, failure: null },
  });
  checkpointer.wake();
  assertEquals([said, checkpointer.stats.isRunning], [["submit", "begin"], true]);
  checkpointer.wake();
  assertEquals([said.length, checkpointer.nextAtMs()], [2, Infinity]);
  await end(100);
  assertEquals(checkpointer.stats, {
    ...{ count: 1, writtenBytes: 100, isRunning: false, failure: null },
    lastAtMs: time.clock.wallMs(),
  });
  assertEquals(checkpointer.nextAtMs(), 0);
  checkpointer.wake();
  await end(20);
  assertEquals([checkpointer.stats.count, checkpointer.stats.writtenBytes], [2, 120]);
});

test("Checkpointer tries again after a rest, says why, and lets merges take what it needed", async () => {
  const { time, last, shard, checkpointer, end } = scene();
  assertEquals(checkpointer.neededSegmentOf(shard), undefined);
  checkpointer.wake();
  assertEquals(checkpointer.neededSegmentOf(shard), 7);
  await time.advance(500);
  await end(new Error("No room"));
  assertEquals(checkpointer.stats.failure, "No room");
  assertEquals(checkpointer.neededSegmentOf(shard), undefined);
  assertEquals(checkpointer.nextAtMs(), 500 + CHECKPOINT_RETRY_MS);
  checkpointer.wake();
  assertEquals(checkpointer.stats.isRunning, false);
  Object.assign(last, { lsn: 5, segment: 3 });
  assertEquals(checkpointer.neededSegmentOf(shard), undefined);
  await time.advance(CHECKPOINT_RETRY_MS);
  checkpointer.wake();
  await end("not an error");
  assertEquals(checkpointer.stats.failure, "not an error");
  await time.advance(CHECKPOINT_RETRY_MS);
  checkpointer.wake();
  assertEquals(checkpointer.neededSegmentOf(shard), undefined);
  await end(1);
  assertEquals([checkpointer.stats.failure, checkpointer.neededSegmentOf(shard)], [null, 3]);
});

test("Checkpointer begins again at once with one that was given up, which is no failure", async () => {
  const { said, checkpointer, end } = scene();
  checkpointer.wake();
  await end(new GivenUp("merged away"));
  assertEquals([checkpointer.stats.failure, checkpointer.nextAtMs()], [null, 0]);
  checkpointer.wake();
  assertEquals(said, ["submit", "begin", "submit", "begin"]);
});

test("Checkpointer leaves what room there is to others, and looks again after a rest", async () => {
  const { time, said, checkpointer, setShort } = scene();
  setShort(true);
  checkpointer.wake();
  assertEquals([said, checkpointer.nextAtMs()], [[], CHECKPOINT_RETRY_MS]);
  setShort(false);
  checkpointer.wake();
  assertEquals(said, []);
  await time.advance(CHECKPOINT_RETRY_MS);
  checkpointer.wake();
  assertEquals(said, ["submit", "begin"]);
});

test("Checkpointer that ends gives up what is under way, begins nothing, and tells of no failure", async () => {
  const { shard, checkpointer, end } = scene();
  checkpointer.wake();
  const ended = checkpointer.end();
  await ended;
  assertEquals([checkpointer.stats.isRunning, checkpointer.stats.failure], [false, null]);
  assertEquals(checkpointer.nextAtMs(), Infinity);
  checkpointer.wake();
  assertEquals(checkpointer.stats.isRunning, false);
  assertEquals(checkpointer.neededSegmentOf(shard), undefined);
  const other = scene();
  other.setStubborn();
  other.checkpointer.wake();
  const ending = other.checkpointer.end();
  await other.end(new Error("Closed"));
  await ending;
  assertEquals(other.checkpointer.stats.failure, null);
  await end(1);
});

test("Checkpointer that writes none while the store works needs no segment, and is never woken", () => {
  const { shard, last, said, checkpointer } = scene({ auto: false });
  Object.assign(last, { lsn: 5, segment: 3 });
  assertEquals(checkpointer.nextAtMs(), Infinity);
  checkpointer.wake();
  assertEquals([said, checkpointer.neededSegmentOf(shard)], [[], undefined]);
});

test("Checkpointer begins none on a frame that is void, nor in a store that has failed with it", () => {
  const { said, checkpointer, setOnSubmit } = scene();
  setOnSubmit((shard) => shard.life = {});
  checkpointer.wake();
  // What stood on it is decided again first, so it is tried again at once.
  assertEquals([said, checkpointer.nextAtMs()], [["submit"], 0]);
  setOnSubmit(() => {});
  checkpointer.wake();
  assertEquals(said, ["submit", "submit", "begin"]);
  const failed = scene();
  failed.setOnSubmit(() => failed.shards.ended = new Error("The disk"));
  failed.checkpointer.wake();
  assertEquals(failed.said, ["submit"]);
});

test("Checkpointer.close() writes one if much has come since the last, and marks the log before", async () => {
  const closed = async (change: (given: ReturnType<typeof scene>) => void): Promise<string[]> => {
    const given = scene({ closingRecords: 1_000 });
    change(given);
    const closing = given.checkpointer.close();
    await given.end(1);
    await closing;
    return given.said;
  };
  assertEquals(await closed(() => {}), ["mark", "begin"]);
  assertEquals(await closed(({ last }) => last.lsn = 1e6 - 1_000), ["mark", "begin"]);
  assertEquals(await closed(({ last }) => last.lsn = 1e6 - 999), []);
  // Nothing was ever written to the log.
  assertEquals(await closed(({ log }) => log.end = undefined), []);
  // Links that only the log knows to be gone would stay for ever.
  const outlived = (notedCount: number) =>
    closed(({ links, setOutlived }) => {
      links.notedCount = notedCount;
      setOutlived();
    });
  assertEquals(await outlived(1), ["mark", "discard"]);
  assertEquals(await outlived(0), ["mark", "begin"]);
  assertEquals(await closed(({ links }) => links.notedCount = 1), ["mark", "begin"]);
  const failing = scene();
  const closing = failing.checkpointer.close();
  await failing.end(new Error("No room"));
  // A store is closed properly also without.
  await closing;
  assertEquals(failing.checkpointer.stats.count, 0);
});

test("Checkpointer without anybody who keeps checkpoints has nothing to do", async () => {
  const time = manualTime();
  const shards = { slices: new Slices(time), all: [{}] };
  const checkpointer = new Checkpointer(shards as unknown as Shards, time, {});
  assertEquals(checkpointer.nextAtMs(), Infinity);
  checkpointer.wake();
  await checkpointer.close();
  const shard = { number: 0 } as Shard;
  assertEquals([checkpointer.neededSegmentOf(shard), checkpointer.lsnOf(shard)], [undefined, 0]);
});

test("Checkpointer rests between slices, but for a turn if it has fallen behind, and not in the end", async () => {
  const plan = { logBytes: 1_000, logRecords: 1e9 };
  const { time, log, checkpointer, rest, end, setStubborn } = scene(plan);
  checkpointer.wake();
  let restedCount = 0;
  const take = (): void => void rest().then(() => restedCount++);
  take();
  assertEquals(checkpointer.nextAtMs(), 10);
  await time.advance(9);
  checkpointer.wake();
  await time.advance(0);
  assertEquals(restedCount, 0);
  await time.advance(1);
  checkpointer.wake();
  await time.advance(0);
  assertEquals([restedCount, checkpointer.nextAtMs()], [1, Infinity]);
  log.bytes += 499;
  take();
  assertEquals(checkpointer.nextAtMs(), 20);
  await time.advance(10);
  checkpointer.wake();
  log.bytes += 1;
  await time.advance(0);
  take();
  assertEquals(checkpointer.nextAtMs(), Infinity);
  await time.advance(0);
  assertEquals(restedCount, 3);
  log.bytes -= 1;
  take();
  setStubborn();
  const ended = checkpointer.end();
  take();
  await time.advance(0);
  assertEquals([restedCount, checkpointer.nextAtMs()], [5, Infinity]);
  await end(1);
  await ended;
});
