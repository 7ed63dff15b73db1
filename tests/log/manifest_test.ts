import fc from "fast-check";
import { DecodeError } from "../../src/codec/mod.ts";
import { FlowError } from "../../src/errors.ts";
import {
  type Directory,
  memoryDirectory,
  SimulatedDisk,
  writeDurably,
} from "../../src/files/mod.ts";
import { BACKUP_NAME } from "../../src/log/backup/backup_list.ts";
import {
  decodeSlot,
  encodeSlot,
  type Generation,
  MANIFEST_NAMES,
  readSlot,
  slotBytesFor,
} from "../../src/log/manifest/manifest_slot.ts";
import {
  featuresOf,
  type ManifestState,
  parseManifestState,
  PARTITION_SLOTS,
  type SegmentEntry,
  shardCountOf,
  slotsOf,
} from "../../src/log/manifest/manifest_state.ts";
import { Manifest } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "../assert.ts";
import { countingDirectory } from "../files/counting.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { directoryOf, filesOf, withHeaderField } from "./log_store.ts";

function open(directory: Directory, seed = 1): Manifest {
  return Manifest.open({ directory, random: seededRandom(seed) });
}

const state: ManifestState = {
  hashId: "00000000000000ff",
  fencingFloor: 0,
  origins: [],
  dbId: "0123456789abcdef",
  epoch: 3,
  slots: [[1024, 0]],
  nextSegment: 4,
  segments: [
    {
      id: 1,
      shard: 0,
      salt: 7,
      base: { index: 0, lsn: 0, chain: 0 },
      sealed: { end: { index: 5, lsn: 9, chain: 11 }, size: 9_000 },
    },
    { id: 3, shard: 0, salt: 8, base: { index: 5, lsn: 9, chain: 11 } },
  ],
  quarantine: [{ name: "log-2.seg", generation: 4 }],
};

const place = { index: Number.MAX_SAFE_INTEGER, lsn: Number.MAX_SAFE_INTEGER, chain: 0xffff_ffff };

/** An entry with the longest numbers that there are. */
const longest: Required<SegmentEntry> = {
  ...{ id: 0xffff_ffff, shard: 0xffff, salt: 0xffff_ffff, base: place, merged: true },
  until: Number.MAX_SAFE_INTEGER,
  sealed: { end: place, size: Number.MAX_SAFE_INTEGER },
};

test("Manifest.open() creates a store with an id of its own, and finds it again", () => {
  const directory = memoryDirectory();
  const { dbId, fencingFloor, epoch, nextSegment } = open(directory).state;
  assertMatch(dbId, /^[0-9a-f]{16}$/);
  assertEquals([fencingFloor, epoch, nextSegment], [0, 0, 1]);
  assertEquals(open(directory, 2).state.dbId, dbId);
  assertEquals(open(directory, 2).shardCount, 1);
  assertNotEquals(open(memoryDirectory(), 2).state.dbId, dbId);
});

test("Manifest.segmentsOf() is the same list until there is another state", () => {
  const manifest = open(memoryDirectory());
  const list = manifest.segmentsOf(0);
  assert(manifest.segmentsOf(0) === list);
  const [first] = state.segments;
  manifest.publish({ nextSegment: 9, segments: [{ ...first!, id: 8 }] });
  assertEquals(manifest.segmentsOf(0).map(({ id }) => id), [8]);
  assertEquals([list, manifest.segmentsOf(1)], [[], []]);
});

test("Manifest.open() of a store that exists writes nothing", () => {
  const directory = countingDirectory(memoryDirectory());
  open(directory);
  directory.reset();
  open(directory);
  assertEquals([directory.counts().writes, directory.syncCount], [0, 0]);
});

test("Manifest.publish() writes one slot after the other, once each, and syncs", () => {
  const directory = countingDirectory(memoryDirectory());
  const manifest = open(directory);
  directory.reset();
  manifest.publish({ epoch: 5 });
  manifest.publish({ epoch: 6 });
  for (const name of ["MANIFEST.0", "MANIFEST.1"]) {
    const { writes, flushes } = directory.counts(name);
    assertEquals([writes, flushes], [1, 1]);
  }
  assertEquals([manifest.generation, open(directory).state.epoch], [3, 6]);
});

test("Manifest.publish() writes a generation that was only read once more, before it replaces the other", () => {
  const directory = countingDirectory(memoryDirectory());
  open(directory);
  directory.reset();
  const manifest = open(directory);
  manifest.publish({ epoch: 5 });
  manifest.publish({ epoch: 6 });
  // Both slots have their names already.
  assertEquals([directory.counts().writes, directory.syncCount], [3, 0]);
});

test("Manifest.open() takes the generation before when the newest is damaged at any byte", () => {
  const directory = memoryDirectory();
  const manifest = open(directory);
  manifest.publish({ epoch: 5 });
  manifest.publish({ epoch: 6 });
  const files = filesOf(directory);
  const newest = files["MANIFEST.1"]!;
  for (let at = 0; at < newest.length; at++) {
    const damaged = newest.slice();
    damaged[at]! ^= 0xff;
    assertEquals(open(directoryOf({ ...files, "MANIFEST.1": damaged })).state.epoch, 5);
    const cut = newest.slice(0, at);
    assertEquals(open(directoryOf({ ...files, "MANIFEST.1": cut })).state.epoch, 5);
  }
});

test("Manifest.publish() after a longer generation is not confused by what is left of it", () => {
  const directory = memoryDirectory();
  const manifest = open(directory);
  const quarantine = Array.from({ length: 50 }, (_, index) => ({
    name: `log-${index + 1}.seg`,
    generation: 1,
  }));
  for (let count = 0; count < 2; count++) manifest.publish({ quarantine });
  for (let count = 0; count < 2; count++) manifest.publish({ quarantine: [] });
  assertEquals(open(directory).state.quarantine, []);
});

test("Manifest.open() refuses a directory with segments and no valid slot", () => {
  const empty = new Uint8Array(0);
  for (const slot of [{}, { "MANIFEST.0": empty, "MANIFEST.1": new Uint8Array(300) }]) {
    const directory = directoryOf({ ...slot, "log-4.seg": empty });
    const error = assertThrows(() => open(directory), FlowError, "log-4.seg");
    assertEquals([error.code, error.details], ["corrupt", { file: "MANIFEST.0", offset: 0 }]);
  }
});

test("Manifest.open() refuses a directory with a backup, and leaves it as it is", () => {
  const directory = directoryOf({
    [BACKUP_NAME]: new Uint8Array(0),
    "log-4.seg": new Uint8Array(0),
  });
  const { code, details } = assertThrows(() => open(directory), FlowError, "restoreStore()");
  assertEquals([code, details], ["invalid_argument", { field: "dir", value: directory.path }]);
  assertEquals(directory.list(), [BACKUP_NAME, "log-4.seg"]);
});

test("Manifest.open() starts over where a creation was cut short", () => {
  const torn = new Uint8Array(100);
  const directory = directoryOf({ "MANIFEST.1": torn, "notes.txt": torn });
  const manifest = open(directory);
  assertEquals(manifest.generation, 1);
  assertEquals(directory.list(), ["MANIFEST.0", "MANIFEST.1", "notes.txt"]);
});

test("Manifest.open() makes names anew of which a creation that failed has not said whether they last", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  disk.arm({ call: "sync" });
  assertThrows(() => open(disk.directory()), FlowError);
  const { dbId } = open(disk.directory()).state;
  disk.powerCut({ keep: "none" });
  assertEquals(open(disk.restart(), 2).state.dbId, dbId);
});

test("Manifest.open() refuses a newer format, whichever slot it is in", () => {
  const directory = memoryDirectory();
  const manifest = open(directory);
  manifest.publish({});
  const files = filesOf(directory);
  for (const name of ["MANIFEST.0", "MANIFEST.1"]) {
    const newer = withHeaderField(files[name]!.slice(), 4, 9);
    const error = assertThrows(() => open(directoryOf({ ...files, [name]: newer })), FlowError);
    assertEquals([error.code, error.details["file"], error.details["major"]], [
      "newer_format",
      name,
      9,
    ]);
  }
});

test("Manifest.makeRoom() lets every shard go on in a new segment, and a few more, on a full disk", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const manifest = Manifest.open({
    ...{ directory: disk.directory(), random: seededRandom(1), shards: 3 },
  });
  let { id } = longest;
  for (let round = 0; round < 20; round++) {
    disk.capacityBytes = Infinity;
    assert(manifest.makeRoom(2));
    disk.capacityBytes = disk.usedBytes;
    // A merge leaves two more, and every shard goes on before the generation after the merge.
    for (const count of [2, 1, 1, 1, 0]) {
      const more = Array.from({ length: count }, () => ({ ...longest, id: id--, shard: 0 }));
      const { until: _, merged: __, sealed: ___, ...last } = { ...longest, id: 1, shard: 0 };
      manifest.publish({ segments: [...more, ...manifest.state.segments.slice(0, -1), last] });
    }
    assertEquals(disk.usedBytes, disk.capacityBytes);
  }
});

test("Manifest.makeRoom() without room changes nothing, and says so", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const manifest = open(disk.directory());
  const slots = (): unknown[] => MANIFEST_NAMES.map((name) => readSlot(disk.directory(), name));
  const before = slots();
  for (const roomBytes of [0, 100, 4_096]) {
    disk.capacityBytes = disk.usedBytes + roomBytes;
    assertEquals([manifest.makeRoom(1), slots()], [false, before]);
  }
  disk.capacityBytes = Infinity;
  assertEquals([manifest.makeRoom(1), slots()], [true, before]);
  manifest.publish({ epoch: 7 });
  assertEquals(open(disk.directory()).state.epoch, 7);
});

test("Manifest.makeRoom() writes and syncs once a slot, and nothing where there is room", () => {
  const directory = countingDirectory(memoryDirectory());
  const manifest = open(directory);
  directory.reset();
  const work = (): number[][] =>
    MANIFEST_NAMES.map((name) => {
      const { writes, flushes } = directory.counts(name);
      return [writes, flushes];
    });
  assert(manifest.makeRoom(1));
  assertEquals(work(), [[1, 1], [1, 1]]);
  // For the one that was asked for, and for the one that the shard goes on in.
  const bytes = slotBytesFor({ number: 1, state: manifest.state }, 2);
  assertEquals(MANIFEST_NAMES.map((name) => filesOf(directory)[name]!.length), [bytes, bytes]);
  for (let epoch = 1; epoch < 10; epoch++) manifest.publish({ epoch });
  directory.reset();
  assert(manifest.makeRoom(1));
  assertEquals(work(), [[0, 0], [0, 0]]);
});

test("Manifest.makeRoom() leaves a slot as long as it was for which there is no room at its sync", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const manifest = open(disk.directory());
  const sizes = (): unknown => Object.values(filesOf(disk.directory())).map(({ length }) => length);
  const before = sizes();
  disk.arm({ call: "flush", code: "ENOSPC" });
  assertEquals([manifest.makeRoom(1), sizes()], [false, before]);
  assertEquals([manifest.makeRoom(1), sizes()], [true, [4_096, 4_096]]);
});

test("Manifest.makeRoom() gives back on the disk what a sync that found no room has left there", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const manifest = open(disk.directory());
  const sizes = (): unknown => Object.values(filesOf(disk.directory())).map(({ length }) => length);
  const before = sizes();
  disk.arm({ call: "flush", code: "ENOSPC", keep: "all" });
  assertEquals(manifest.makeRoom(1), false);
  disk.powerCut({ keep: "none" });
  disk.restart();
  assertEquals(sizes(), before);
});

test("Manifest.makeRoom() makes a slot anew that somebody has deleted, with what it said", () => {
  for (const name of MANIFEST_NAMES) {
    const directory = memoryDirectory();
    const manifest = open(directory);
    manifest.publish({ epoch: 7 });
    directory.remove(name);
    assert(manifest.makeRoom(1));
    assertEquals(open(directory).state.epoch, 7);
    manifest.publish({ epoch: 8 });
    assertEquals(open(directory).state.epoch, 8);
  }
});

test("Manifest.makeRoom() writes a generation that was only read once more, and a slot that is gone", () => {
  const directory = countingDirectory(memoryDirectory());
  open(directory).publish({ epoch: 8 });
  directory.remove("MANIFEST.1");
  directory.reset();
  // Whoever has room makes a file next that only makes sense with this generation.
  assert(open(directory).makeRoom(1));
  const writes = MANIFEST_NAMES.map((name) => directory.counts(name).writes);
  assertEquals([writes, directory.syncCount], [[2, 1], 1]);
});

test("Manifest.makeRoom() leaves slots alone that another process writes", () => {
  const directory = countingDirectory(memoryDirectory());
  const [manifest, other] = [open(directory), open(directory, 2)];
  manifest.prove();
  other.publish({ epoch: 2 });
  directory.reset();
  assertThrows(() => manifest.makeRoom(1), FlowError, "Another process");
  assertEquals(directory.counts().writes, 0);
});

test("Manifest.makeRoom() that fails for another reason than lack of room is the end", () => {
  for (const call of ["write", "flush"] as const) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const manifest = open(disk.directory());
    disk.arm({ call });
    for (let tries = 0; tries < 2; tries++) {
      const error = assertThrows(() => manifest.makeRoom(1), FlowError);
      assertEquals(error.code, "store_failed");
    }
    assertThrows(() => manifest.publish({}), FlowError);
  }
});

test("slotBytesFor() is enough for the longest that a generation can become", () => {
  const number = Number.MAX_SAFE_INTEGER;
  const { until: _, merged: __, sealed: ___, ...open } = longest;
  // Of so many, every byte that one of them lacks shows behind some number of blocks.
  const many = Array.from({ length: 25 }, (_, index) => 500 + index);
  for (const count of [...Array(50).keys(), ...many].slice(1)) {
    const bytes = slotBytesFor({ number: 1, state }, count);
    assertEquals(bytes % 4_096, 0);
    const merged = [...state.segments, ...Array(count).fill(longest)];
    const [first, second] = state.segments;
    const sealed = [{ ...second!, sealed: longest.sealed }, ...Array(count - 1).fill(longest)];
    const rolled = [first!, ...sealed, open];
    for (const segments of [merged, rolled]) {
      const { length } = encodeSlot({ number, state: { ...state, nextSegment: number, segments } });
      assert(length <= bytes, `${length} of ${bytes} bytes for ${count}`);
    }
  }
});

test("Manifest.publish() notices another writer", () => {
  const directory = memoryDirectory();
  const one = open(directory);
  const two = open(directory);
  two.publish({});
  const error = assertThrows(() => one.publish({}), FlowError, "Another process");
  assertEquals(error.code, "store_failed");
});

test("Manifest.findOther() knows another store by either slot, and a manifest by one that is left", () => {
  const others = memoryDirectory();
  open(others, 2).publish({});
  for (const count of [1, 2]) {
    for (const name of MANIFEST_NAMES) {
      const directory = memoryDirectory();
      const manifest = open(directory);
      for (let epoch = 1; epoch <= count; epoch++) manifest.publish({ epoch });
      const found = (): string | undefined => manifest.findOther()?.message;
      assertEquals(found(), undefined);
      directory.remove(name);
      assertEquals(found(), undefined);
      writeDurably(directory, name, filesOf(others)[name]!, { create: true });
      assertMatch(`${found()}`, /holds another store/);
      for (const slot of MANIFEST_NAMES) directory.remove(slot);
      assertMatch(`${found()}`, /has no manifest/);
    }
  }
});

test("Manifest.publish() does nothing any more after a failure", () => {
  const directory = countingDirectory(memoryDirectory());
  const manifest = open(directory);
  directory.remove("MANIFEST.0");
  assertThrows(() => manifest.publish({}), FlowError);
  directory.open("MANIFEST.0", { create: true }).close();
  directory.reset();
  assertEquals(assertThrows(() => manifest.publish({}), FlowError).code, "store_failed");
  assertEquals(directory.counts().writes, 0);
});

test("Manifest.publish() makes a slot anew that somebody has deleted", () => {
  const directory = countingDirectory(memoryDirectory());
  open(directory).publish({ epoch: 8 });
  directory.remove("MANIFEST.1");
  directory.reset();
  open(directory).publish({ epoch: 9 });
  assertEquals(directory.syncCount, 1);
  assertEquals(open(directory).state.epoch, 9);
});

test("decodeSlot() gives back what encodeSlot() wrote", () => {
  const generation: Generation = { number: 2 ** 52, state };
  assertEquals(decodeSlot(encodeSlot(generation), "MANIFEST.0"), generation);
  const restored = { ...state, hashId: state.dbId, fencingFloor: 1 };
  assertEquals(
    decodeSlot(encodeSlot({ number: 2, state: restored }), "MANIFEST.0")?.state,
    restored,
  );
  // In the other slot it would be a misdirected write.
  assertEquals(decodeSlot(encodeSlot(generation), "MANIFEST.1"), undefined);
});

test("encodeSlot() writes what only a restored store differs in for such a store only", () => {
  const isWritten = (more: Partial<ManifestState>): boolean =>
    new TextDecoder().decode(encodeSlot({ number: 2, state: { ...state, ...more } }))
      .includes("hashId");
  const { dbId: hashId } = state;
  assertEquals([{}, { hashId }, { hashId, fencingFloor: 1 }].map(isWritten), [true, false, true]);
});

test("decodeSlot() takes random bytes for nothing", () => {
  assertProperty(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assertEquals(decodeSlot(bytes, "MANIFEST.0"), undefined);
    }),
    { file: import.meta.url, runs: 500 },
  );
});

test("parseManifestState() accepts what is right", () => {
  assertEquals(parseManifestState(JSON.parse(JSON.stringify(state))), state);
  for (let shards = 1; shards <= 16; shards++) {
    const slots = slotsOf(shards);
    const counts = slots.map(([count]) => count);
    assertEquals(counts.reduce((sum, count) => sum + count), PARTITION_SLOTS);
    assert(Math.max(...counts) - Math.min(...counts) <= 1, String(counts));
    assertEquals(parseManifestState({ ...state, slots }).slots, slots);
    assertEquals(shardCountOf({ slots }), shards);
  }
});

test("a manifest says up to where it was decided what a piece holds, and by a feature that it does", () => {
  const [sealed, tail] = state.segments as [typeof state.segments[0], typeof state.segments[0]];
  const merged = { ...state, segments: [{ ...sealed, merged: true as const }, tail] };
  const pieces = { ...state, segments: [{ ...merged.segments[0]!, until: 9 }, tail] };
  assertEquals(parseManifestState(JSON.parse(JSON.stringify(pieces))), pieces);
  assertEquals([state, merged, pieces].map(featuresOf), [0, 1, 3]);
  assertEquals(decodeSlot(encodeSlot({ number: 2, state: pieces }), "MANIFEST.0")?.state, pieces);
});

test("parseManifestState() refuses what is wrong anywhere", () => {
  const [sealed, tail] = state.segments as [typeof state.segments[0], typeof state.segments[0]];
  const wrongs: unknown[] = [
    { ...state, segments: [{ ...sealed, until: 9 }, tail] },
    { ...state, segments: [{ ...sealed, merged: true, until: -1 }, tail] },
    null,
    [],
    { ...state, dbId: "0123" },
    { ...state, epoch: -1 },
    { ...state, epoch: 2 ** 32 },
    { ...state, slots: [[1023, 0]] },
    { ...state, slots: [[1024]] },
    { ...state, slots: [[1024, 1]] },
    { ...state, slots: [[512, 0], [512, 2]] },
    { ...state, slots: [[1024, 0], [0, 1]] },
    { ...state, segments: [sealed, tail, { ...tail, id: 2, shard: 1 }] },
    { ...state, nextSegment: 3 },
    { ...state, nextSegment: "4" },
    { ...state, segments: [sealed] },
    { ...state, segments: [tail, sealed] },
    { ...state, segments: [sealed, tail, tail] },
    { ...state, segments: [sealed, { ...tail, base: { ...tail.base, chain: 12 } }] },
    { ...state, segments: [sealed, { ...tail, salt: 2 ** 32 }] },
    { ...state, segments: [{ ...sealed, sealed: { size: 1 } }, tail] },
    { ...state, segments: {} },
    { ...state, quarantine: [{ name: 3, generation: 1 }] },
    { ...state, quarantine: undefined },
  ];
  for (const wrong of wrongs) assertThrows(() => parseManifestState(wrong), DecodeError);
});
