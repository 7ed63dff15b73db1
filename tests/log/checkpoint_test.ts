import { DecodeError, type StreamReader } from "../../src/codec/mod.ts";
import { type Directory, memoryDirectory, writeFully } from "../../src/files/mod.ts";
import { CheckpointWriter, readCheckpoint, type SideFile } from "../../src/log/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { directoryOf, filesOf } from "./log_store.ts";

const NAME = "CHECKPOINT.0.1";
const OF = { name: NAME, dbId: "aa", shard: 0, version: 1 };
const FACTS = {
  ...{ dbId: "aa", shard: 0, version: 1, segments: [1] },
  end: { end: { index: 1, lsn: 1, chain: 0 }, segment: 1, endOffset: 4_160 },
};

/** Numbers that follow one another, in so many blocks each. */
const COUNTS = [40_000, 3, 20_000];

/** A checkpoint of these numbers, and where its blocks begin. */
async function written(directory: Directory): Promise<number[]> {
  const file = directory.open(NAME, { create: true });
  const sizes: number[] = [];
  const side: SideFile = {
    name: NAME,
    reserve: () => Promise.resolve(true),
    write({ at, length, fill }) {
      const bytes = new Uint8Array(length);
      fill(bytes);
      writeFully(file, bytes, { at });
      sizes.push(at);
      return Promise.resolve(true);
    },
    close: () => {},
    remove: () => {},
  };
  const writer = new CheckpointWriter(side);
  for (let number = 0; number < Math.max(...COUNTS); number++) {
    for (const [part, count] of COUNTS.entries()) {
      if (number < count) writer.streamOf(part).u32(number);
    }
    // What is collected meanwhile goes where the last blocks were that were written out.
    if (number % 1_000 === 0) assert(await writer.writeOut(1));
  }
  assert(await writer.finish(FACTS, 1));
  file.close();
  return sizes.filter((at) => at > 0);
}

/** Reads one number after the other. Every one that is read is right, whatever comes then. */
function readNumbers(directory: Directory): string {
  const readPart = (stream: StreamReader): number => {
    let number = 0;
    for (; !stream.isAtEnd; number++) assertEquals(stream.u32(), number);
    return number;
  };
  try {
    const counts = readCheckpoint(
      directory,
      OF,
      (_facts, streamOf) => COUNTS.map((_, part) => readPart(streamOf(part))),
    );
    return JSON.stringify(counts);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return "damaged";
  }
}

test("readCheckpoint() gives out nothing wrong, whichever bit of the front of a block is", async () => {
  const directory = memoryDirectory();
  const starts = await written(directory);
  assertEquals(readNumbers(directory), JSON.stringify(COUNTS));
  assert(starts.length >= 5, `${starts.length} blocks`);
  for (const start of starts) {
    for (let bit = 0; bit < 8 * 20; bit++) {
      const files = filesOf(directory);
      files[NAME]![start + (bit >>> 3)]! ^= 1 << (bit & 7);
      assertEquals(readNumbers(directoryOf(files)), "damaged", `bit ${bit} at ${start}`);
    }
  }
});
