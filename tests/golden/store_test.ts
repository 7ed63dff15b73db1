/**
 * A whole store of every format version that was released. It must open for ever, and look as it did.
 *
 * A change of what a store writes shows here first. What was released is never written anew: a new
 * version adds a file. `FLOWCASK_GOLDEN=write` writes the files of the present version.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { FlowError, restoreStore } from "../../mod.ts";
import { crc32 } from "../../src/codec/mod.ts";
import { type Directory, memoryDirectory, withFile } from "../../src/files/mod.ts";
import { EVENT_NAMES } from "../../src/flow/core/encoding/ctrl.ts";
import { decodeEffect, Dictionary } from "../../src/flow/core/mod.ts";
import { type Log, Manifest, openFileLogs, recordsOf, RecordType } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { directoryOf, filesOf } from "../log/log_store.ts";
import { fromGolden, type GoldenFiles, toGolden } from "./log_files.ts";
import { liveGolden, mergeGolden, openGolden, seenOf } from "./store_life.ts";

const PRESENT = "store_1_0.json";
const MERGED = "store_1_0_merged.json";

/** When the stored files are opened: soon after they were left, so that nothing is over. */
const OPENED_AT_MS = 1_700_000_100_000;

/** What `seenOf()` returns, as far as it matters here. */
interface SeenStore {
  readonly flows: readonly { readonly info?: unknown; readonly record?: { readonly id: string } }[];
}

interface GoldenStore {
  readonly files: GoldenFiles;
  readonly seen: unknown;
}

/** The files of the present version, written anew. */
const written: Readonly<Record<string, (directory: Directory) => Promise<void>>> = {
  [PRESENT]: liveGolden,
  [MERGED]: async (directory) => {
    await liveGolden(directory);
    await mergeGolden(directory, OPENED_AT_MS);
  },
};

async function presentStore(name: string): Promise<GoldenStore> {
  const directory = memoryDirectory();
  await written[name]!(directory);
  const files = toGolden(filesOf(directory));
  return { files, seen: await seenIn(directory, name) };
}

async function seenIn(directory: Directory, name: string): Promise<unknown> {
  await using store = await openGolden(directory, OPENED_AT_MS);
  assertEquals((await store.verify()).damage, []);
  return await seenOf(store, name === PRESENT);
}

function golden(name: string): GoldenStore {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
}

if (process.env["FLOWCASK_GOLDEN"] === "write") {
  for (const name of Object.keys(written)) {
    const text = JSON.stringify(await presentStore(name), null, 2);
    writeFileSync(new URL(name, import.meta.url), `${text}\n`);
  }
}

for (const name of Object.keys(written)) {
  test(`openStore() writes the very bytes of ${name}`, async () => {
    const { files, seen } = golden(name);
    const present = await presentStore(name);
    assertEquals(present.files, files);
    assertEquals(present.seen, seen);
  });
}

for (const name of [PRESENT, MERGED]) {
  test(`openStore() shows what is in ${name} as it was`, async () => {
    const { files, seen } = golden(name);
    const directory = directoryOf(fromGolden(files));
    for (const _ of ["once", "and again"]) assertEquals(await seenIn(directory, name), seen);
  });
}

test(`${MERGED} shows what the same store shows that was not merged`, () => {
  const { manifest } = logsOf(MERGED);
  assertEquals(new Set(manifest.state.segments.map(({ merged = false }) => merged)).size, 2);
  const [whole, merged] = [PRESENT, MERGED].map((name) => golden(name).seen as SeenStore);
  const others = merged!.flows.filter(({ record }) => record?.id !== "after");
  const keep = ({ flows }: SeenStore) => flows.filter(({ info }) => info === undefined);
  assertEquals(keep({ ...merged!, flows: others }), keep(whole!));
});

test(`${PRESENT} has every type of record and every event that a store writes`, () => {
  const { manifest, logs } = logsOf(PRESENT);
  assertEquals(manifest.state.segments.filter(({ sealed }) => sealed !== undefined).length, 1);
  const types = new Set<number>();
  const events = new Set<string>();
  for (const log of logs) {
    const names = new Dictionary();
    for (const frame of log.read(0)) {
      for (const { record } of recordsOf(frame)) {
        const effect = decodeEffect(record, names);
        if (effect.kind === "dict") names.add(effect.id, effect.name);
        if (effect.kind === "ctrl") events.add(effect.event);
        types.add(record.type);
      }
    }
  }
  const { PREPARED, DECISION, COMMAND, CONFIG, OWNER, ...used } = RecordType;
  const unused: readonly number[] = [PREPARED, DECISION, COMMAND, CONFIG, OWNER];
  assertEquals([...types].sort(), Object.values(used).sort());
  assert(unused.every((type) => !types.has(type)));
  assertEquals([...events].sort(), [...EVENT_NAMES].sort());
});

function logsOf(name: string): { readonly manifest: Manifest; readonly logs: readonly Log[] } {
  const directory = directoryOf(fromGolden(golden(name).files));
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory, random });
  return { manifest, logs: openFileLogs({ directory, manifest, random }) };
}

/** Makes the header that a file begins with one of a later version, with its checksum. */
function makeNewer(directory: Directory, name: string, field: "major" | "features"): void {
  withFile(directory, name, (file) => {
    const header = new Uint8Array(64);
    file.read(header, { at: 0 });
    const view = new DataView(header.buffer);
    if (field === "major") view.setUint16(4, 2, true);
    else view.setUint32(8, 0x8000_0000, true);
    view.setUint32(60, crc32(header.subarray(0, 60)), true);
    file.write(header, { at: 0 });
  });
}

for (const field of ["major", "features"] as const) {
  test(`files with newer ${field} are refused by name, and stay as they are`, async () => {
    const { files } = golden(MERGED);
    for (const name of Object.keys(files)) {
      const directory = directoryOf(fromGolden(files));
      makeNewer(directory, name, field);
      const before = filesOf(directory);
      const error = await assertRejects(() => openGolden(directory), FlowError);
      assertEquals([error.code, error.details["file"]], ["newer_format", name]);
      assertStringIncludes(error.message, `/${name}"`);
      assertEquals(filesOf(directory), before);
    }
    const backup = memoryDirectory();
    await using store = await openGolden(directoryOf(fromGolden(files)), OPENED_AT_MS);
    await store.backup(backup);
    makeNewer(backup, "BACKUP", field);
    const to = memoryDirectory();
    const error = await assertRejects(() => restoreStore({ from: backup, to }), FlowError);
    assertEquals([error.code, error.details["file"]], ["newer_format", "BACKUP"]);
    assertEquals(to.list(), []);
  });
}
