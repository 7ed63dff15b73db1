import { type FileHandle, memoryDirectory, SimulatedDisk } from "../../src/files/mod.ts";
import { InlineIo, type IoResult } from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const NAME = "log-1.seg";
const MIB = 1 << 20;

/** An I/O on a simulated disk, and a file of 100 bytes. */
function scene() {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const directory = disk.directory();
  const file = directory.open(NAME, { create: true });
  file.write(new Uint8Array(100).fill(1), { at: 0 });
  return { disk, file, io: new InlineIo(directory, "It is a test") };
}

/** What becomes of a write of twos. */
function write(io: InlineIo, file: FileHandle, at: number, length: number): IoResult["kind"] {
  let kind: IoResult["kind"] | undefined;
  const fill = (bytes: Uint8Array): void => void bytes.fill(2);
  io.write({ name: NAME, file }, { at, length, fill }, (result) => kind = result.kind);
  return kind!;
}

/** How many bytes of a file are ones, and how many there are. */
function seenIn(file: FileHandle): [ones: number, size: number] {
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  return [bytes.filter((byte) => byte === 1).length, bytes.length];
}

test("InlineIo tells a disk or a quota that is full from anything else that fails", () => {
  for (const [code, kind] of [["ENOSPC", "no_space"], ["EDQUOT", "no_space"], ["EIO", "failed"]]) {
    const { disk, file, io } = scene();
    disk.arm({ call: "write", code: code! });
    assertEquals(write(io, file, 100, 10), kind);
    for (const call of ["write", "sync"] as const) {
      disk.arm({ call, code: code! });
      let result: IoResult | undefined;
      io.reserve({ name: NAME, file }, (reserved) => result = reserved);
      assertEquals(result?.kind, kind, `${code} of ${call}`);
    }
  }
});

test("InlineIo.write() over what is there finds no room if nothing was written, and fails otherwise", () => {
  for (const at of [0, 90]) {
    const { disk, file, io } = scene();
    disk.arm({ call: "write", code: "ENOSPC" });
    assertEquals([write(io, file, at, 10), seenIn(file)], ["no_space", [100, 100]]);
    disk.arm({ call: "write", code: "ENOSPC", short: true });
    assertEquals([write(io, file, at, 10), file.getSize()], ["failed", 100]);
  }
});

test("InlineIo.write() takes back what it has written of bytes that do not fit behind a file", () => {
  const { disk, file, io } = scene();
  disk.arm({ call: "write", code: "ENOSPC", short: true });
  file.flush();
  disk.directory().sync();
  assertEquals([write(io, file, 100, 10), seenIn(file)], ["no_space", [100, 100]]);
  // The room is given back on the disk, too.
  disk.powerCut({ keep: "none" });
  assertEquals(seenIn(disk.restart().open(NAME)), [100, 100]);
});

test("InlineIo keeps memory for the next write, up to 4 MiB, until it is closed", () => {
  const directory = memoryDirectory();
  const io = new InlineIo(directory, "It is a test");
  const target = { name: NAME, file: directory.open(NAME, { create: true }) };
  const memoryFor = (length: number): ArrayBufferLike => {
    let memory: ArrayBufferLike | undefined;
    const fill = (bytes: Uint8Array): void => {
      assertEquals(bytes.length, length);
      memory = bytes.buffer;
    };
    io.write(target, { at: 0, length, fill }, () => {});
    return memory!;
  };
  const small = memoryFor(100);
  assertEquals(small.byteLength, 200);
  for (const length of [200, 1]) assert(memoryFor(length) === small);
  const most = memoryFor(3 * MIB);
  assertEquals(most.byteLength, 4 * MIB);
  assertEquals(memoryFor(4 * MIB + 1).byteLength, 4 * MIB + 1);
  for (const length of [4 * MIB, 1]) assert(memoryFor(length) === most);
  io.close();
  assertEquals([memoryFor(10).byteLength, io.writesMax], [20, 1]);
});
