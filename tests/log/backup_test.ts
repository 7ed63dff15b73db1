import { ByteWriter, crc32, u32At } from "../../src/codec/mod.ts";
import { FlowError, isFlowError } from "../../src/errors.ts";
import {
  type Directory,
  type FileCall,
  memoryDirectory,
  SimulatedDisk,
} from "../../src/files/mod.ts";
import { encodeBackupList, readBackupList } from "../../src/log/backup/backup_list.ts";
import { copyBackup, cutBackup, type Log, Manifest, restoreBackup } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { append, filesOf, openLog, textsOf } from "./log_store.ts";

/** A log, and what is needed to copy it. */
function scene() {
  const directory = memoryDirectory();
  const manifest = Manifest.open({ directory, random: seededRandom(1) });
  return { directory, manifest, log: openLog(directory, { manifest }) };
}

/** A backup of a log as it was at an end. */
function copied(
  { directory, manifest, log }: ReturnType<typeof scene>,
  end: Log["end"],
): Directory {
  const target = memoryDirectory();
  for (
    const _ of copyBackup(directory, target, cutBackup(manifest, [{ end, segments: log.segments }]))
  );
  return target;
}

/** What becomes of a backup. */
function restored(from: Directory): Directory {
  const to = memoryDirectory();
  for (const _ of restoreBackup({ from, to: () => to, random: seededRandom(2) }));
  return to;
}

/** Does something with the bytes of a file. */
function change(directory: Directory, name: string, act: (bytes: Uint8Array) => Uint8Array): void {
  const file = directory.open(name);
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const changed = act(bytes);
  file.truncate(0);
  file.write(changed, { at: 0 });
  file.close();
}

function refusalOf(from: Directory): readonly unknown[] {
  const { code, details } = assertThrows(() => restored(from), FlowError);
  return [code, (details as Record<string, unknown>)["file"]];
}

test("restoreBackup() leaves out frames that were not settled when the backup was begun", () => {
  const parts = scene();
  append(parts.log, "a");
  const { end } = parts.log;
  append(parts.log, "b");
  const to = restored(copied(parts, end));
  assertEquals(textsOf(openLog(to)), ["a"]);
  const log = openLog(to);
  append(log, "c");
  assertEquals(textsOf(openLog(to)), ["a", "c"]);
});

test("restoreBackup() says of the last frame that it is durable: damage to it is not cut off", () => {
  const parts = scene();
  for (const text of ["a", "b"]) append(parts.log, text);
  const to = restored(copied(parts, parts.log.end));
  change(to, "log-1.seg", (bytes) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
  assertEquals(assertThrows(() => openLog(to), FlowError).code, "corrupt");
});

test("restoreBackup() makes a store of a segment that takes several pieces", () => {
  const parts = scene();
  append(parts.log, "x".repeat(2_500_000));
  assertEquals(textsOf(openLog(restored(copied(parts, parts.log.end))))[0]?.length, 2_500_000);
});

test("restoreBackup() forgets files that the copied store was to remove", () => {
  const parts = scene();
  append(parts.log, "a");
  parts.manifest.publish({ quarantine: [{ name: "log-7.seg", generation: 1 }] });
  const to = restored(copied(parts, parts.log.end));
  const { state } = Manifest.open({ directory: to, random: seededRandom(3) });
  assertEquals(state.quarantine, []);
});

test("cutBackup() leaves out what is being written, which may be taken back", () => {
  const { directory, manifest, log } = scene();
  append(log, "a");
  const { length } = filesOf(directory)["log-1.seg"]!;
  change(directory, "log-1.seg", (bytes) => new Uint8Array([...bytes, ...bytes]));
  const cut = cutBackup(manifest, [log]);
  change(directory, "log-1.seg", (bytes) => bytes.subarray(0, length));
  const target = memoryDirectory();
  for (const _ of copyBackup(directory, target, cut));
  assertEquals(textsOf(openLog(restored(target))), ["a"]);
});

test("copyBackup() refuses a file that has become shorter than it was", () => {
  const { directory, manifest, log } = scene();
  append(log, "a");
  const cut = cutBackup(manifest, [log]);
  change(directory, "log-1.seg", (bytes) => bytes.subarray(0, -1));
  const copy = () => {
    for (const _ of copyBackup(directory, memoryDirectory(), cut));
  };
  const { code, details } = assertThrows(copy, FlowError);
  assertEquals([code, (details as Record<string, unknown>)["file"]], ["corrupt", "log-1.seg"]);
});

test("restoreBackup() refuses a list that does not fit its files", () => {
  const parts = scene();
  for (const text of ["a", "b"]) append(parts.log, text);
  const from = copied(parts, parts.log.end);
  const list = readBackupList(from)!;
  const write = (changes: Partial<typeof list>): void =>
    change(from, "BACKUP", () => encodeBackupList({ ...list, ...changes }));
  write({ manifest: { ...list.manifest, segments: [{ ...list.manifest.segments[0]!, id: 0 }] } });
  assertEquals(refusalOf(from), ["corrupt", "log-1.seg"]);
  write({ ends: [{ ...parts.log.end, index: 7, lsn: 9 }] });
  assertEquals(refusalOf(from), ["corrupt", "log-1.seg"]);
  write({ ends: [{ ...parts.log.end, chain: parts.log.end.chain ^ 1 }] });
  assertEquals(refusalOf(from), ["corrupt", "log-1.seg"]);
  const [segment] = list.manifest.segments;
  write({
    manifest: { ...list.manifest, segments: [{ ...segment!, salt: (segment!.salt ^ 1) >>> 0 }] },
  });
  assertEquals(refusalOf(from), ["corrupt", "log-1.seg"]);
  write({});
  change(from, "BACKUP", (bytes) => Uint8Array.of(...bytes, 0));
  assertEquals(refusalOf(from), ["invalid_argument", undefined]);
});

test("a backup says by its features what a reader has to understand, and newer ones are refused by name", () => {
  const parts = scene();
  append(parts.log, "a");
  const from = copied(parts, parts.log.end);
  const list = readBackupList(from)!;
  const [open] = list.manifest.segments;
  const { end } = parts.log;
  const sealed = { end, size: 64 };
  const last = { ...open!, id: open!.id + 1, base: end };
  const featuresOf = (merged: object): number => {
    const segments = [{ ...open!, sealed, ...merged }, last];
    const manifest = { ...list.manifest, segments, nextSegment: last.id + 1 };
    return u32At(encodeBackupList({ ...list, manifest }), 8);
  };
  assertEquals(featuresOf({}), 0);
  assertEquals(featuresOf({ merged: true }), 1);
  assertEquals(featuresOf({ merged: true, until: 1 }), 3);
  const whole = encodeBackupList(list);
  for (const bit of [4, 0x8000_0000]) {
    change(from, "BACKUP", () => withFeatures(whole, bit));
    const made: string[] = [];
    const to = (): Directory => (made.push("target"), memoryDirectory());
    const parts = { from, to, random: seededRandom(2) };
    const { code, details } = assertThrows(() => [...restoreBackup(parts)], FlowError);
    const { file, features } = details as Record<string, unknown>;
    assertEquals([code, file, features, made], ["newer_format", "BACKUP", bit, []]);
  }
  // What this version knows is no reason to refuse, needed or not.
  change(from, "BACKUP", () => withFeatures(whole, 3));
  assertEquals(textsOf(openLog(restored(from))), ["a"]);
});

/** The same list with other features in its header, which proves itself whole. */
function withFeatures(bytes: Uint8Array, features: number): Uint8Array {
  const changed = bytes.slice();
  const writer = new ByteWriter();
  writer.u32(features);
  changed.set(writer.bytes(), 8);
  const checksum = new ByteWriter();
  checksum.u32(crc32(changed.subarray(0, 60)));
  changed.set(checksum.bytes(), 60);
  return changed;
}

/** Two disks: where a store or a backup is, and where it is copied to. */
function disks(): readonly SimulatedDisk[] {
  return [1, 2].map((seed) => new SimulatedDisk({ random: seededRandom(seed) }));
}

/** A log on a disk with two segments' worth of pieces, and what is copied of it. */
function onDisk(disk: SimulatedDisk) {
  const directory = disk.directory();
  const manifest = Manifest.open({ directory, random: seededRandom(1) });
  const log = openLog(directory, { manifest });
  append(log, "x".repeat(1_500_000));
  return { directory, manifest, log, cut: cutBackup(manifest, [log]) };
}

const CALLS: readonly FileCall[] = ["open", "read", "write", "truncate", "flush", "sync"];

for (const what of ["copyBackup", "restoreBackup"] as const) {
  test(`${what}() leaves no file, open or not, whichever call fails, and if it is given up`, () => {
    const [source, target] = disks() as [SimulatedDisk, SimulatedDisk];
    const { directory, cut } = onDisk(source);
    const [backupDisk] = disks() as [SimulatedDisk];
    const backup = backupDisk.directory();
    for (const _ of copyBackup(directory, backup, cut));
    const from = what === "copyBackup" ? source : backupDisk;
    const openBefore = from.openHandleCount;
    const start = (disk: SimulatedDisk) => {
      const to = disk.directory();
      return what === "copyBackup"
        ? copyBackup(directory, to, cut)
        : restoreBackup({ from: backup, to: () => to, random: seededRandom(3) });
    };
    const openNow = (disk: SimulatedDisk): number[] => [from.openHandleCount, disk.openHandleCount];
    let failedCount = 0;
    for (const call of CALLS) {
      for (const isSource of [true, false]) {
        for (let after = 0;; after++) {
          const [to] = disks() as [SimulatedDisk];
          const struck = isSource ? from : to;
          struck.arm({ call, after });
          let isDone = false;
          try {
            for (const _ of start(to));
            isDone = true;
          } catch (error) {
            assert(isFlowError(error, "copy_failed"), String(error));
            assertEquals(to.directory().list(), [], `${call} ${after}`);
            failedCount += 1;
          }
          assertEquals(openNow(to), [openBefore, 0], `${call} ${after}`);
          const { armedCount } = struck;
          struck.disarm();
          if (armedCount > 0) break;
          // A read that is short or failed in the middle may be done again.
          assert(!isDone || call === "read", `${call} ${after}`);
        }
      }
    }
    assertGreater(failedCount, 10);
    const work = start(target);
    assert(!work.next().done);
    assertGreater(target.openHandleCount, 0);
    work.return({ bytes: 0, totalBytes: 0 });
    assertEquals(openNow(target), [openBefore, 0]);
    assertEquals(target.directory().list(), []);
    assertEquals([...start(disks()[0]!)].length, 2);
  });
}
