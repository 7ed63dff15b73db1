import { FlowError } from "../../src/errors.ts";
import { type Directory, memoryDirectory, SimulatedDisk, withFile } from "../../src/files/mod.ts";
import {
  endOfFrame,
  type Frame,
  InlineIo,
  type IoResult,
  type Log,
  type LogOutcome,
  Manifest,
  type SegmentIo,
} from "../../src/log/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { SimulatedThread } from "../simulation/simulated_thread.ts";
import { append, frameOf, openLog, textsOf } from "./log_store.ts";

/** A segment that is full after one frame. */
const TINY = 4_097;

function manifestOf(directory: Directory): Manifest {
  return Manifest.open({ directory, random: seededRandom(1) });
}

/** A log over a simulated thread, whose steps are in the hand of a test. */
class ThreadLog {
  readonly time = manualTime({ autoDefer: false });
  readonly log: Log;
  /** What became of the frames, in the order in which it was told. */
  readonly outcomes: LogOutcome["kind"][] = [];
  lostBy: unknown;

  constructor(
    directory: Directory = memoryDirectory(),
    { manifest = manifestOf(directory), segmentBytesMax = 1 << 20, deathPercent = 0 } = {},
  ) {
    const { time } = this;
    const io = new SimulatedThread({ directory, time, random: seededRandom(5), deathPercent });
    this.log = openLog(directory, { manifest, io: () => io, segmentBytesMax });
    io.start();
    this.log.onSettled((_frame, { kind }) => this.outcomes.push(kind));
    this.log.onLost((cause) => this.lostBy = cause);
  }

  /** Hands over a frame of a text that stands on `base`. */
  submit(text: string, base = this.log.end): Frame {
    this.log.nextPlace();
    const frame = frameOf({ end: base }, text);
    this.log.submit(frame);
    return frame;
  }

  /** Until the thread has done what it was told. */
  run(): void {
    while (this.time.deferredCount > 0) this.time.runDeferred();
  }

  append(text: string): void {
    this.submit(text);
    this.run();
  }
}

test("FileLog over a thread settles frames later, in order, each with one write and one sync", () => {
  const directory = countingDirectory(memoryDirectory());
  const thread = new ThreadLog(directory);
  const { log } = thread;
  assertEquals([log.mode, log.limits.inline], [{ kind: "thread" }, false]);
  directory.reset();
  const first = thread.submit("one");
  const second = thread.submit("two", endOfFrame(first));
  thread.submit("three", endOfFrame(second));
  assertEquals([thread.outcomes, log.end.index, directory.counts().writes], [[], 0, 0]);
  thread.run();
  assertEquals(thread.outcomes, ["committed", "committed", "committed"]);
  assertEquals([directory.counts().writes, directory.counts().flushes], [3, 3]);
  assertEquals(textsOf(log), ["one", "two", "three"]);
});

test("FileLog over a thread tells places behind frames that are under way", () => {
  const thread = new ThreadLog();
  const place = thread.log.nextPlace();
  const first = thread.submit("one");
  const next = thread.log.nextPlace();
  assertEquals([next.segment, next.offset], [place.segment, place.offset + 128]);
  thread.submit("two", endOfFrame(first));
  thread.run();
  assertEquals([...thread.log.read(0)].map((frame) => frame.place), [place, next]);
});

/** A write that waits to be told how it ended. */
interface WriteByHand {
  readonly name: string;
  readonly at: number;
  finish(as?: IoResult["kind"]): void;
}

/** A log over an I/O that does nothing until it is told how that ended, with two sealed segments. */
async function logByHand({ segmentBytesMax = 1 << 20 } = {}) {
  const directory = memoryDirectory();
  const inner = new InlineIo(directory, "It does what it is told");
  const writes: WriteByHand[] = [];
  let isByHand = false;
  const io: SegmentIo = {
    mode: { kind: "thread" },
    writesMax: 2,
    reserve: (target, done) => inner.reserve(target, done),
    write(target, write, done) {
      if (!isByHand) return inner.write(target, write, done);
      const bytes = new Uint8Array(write.length);
      write.fill(bytes);
      const copied = { ...write, fill: (room: Uint8Array) => room.set(bytes) };
      writes.push({
        ...{ name: target.name, at: write.at },
        finish(as = "done") {
          writes.shift();
          if (as === "done") inner.write(target, copied, done);
          else done(as === "failed" ? { kind: as, cause: new Error("Refused") } : { kind: as });
        },
      });
    },
    onFailed: () => {},
    close: () => {},
  };
  const log = openLog(directory, { io: () => io, segmentBytesMax });
  for (const text of ["x", "y"]) {
    append(log, text);
    await log.segments.roll();
  }
  isByHand = true;
  const outcomes: LogOutcome["kind"][] = [];
  log.onSettled((_frame, { kind }) => outcomes.push(kind));
  let end = log.end;
  const submit = (text: string, base = end): void => {
    log.nextPlace();
    const frame = frameOf({ end: base }, text);
    end = endOfFrame(frame);
    log.submit(frame);
  };
  return { directory, log, writes, outcomes, submit };
}

test("FileLog hands a thread one frame behind the one that it writes, and no more", async () => {
  const { log, writes, outcomes, submit } = await logByHand();
  for (const text of ["one", "two", "three"]) submit(text);
  assertEquals(writes.map(({ at }) => at), [4_096, 4_224]);
  writes[0]!.finish();
  assertEquals([outcomes, log.end.index], [["committed"], 3]);
  assertEquals(textsOf(log), ["x", "y", "one"]);
  assertEquals(writes.map(({ at }) => at), [4_224, 4_352]);
  writes[0]!.finish();
  writes[0]!.finish();
  assertEquals([writes.length, textsOf(log)], [0, ["x", "y", "one", "two", "three"]]);
});

test("FileLog lets whatever is no frame wait until no frame is under way", async () => {
  const { log, writes, submit } = await logByHand();
  submit("one");
  submit("two");
  log.mark();
  writes[0]!.finish();
  assertEquals(writes.map(({ at }) => at), [4_224]);
  writes[0]!.finish();
  assertEquals(writes.length, 1, "the evidence");
  submit("three");
  assertEquals(writes.length, 1, "and nothing behind it");
  writes[0]!.finish();
  assertEquals(writes.map(({ at }) => at), [4_352]);
});

test("FileLog lets a merge have its turn though callers bring frame after frame", async () => {
  const { log, writes, submit } = await logByHand();
  const sealed = log.segments.list.filter(({ isSealed }) => isSealed).map(({ id }) => id);
  const merge = log.segments.merge(sealed);
  const [first] = merge.frames();
  void merge.write(first!);
  let frameCount = 0;
  while (writes.every(({ name }) => name === "log-3.seg")) {
    assert(frameCount < 40, "The merge still waits");
    for (let underWay = writes.length; underWay < 2; underWay++) submit(`${frameCount++}`);
    writes[0]!.finish();
    for (let turn = 0; turn < 5; turn++) await undefined;
  }
  assertEquals(writes.length, 1);
});

test("FileLog goes on in a new segment that somebody wants though callers bring frame after frame", async () => {
  const { log, writes, submit } = await logByHand();
  submit("first");
  submit("second");
  writes[0]!.finish();
  void log.segments.roll();
  let frameCount = 0;
  while (writes.every(({ name }) => name === "log-3.seg")) {
    assert(frameCount < 40, "There is still no new segment");
    for (let underWay = writes.length; underWay < 2; underWay++) submit(`${frameCount++}`);
    writes[0]!.finish();
  }
  assertEquals(writes.map(({ name, at }) => `${name} ${at}`), ["log-4.seg 0"]);
});

test("FileLog goes on in the next segment though frames are large, and one is always under way", async () => {
  const { log, writes, submit } = await logByHand({ segmentBytesMax: 5_000 });
  const frame = (): void => submit("x".repeat(900));
  frame();
  frame();
  for (let frameCount = 2; writes.every(({ name }) => name === "log-3.seg"); frameCount++) {
    assert(frameCount < 8, `The segment has ${log.segments.list.at(-1)?.bytes} bytes`);
    writes[0]!.finish();
    frame();
  }
});

test("FileLog hands over one frame behind another also once the next segment is at hand", async () => {
  const { writes, submit } = await logByHand({ segmentBytesMax: 5_000 });
  submit("a".repeat(300));
  for (const text of ["b", "c", "d", "e"]) submit(text);
  const seen: number[][] = [];
  for (let count = 0; count < 3; count++) {
    writes[0]!.finish();
    seen.push(writes.map(({ at }) => at));
  }
  // First it is made, with nothing under way.
  assertEquals(seen, [[4_544], [4_672, 4_800], [4_800, 4_928]]);
});

test("FileLog goes on in the next segment when all of the last one is written", async () => {
  const { directory, log, writes, submit } = await logByHand({ segmentBytesMax: 5_000 });
  submit("a".repeat(300));
  writes[0]!.finish();
  submit("b".repeat(600));
  submit("c");
  submit("d");
  const seen = (): string[] => writes.map(({ name, at }) => `${name} ${at}`);
  assertEquals(seen(), ["log-3.seg 4544"]);
  writes[0]!.finish();
  assertEquals(seen(), ["log-4.seg 0"], "the head");
  writes[0]!.finish();
  assertEquals(seen(), ["log-4.seg 4096", "log-4.seg 4224"]);
  while (writes.length > 0) writes[0]!.finish();
  const texts = textsOf(log).map(([letter]) => letter);
  assertEquals(texts, ["x", "y", "a", "b", "c", "d"]);
  assertEquals(textsOf(openLog(directory)).length, 6);
});

test("FileLog over a busy thread ends a roll for which there is no room in the manifest", async () => {
  const directory = memoryDirectory();
  const manifest = manifestOf(directory);
  const thread = new ThreadLog(directory, { manifest });
  const { log, time } = thread;
  let triedCount = 0;
  manifest.makeRoom = () => {
    triedCount += 1;
    return false;
  };
  let frameCount = 0;
  const send = (): void => void thread.submit(`${frameCount++}`);
  log.onSettled(send);
  send();
  while (frameCount < 3) time.runDeferred();
  let isEnded = false;
  void log.segments.roll().then(() => isEnded = true);
  while (frameCount < 20) {
    time.runDeferred();
    await undefined;
  }
  assertEquals([isEnded, triedCount], [true, 1]);
});

test("FileLog keeps a place that it has told of in a segment whose head found no room", async () => {
  for (const comes of [true, false]) {
    const { log, writes, outcomes, submit } = await logByHand();
    submit("before");
    writes[0]!.finish();
    const rolled = log.segments.roll();
    const place = log.nextPlace();
    writes[0]!.finish("no_space");
    await rolled;
    assertEquals([place.segment, writes.length], [4, 0]);
    if (!comes) log.segments.returnPlace();
    else assertEquals(log.nextPlace(), place);
    // There is room again by the time at which a frame comes to that place, or another one.
    submit("after");
    while (writes.length > 0) writes[0]!.finish();
    assertEquals(outcomes, ["committed", "committed"]);
    const [, , , after] = [...log.read(0)];
    assertEquals(after!.place, place);
    assertEquals(textsOf(log), ["x", "y", "before", "after"]);
  }
});

test("FileLog goes back to its segment when a frame finds no room for the head of the next", async () => {
  const { directory, log, writes, outcomes, submit } = await logByHand();
  submit("before");
  writes[0]!.finish();
  void log.segments.roll();
  log.nextPlace();
  writes[0]!.finish("no_space");
  submit("void");
  writes[0]!.finish("no_space");
  assertEquals(outcomes, ["committed", "void"]);
  assertEquals(directory.list().includes("log-4.seg"), false);
  submit("after", log.end);
  assertEquals(writes.map(({ name }) => name), ["log-3.seg"]);
  writes[0]!.finish();
  void log.segments.roll();
  while (writes.length > 0) writes[0]!.finish();
  assertEquals(textsOf(log), ["x", "y", "before", "after"]);
});

test("FileLog hands over nothing behind a frame that does not stand on it", async () => {
  const { log, writes, outcomes, submit } = await logByHand();
  const before = log.end;
  submit("one");
  submit("moved", before);
  assertEquals(writes.length, 1);
  writes[0]!.finish();
  assertEquals([outcomes, writes.length], [["committed", "void"], 0]);
});

test("FileLog proves a frame by the one that was handed over behind it", async () => {
  const { directory, writes, submit } = await logByHand();
  submit("one");
  submit("two");
  writes[0]!.finish();
  writes[0]!.finish();
  withFile(directory, "log-3.seg", (file) => {
    file.write(new Uint8Array([9]), { at: 4_096 + 70 });
  });
  // Without that it would be taken for a frame that was never answered.
  const { code } = assertThrows(() => openLog(directory), FlowError);
  assertEquals(code, "corrupt");
});

test("FileLog writes nothing in the place of a frame until the one behind it was skipped", async () => {
  const { log, writes, outcomes, submit } = await logByHand();
  submit("one");
  submit("two");
  submit("three");
  writes[0]!.finish("no_space");
  assertEquals(outcomes, ["void", "void", "void"]);
  submit("four", log.end);
  submit("five");
  assertEquals(writes.map(({ at }) => at), [4_224]);
  writes[0]!.finish("skipped");
  assertEquals(writes.map(({ at }) => at), [4_096, 4_224]);
  writes[0]!.finish();
  writes[0]!.finish();
  assertEquals(outcomes.slice(3), ["committed", "committed"]);
  assertEquals(textsOf(log), ["x", "y", "four", "five"]);
});

test("FileLog loses what is behind a frame that failed, and closes once all is answered", async () => {
  const { log, writes, outcomes, submit } = await logByHand();
  for (const text of ["one", "two", "three"]) submit(text);
  writes[0]!.finish("failed");
  assertEquals(outcomes, ["lost", "lost", "lost"]);
  let isClosed = false;
  const closed = Promise.resolve(log.close()).then(() => isClosed = true);
  await undefined;
  await undefined;
  assertEquals([writes.length, isClosed], [1, false]);
  writes[0]!.finish("skipped");
  await closed;
});

test("FileLog fails when a frame does that was let go of", async () => {
  const { log, writes, outcomes, submit } = await logByHand();
  submit("one");
  submit("two");
  let lostBy: unknown;
  log.onLost((cause) => lostBy = cause);
  writes[0]!.finish("no_space");
  // The thread ends before it can say that it has skipped the second one.
  writes[0]!.finish("failed");
  assertEquals(outcomes, ["void", "void"]);
  assert(lostBy instanceof Error);
  assertEquals(assertThrows(() => log.nextPlace(), FlowError).code, "store_failed");
});

test("FileLog over a thread rolls to a segment that was made ahead of need", () => {
  const directory = countingDirectory(memoryDirectory());
  const thread = new ThreadLog(directory, { segmentBytesMax: TINY });
  thread.append("one");
  assertEquals(directory.list().filter((name) => name.endsWith(".seg")), [
    "log-1.seg",
    "log-2.seg",
  ]);
  assertEquals(thread.log.nextPlace(), { segment: 2, offset: 4_096 + 64 });
  directory.reset();
  thread.append("two");
  assertEquals(directory.counts("log-2.seg").flushes, 2, "the head of the segment, and the frame");
  for (const text of ["three", "four"]) thread.append(text);
  assertEquals(textsOf(thread.log), ["one", "two", "three", "four"]);
  assert(thread.log.nextPlace().segment >= 4);
});

test("FileLog over a thread stays in a full segment until there is another", () => {
  const thread = new ThreadLog(memoryDirectory(), { segmentBytesMax: TINY });
  const first = thread.submit("one");
  const second = thread.submit("two", endOfFrame(first));
  assertEquals(thread.log.nextPlace().segment, 1);
  thread.submit("three", endOfFrame(second));
  thread.run();
  assertEquals([...thread.log.read(0)].map(({ place }) => place.segment), [1, 1, 1]);
  assertEquals(thread.log.nextPlace().segment, 2);
});

test("FileLog over a thread makes frames void that stand on a void one, and goes on where it was", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const thread = new ThreadLog(disk.directory());
  thread.append("one");
  disk.capacityBytes = disk.usedBytes;
  const place = thread.log.nextPlace();
  const second = thread.submit("two");
  thread.submit("three", endOfFrame(second));
  thread.run();
  assertEquals(thread.outcomes, ["committed", "void", "void"]);
  assertEquals(thread.log.nextPlace(), place);
  disk.capacityBytes = Infinity;
  thread.append("four");
  assertEquals(textsOf(thread.log), ["one", "four"]);
});

test("FileLog over a thread takes a segment that found no room and comes again for another file", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const thread = new ThreadLog(disk.directory(), { segmentBytesMax: TINY });
  disk.capacityBytes = disk.usedBytes + 1_000;
  thread.append("one");
  assertEquals(disk.directory().list().includes("log-2.seg"), false);
  // It is asked for once more, and nobody counts on it before there is room.
  assertEquals(thread.log.nextPlace().segment, 1);
  disk.capacityBytes = Infinity;
  for (const text of ["two", "three", "four"]) thread.append(text);
  assert(thread.log.nextPlace().segment >= 2);
  disk.powerCut({ keep: "none" });
  assertEquals(textsOf(openLog(disk.restart())), ["one", "two", "three", "four"]);
});

test("FileLog over a thread that ends loses what is under way, and nothing works any more", () => {
  const thread = new ThreadLog(memoryDirectory(), { deathPercent: 100 });
  const first = thread.submit("one");
  thread.submit("two", endOfFrame(first));
  thread.run();
  const [outcome, ...others] = thread.outcomes;
  assert(outcome === "lost" || thread.lostBy !== undefined, `${outcome}`);
  assert(others.every((kind) => kind === "lost"), others.join());
  assertEquals(assertThrows(() => thread.log.nextPlace(), FlowError).code, "store_failed");
});

test("FileLog over a thread that cannot make a segment loses the frame after the one it has told of", () => {
  for (const name of ["MANIFEST.0", "log-2.seg"]) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const thread = new ThreadLog(disk.directory(), { segmentBytesMax: 5_000 });
    thread.append("x".repeat(100));
    const second = thread.submit("y".repeat(800));
    // This one is handed over behind the second, which is what makes the segment necessary.
    const third = thread.submit("three", endOfFrame(second));
    thread.submit("four", endOfFrame(third));
    disk.arm({ call: "open", name });
    thread.run();
    assertEquals(thread.outcomes, ["committed", "committed", "committed", "lost"]);
  }
});

test("FileLog.onLost() hears of evidence that a thread could not write", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const thread = new ThreadLog(disk.directory());
  thread.append("one");
  disk.arm({ call: "flush" });
  thread.log.mark();
  assertEquals(thread.lostBy, undefined);
  thread.run();
  assert(thread.lostBy instanceof Error);
  assertEquals(assertThrows(() => thread.log.nextPlace(), FlowError).code, "store_failed");
});

test("FileLog.mark() over a thread writes evidence once there is nothing else to do", () => {
  const directory = countingDirectory(memoryDirectory());
  const thread = new ThreadLog(directory);
  thread.submit("one");
  thread.log.mark();
  thread.run();
  assertEquals([directory.counts("log-1.seg").writes, thread.outcomes], [3, ["committed"]]);
  thread.log.mark();
  thread.run();
  assertEquals(directory.counts("log-1.seg").writes, 3);
});

test("FileLog.close() over a thread waits for what is under way, and writes the evidence", async () => {
  const directory = countingDirectory(memoryDirectory());
  const thread = new ThreadLog(directory, { segmentBytesMax: TINY });
  thread.submit("one");
  const closed = thread.log.close();
  assertEquals(assertThrows(() => thread.log.nextPlace(), FlowError).code, "store_closed");
  thread.run();
  await closed;
  await thread.log.close();
  assertEquals(thread.outcomes, ["committed"]);
  assertEquals(directory.openHandleCount, 0);
  assertEquals(directory.list().filter((name) => name.endsWith(".seg")), ["log-1.seg"]);
  directory.reset();
  assertEquals(textsOf(openLog(directory)), ["one"]);
});

test("FileLog.close() over a thread says when the evidence cannot be written", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const thread = new ThreadLog(disk.directory());
  thread.append("one");
  disk.arm({ call: "flush" });
  const refused = assertRejects(async () => await thread.log.close(), FlowError);
  thread.run();
  assertEquals((await refused).code, "store_failed");
  assertEquals(disk.openHandleCount, 0);
});
