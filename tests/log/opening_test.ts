import { FlowError, isFlowError } from "../../src/errors.ts";
import { type Directory, memoryDirectory, SimulatedDisk, withFile } from "../../src/files/mod.ts";
import { Manifest, openFileLogs } from "../../src/log/mod.ts";
import { randomBytes, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import {
  append,
  directoryOf,
  type Files,
  filesOf,
  frameOf,
  openLog,
  submit,
  textsOf,
  withHeaderField,
} from "./log_store.ts";

/** Where frames begin. */
const HEAD = 4_096;

/** A segment that is full after one frame. */
const TINY = HEAD + 1;

/** The files of a log that was closed. */
function closedLog(texts: readonly string[], segmentBytesMax?: number): Files {
  const directory = memoryDirectory();
  const log = openLog(directory, segmentBytesMax === undefined ? {} : { segmentBytesMax });
  for (const text of texts) append(log, text);
  log.close();
  return filesOf(directory);
}

/** The files of a log whose process was killed before there was evidence for the last frame. */
function killedLog(texts: readonly string[], segmentBytesMax?: number): Files {
  const directory = memoryDirectory();
  const log = openLog(directory, segmentBytesMax === undefined ? {} : { segmentBytesMax });
  for (const text of texts) append(log, text);
  return filesOf(directory);
}

/** Files with one of them changed. */
function changed(files: Files, name: string, change: (bytes: Uint8Array) => Uint8Array): Files {
  return { ...files, [name]: change(files[name]!.slice()) };
}

/** Bytes with a bit of one of them changed. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 1;
  return bytes;
}

/** Files without one of them. */
function without(files: Files, name: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));
}

/** The first segment as if it were the ninth; its id stands at 12. */
function ninth(files: Files): Uint8Array {
  return withHeaderField(files["log-1.seg"]!.slice(), 12, 9);
}

/** Asserts that a log is refused, says where, and is left as it was. */
function assertRefused(files: Files, file: string, offset?: number): FlowError {
  const directory = directoryOf(files);
  const error = assertThrows(() => textsOf(openLog(directory)), FlowError);
  assertEquals(error.code, "corrupt", error.message);
  assertEquals(error.details["file"], file);
  if (offset !== undefined) assertEquals(error.details["offset"], offset);
  assertStringIncludes(error.message, file);
  return error;
}

test("openFileLog() finds what was committed before a kill, and after a close", () => {
  const texts = ["one", "two", "x".repeat(5_000)];
  for (const size of [undefined, TINY]) {
    assertEquals(textsOf(openLog(directoryOf(killedLog(texts, size)))), texts);
    assertEquals(textsOf(openLog(directoryOf(closedLog(texts, size)))), texts);
  }
});

test("openFileLog() of a new directory creates manifest and segment with exact calls", () => {
  const directory = countingDirectory(memoryDirectory());
  openLog(directory);
  assertEquals(directory.list(), ["MANIFEST.0", "MANIFEST.1", "log-1.seg"]);
  const { writes, flushes } = directory.counts();
  // Two generations, room for more in both slots, and the head of the segment; names of the slots and
  // of the segment.
  assertEquals([writes, flushes, directory.syncCount], [5, 5, 2]);
});

test("openFileLog() of a closed log writes the manifest, its next generation, and evidence", () => {
  const directory = countingDirectory(directoryOf(closedLog(["one", "two"])));
  openLog(directory);
  const { writes, flushes, truncates } = directory.counts();
  assertEquals([writes, flushes, truncates, directory.syncCount], [3, 3, 0, 0]);
  assertEquals(directory.counts("log-1.seg").writtenBytes, 64);
});

test("openFileLog() writes again what no evidence covers, and only that", () => {
  const directory = countingDirectory(directoryOf(killedLog(["one", "two"])));
  openLog(directory);
  // The last frame with its sync, then as after a close.
  const { writes, flushes, truncates } = directory.counts();
  assertEquals([writes, flushes, truncates, directory.syncCount], [4, 4, 0, 0]);
  assertEquals(directory.counts("log-1.seg").writtenBytes, 64 + 128);
});

test("openFileLog() cuts off a last frame that was cut short at any byte", () => {
  const files = killedLog(["one", "two", "three"]);
  const { length } = files["log-1.seg"]!;
  for (let size = length - 127; size < length; size++) {
    const directory = directoryOf(changed(files, "log-1.seg", (bytes) => bytes.subarray(0, size)));
    const log = openLog(directory);
    assertEquals(textsOf(log), ["one", "two"]);
    append(log, "four");
    log.close();
    assertEquals(textsOf(openLog(directory)), ["one", "two", "four"]);
  }
});

test("openFileLog() cuts a frame off for good, also if the sync of that fails", () => {
  for (const after of [0, 1]) {
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimulatedDisk({ random: seededRandom(seed) });
      const log = openLog(disk.directory());
      append(log, "one");
      log.close();
      const { length } = filesOf(disk.directory())["log-1.seg"]!;
      const again = openLog(disk.directory());
      append(again, `two${"\0".repeat(900)}`);
      disk.kill();
      // Its end was lost: zeros only, which makes it whole again wherever they come from.
      withFile(disk.restart(), "log-1.seg", (file) => {
        file.truncate(length + 300);
        file.flush();
      });
      disk.arm({ call: "flush", name: "log-1.seg", after, keep: "none" });
      assertThrows(() => openLog(disk.directory()));
      const opened = openLog(disk.directory());
      assertEquals(textsOf(opened), ["one"]);
      disk.cutAfter(1, { ending: "power", keep: "chance" });
      submit(opened, frameOf(opened, `three${"x".repeat(2_000)}`));
      const texts = textsOf(openLog(disk.restart()));
      assert(!texts.some((text) => text.startsWith("two")), `Seed ${seed}, flush ${after}`);
    }
  }
});

test("openFileLog() cuts off zeros, garbage and parts of frames behind the last frame", () => {
  const files = killedLog(["one", "two"]);
  const bytes = files["log-1.seg"]!;
  const garbage = randomBytes(seededRandom(5), 1_000);
  const tails = [
    new Uint8Array(1),
    new Uint8Array(10_000),
    garbage,
    // The same frame once more, and one that would be the next but for its place in the chain.
    bytes.slice(HEAD + 128, HEAD + 256),
    bytes.slice(HEAD, HEAD + 128),
  ];
  for (const tail of tails) {
    const directory = directoryOf(
      changed(files, "log-1.seg", (whole) => Uint8Array.of(...whole, ...tail)),
    );
    assertEquals(textsOf(openLog(directory)), ["one", "two"]);
    assertEquals(filesOf(directory)["log-1.seg"]!.length, bytes.length);
  }
});

test("openFileLog() cuts off a last frame whose header is whole and whose body is not", () => {
  const files = killedLog(["one", "x".repeat(1_000)]);
  const { length } = files["log-1.seg"]!;
  for (const end of [length - 900, length - 512, length]) {
    const torn = changed(files, "log-1.seg", (bytes) => bytes.fill(0, HEAD + 192, end));
    assertEquals(textsOf(openLog(directoryOf(torn))), ["one"]);
  }
});

test("openFileLog() or the first read refuses damage anywhere in a sealed segment", () => {
  const files = closedLog(["one", "two"], TINY);
  for (const at of range(HEAD, HEAD + 128)) {
    const damaged = changed(files, "log-1.seg", (bytes) => {
      bytes[at]! ^= 0x40;
      return bytes;
    });
    assertRefused(damaged, "log-1.seg", HEAD);
  }
});

test("openFileLog() never opens a closed log shorter or different, whichever bit is flipped", () => {
  const texts = ["one", "two", "three"];
  const files = closedLog(texts);
  for (const [name, bytes] of Object.entries(files)) {
    const used = name === "log-1.seg"
      ? [...range(0, 64), ...range(512, 576), ...range(HEAD, bytes.length)]
      : [...range(0, bytes.length)];
    for (const at of used) {
      for (let bit = 0; bit < 8; bit++) {
        const directory = directoryOf(changed(files, name, (copy) => {
          copy[at]! ^= 1 << bit;
          return copy;
        }));
        assertSameOrRefused(directory, texts);
      }
    }
  }
});

test("openFileLog() refuses a frame of a closed log, whichever of its bits is flipped", () => {
  const files = closedLog(["one", "two"]);
  for (const at of range(HEAD, HEAD + 256)) {
    assertRefused(
      changed(files, "log-1.seg", (bytes) => {
        bytes[at]! ^= 0x10;
        return bytes;
      }),
      "log-1.seg",
      at < HEAD + 128 ? HEAD : HEAD + 128,
    );
  }
});

test("openFileLog() refuses damage in a frame that another one was written behind", () => {
  const files = killedLog(["one", "two", "three"]);
  for (const index of [0, 1]) {
    const offset = HEAD + 128 * index;
    for (const at of [offset, offset + 63, offset + 64, offset + 80]) {
      const error = assertRefused(
        changed(files, "log-1.seg", (bytes) => flipped(bytes, at)),
        "log-1.seg",
        offset,
      );
      assertStringIncludes(error.message, "records up to LSN 2 were durable");
    }
  }
});

test("openFileLog() refuses damage before the place where the next segment was to begin", () => {
  const directory = memoryDirectory();
  const log = openLog(directory, { segmentBytesMax: TINY });
  append(log, "one");
  const before = filesOf(directory);
  append(log, "two");
  // The process ended after it had made the segment and before the manifest knew it.
  const made = filesOf(directory)["log-2.seg"]!.subarray(0, HEAD);
  const files = { ...before, "log-2.seg": made };
  assertEquals(textsOf(openLog(directoryOf(files))), ["one"]);
  assertRefused(changed(files, "log-1.seg", (bytes) => flipped(bytes, HEAD + 80)), "log-1.seg");
});

test("openFileLog() refuses a tail that does not fit when there is no telling how far the log went", () => {
  const files = closedLog(["one", "two"]);
  const last = files["log-1.seg"]!.length - 64;
  const spoiled = changed(files, "log-1.seg", (bytes) => {
    // The evidence is gone, and so is the frame that only it proves.
    bytes[512]! ^= 1;
    bytes[last]! ^= 1;
    return bytes;
  });
  assertRefused(spoiled, "log-1.seg");
  // With either of them nothing is lost.
  const healed = changed(files, "log-1.seg", (bytes) => {
    bytes[512]! ^= 1;
    return bytes;
  });
  assertEquals(textsOf(openLog(directoryOf(healed))), ["one", "two"]);
});

test("openFileLog() that refuses leaves every byte as it was", () => {
  const files = changed(closedLog(["one", "two"]), "log-1.seg", (bytes) => {
    bytes[HEAD + 70]! ^= 1;
    return bytes;
  });
  const directory = directoryOf(files);
  assertThrows(() => openLog(directory), FlowError);
  assertEquals(filesOf(directory), files);
});

test("openFileLog() refuses when a segment is missing, cut short, or another", () => {
  const files = closedLog(["one", "two", "three"], TINY);
  for (const name of ["log-1.seg", "log-2.seg", "log-3.seg"]) {
    assertStringIncludes(assertRefused(without(files, name), name).message, "missing");
    assertRefused(changed(files, name, (bytes) => bytes.subarray(0, bytes.length - 64)), name);
    assertRefused(changed(files, name, () => new Uint8Array(0)), name, 0);
  }
  assertRefused({ ...files, "log-1.seg": files["log-2.seg"]! }, "log-1.seg", 0);
  const foreign = closedLog(["one", "two", "three"], TINY);
  const other = memoryDirectory();
  openLog(other, { random: seededRandom(2), manifest: manifestOf(other, 2) }).close();
  assertRefused({ ...foreign, "log-1.seg": filesOf(other)["log-1.seg"]! }, "log-1.seg", 0);
});

test("openFileLog() goes on with a log that lost its first segments' trailing garbage", () => {
  const files = closedLog(["one", "two"], TINY);
  const longer = changed(files, "log-1.seg", (bytes) => Uint8Array.of(...bytes, 1, 2, 3));
  assertEquals(textsOf(openLog(directoryOf(longer))), ["one", "two"]);
});

test("openFileLog() refuses a segment that the manifest does not list and that holds a frame", () => {
  const files = closedLog(["one"]);
  assertRefused({ ...files, "log-9.seg": ninth(files) }, "log-9.seg");
});

test("openFileLog() that misses a segment says what was found of both slots of the manifest", () => {
  const files = closedLog(["one", "two", "three"], TINY);
  const slots = ["MANIFEST.0", "MANIFEST.1"] as const;
  const { generation } = manifestOf(directoryOf(files));
  const newest = slots[generation % 2]!;
  const older = slots[(generation + 1) % 2]!;
  const lost: readonly (readonly [string, Files])[] = [
    ["missing", without(files, newest)],
    ["damaged", changed(files, newest, (bytes) => flipped(bytes, 40))],
    ["damaged", changed(files, newest, (bytes) => bytes.subarray(0, 40))],
  ];
  for (const [is, left] of lost) {
    const { message, details } = assertRefused(left, "log-3.seg");
    assertStringIncludes(message, `"${newest}" is ${is}, and "${older}"`);
    assertEquals(
      details["slots"],
      slots.map((file) =>
        file === newest
          ? { file, generation: null, is }
          : { file, generation: generation - 1, is: "whole" }
      ),
    );
  }
  const { message } = assertRefused({ ...files, "log-9.seg": ninth(files) }, "log-9.seg");
  assertStringIncludes(message, "The manifest does not list this segment, and it was in use");
});

test("openFileLog() removes an empty stray two generations later, and never uses its id", () => {
  const files = closedLog(["one"]);
  const stray = files["log-1.seg"]!.subarray(0, 100);
  const directory = directoryOf({ ...files, "log-7.seg": stray });
  for (const isThere of [true, true, false, false]) {
    const log = openLog(directory, { segmentBytesMax: TINY });
    assertEquals(directory.list().includes("log-7.seg"), isThere);
    log.close();
  }
  const log = openLog(directory, { segmentBytesMax: TINY });
  assertEquals(log.nextPlace().segment, 8);
});

test("openFileLog() leaves files with other names alone", () => {
  const names = ["log-0.seg", "log-01.seg", "log-x.seg", "log-1.seg.old", "notes.txt"];
  const files = closedLog(["one"]);
  const others = Object.fromEntries(names.map((name) => [name, files["log-1.seg"]!]));
  const directory = directoryOf({ ...files, ...others });
  for (let count = 0; count < 4; count++) openLog(directory).close();
  for (const name of names) assertEquals(filesOf(directory)[name], files["log-1.seg"]);
});

test("openFileLog() raises the epoch with every opening, also past a manifest that was lost", () => {
  const directory = memoryDirectory();
  const epochs: number[] = [];
  for (let count = 0; count < 3; count++) {
    const log = openLog(directory);
    append(log, "one");
    log.close();
    epochs.push(manifestOf(directory).state.epoch);
  }
  assertEquals(epochs, [1, 2, 3]);
  const newest = manifestOf(directory).generation % 2 === 0 ? "MANIFEST.0" : "MANIFEST.1";
  const lost = directoryOf(changed(filesOf(directory), newest, () => new Uint8Array(0)));
  assertEquals(manifestOf(lost).state.epoch, 2);
  openLog(lost);
  assertEquals(manifestOf(lost).state.epoch, 4);
});

test("openFileLog() opens again and again without growing", () => {
  const directory = directoryOf(closedLog(["one", "two"]));
  const size = filesOf(directory)["log-1.seg"]!.length;
  for (let count = 0; count < 20; count++) openLog(directory).close();
  assertEquals(filesOf(directory)["log-1.seg"]!.length, size);
});

test("openFileLog() refuses a segment of a newer format and names the versions", () => {
  const files = closedLog(["one"]);
  const newer = (offset: number): Files =>
    changed(files, "log-1.seg", (bytes) => withHeaderField(bytes, offset, 2));
  const major = assertThrows(() => openLog(directoryOf(newer(4))), FlowError);
  assertEquals([major.code, major.details["major"]], ["newer_format", 2]);
  assertStringIncludes(major.message, "2.0");
  const features = assertThrows(() => openLog(directoryOf(newer(8))), FlowError);
  assertEquals([features.code, features.details["features"]], ["newer_format", 2]);
  assertEquals(textsOf(openLog(directoryOf(newer(6)))), ["one"]);
});

test("openFileLog() keeps the logs of two shards apart in one directory", () => {
  const directory = memoryDirectory();
  const manifest = Manifest.open({ directory, random: seededRandom(1), shards: 2 });
  const logs = [0, 1].map((shard) =>
    openLog(directory, { manifest, shard, segmentBytesMax: TINY })
  );
  for (const text of ["one", "two", "three"]) {
    for (const [shard, log] of logs.entries()) append(log, `${text} of ${shard}`);
  }
  for (const log of logs) log.close();
  const again = manifestOf(directory);
  for (const shard of [1, 0]) {
    const texts = textsOf(openLog(directory, { manifest: again, shard }));
    assertEquals(texts, ["one", "two", "three"].map((text) => `${text} of ${shard}`));
  }
});

function assertSameOrRefused(directory: Directory, texts: readonly string[]): void {
  try {
    assertEquals(textsOf(openLog(directory)), texts);
  } catch (error) {
    const isRefusal = isFlowError(error, "corrupt") || isFlowError(error, "newer_format");
    assert(isRefusal, String(error));
  }
}

function manifestOf(directory: Directory, seed = 1): Manifest {
  return Manifest.open({ directory, random: seededRandom(seed) });
}

function* range(start: number, end: number): Generator<number> {
  for (let value = start; value < end; value++) yield value;
}

test("openFileLogs() leaves every log as it was if one of them is refused", () => {
  const random = seededRandom(1);
  const whole = memoryDirectory();
  const manifest = Manifest.open({ directory: whole, random, shards: 3 });
  const logs = openFileLogs({ directory: whole, manifest, random });
  assertEquals(logs.length, 3);
  for (const [shard, log] of logs.entries()) append(log, `of ${shard}`);
  for (const log of logs) log.close();
  const files = filesOf(whole);
  const opened = (directory: Directory): string[][] =>
    openFileLogs({ directory, manifest: Manifest.open({ directory, random }), random })
      .map((log) => textsOf(log));
  // What nobody was promised is cut off the first log, and of the second one something is missing.
  const torn = { ...files, "log-1.seg": Uint8Array.of(...files["log-1.seg"]!, 1, 2, 3) };
  assertEquals(opened(directoryOf(torn)), [["of 0"], ["of 1"], ["of 2"]]);
  const cut = { ...torn, "log-2.seg": files["log-2.seg"]!.slice(0, -1) };
  const directory = directoryOf(cut);
  const refused = assertThrows(() => opened(directory), FlowError);
  assertEquals([refused.code, refused.details["file"]], ["corrupt", "log-2.seg"]);
  assertEquals(filesOf(directory), cut);
});

test("openFileLogs() opens all logs in one generation of the manifest", () => {
  const random = seededRandom(1);
  const directory = memoryDirectory();
  for (const epoch of [1, 2, 3]) {
    const manifest = Manifest.open({ directory, random, shards: 3 });
    for (const log of openFileLogs({ directory, manifest, random })) log.close();
    assertEquals([manifest.generation, manifest.state.epoch], [epoch + 1, epoch]);
  }
  assertEquals(directory.list().filter((name) => name.startsWith("log-")).length, 3);
});
