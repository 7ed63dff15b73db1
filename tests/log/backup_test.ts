import { type Directory, memoryDirectory } from "../../src/files/mod.ts";
import { encodeBackupList, readBackupList } from "../../src/log/backup_list.ts";
import { copyBackup, cutBackup, type Log, Manifest, restoreBackup } from "../../src/log/mod.ts";
import { FlowError } from "../../src/errors.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { append, openLog, textsOf } from "./log_store.ts";

/** A log, and what is needed to copy it. */
function scene() {
  const directory = memoryDirectory();
  const manifest = Manifest.open({ directory, random: seededRandom(1) });
  return { directory, manifest, log: openLog(directory, { manifest }) };
}

/** A backup of a log as it was at an end. */
function copied(
  { directory, manifest }: { readonly directory: Directory; readonly manifest: Manifest },
  end: Log["end"],
): Directory {
  const target = memoryDirectory();
  for (const _ of copyBackup(directory, target, cutBackup(directory, manifest, [{ end }])));
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

test("copyBackup() refuses a file that has become shorter than it was", () => {
  const { directory, manifest, log } = scene();
  append(log, "a");
  const cut = cutBackup(directory, manifest, [log]);
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
