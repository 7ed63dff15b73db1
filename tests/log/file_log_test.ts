import { FlowError } from "../../src/errors.ts";
import {
  FileError,
  memoryDirectory,
  nodeDirectory,
  readWholeFile,
  SimulatedDisk,
  writeDurably,
} from "../../src/files/mod.ts";
import { endOfFrame, InlineIo, type Log, logStart } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { type FileHooks, wrappedDirectory } from "../simulation/wrapped_directory.ts";
import { append, filesOf, frameOf, openLog, submit, textsOf } from "./log_store.ts";

/** A segment that is full after one frame. */
const TINY = 4_097;

function simulatedDisk(): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(9) });
}

test("openFileLog() starts an empty log at the beginning", () => {
  const log = openLog(memoryDirectory());
  assertEquals(log.end, logStart);
  assertEquals([...log.read(0)], []);
  assertEquals(log.limits, {
    frameBytesMax: 8 << 20,
    inFlightMax: 1,
    behindBytesMin: 64 << 10,
    inline: true,
  });
});

test("FileLog.submit() commits a frame before it returns, and read() gives it back", () => {
  const log = openLog(memoryDirectory());
  const frame = frameOf(log, "one", "two");
  const end = endOfFrame(frame);
  assertEquals(submit(log, frame), { kind: "committed", end });
  assertEquals(log.end, end);
  assertEquals([end.index, end.lsn], [1, 2]);
  append(log, "three");
  const [first, second] = [...log.read(0)];
  assertEquals(first!.body, frame.body);
  assertEquals([first!.base, first!.end, first!.timeMs], [logStart, end, frame.timeMs]);
  assertEquals([second!.base, second!.end], [end, log.end]);
  assertEquals(textsOf(log), ["one", "two", "three"]);
});

test("FileLog.submit() makes one write and one sync, whatever the frame's size", () => {
  const directory = countingDirectory(memoryDirectory());
  const log = openLog(directory);
  for (const size of [0, 100, 5_000, 1_000_000]) {
    log.nextPlace();
    directory.reset();
    assertEquals(submit(log, frameOf(log, "x".repeat(size), "y")).kind, "committed");
    const { writes, flushes, opens, reads, truncates } = directory.counts();
    assertEquals([writes, flushes, opens, reads, truncates], [1, 1, 0, 0, 0]);
    assertEquals(directory.syncCount, 0);
  }
});

test("FileLog writes frames in multiples of 64 bytes, one behind the other", () => {
  const log = openLog(memoryDirectory());
  for (const size of [0, 1, 39, 40, 41, 100, 500]) {
    const place = log.nextPlace();
    assertEquals(place.offset % 64, 0);
    const frame = frameOf(log, "x".repeat(size));
    submit(log, frame);
    assertEquals(
      log.nextPlace().offset - place.offset,
      64 * Math.ceil((64 + frame.body.length) / 64),
    );
    assertEquals(log.readBytes(place.segment, place.offset, frame.body.length), frame.body);
  }
});

test("FileLog.nextPlace() is where the next frame will stand, also in a new segment", () => {
  const directory = countingDirectory(memoryDirectory());
  const log = openLog(directory, { segmentBytesMax: TINY });
  append(log, "one");
  directory.reset();
  const place = log.nextPlace();
  assertEquals(place, { segment: 2, offset: 4_096 + 64 });
  const work = (): number[] => {
    const { writes, flushes } = directory.counts();
    return [writes, flushes, directory.syncCount];
  };
  assertEquals(work(), [1, 0, 1], "room for the head of the segment, and its name");
  assertEquals(log.nextPlace(), place);
  append(log, "two");
  assertEquals(work(), [4, 3, 1], "the head, the manifest that lists it, and the frame");
  assertEquals([...log.read(1)].map((frame) => frame.place), [place]);
  assertEquals(textsOf(log), ["one", "two"]);
});

test("FileLog.read() gives the frames above an index, those included that are appended meanwhile", () => {
  const log = openLog(memoryDirectory(), { segmentBytesMax: TINY });
  for (const text of ["one", "two", "three"]) append(log, text);
  const indexes: number[] = [];
  for (const { end } of log.read(1)) {
    indexes.push(end.index);
    if (indexes.length < 4) append(log, "more");
  }
  assertEquals(indexes, [2, 3, 4, 5, 6]);
});

test("FileLog.submit() makes a frame void that was decided elsewhere", () => {
  const log = openLog(memoryDirectory());
  append(log, "one");
  const frame = frameOf(log, "two");
  const { index, lsn, chain } = frame.base;
  for (const base of [logStart, { index, lsn, chain: chain ^ 1 }, { index, lsn: lsn + 1, chain }]) {
    assertEquals(submit(log, { ...frame, base }), { kind: "void", why: "moved" });
  }
  assertEquals(submit(log, frame).kind, "committed");
});

test("FileLog.submit() makes a frame void that is too large", () => {
  const log = openLog(memoryDirectory(), { frameBytesMax: 100 });
  assertEquals(submit(log, frameOf(log, "x".repeat(76))), { kind: "void", why: "too_large" });
  assertEquals(submit(log, frameOf(log, "x".repeat(75))).kind, "committed");
});

test("FileLog.submit() makes a frame void for which there is no room, and goes on when there is", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory());
  append(log, "one");
  disk.capacityBytes = disk.usedBytes;
  assertEquals(submit(log, frameOf(log, "two")), { kind: "void", why: "no_space" });
  assertEquals(textsOf(log), ["one"]);
  disk.capacityBytes = Infinity;
  append(log, "two");
  assertEquals(textsOf(log), ["one", "two"]);
});

test("FileLog.nextPlace() stays in a full segment while there is no room for another", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory(), { segmentBytesMax: TINY });
  append(log, "one");
  disk.capacityBytes = disk.usedBytes + 200;
  assertEquals(log.nextPlace().segment, 1);
  append(log, "two");
  disk.capacityBytes = Infinity;
  // A name takes room as well.
  disk.arm({ call: "open", name: "log-2.seg", code: "ENOSPC" });
  assertEquals([log.nextPlace().segment, disk.armedCount], [1, 0]);
  assert(log.nextPlace().segment > 1);
  append(log, "three");
  log.close();
  assertEquals(textsOf(openLog(disk.directory())), ["one", "two", "three"]);
});

test("FileLog goes on in its segment while there is no room for a manifest that lists another", () => {
  const seen = new Set<string>();
  for (const count of [1, 15, 40]) {
    for (let roomBytes = 128; roomBytes < 17_000; roomBytes += 100) {
      const disk = simulatedDisk();
      const log = openLog(disk.directory(), { segmentBytesMax: TINY });
      for (let serial = 0; serial < count; serial++) append(log, `${serial}`);
      disk.capacityBytes = disk.usedBytes + roomBytes;
      let { length } = log.segments.list;
      log.nextPlace();
      const { kind } = submit(log, frameOf(log, "full"));
      // The head of the next segment may leave too little for it.
      assert(kind !== "lost", `${roomBytes} bytes of room`);
      seen.add(log.segments.list.length > length ? "rolled" : "stayed");
      length = log.segments.list.length;
      void log.segments.roll();
      seen.add(log.segments.list.length > length ? "rolled idle" : "stayed idle");
      disk.capacityBytes = Infinity;
      append(log, "more");
      assert(log.segments.list.length > count);
      log.close();
      const texts = textsOf(openLog(disk.directory()));
      assertEquals(texts.slice(count), [...kind === "committed" ? ["full"] : [], "more"]);
    }
  }
  assertEquals(seen.size, 4);
});

test("FileLog.submit() takes a frame back that fits in part, and goes on when there is room", () => {
  const sizeOf = (disk: SimulatedDisk): number => filesOf(disk.directory())["log-1.seg"]!.length;
  for (let roomBytes = 0; roomBytes < 576; roomBytes++) {
    const disk = new SimulatedDisk({ random: seededRandom(9), throwsShort: roomBytes % 3 === 0 });
    const log = openLog(disk.directory());
    append(log, "one");
    const size = sizeOf(disk);
    disk.capacityBytes = disk.usedBytes + roomBytes;
    // What stands behind it says itself where its own frame ends.
    const outcome = submit(log, frameOf(log, "x".repeat(480)));
    assertEquals(outcome, { kind: "void", why: "no_space" }, `${roomBytes}`);
    assertEquals(sizeOf(disk), size);
    if (roomBytes % 2 === 0) {
      disk.capacityBytes = Infinity;
      append(log, "two");
    }
    const texts = textsOf(log);
    assertEquals(texts.length, roomBytes % 2 === 0 ? 2 : 1);
    disk.powerCut();
    assertEquals(textsOf(openLog(disk.restart())), texts);
  }
});

test("a frame that was taken back is gone, though the power goes while the next one is written", () => {
  for (let seed = 0; seed < 400; seed++) {
    const disk = new SimulatedDisk({ random: seededRandom(seed) });
    const log = openLog(disk.directory());
    append(log, "one");
    disk.capacityBytes = disk.usedBytes + 127;
    // It is whole again as soon as there are zeros behind what there was room for.
    assertEquals(submit(log, frameOf(log, `two${"\0".repeat(200)}`)).kind, "void");
    disk.capacityBytes = Infinity;
    disk.cutAfter(1, { ending: "power", keep: "chance" });
    const kind = submit(log, frameOf(log, `three${"x".repeat(900)}`)).kind;
    const texts = textsOf(openLog(disk.restart()));
    assert(!texts.some((text) => text.startsWith("two")), `Seed ${seed}, ${kind}`);
  }
});

test("FileLog.submit() loses a frame that cannot be taken back, and then nothing works any more", () => {
  for (const cause of ["write", "truncate"] as const) {
    const disk = simulatedDisk();
    const log = openLog(disk.directory());
    disk.arm({ call: "write", short: true, code: cause === "write" ? "EIO" : "ENOSPC" });
    if (cause === "truncate") disk.arm({ call: "truncate" });
    const outcome = submit(log, frameOf(log, "x".repeat(500)));
    assertEquals(outcome.kind, "lost");
    const calls: (() => unknown)[] = [
      () => log.submit(frameOf(log, "two")),
      () => log.nextPlace(),
      () => [...log.read(0)],
      () => log.readBytes(1, 4_160, 1),
    ];
    for (const call of calls) {
      assertEquals(assertThrows(call, FlowError).code, "store_failed");
    }
    log.close();
    assertEquals(disk.openHandleCount, 0);
    assertEquals(textsOf(openLog(disk.directory())), []);
  }
});

test("FileLog.submit() loses a frame whose sync fails, and opening again decides", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory());
  disk.arm({ call: "flush" });
  const outcome = submit(log, frameOf(log, "one"));
  assert(outcome.kind === "lost");
  assertInstanceOf(outcome.cause, Error);
  disk.kill();
  const again = openLog(disk.restart());
  assertEquals(textsOf(again), ["one"]);
  disk.powerCut({ keep: "none" });
  assertEquals(textsOf(openLog(disk.restart())), ["one"]);
});

test("FileLog lists no segment behind one that was replaced by a copy of itself", () => {
  const directory = memoryDirectory();
  const log = openLog(directory, { segmentBytesMax: TINY });
  append(log, "one");
  const copy = readWholeFile(directory, "log-1.seg")!;
  directory.remove("log-1.seg");
  writeDurably(directory, "log-1.seg", copy, { create: true });
  log.nextPlace();
  const outcome = submit(log, frameOf(log, "two"));
  assert(outcome.kind === "lost");
  assertStringIncludes(String(outcome.cause), "was removed, or replaced by another file");
  assertThrows(() => log.nextPlace(), FlowError);
  assertEquals(textsOf(openLog(directory)), ["one"]);
});

test("FileLog.submit() finishes a short write", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory());
  for (let count = 0; count < 3; count++) disk.arm({ call: "write", short: true });
  append(log, "x".repeat(900));
  disk.powerCut({ keep: "none" });
  assertEquals(textsOf(openLog(disk.restart())), ["x".repeat(900)]);
});

test("FileLog.mark() writes and syncs once, and nothing when there is nothing new", () => {
  const directory = countingDirectory(memoryDirectory());
  const log = openLog(directory);
  log.mark();
  append(log, "one");
  directory.reset();
  log.mark();
  assertEquals([directory.counts().writes, directory.counts().flushes], [1, 1]);
  assertEquals(directory.counts().writtenBytes, 64);
  log.mark();
  log.close();
  assertEquals([directory.counts().writes, directory.counts().flushes], [1, 1]);
});

test("FileLog.close() writes the evidence, closes the files, and may be called twice", () => {
  const directory = countingDirectory(memoryDirectory());
  const log = openLog(directory, { segmentBytesMax: TINY });
  for (const text of ["one", "two", "three"]) append(log, text);
  assertEquals(textsOf(log).length, 3);
  directory.reset();
  log.close();
  log.close();
  assertEquals([directory.counts().writes, directory.counts().flushes], [1, 1]);
  assertEquals(directory.openHandleCount, 0);
  assertEquals(assertThrows(() => log.nextPlace(), FlowError).code, "store_closed");
});

test("FileLog.close() that cannot write the evidence says so, and closes the files all the same", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory());
  append(log, "one");
  disk.arm({ call: "flush" });
  assertEquals(assertThrows(() => log.close(), FlowError).code, "store_failed");
  assertEquals(disk.openHandleCount, 0);
  log.close();
  assertEquals(textsOf(openLog(disk.directory())), ["one"]);
});

/** A log of segments for one frame each, in which closing files of a name fails once that is said. */
function logThatCannotClose(disk: SimulatedDisk): { readonly log: Log; broken: string } {
  const setting = { broken: "" };
  const hooks = (name: string): FileHooks => ({
    close(file) {
      file.close();
      if (name === setting.broken) throw new FileError("EIO", "i/o error");
    },
  });
  const log = openLog(wrappedDirectory(disk.directory(), hooks), { segmentBytesMax: TINY });
  append(log, "one");
  return Object.assign(setting, { log });
}

test("FileLog.close() says what could not be closed, once, and closes everything else", () => {
  // A segment that was read, and the one that is written to.
  for (const broken of ["log-1.seg", "log-2.seg"]) {
    const disk = simulatedDisk();
    const setting = logThatCannotClose(disk);
    const { log } = setting;
    append(log, "two");
    const [first] = [...log.read(0)];
    log.readBytes(first!.place.segment, first!.place.offset, 8);
    setting.broken = broken;
    const error = assertThrows(() => log.close(), FlowError, "EIO");
    assertEquals(error.code, "store_failed");
    assertEquals(disk.openHandleCount, 0);
    log.close();
    assertEquals(textsOf(openLog(disk.directory())), ["one", "two"]);
  }
});

test("FileLog fails if a full segment cannot be closed, and nothing else does", () => {
  const disk = simulatedDisk();
  const setting = logThatCannotClose(disk);
  const { log } = setting;
  log.nextPlace();
  setting.broken = "log-1.seg";
  assertEquals(submit(log, frameOf(log, "two")).kind, "lost");
  assertThrows(() => log.nextPlace(), FlowError, "failed");
  log.close();
  assertEquals(disk.openHandleCount, 0);
  assertEquals(textsOf(openLog(disk.directory())), ["one"]);
});

test("FileLog.close() leaves the next segment where nobody knows whether the manifest lists it", () => {
  const disk = simulatedDisk();
  const log = openLog(disk.directory(), { segmentBytesMax: TINY });
  append(log, "one");
  log.nextPlace();
  // It does list it, though the sync says that it failed.
  disk.arm({ call: "flush", name: "MANIFEST.1", keep: "all" });
  disk.arm({ call: "flush", name: "MANIFEST.0", keep: "all" });
  assertEquals(submit(log, frameOf(log, "two")).kind, "lost");
  log.close();
  disk.disarm();
  disk.kill();
  const opened = openLog(disk.restart());
  assertEquals([opened.segments.list.length, textsOf(opened)], [2, ["one"]]);
});

test("FileLog.close() rejects if what writes the log cannot be closed", async () => {
  const directory = memoryDirectory();
  const io = Object.assign(new InlineIo(directory, "It is a test"), {
    close: () => Promise.reject(new FileError("EIO", "i/o error")),
  });
  const log = openLog(directory, { io: () => io });
  append(log, "one");
  const error = await assertRejects(async () => await log.close(), FlowError, "EIO");
  assertEquals(error.code, "store_failed");
  assertEquals(textsOf(openLog(directory)), ["one"]);
});

test("FileLog keeps its frames in real files", () => {
  using scratch = scratchFolder();
  const texts = ["one", "x".repeat(10_000), "three"];
  for (const text of texts) {
    const log = openLog(nodeDirectory(scratch.path), { segmentBytesMax: TINY });
    append(log, text);
    log.close();
  }
  const log = openLog(nodeDirectory(scratch.path));
  assertEquals(textsOf(log), texts);
  log.close();
});

test("FileLog.readBytes() reads nothing that is not in a frame", () => {
  const log = openLog(memoryDirectory());
  const { segment, offset } = log.nextPlace();
  append(log, "one");
  for (const [id, at, length] of [[2, offset, 1], [segment, 0, 64], [segment, offset, 10_000]]) {
    const error = assertThrows(() => log.readBytes(id!, at!, length!), FlowError);
    assertEquals(error.code, "corrupt");
    assertEquals(error.details, { file: `log-${id}.seg`, offset: at });
  }
});

test("FileLog.readBytes() copies more than it must if there is more, and can be read", () => {
  const directory = memoryDirectory();
  const sick = { from: Infinity, reads: 0 };
  const { open } = directory;
  directory.open = (name, options) => {
    const file = open.call(directory, name, options);
    const { read } = file;
    file.read = (buffer, { at }) => {
      sick.reads++;
      if (at + buffer.length > sick.from) throw new Error("Bad sector");
      return read.call(file, buffer, { at });
    };
    return file;
  };
  const log = openLog(directory);
  const { segment, offset } = log.nextPlace();
  append(log, "one", "two");
  const end = 4_096 + 128;
  const all = log.readBytes(segment, offset, end - offset);
  const lengthOf = (length: number, lengthMax: number): number => {
    const bytes = log.readBytes(segment, offset, length, lengthMax);
    assertEquals(bytes, all.slice(0, bytes.length));
    return bytes.length;
  };
  sick.reads = 0;
  assertEquals([lengthOf(20, 30), lengthOf(20, 64), lengthOf(20, 5_000)], [30, 64, end - offset]);
  assertEquals([lengthOf(20, 20), lengthOf(20, 3)], [20, 20]);
  assertEquals(sick.reads, 5);
  // What lies behind is broken: nobody has to know.
  sick.from = offset + 25;
  assertEquals(lengthOf(20, 30), 20);
  const error = assertThrows(() => log.readBytes(segment, offset, 26, 30), FlowError);
  assertEquals(error.code, "store_failed");
  // The end of the file is gone.
  sick.from = Infinity;
  const file = directory.open("log-1.seg");
  file.truncate(offset + 25);
  file.close();
  assertEquals(lengthOf(20, 30), 25);
  const cut = assertThrows(() => log.readBytes(segment, offset, 26, 30), FlowError);
  assertEquals([cut.code, cut.details["offset"]], ["corrupt", offset + 25]);
});

test("FileLog keeps few files open, however many segments it reads", () => {
  const directory = countingDirectory(memoryDirectory());
  const log = openLog(directory, { segmentBytesMax: TINY });
  for (let count = 1; count <= 60; count++) append(log, String(count));
  for (let round = 0; round < 2; round++) assertEquals(textsOf(log).length, 60);
  assert(directory.openHandleCount <= 33, `${directory.openHandleCount} open`);
  log.close();
  assertEquals(directory.openHandleCount, 0);
});

test("FileLog tells that its open segment was cut off, also when it is as long as before", () => {
  const directory = memoryDirectory();
  const log = openLog(directory);
  append(log, "one");
  append(log, "two");
  assertEquals(log.segments.findLoss(), undefined);
  append(log, "three");
  assertEquals(log.segments.findLoss(), undefined);
  const file = directory.open("log-1.seg");
  file.truncate(4_200);
  assertStringIncludes(log.segments.findLoss()!.message, "was cut off at 4200 bytes");
  append(log, "x".repeat(1_000));
  assertGreater(file.getSize(), 5_000);
  assertStringIncludes(log.segments.findLoss()!.message, "was cut off or overwritten");
  file.close();
});
