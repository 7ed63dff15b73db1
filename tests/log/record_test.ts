import fc from "fast-check";
import { ByteWriter, crc32, DecodeError } from "../../src/codec/mod.ts";
import { FlowError } from "../../src/errors.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import {
  beginRecord,
  type CommittedFrame,
  decodeRecord,
  endRecord,
  readRecord,
  RECORD_HEADER_BYTES,
  type RecordHead,
  recordsOf,
  RecordType,
} from "../../src/log/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { append, openLog } from "./log_store.ts";

/** A record as bytes. */
function encode(head: RecordHead, content: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  const start = beginRecord(writer);
  writer.raw(content);
  endRecord(writer, start, head);
  return writer.bytes();
}

/** A frame that holds these bytes. */
function frameWith(body: Uint8Array, count: number): CommittedFrame {
  const base = { index: 0, lsn: 0, chain: 0 };
  const end = { index: 1, lsn: count, chain: 1 };
  return {
    base,
    end,
    timeMs: 0,
    count,
    body,
    place: { segment: 3, offset: 4_160 },
    isMerged: false,
  };
}

const content = Uint8Array.of(1, 2, 3, 4, 5);
const head: RecordHead = { type: RecordType.CTRL, lsn: 77, fixedLength: 2 };

test("decodeRecord() gives back what endRecord() framed", () => {
  assertProperty(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(255),
      fc.boolean(),
      fc.constantFrom(1, 2 ** 32, 2 ** 48 - 1),
      fc.integer({ min: 1, max: 255 }),
      (bytes, fixed, isSkippable, lsn, type) => {
        const fixedLength = Math.min(fixed, bytes.length);
        const encoded = encode({ type, lsn, fixedLength, isSkippable }, bytes);
        const record = decodeRecord(encoded, lsn);
        assertEquals([record.type, record.lsn, record.isSkippable], [type, lsn, isSkippable]);
        assertEquals([...record.fixed, ...record.rest], [...bytes]);
        assertEquals([record.fixed.length, record.bytes.length], [fixedLength, encoded.length]);
      },
    ),
    { file: import.meta.url },
  );
});

test("decodeRecord() refuses a record with any bit flipped, cut at any byte, or with another LSN", () => {
  const bytes = encode(head, content);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertThrows(() => decodeRecord(damaged, 77), DecodeError);
  }
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeRecord(bytes.subarray(0, length), 77), DecodeError);
  }
  assertThrows(() => decodeRecord(bytes, 78), DecodeError, "LSN 77");
});

test("decodeRecord() refuses flags and bytes that an encoder would not write", () => {
  assertThrows(() => decodeRecord(encode({ ...head, fixedLength: 6 }, content), 77), DecodeError);
  for (const [offset, value] of [[9, 2], [11, 1], [18, 1]] as const) {
    const writer = new ByteWriter();
    const start = beginRecord(writer);
    endRecord(writer, start, { ...head, fixedLength: 0 });
    const bytes = writer.bytes().slice();
    bytes[offset] = value;
    assertThrows(() => decodeRecord(resealed(bytes), 77), DecodeError);
  }
});

test("recordsOf() gives every record with its place", () => {
  const one = encode({ ...head, lsn: 1 }, content);
  const two = encode({ ...head, lsn: 2, fixedLength: 0 }, new Uint8Array(0));
  const found = [...recordsOf(frameWith(join(one, two), 2))];
  assertEquals(found.map(({ record }) => record.lsn), [1, 2]);
  assertEquals(found.map(({ place }) => place), [
    { segment: 3, offset: 4_160 },
    { segment: 3, offset: 4_160 + one.length },
  ]);
});

test("recordsOf() refuses a body with more or fewer records than its frame says", () => {
  const body = join(encode({ ...head, lsn: 1 }, content), encode({ ...head, lsn: 2 }, content));
  const longer = assertThrows(() => [...recordsOf(frameWith(body, 1))], FlowError, "log-3.seg");
  assertEquals([longer.code, longer.details["offset"]], ["corrupt", 4_160 + body.length / 2]);
  const shorter = assertThrows(() => [...recordsOf(frameWith(body, 3))], FlowError);
  assertEquals([shorter.code, shorter.details["offset"]], ["corrupt", 4_160 + body.length]);
});

test("recordsOf() leaves out unknown records that may be left out, and refuses the others", () => {
  const known = encode({ ...head, lsn: 1 }, content);
  const skippable = encode({ ...head, type: 200, lsn: 2, isSkippable: true }, content);
  const found = [...recordsOf(frameWith(join(known, skippable), 2))];
  assertEquals(found.map(({ record }) => record.lsn), [1]);
  const unknown = encode({ ...head, type: 200, lsn: 2 }, content);
  const error = assertThrows(
    () => [...recordsOf(frameWith(join(known, unknown), 2))],
    FlowError,
    "type 200",
  );
  assertEquals(error.code, "newer_format");
});

test("readRecord() reads the record at a place and proves that it is the one that was meant", () => {
  const log = openLog(memoryDirectory());
  const place = log.nextPlace();
  append(log, "one", "two");
  const one = readRecord(log, place, 1);
  assertEquals(new TextDecoder().decode(one.rest.subarray(4)), "one");
  const next = { ...place, offset: place.offset + one.bytes.length };
  assertEquals(readRecord(log, next, 2).lsn, 2);
  const wrong = [
    () => readRecord(log, place, 2),
    () => readRecord(log, next, 1),
    () => readRecord(log, { ...place, offset: place.offset + 1 }, 1),
    () => readRecord(log, { ...place, offset: place.offset - 64 }, 1),
    () => readRecord(log, { ...place, segment: 2 }, 1),
  ];
  for (const read of wrong) {
    const error = assertThrows(read, FlowError);
    assertEquals([error.code, typeof error.details["offset"]], ["corrupt", "number"]);
  }
});

test("readRecord() reads a record at once, or in two pieces if it is long", () => {
  const log = openLog(memoryDirectory());
  const place = log.nextPlace();
  const long = "x".repeat(2_000);
  append(log, "one", long, "three");
  const reads: number[] = [];
  const bytes = {
    readBytes: (...args: Parameters<typeof log.readBytes>) => {
      const read = log.readBytes(...args);
      reads.push(read.length);
      return read;
    },
  };
  let at = place;
  const lengths: number[] = [];
  for (const [index, text] of ["one", long, "three"].entries()) {
    const record = readRecord(bytes, at, index + 1);
    assertEquals(new TextDecoder().decode(record.rest.subarray(4)), text);
    lengths.push(record.bytes.length);
    at = { ...at, offset: at.offset + record.bytes.length };
  }
  assertEquals(reads.slice(0, 3), [1_024, 1_024, lengths[1]]);
  assertEquals(reads.length, 4);
});

test("RecordType has no number twice", () => {
  const numbers = Object.values(RecordType);
  assertEquals(new Set<number>(numbers).size, numbers.length);
  assertEquals([RecordType.CTRL, RecordType.DICT, RecordType.OWNER], [1, 11, 17]);
  assertEquals(RECORD_HEADER_BYTES, 20);
});

function join(...pieces: Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** The record with a checksum that fits. */
function resealed(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}
