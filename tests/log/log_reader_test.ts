import { FlowError } from "../../src/errors.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { frameEnd, Manifest, openFileLog } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { append, openLog } from "./log_store.ts";

/** A segment that is full after two frames. */
const SMALL = 4_096 + 200;

test("FileLog.read() goes on behind any frame, through segments, and with what comes later", () => {
  const log = openLog(memoryDirectory(), { segmentBytesMax: SMALL });
  for (const text of ["one", "two", "three", "four", "five"]) append(log, text);
  const ends = [...log.read(0)].map(frameEnd);
  assertEquals(new Set(ends.map(({ segment }) => segment)).size, 3);
  append(log, "six");
  for (const end of ends) {
    const indexes = [...log.read(end)].map(({ end }) => end.index);
    assertEquals(indexes, [1, 2, 3, 4, 5, 6].slice(end.end.index));
  }
});

test("FileLog.read() behind a frame does not look at what stands before it", () => {
  const directory = memoryDirectory();
  const log = openLog(directory);
  for (const text of ["one", "two", "three"]) append(log, text);
  const [first, second] = [...log.read(0)];
  const file = directory.open("log-1.seg");
  file.write(new Uint8Array(64), { at: first!.place.offset });
  file.close();
  assertThrows(() => [...log.read(second!.end.index)], FlowError, "damaged");
  assertEquals([...log.read(frameEnd(second!))].map(({ end }) => end.index), [3]);
});

test("FileLog.read() refuses to begin before what the log still keeps", () => {
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory, random });
  const log = openFileLog({ directory, manifest, random, segmentBytesMax: SMALL });
  for (const text of ["one", "two", "three", "four", "five"]) append(log, text);
  const { segments } = manifest.state;
  manifest.publish({ segments: segments.slice(1) });
  const error = assertThrows(() => [...log.read(1)], FlowError, "no longer kept");
  assertEquals([error.code, error.details.first], ["log_trimmed", 3]);
  assertEquals([...log.read(2)].map(({ end }) => end.index), [3, 4, 5]);
});

test("FileLog.read() does not go on behind a frame of another log, also at the end of a segment", () => {
  const log = openLog(memoryDirectory(), { segmentBytesMax: SMALL });
  for (const text of ["one", "two", "three", "four", "five"]) append(log, text);
  for (const end of [...log.read(0)].slice(0, -1).map(frameEnd)) {
    const other = { ...end, end: { ...end.end, chain: end.end.chain ^ 1 } };
    assertThrows(() => [...log.read(other)], FlowError, "continue");
  }
});

test("FileLog.read() goes on whatever else is read meanwhile, in however many segments", () => {
  const mebibyte = "x".repeat(1 << 20);
  const log = openLog(memoryDirectory(), { segmentBytesMax: 1 << 20 });
  // In the first segment the second frame is behind what a reader reads at once.
  append(log, "first");
  for (let count = 0; count < 40; count++) append(log, mebibyte);
  const places = [...log.read(0)].map(({ place }) => place);
  assertEquals(new Set(places.map(({ segment }) => segment)).size, 40);
  let count = 0;
  for (const _ of log.read(0)) {
    // So does whoever replays a log, for flows that are in it only in short.
    if (count++ === 0) {
      for (const { segment, offset } of places) log.readBytes(segment, offset, 8);
    }
  }
  assertEquals(count, 41);
});
