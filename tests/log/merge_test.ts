import { isFlowError } from "../../src/errors.ts";
import { type Directory, FileError, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { Feature } from "../../src/log/format/format.ts";
import {
  type BodyPlace,
  InlineIo,
  type IoResult,
  type Log,
  Manifest,
  type Merge,
  type MergedFrame,
  recordsOf,
  SEGMENT_HEAD_BYTES,
  type SegmentIo,
} from "../../src/log/mod.ts";
import type { StoredFrame } from "../../src/log/segments/reader.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { wrappedDirectory } from "../simulation/wrapped_directory.ts";
import { append, directoryOf, filesOf, frameOf, openLog, submit, textsOf } from "./log_store.ts";

/** A segment that is full after one frame. */
const TINY = { segmentBytesMax: 4_097 };

const LETTERS = ["a", "b", "c", "d", "e", "f"];

/** A log with a segment for each pair of letters. */
function lettersIn(directory: Directory): Log {
  const log = openLog(directory, TINY);
  for (const letter of LETTERS) append(log, letter, letter.toUpperCase());
  return log;
}

/** The ids of all segments that nothing is written to any more. */
function sealedOf(log: Log): number[] {
  return log.segments.list.filter(({ isSealed }) => isSealed).map(({ id }) => id);
}

interface CarryOutOptions {
  /** So many frames become one. Default 2. */
  readonly count?: number;
  /** So many steps of removing are made. Default: all. */
  readonly stepsMax?: number;
  /** Called when the manifest lists what was kept. */
  readonly onPublished?: () => void;
}

/** Carries out a merge that keeps some texts. */
async function carryOut(
  merge: Merge,
  isWanted: (text: string) => boolean,
  { count = 2, stepsMax = Infinity, onPublished = () => {} }: CarryOutOptions = {},
): Promise<void> {
  let part: MergedFrame | undefined;
  let frames = 0;
  for (const frame of merge.frames()) {
    const records = [...recordsOf(frame)].map(({ record }) => record)
      .filter(({ rest }) => isWanted(new TextDecoder().decode(rest.subarray(4))));
    const { base, timeMs, count: kept, body } = part ??
      { base: frame.base, timeMs: 0, count: 0, body: new Uint8Array(0) };
    part = {
      base,
      end: frame.end,
      timeMs: Math.max(timeMs, frame.timeMs),
      count: kept + records.length,
      body: new Uint8Array([...body, ...records.flatMap(({ bytes }) => [...bytes])]),
    };
    if (++frames % count > 0) continue;
    await merge.write(part);
    part = undefined;
  }
  if (part !== undefined) await merge.write(part);
  merge.publish();
  onPublished();
  let steps = 0;
  for (const _ of merge.removeReplaced()) if (++steps === stepsMax) break;
  merge.abandon();
}

/** Writes everything that a merge reads. */
async function writeAll(merge: Merge): Promise<void> {
  for (const frame of merge.frames()) await merge.write(frame);
}

/** The number of the last manifest. */
function generationOf(directory: Directory): number {
  return Manifest.open({ directory, random: seededRandom(1) }).generation;
}

const isSmall = (text: string): boolean => text === text.toLowerCase();

test("Segments.merge() keeps what is wanted, in its order and under its LSN", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const before = { end: log.end, bytes: log.segments.list.map(({ bytes }) => bytes) };
  await carryOut(log.segments.merge(sealedOf(log)), isSmall);
  for (const opened of [log, openLog(directoryOf(filesOf(directory)), TINY)]) {
    assertEquals(textsOf(opened), ["a", "b", "c", "d", "e", "f", "F"]);
    assertEquals(opened.end, before.end);
    const lsns = [...opened.read(0)].flatMap((frame) =>
      [...recordsOf(frame)].map(({ record }) => record.lsn)
    );
    assertEquals(lsns, [1, 3, 5, 7, 9, 11, 12]);
    assertEquals(
      opened.segments.list.map(({ isMerged, isSealed }) => [isMerged, isSealed]),
      [[true, true], [false, false]],
    );
    assertEquals(opened.segments.wholeFrom.lsn, 10);
  }
  log.close();
  const times = [...openLog(directory).read(0)].map(({ timeMs }) => timeMs);
  assertEquals(Math.max(...times), 1_005, "the highest time is kept");
});

test("Segments.merge() may leave nothing, or frames of which nothing is left", async () => {
  for (const [kept, count] of [["", 1], ["", 10], ["c", 1], ["e", 3]] as const) {
    const directory = memoryDirectory();
    const log = lettersIn(directory);
    await carryOut(log.segments.merge(sealedOf(log)), (text) => text === kept, { count });
    log.close();
    assertEquals(textsOf(openLog(directory)), kept === "" ? ["f", "F"] : [kept, "f", "F"]);
  }
});

test("Segments.merge() takes a part of the log, and what was merged before", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const [, second, third] = sealedOf(log);
  const middle = log.segments.merge([second!, third!]);
  assertEquals([middle.isFirst, middle.base.lsn, middle.end.lsn], [false, 2, 6]);
  await carryOut(middle, isSmall);
  assertEquals(textsOf(log), ["a", "A", "b", "c", "d", "D", "e", "E", "f", "F"]);
  assertEquals(
    log.segments.wholeFrom.lsn,
    6,
    "What came before is not whole, though some of it is",
  );
  const all = log.segments.merge(sealedOf(log));
  assert(all.isFirst);
  await carryOut(all, isSmall);
  assertEquals(textsOf(log), ["a", "b", "c", "d", "e", "f", "F"]);
  append(log, "g");
  log.close();
  assertEquals(textsOf(openLog(directory)), ["a", "b", "c", "d", "e", "f", "F", "g"]);
});

test("Segments.merge() refuses segments that do not follow one another", () => {
  const log = lettersIn(memoryDirectory());
  const [first, second, third] = sealedOf(log) as [number, number, number];
  const open = log.segments.list.at(-1)!.id;
  for (const ids of [[], [first, third], [second, first], [99], [open]]) {
    assertThrows(() => log.segments.merge(ids), Error);
  }
});

test("Merge.removeReplaced() removes what it replaced, and the manifest says what a reader must know", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const inputs = sealedOf(log);
  await carryOut(log.segments.merge(inputs), isSmall);
  const names = directory.list();
  for (const id of inputs) assert(!names.includes(`log-${id}.seg`), `log-${id}.seg`);
  for (const name of ["MANIFEST.0", "MANIFEST.1", `log-${log.segments.list[0]!.id}.seg`]) {
    assertEquals(filesOf(directory)[name]![8], Feature.MERGED, name);
  }
  log.close();
  openLog(directory).close();
  const manifest = Manifest.open({ directory, random: seededRandom(1) });
  assertEquals(manifest.state.quarantine, []);
});

test("Merge.removeReplaced() removes nothing that a slot of the manifest lists, and the next opening knows it", async () => {
  for (const stepsMax of [1, 2]) {
    const directory = memoryDirectory();
    const log = lettersIn(directory);
    const names = sealedOf(log).map((id) => `log-${id}.seg`);
    await carryOut(log.segments.merge(sealedOf(log)), isSmall, { stepsMax });
    const left = names.filter((name) => directory.list().includes(name));
    // Whoever is abandoned after the second step removes at once what is left.
    assertEquals(left, stepsMax === 1 ? names : []);
    const kept = textsOf(log);
    log.close();
    // Should the slot that was written last be lost, the other one does for what it lists.
    const files = filesOf(directory);
    const slots = ["MANIFEST.0", "MANIFEST.1"];
    for (const lost of slots) {
      const opened = openLog(directoryOf({ ...files, [lost]: new Uint8Array(0) }));
      assertEquals(textsOf(opened).filter(isSmall), kept.filter(isSmall));
      opened.close();
    }
    const opened = openLog(directory);
    assertEquals(textsOf(opened), kept);
    opened.close();
  }
});

test("what was replaced may come back, whole or in part, and the next opening knows it", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const before = filesOf(directory);
  const inputs = sealedOf(log).map((id) => `log-${id}.seg`);
  await carryOut(log.segments.merge(sealedOf(log)), isSmall);
  const after = filesOf(directory);
  log.close();
  for (let bytes = SEGMENT_HEAD_BYTES; bytes <= before[inputs[0]!]!.length; bytes += 37) {
    const back = Object.fromEntries(inputs.map((name) => [name, before[name]!.slice(0, bytes)]));
    const restored = directoryOf({ ...after, ...back });
    for (let opening = 0; opening < 3; opening++) {
      const opened = openLog(restored);
      assertEquals(textsOf(opened), ["a", "b", "c", "d", "e", "f", "F"]);
      opened.close();
    }
    for (const name of inputs) assert(!restored.list().includes(name), `${name} stays`);
  }
});

test("Merge.abandon() leaves the log as it was, and no file", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const names = directory.list();
  const merge = log.segments.merge(sealedOf(log));
  const [frame] = merge.frames();
  await merge.write({ ...frame!, count: 0, body: new Uint8Array(0) });
  merge.abandon();
  assertEquals(directory.list(), names);
  await assertRejects(() => merge.write({ ...frame!, count: 0, body: new Uint8Array(0) }));
  assertThrows(() => merge.publish());
  assertEquals(textsOf(log).length, 2 * LETTERS.length);
});

test("a merge of which a file cannot be closed leaves none open, and none behind when it is given up", async () => {
  for (const isPublished of [true, false]) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    let failsLeft = 0;
    const directory = wrappedDirectory(disk.directory(), (name) => ({
      close(file) {
        file.close();
        if (name.endsWith(".seg") && failsLeft-- > 0) {
          throw new FileError("EIO", "The end of it is not well");
        }
      },
    }));
    const log = openLog(directory, TINY);
    for (const letter of LETTERS) append(log, letter, letter.toUpperCase());
    const merge = log.segments.merge(sealedOf(log));
    const names = directory.list();
    for (const frame of merge.frames()) await merge.write(frame);
    const before = disk.openHandleCount - 1;
    failsLeft = 1;
    if (isPublished) assertThrows(() => merge.publish(), FileError);
    else assertThrows(() => merge.abandon(), FileError);
    merge.abandon();
    assert(disk.openHandleCount <= before, "A file is open");
    if (!isPublished) assertEquals(directory.list(), names);
    const texts = textsOf(log);
    log.close();
    assertEquals(textsOf(openLog(disk.directory())), texts);
  }
});

test("a merge of which a part cannot be taken back ends alone", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const log = lettersIn(disk.directory());
  const merge = log.segments.merge(sealedOf(log));
  const [frame] = [...merge.frames()];
  disk.arm({ call: "write", after: 2, short: true, code: "ENOSPC" });
  disk.arm({ call: "truncate", code: "EIO" });
  const error = await assertRejects(() => merge.write(frame!));
  assert(isFlowError(error, "overloaded"), String(error));
  merge.abandon();
  append(log, "g");
  assertEquals(textsOf(log).at(-1), "g");
  log.close();
});

test("Log.close() ends a merge that is under way", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const log = lettersIn(disk.directory());
  const merge = log.segments.merge(sealedOf(log));
  const [frame] = merge.frames();
  await merge.write({ ...frame!, count: 0, body: new Uint8Array(0) });
  log.close();
  assertThrows(() => merge.publish());
  assertEquals(disk.openHandleCount, 0);
  assertEquals(textsOf(openLog(disk.directory())).length, 2 * LETTERS.length);
});

test("Segments.merge() without room on the disk changes nothing", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const log = lettersIn(disk.directory());
  disk.capacityBytes = disk.usedBytes;
  const names = disk.directory().list();
  const merge = log.segments.merge(sealedOf(log));
  const error = await assertRejects(() => carryOut(merge, isSmall));
  assert(isFlowError(error, "overloaded"), String(error));
  merge.abandon();
  assertEquals(disk.directory().list(), names);
  disk.capacityBytes = Infinity;
  await carryOut(log.segments.merge(sealedOf(log)), isSmall);
  append(log, "g");
  assertEquals(textsOf(log), ["a", "b", "c", "d", "e", "f", "F", "g"]);
});

test("Segments.merge() of a piece says with which segments it means something together", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const before = log.segments.list.map(({ id }) => id);
  // The newest one is decided by nothing behind it.
  for (const index of [3, 1]) {
    await carryOut(log.segments.merge([before[index]!], 4), isSmall);
  }
  const ids = log.segments.list.map(({ id }) => id);
  const piece = ids[1]!;
  for (const opened of [log, openLog(directoryOf(filesOf(directory)), TINY)]) {
    assertEquals(opened.segments.list.map(({ id, lastOfMerge }) => [id, lastOfMerge]), [
      [ids[0], undefined],
      [piece, ids[3]],
      ...ids.slice(2).map((id) => [id, undefined]),
    ]);
    // By itself, or with less than all of them, it would be taken for what it is not.
    for (const wrong of [[piece], [ids[0]!, piece], [piece, ids[2]!]]) {
      assertThrows(() => opened.segments.merge(wrong), InvariantError);
    }
    opened.segments.merge([piece], 4).abandon();
    await carryOut(opened.segments.merge([piece, ids[2]!, ids[3]!]), isSmall);
    assertEquals(
      opened.segments.list.map(({ lastOfMerge }) => lastOfMerge).includes(ids[3]),
      false,
    );
    assertEquals(textsOf(opened), ["a", "A", "b", "c", "d", "e", "E", "f", "F"]);
    opened.close();
  }
});

test("Merge.publish() refuses while there is no room for a longer manifest, and the log goes on", async () => {
  let refused = 0;
  for (let roomBytes = 0;; roomBytes += 512) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const log = lettersIn(disk.directory());
    // So many segments that a few more are too many for the slots as they are.
    for (let count = 0; count < 12; count++) append(log, "g");
    disk.capacityBytes = disk.usedBytes + roomBytes;
    const [first] = sealedOf(log);
    const isDone = await carryOut(log.segments.merge([first!], log.end.index), isSmall)
      .then(() => true, (error) => {
        assert(isFlowError(error, "overloaded"), `${roomBytes}: ${error}`);
        return false;
      });
    disk.capacityBytes = Infinity;
    append(log, "h");
    const texts = textsOf(log);
    assertEquals([texts[1], texts.at(-1)], [isDone ? "b" : "A", "h"]);
    log.close();
    assertEquals(textsOf(openLog(disk.directory())), texts);
    if (isDone) break;
    refused += 1;
  }
  assert(refused > 8, `${refused}`);
});

test("a merge ends on a disk that is full by then, though another shard goes on in between", async () => {
  for (let count = 0; count < 30; count++) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const directory = disk.directory();
    const manifest = Manifest.open({ directory, random: seededRandom(1), shards: 2 });
    const [log, other] = [0, 1].map((shard) => openLog(directory, { ...TINY, manifest, shard }));
    for (const letter of LETTERS) append(log!, letter, letter.toUpperCase());
    for (let serial = 0; serial < count; serial++) append(other!, `${serial}`);
    const merge = log!.segments.merge([sealedOf(log!)[1]!], log!.end.index);
    // Its next segment is at hand before the disk is full.
    other!.nextPlace();
    await carryOut(merge, isSmall, {
      onPublished: () => {
        disk.capacityBytes = disk.usedBytes + 128;
        append(other!, "more");
        assertEquals(disk.usedBytes, disk.capacityBytes);
      },
    });
    assertEquals(textsOf(log!).slice(0, 4), ["a", "A", "b", "c"]);
    assertEquals(textsOf(other!).at(-1), "more");
    assertEquals(other!.segments.list.length, count + 1);
    log!.close();
    other!.close();
  }
});

test("Merge.write() tells where a frame stands, and publish() what there is of it", async () => {
  const directory = countingDirectory(memoryDirectory());
  for (const letter of ["a", "b"]) {
    const log = openLog(directory);
    append(log, letter);
    append(log, letter.toUpperCase());
    void log.segments.roll();
    log.close();
  }
  const log = openLog(directory);
  // Whoever has read them has them open.
  assertEquals(textsOf(log), ["a", "A", "b", "B"]);
  const merge = log.segments.merge(sealedOf(log));
  const sizes = log.segments.list.filter(({ isSealed }) => isSealed).map(({ bytes }) => bytes);
  assertEquals(merge.bytes, sizes.reduce((sum, bytes) => sum + bytes));
  const written: [BodyPlace, Uint8Array][] = [];
  for (const frame of merge.frames()) written.push([await merge.write(frame), frame.body.slice()]);
  const merged = merge.publish();
  assertEquals(directory.openHandleCount, 1);
  assertEquals(merged, { segmentCount: 1, bytes: log.segments.list[0]!.bytes });
  for (const [{ segment, offset }, body] of written) {
    assertEquals(log.readBytes(segment, offset, body.length), body);
  }
  const epochs = [...log.read(0)].map((frame) => (frame as StoredFrame).epoch);
  assertEquals(epochs, [1, 1, 2, 2], "Each is of the last opening that has written up to it");
  log.close();
});

test("Merge.removeReplaced() does one thing in a step", async () => {
  for (const count of [1, 3]) {
    const directory = memoryDirectory();
    const log = lettersIn(directory);
    const inputs = sealedOf(log).slice(0, count);
    const merge = log.segments.merge(inputs);
    await writeAll(merge);
    merge.publish();
    const published = generationOf(directory);
    const steps: [generations: number, files: number][] = [];
    for (const _ of merge.removeReplaced()) {
      const left = inputs.filter((id) => directory.list().includes(`log-${id}.seg`));
      steps.push([generationOf(directory) - published, left.length]);
    }
    const lefts = Array.from({ length: count + 1 }, (_, index) => count - index);
    assertEquals(steps, [[0, count], ...lefts.map((left): [number, number] => [1, left])]);
    log.close();
  }
});

test("Merge.removeReplaced() does nothing any more once the merge is abandoned", async () => {
  const directory = countingDirectory(memoryDirectory());
  const log = lettersIn(directory);
  const merge = log.segments.merge(sealedOf(log));
  await writeAll(merge);
  merge.publish();
  const names = directory.list();
  directory.reset();
  const steps = merge.removeReplaced()[Symbol.iterator]();
  steps.next();
  merge.abandon();
  assert(steps.next().done);
  const { writes, truncates } = directory.counts();
  assertEquals([directory.list(), writes, truncates], [names, 0, 0]);
});

test("Merge.abandon() ends whoever is in the middle of it, and gives room back though a file is open", async () => {
  const directory = memoryDirectory();
  const log = lettersIn(directory);
  const names = directory.list();
  const isClosed = (error: unknown): void => assert(isFlowError(error, "store_closed"), `${error}`);
  const merge = log.segments.merge(sealedOf(log));
  const frames = merge.frames()[Symbol.iterator]();
  const frame: MergedFrame = frames.next().value;
  await merge.write(frame);
  // A thread may have it open for longer than the log.
  const elsewhere = directory.open(directory.list().find((name) => !names.includes(name))!);
  assert(elsewhere.getSize() > SEGMENT_HEAD_BYTES);
  merge.abandon();
  assertEquals(elsewhere.getSize(), SEGMENT_HEAD_BYTES);
  isClosed(await assertRejects(() => merge.write(frame)));
  isClosed(assertThrows(() => frames.next()));
  const early = log.segments.merge(sealedOf(log));
  early.abandon();
  isClosed(await assertRejects(() => early.write(frame)));
  const late = log.segments.merge(sealedOf(log));
  await writeAll(late);
  late.abandon();
  isClosed(assertThrows(() => late.publish()));
  assertEquals([directory.list(), textsOf(log).length], [names, 2 * LETTERS.length]);
});

test("Log.close() of a log that has failed leaves what a merge has written as it is", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const log = lettersIn(disk.directory());
  const names = disk.directory().list();
  await writeAll(log.segments.merge(sealedOf(log)));
  disk.arm({ call: "flush" });
  assertEquals(submit(log, frameOf(log, "g")).kind, "lost");
  const before = filesOf(disk.directory());
  log.close();
  assertEquals(filesOf(disk.directory()), before);
  assertEquals(Object.keys(before).length, names.length + 1);
});

test("Merge.publish() ends the log if nobody can know what the manifest says", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const log = lettersIn(disk.directory());
  let lostBy: unknown;
  log.onLost((cause) => lostBy = cause);
  const merge = log.segments.merge(sealedOf(log));
  await writeAll(merge);
  disk.arm({ call: "flush" });
  const error = assertThrows(() => merge.publish());
  assert(isFlowError(error, "store_failed"), `${error}`);
  assertEquals(lostBy, error);
});

test("Merge.publish() refuses before anything has happened if a slot of the manifest is too short", async () => {
  let refused = 0;
  for (let count = 0; count < 40; count++) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const log = lettersIn(disk.directory());
    for (let serial = 0; serial < count; serial++) append(log, "g");
    const before = log.segments.list;
    const merge = log.segments.merge([sealedOf(log)[0]!], log.end.index);
    await writeAll(merge);
    disk.capacityBytes = disk.usedBytes;
    try {
      merge.publish();
    } catch (error) {
      assert(isFlowError(error, "overloaded"), `${error}`);
      const details = { reason: "disk_full", retryAfterMs: 5_000, file: "MANIFEST.0" };
      assertEquals([error.details, log.segments.list], [details, before]);
      refused += 1;
    }
    merge.abandon();
    disk.capacityBytes = Infinity;
    append(log, "h");
    assertEquals(textsOf(log).length, 2 * LETTERS.length + count + 1);
  }
  assert(refused > 0 && refused < 20, `${refused}`);
});

test("a merge goes on in another segment before an offset takes more than 32 bits", async () => {
  for (const isPublished of [true, false]) {
    const directory = countingDirectory(memoryDirectory());
    const inner = new InlineIo(directory, "It is a test");
    const io: SegmentIo = {
      ...{ mode: inner.mode, writesMax: 1, onFailed: () => {}, close: () => {} },
      reserve: (target, done) => inner.reserve(target, done),
      // What is large is only said to be written.
      write: (target, write, done) =>
        write.length > 1 << 20 ? done({ kind: "done" }) : inner.write(target, write, done),
    };
    const log = openLog(directory, { ...TINY, io: () => io });
    for (const letter of LETTERS) append(log, letter);
    const merge = log.segments.merge(sealedOf(log));
    const places: BodyPlace[] = [];
    for (const frame of merge.frames()) {
      const body = { length: 400 << 20 } as Uint8Array;
      places.push(await merge.write({ ...frame, body }));
    }
    const [first, , second, , third] = places.map(({ segment }) => segment);
    assertEquals(places.map(({ segment }) => segment), [first, first, second, second, third]);
    assertEquals(new Set([first, second, third]).size, 3);
    assert(places.every(({ offset }) => offset < 1 << 30));
    directory.reset();
    if (isPublished) {
      const { segmentCount, bytes } = merge.publish();
      const sizes = log.segments.list.slice(0, -1).map(({ bytes }) => bytes);
      assertEquals([segmentCount, bytes], [3, sizes.reduce((sum, size) => sum + size)]);
    }
    merge.abandon();
    assertEquals(directory.counts().truncates, isPublished ? 0 : 3);
  }
});

test("Segments.merge() tells a file that found no room from one that cannot be made", async () => {
  for (
    const [call, code, told] of [
      ["open", "ENOSPC", "overloaded"],
      ["open", "EIO", "store_failed"],
      ["write", "ENOSPC", "overloaded"],
    ] as const
  ) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const log = lettersIn(disk.directory());
    const merge = log.segments.merge(sealedOf(log));
    const [frame] = merge.frames();
    disk.arm({ call, code });
    const error = await assertRejects(() => merge.write(frame!));
    assert(isFlowError(error, told), `${error}`);
    merge.abandon();
    append(log, "g");
  }
});

test("Segments.merge() makes no file once the manifest has failed for another shard", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const directory = disk.directory();
  const manifest = Manifest.open({ directory, random: seededRandom(1), shards: 2 });
  const [log, other] = [0, 1].map((shard) => openLog(directory, { ...TINY, manifest, shard }));
  for (const letter of LETTERS) append(log!, letter);
  const merge = log!.segments.merge(sealedOf(log!));
  const [frame] = merge.frames();
  disk.arm({ call: "flush" });
  assertThrows(() => manifest.publish({}));
  const names = directory.list();
  const error = await assertRejects(() => merge.write(frame!));
  assert(isFlowError(error, "store_failed"), `${error}`);
  assertEquals(directory.list(), names);
  for (const opened of [log!, other!]) opened.close();
});

test("Merge.abandon() ends a write that is under way, and the log goes on", async () => {
  // The room for the head, the head, and the frame.
  for (let index = 0; index < 3; index++) {
    const directory = memoryDirectory();
    const inner = new InlineIo(directory, "It is a test");
    const held: (() => void)[] = [];
    let left = Infinity;
    const isHeld = (done: (result: IoResult) => void): boolean => {
      if (left-- !== 0) return false;
      held.push(() => done({ kind: "done" }));
      return true;
    };
    const io: SegmentIo = {
      ...{ mode: inner.mode, writesMax: 1, onFailed: () => {}, close: () => {} },
      reserve: (target, done) => void (isHeld(done) || inner.reserve(target, done)),
      write: (target, write, done) => void (isHeld(done) || inner.write(target, write, done)),
    };
    const log = openLog(directory, { ...TINY, io: () => io });
    for (const letter of LETTERS) append(log, letter);
    const names = directory.list();
    const merge = log.segments.merge(sealedOf(log));
    const [frame] = merge.frames();
    left = index;
    const refused = assertRejects(() => merge.write(frame!));
    for (let turn = 0; turn < 20; turn++) await undefined;
    assertEquals(held.length, 1);
    merge.abandon();
    held[0]!();
    const error = await refused;
    assert(isFlowError(error, "store_closed"), `${index}: ${error}`);
    assertEquals(directory.list(), names);
    append(log, "g");
    assertEquals(textsOf(log), [...LETTERS, "g"]);
  }
});

test("Segments.roll() seals a segment that has frames, once", () => {
  const directory = memoryDirectory();
  const log = openLog(directory);
  append(log, "a");
  for (let time = 0; time < 3; time++) void log.segments.roll();
  assertEquals(log.segments.list.map(({ isSealed }) => isSealed), [true, false]);
  append(log, "b");
  log.close();
  const opened = openLog(directory);
  assertEquals(textsOf(opened), ["a", "b"]);
  void opened.segments.roll();
  assertEquals(opened.segments.list.length, 3, "at once");
});

test("Segments.roll() waits for a frame that counts on its place, or for its return", () => {
  const log = openLog(memoryDirectory());
  append(log, "a");
  log.nextPlace();
  void log.segments.roll();
  assertEquals(log.segments.list.length, 1);
  log.segments.returnPlace();
  assertEquals(log.segments.list.length, 2);
});

test("a merge loses nothing, whichever call the power or the process ends in, also while it opens again", async () => {
  let cuts = 0;
  for (const ending of ["power", "kill"] as const) {
    for (let calls = 0;; calls++) {
      const isWhole = await cutAfter(calls, ending);
      if (isWhole) break;
      cuts += 1;
    }
  }
  assert(cuts > 60, `${cuts} calls`);
});

/** Cuts a merge after so many calls, and the opening after it at every call. Whether nothing was cut. */
async function cutAfter(calls: number, ending: "power" | "kill"): Promise<boolean> {
  for (let again = 0;; again++) {
    const disk = new SimulatedDisk({ random: seededRandom(1_000 * calls + again) });
    const log = lettersIn(disk.directory());
    disk.cutAfter(calls, { ending });
    const merge = log.segments.merge(sealedOf(log));
    try {
      await carryOut(merge, isSmall);
      // Until the next opening nobody may have forgotten what was replaced.
      append(log, "g", "G");
      log.close();
    } catch (error) {
      if (!disk.isOff) throw error;
    }
    const isWhole = !disk.isOff;
    if (ending === "power") disk.powerCut();
    else disk.kill();
    disk.cutAfter(again, { ending });
    let opened = tryOpen(disk);
    const isOpen = opened !== undefined;
    if (opened === undefined) {
      if (ending === "power") disk.powerCut();
      else disk.kill();
      opened = tryOpen(disk);
    }
    assert(opened !== undefined, `calls ${calls}, again ${again}`);
    disk.disarm();
    const texts = textsOf(opened).filter(isSmall).join("");
    assert(texts === "abcdef" || texts === "abcdefg", `${texts} after ${calls} and ${again}`);
    append(opened, "h");
    opened.close();
    assertEquals(textsOf(openLog(disk.directory())).at(-1), "h");
    if (isOpen) return isWhole;
  }
}

function tryOpen(disk: SimulatedDisk): Log | undefined {
  const directory = disk.restart();
  try {
    return openLog(directory, TINY);
  } catch (error) {
    if (!disk.isOff) throw error;
    return undefined;
  }
}
