import fc from "fast-check";
import { Keydir } from "../../src/bitcask/mod.ts";
import { ByteWriter, crc32, DecodeError } from "../../src/codec/mod.ts";
import { EventCursors } from "../../src/engine/events/event_cursor.ts";
import { StoredRecords } from "../../src/engine/shard/stored_records.ts";
import { isFlowError } from "../../src/errors.ts";
import { type FileHandle, memoryDirectory, withFile } from "../../src/files/mod.ts";
import { ownerOf } from "../../src/files/owner.ts";
import { formatEventId, parseEventId } from "../../src/flow/core/event_id.ts";
import { isLeaseToken, leaseToken } from "../../src/flow/core/flow.ts";
import { Lease } from "../../src/flow/core/lease.ts";
import { decodeEffect } from "../../src/flow/core/mod.ts";
import type { ValueEffect, ValuePartEffect } from "../../src/flow/core/mod.ts";
import {
  formatCursor,
  formatKeyCursor,
  parseCursor,
  parseKeyCursor,
} from "../../src/flow/core/queries/cursor.ts";
import { parseValueRef, valueRef } from "../../src/flow/core/values/value_ref.ts";
import { InvariantError } from "../../src/invariant.ts";
import { BACKUP_NAME, encodeBackupList, readBackupList } from "../../src/log/backup/backup_list.ts";
import {
  decodeFrameHeader,
  encodeFrame,
  encodeMergedFrame,
  frameBytes,
  mergedFrameBytes,
} from "../../src/log/format/frame.ts";
import { decodeRecord } from "../../src/log/format/record.ts";
import {
  decodeEvidence,
  decodeSegmentHeader,
  encodeEvidence,
  encodeSegmentHead,
} from "../../src/log/format/segment.ts";
import { decodeSlot, encodeSlot } from "../../src/log/manifest/manifest_slot.ts";
import { type ManifestState, slotsOf } from "../../src/log/manifest/manifest_state.ts";
import { recordsOf } from "../../src/log/mod.ts";
import { FileWindow } from "../../src/log/segments/file_window.ts";
import { FrameFlaw, walkFrames } from "../../src/log/segments/reader.ts";
import { assertInstanceOf, assertLessOrEqual, assertThrows } from "../assert.ts";
import { anyCtrl, anyEffect, dictionary } from "../flow/any_effect.ts";
import { encodeEffects } from "../flow/effect_records.ts";
import { test } from "../harness.ts";
import { fuzz, type Subject } from "./subject.ts";

const encoder = new TextEncoder();

/** What the files may answer with: a later version has written them. */
function isNewer(error: unknown): boolean {
  return isFlowError(error, "newer_format");
}

/** Writes the checksum of a header of 64 bytes anew. */
function sealHeader(bytes: Uint8Array): void {
  if (bytes.length >= 64) setU32(bytes, 60, crc32(bytes.subarray(0, 60)));
}

/** Writes those of a document anew, whose body has its checksum at an offset. */
function sealDocument(crcAt: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    if (bytes.length < 64) return;
    setU32(bytes, 12, bytes.length - 64);
    setU32(bytes, crcAt, crc32(bytes.subarray(64)));
    sealHeader(bytes);
  };
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, true);
}

const base = { index: 70, lsn: 5_000_000_000, chain: 0xdead_beef };
const header = { id: 7, shard: 3, salt: 0x1234_5678, dbId: "00ff8f14e45fceea", base };

const manifest: ManifestState = {
  ...{ dbId: "8f14e45fceea167a", hashId: "0123456789abcdef", fencingFloor: 2 ** 32 },
  origins: [{ dbId: "0123456789abcdef", ends: [base, { index: 0, lsn: 0, chain: 0 }] }],
  ...{ epoch: 3, slots: slotsOf(2), nextSegment: 5 },
  segments: [
    {
      id: 1,
      shard: 0,
      salt: 5,
      base: { index: 0, lsn: 0, chain: 0 },
      sealed: { end: base, size: 67_110_400 },
    },
    { id: 3, shard: 1, salt: 6, base: { index: 0, lsn: 0, chain: 0 } },
    { id: 4, shard: 0, salt: 7, base },
  ],
  quarantine: [{ name: "log-2.seg", generation: 5 }],
};

const mergedManifest: ManifestState = {
  ...manifest,
  segments: manifest.segments.map(({ sealed, ...entry }) =>
    sealed === undefined ? entry : { ...entry, merged: true, sealed }
  ),
};

const files: Subject[] = [
  {
    name: "the header of a segment",
    valid: [header, { ...header, merged: true }].map((fields) =>
      encodeSegmentHead(fields).slice(0, 64)
    ),
    again: (bytes) => {
      const read = decodeSegmentHeader(bytes, "log-7.seg");
      return read && encodeSegmentHead(read).slice(0, 64);
    },
    refuses: isNewer,
    seal: sealHeader,
    // Another version of the format is not written again, nor is its checksum.
    ignores: (at) => (at >= 4 && at < 8) || at >= 60,
  },
  {
    name: "evidence",
    valid: [encodeEvidence({ salt: 7, durableLsn: 2 ** 40, epoch: 3 })],
    again: (bytes) => {
      const read = decodeEvidence(bytes);
      return read && encodeEvidence(read);
    },
    seal: sealHeader,
  },
  {
    name: "a slot of the manifest",
    valid: [manifest, mergedManifest].map((state) => encodeSlot({ number: 6, state })),
    again: (bytes) => {
      const read = decodeSlot(bytes, "MANIFEST.0");
      return read && encodeSlot(read);
    },
    refuses: isNewer,
    seal: sealDocument(24),
    isCanonical: false,
  },
  {
    name: "the list of a backup",
    valid: [encodeBackupList({
      manifest,
      ends: [base, { index: 1, lsn: 2, chain: 3 }],
      files: [{ name: "log-1.seg", size: 67_110_400, crc: 77 }],
    })],
    again: (bytes) => {
      const directory = memoryDirectory();
      withFile(directory, BACKUP_NAME, (file) => file.write(bytes, { at: 0 }), { create: true });
      const read = readBackupList(directory);
      return read && encodeBackupList(read);
    },
    refuses: isNewer,
    seal: sealDocument(16),
    isCanonical: false,
  },
];

const names = dictionary();
const FIRST_LSN = 5_000_000_000;
const effects = fc.sample(anyEffect, { numRuns: 300, seed: 1 });
const records = effects.map((effect) => encodeEffects([effect], FIRST_LSN, names)[0]!);

/** Writes length and checksum of a record anew. */
function sealRecord(bytes: Uint8Array): void {
  if (bytes.length < 20) return;
  setU32(bytes, 0, bytes.length);
  setU32(bytes, 4, crc32(bytes.subarray(8)));
}

/** Frames one after the other, with records in them. */
function frames(): Uint8Array {
  const parts: Uint8Array[] = [];
  let place = { index: 0, lsn: FIRST_LSN - 1, chain: 0 };
  for (const count of [1, 3, 2]) {
    const body = new ByteWriter();
    const kept = effects.slice(0, count);
    for (const bytes of encodeEffects(kept, place.lsn + 1, names)) body.raw(bytes);
    const bytes = new Uint8Array(frameBytes(body.length));
    const frame = { base: place, timeMs: 1_700_000_000_000, count, body: body.bytes() };
    const stamp = { salt: 9, durableLsn: place.lsn, epoch: 2 };
    place = encodeFrame(bytes, frame, stamp);
    parts.push(bytes);
  }
  return new Uint8Array(parts.flatMap((bytes) => [...bytes]));
}

/** What a merge has kept: every other record. */
function mergedFrame(): Uint8Array {
  const body = new ByteWriter();
  const kept = effects.slice(0, 4);
  for (const [place, effect] of kept.entries()) {
    body.raw(encodeEffects([effect], FIRST_LSN + 2 * place, names)[0]!);
  }
  const bytes = new Uint8Array(mergedFrameBytes(body.length));
  encodeMergedFrame(bytes, {
    base: { index: 0, lsn: FIRST_LSN - 1, chain: 0 },
    end: { index: 12, lsn: FIRST_LSN + 100, chain: 77 },
    ...{ timeMs: 1_700_000_000_000, count: kept.length, body: body.bytes() },
  }, { salt: 9, epoch: 2 });
  return bytes;
}

/** Writes the checksums of the first frame anew. */
function sealFrame(bytes: Uint8Array): void {
  if (bytes.length < 64) return;
  const bodyLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  setU32(bytes, 8, crc32(bytes.subarray(64, 64 + bodyLength)));
  sealHeader(bytes);
}

/** Frames of a segment, read to the last record. */
function rowOfFrames(name: string, valid: Uint8Array, merged: boolean): Subject {
  return {
    name,
    valid: [valid],
    again: (bytes) => {
      const directory = memoryDirectory();
      const base = { index: 0, lsn: FIRST_LSN - 1, chain: 0 };
      const file = directory.open("log-1.seg", { create: true });
      file.write(bytes, { at: 0 });
      const window = new FileWindow(file, bytes.length);
      for (const frame of walkFrames(window, { id: 1, salt: 9, base, merged }, 0)) {
        for (const { record } of recordsOf(frame)) decodeEffect(record, names);
      }
      return bytes;
    },
    refuses: (error) =>
      error instanceof FrameFlaw || error instanceof DecodeError || isNewer(error) ||
      isFlowError(error, "corrupt"),
    seal: sealFrame,
  };
}

const logs: Subject[] = [
  {
    name: "a record",
    valid: records,
    again: (bytes) => decodeRecord(bytes, FIRST_LSN).bytes,
    refuses: (error) => error instanceof DecodeError,
    seal: sealRecord,
  },
  {
    name: "the header of a frame",
    valid: [frames().slice(0, 64), mergedFrame().slice(0, 64)],
    again: (bytes) => decodeFrameHeader(bytes) && bytes.slice(0, 64),
    seal: sealHeader,
  },
  rowOfFrames("a row of frames", frames(), false),
  rowOfFrames("a merged frame", mergedFrame(), true),
  ...new Set(effects.map(({ kind }) => kind)).values().map((kind): Subject => ({
    name: `a record of the kind ${kind}`,
    valid: records.filter((_, place) => effects[place]!.kind === kind),
    again: (bytes) => {
      const effect = decodeEffect(decodeRecord(bytes, FIRST_LSN), names);
      return encodeEffects([effect], FIRST_LSN, names)[0]!;
    },
    refuses: (error) => error instanceof DecodeError || isNewer(error),
    seal: sealRecord,
    // A later version may have appended to the fixed part, and JSON has many forms.
    isCanonical: false,
  })),
];

/** A subject that is a text. */
function textual(
  name: string,
  valid: readonly string[],
  again: (text: string) => string | undefined,
): Subject {
  return {
    name,
    valid: valid.map((text) => encoder.encode(text)),
    again: (bytes) => {
      const text = new TextDecoder().decode(bytes);
      const isText = encoder.encode(text).every((byte, at) => byte === bytes[at]);
      const written = isText ? again(text) : undefined;
      return written === undefined ? undefined : encoder.encode(written);
    },
  };
}

const cursors = new EventCursors({ dbId: "00ff8f14e45fceea", origins: [] });
const ends = [{ index: 2 ** 40, lsn: 2 ** 44 }, { index: 3, lsn: 9 }];
const lease = new Lease("w", { hi: 0x00ff_1234, lo: 7 });
const control = { ...fc.sample(anyCtrl, { numRuns: 1, seed: 1 })[0]!.control, lease };

const texts: Subject[] = [
  textual(
    "the cursor of a list",
    [
      { updatedAtMs: 1_700_000_000_000, id: "email-1", partitionKey: "tenant/\u00e9:1" },
      { updatedAtMs: 0, id: "%", partitionKey: "" },
    ].map(formatCursor),
    (text) => {
      const place = parseCursor(text);
      return place && formatCursor(place);
    },
  ),
  textual("the cursor of keys", ["a", "user:\u{1F600}/%"].map(formatKeyCursor), (text) => {
    const key = parseKeyCursor(text);
    return key === undefined ? undefined : formatKeyCursor(key);
  }),
  textual("the name of an event", ["0-1", "1700000000000-77"], (text) => {
    const position = parseEventId(text);
    return position && formatEventId(position);
  }),
  textual("a reference to a value", ["v1", "v281474976710655"], (text) => {
    const number = parseValueRef(text);
    return number === undefined ? undefined : valueRef(number)!;
  }),
  textual(
    "a lease token",
    [leaseToken(control)!],
    (text) => isLeaseToken(control, text) ? leaseToken(control)! : undefined,
  ),
  {
    ...textual(
      "the cursor of events",
      [
        cursors.format(ends),
        cursors.format([{ index: 0, lsn: 0 }, { index: 1, lsn: 1 }]),
      ],
      (text) => cursors.format(cursors.parse(text, ends)),
    ),
    refuses: (error) => isFlowError(error, "invalid_argument"),
  },
  {
    ...textual(
      "the owner of a directory",
      [JSON.stringify({ pid: 4711, runtime: "Deno/2.9.6", startedAtMs: 1_700_000_000_000 })],
      (text) => {
        const owner = ownerOf(text);
        return owner && JSON.stringify(owner);
      },
    ),
    isCanonical: false,
  },
];

const subjects = [...files, ...logs, ...texts];

for (const subject of subjects) {
  test(`${subject.name} that is nearly right is read as it stands or refused`, () => {
    fuzz(subject, 1 / subjects.length);
  });
}

test("a value whose size is a lie is refused before there is memory for it", () => {
  for (const size of [2 ** 52, 2 ** 32, 41, 60]) {
    const value: ValueEffect = {
      ...{ kind: "value", key: null, untilMs: null },
      value: { encoding: 0, size, parts: { firstLsn: 1, count: 2 } },
    };
    const parts = [20, 20].map((length, index): ValuePartEffect => (
      { kind: "value_part", index, bytes: new Uint8Array(length) }
    ));
    const keydir = new Keydir();
    const log = new Uint8Array(1_000);
    let end = 64;
    for (const [index, bytes] of encodeEffects([...parts, value], 1, names).entries()) {
      log.set(bytes, end);
      keydir.append(index + 1, 1, end);
      end += bytes.length;
    }
    const readBytes = (_: number, at: number, length: number) => log.slice(at, at + length);
    const stored = new StoredRecords({ readBytes }, keydir, names);
    const error = assertThrows(() => stored.value(3, 2 ** 53, { nowMs: 0, headLsn: 3 }), Error);
    assertInstanceOf(error, InvariantError);
  }
});

test("the length of a frame that is a lie is refused before anything is read for it", () => {
  const bytes = frames();
  setU32(bytes, 4, 0xffff_fff0);
  sealHeader(bytes);
  let read = 0;
  const file: FileHandle = {
    ...memoryDirectory().open("log-1.seg", { create: true }),
    read: (buffer, { at }) => {
      read += buffer.length;
      buffer.set(bytes.subarray(at, at + buffer.length));
      return Math.min(buffer.length, bytes.length - at);
    },
  };
  const expected = { id: 1, salt: 9, base: { index: 0, lsn: FIRST_LSN - 1, chain: 0 } };
  assertThrows(() => [...walkFrames(new FileWindow(file, bytes.length), expected, 0)], FrameFlaw);
  assertLessOrEqual(read, bytes.length);
});
