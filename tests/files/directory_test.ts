/**
 * The contract of a directory, for everything that claims to be one.
 *
 * @module
 */

import fc from "fast-check";
import { FlowError } from "../../src/errors.ts";
import {
  type Directory,
  fileErrorCode,
  type FileHandle,
  memoryDirectory,
  nodeDirectory,
  readFully,
  SimulatedDisk,
} from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { scratchFolder } from "../scratch.ts";
import { countingDirectory } from "./counting.ts";

const owner = { pid: 1, runtime: "test/1", startedAtMs: 0 };

/** Everything that implements the contract. */
const implementations: Record<string, (path: string) => Directory> = {
  nodeDirectory: (path) => nodeDirectory(path),
  memoryDirectory: () => memoryDirectory(),
  SimulatedDisk: () => new SimulatedDisk({ random: seededRandom(1) }).directory(),
  countingDirectory: () => countingDirectory(memoryDirectory()),
};

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function contentOf(file: FileHandle): string {
  const buffer = new Uint8Array(file.getSize() + 1);
  return new TextDecoder().decode(buffer.subarray(0, readFully(file, buffer, { at: 0 })));
}

function codeOf(action: () => unknown): string | undefined {
  return fileErrorCode(assertThrows(action, Error));
}

for (const [name, create] of Object.entries(implementations)) {
  test(`${name}: open() creates a file only when asked to`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    assertEquals(codeOf(() => directory.open("a")), "ENOENT");
    assertEquals(directory.list(), []);
    directory.open("b", { create: true }).close();
    directory.open("a", { create: true }).close();
    directory.open("a").close();
    assertEquals(directory.list(), ["a", "b"]);
  });

  test(`${name}: open() creates a new file only where nothing has its name`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const file = directory.open("a", { create: "new" });
    file.write(bytes("one"), { at: 0 });
    assertEquals(codeOf(() => directory.open("a", { create: "new" })), "EEXIST");
    assertEquals([contentOf(file), directory.list()], ["one", ["a"]]);
    file.close();
  });

  test(`${name}: open() with create keeps what is there`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const first = directory.open("a", { create: true });
    first.write(bytes("kept"), { at: 0 });
    first.close();
    const second = directory.open("a", { create: true });
    assertEquals(contentOf(second), "kept");
    second.close();
  });

  test(`${name}: write() puts bytes where it is told to, and a gap reads as zeros`, () => {
    using scratch = scratchFolder();
    const file = create(scratch.path).open("a", { create: true });
    assertEquals(file.write(bytes("end"), { at: 6 }), 3);
    assertEquals(file.write(bytes("start"), { at: 0 }), 5);
    assertEquals(contentOf(file), "start\0end");
    assertEquals(file.getSize(), 9);
    assertEquals(file.write(new Uint8Array(0), { at: 100 }), 0);
    assertEquals(file.getSize(), 9);
    file.close();
  });

  test(`${name}: read() stops at the end of the file and leaves the rest of the buffer`, () => {
    using scratch = scratchFolder();
    const file = create(scratch.path).open("a", { create: true });
    file.write(bytes("abc"), { at: 0 });
    const buffer = new Uint8Array(4).fill(7);
    assertEquals(file.read(buffer, { at: 1 }), 2);
    assertEquals([...buffer], [98, 99, 7, 7]);
    assertEquals(file.read(buffer, { at: 3 }), 0);
    assertEquals(file.read(buffer, { at: 1_000 }), 0);
    file.close();
  });

  test(`${name}: truncate() cuts, and what it adds is zeros`, () => {
    using scratch = scratchFolder();
    const file = create(scratch.path).open("a", { create: true });
    file.write(bytes("abcdef"), { at: 0 });
    file.truncate(2);
    assertEquals(contentOf(file), "ab");
    file.truncate(4);
    assertEquals(contentOf(file), "ab\0\0");
    file.close();
  });

  test(`${name}: remove() takes the name away and leaves an open file usable`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const file = directory.open("a", { create: true });
    file.write(bytes("still here"), { at: 0 });
    directory.remove("a");
    assertEquals(directory.list(), []);
    assertEquals(contentOf(file), "still here");
    file.flush();
    file.close();
    assertEquals(codeOf(() => directory.remove("a")), "ENOENT");
    assertEquals(codeOf(() => directory.open("a")), "ENOENT");
  });

  test(`${name}: two handles of one file see the same bytes`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const one = directory.open("a", { create: true });
    const two = directory.open("a");
    one.write(bytes("seen"), { at: 0 });
    assertEquals(contentOf(two), "seen");
    one.close();
    assertEquals(contentOf(two), "seen");
    two.close();
  });

  test(`${name}: a closed file may be closed again, and refuses everything else`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const file = directory.open("a", { create: true });
    file.close();
    file.close();
    // The system gives the same descriptor to the next file, which must not be the one reached.
    const next = directory.open("b", { create: true });
    const calls = [
      () => file.read(new Uint8Array(1), { at: 0 }),
      () => file.write(new Uint8Array(1), { at: 0 }),
      () => file.truncate(9),
      () => file.getSize(),
      () => file.isInPlace(),
      () => file.flush(),
    ];
    assertEquals(calls.map(codeOf), calls.map(() => "EBADF"));
    file.close();
    assertEquals(next.getSize(), 0);
    next.close();
  });

  test(`${name}: isInPlace() tells whether the name of a file leads to it`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const file = directory.open("a", { create: true });
    const same = directory.open("a");
    assertEquals([file.isInPlace(), same.isInPlace()], [true, true]);
    directory.remove("a");
    assertEquals(file.isInPlace(), false);
    const other = directory.open("a", { create: true });
    assertEquals([file.isInPlace(), same.isInPlace(), other.isInPlace()], [false, false, true]);
    for (const one of [file, same, other]) one.close();
  });

  test(`${name}: offsets and sizes that are none are refused`, () => {
    using scratch = scratchFolder();
    const file = create(scratch.path).open("a", { create: true });
    for (const at of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      assertEquals(codeOf(() => file.read(new Uint8Array(1), { at })), "EINVAL", `read ${at}`);
      assertEquals(codeOf(() => file.write(new Uint8Array(1), { at })), "EINVAL", `write ${at}`);
      assertEquals(codeOf(() => file.truncate(at)), "EINVAL", `truncate ${at}`);
    }
    assertEquals(file.getSize(), 0);
    file.close();
  });

  test(`${name}: names that leave the directory or belong to the lock are refused`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    for (const bad of ["", ".", "..", "a/b", "../a", "a\\b", "a\0b", "LOCK", "OWNER"]) {
      assertEquals(codeOf(() => directory.open(bad, { create: true })), "EINVAL", bad);
      assertEquals(codeOf(() => directory.remove(bad)), "EINVAL", bad);
    }
    assertEquals(directory.list(), []);
  });

  test(`${name}: lock() has one owner at a time, and says who it is`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    const lock = directory.lock(owner);
    const error = assertThrows(() => directory.lock({ ...owner, pid: 2 }), FlowError);
    assertEquals(error.code, "store_locked");
    for (const fact of [directory.path, "process 1", "test/1", "1970-01-01T00:00:00.000Z"]) {
      assert(error.message.includes(fact), `"${error.message}" should have ${fact}`);
    }
    lock.release();
    const next = directory.lock(owner);
    lock.release();
    assertThrows(() => directory.lock(owner), FlowError);
    next[Symbol.dispose]();
    directory.lock(owner).release();
  });

  test(`${name}: sync() and freeBytes() answer`, () => {
    using scratch = scratchFolder();
    const directory = create(scratch.path);
    directory.sync();
    const freeBytes = directory.freeBytes();
    assert(freeBytes === undefined || freeBytes > 0);
  });
}

/** A step of a random program; `file` is one of three names. */
type Step =
  | { readonly kind: "write"; readonly file: number; readonly at: number; readonly text: string }
  | { readonly kind: "truncate"; readonly file: number; readonly size: number }
  | { readonly kind: "read"; readonly file: number; readonly at: number; readonly length: number }
  | { readonly kind: "flush" | "remove" | "close" | "create"; readonly file: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("write", "truncate", "read", "flush", "remove", "close", "create"),
  file: fc.nat(2),
  at: fc.nat(2_000),
  size: fc.nat(2_000),
  length: fc.nat(2_000),
  text: fc.string({ maxLength: 700 }),
}) as fc.Arbitrary<Step>;

/** What a program sees: results, error codes, and at the end all names and contents. */
function run(directory: Directory, steps: readonly Step[]): unknown[] {
  const seen: unknown[] = [];
  const handles = new Map<number, FileHandle>();
  const handle = (file: number, create = false): FileHandle => {
    let open = handles.get(file);
    if (open === undefined) handles.set(file, open = directory.open(`f${file}`, { create }));
    return open;
  };
  const act = (step: Step): unknown => {
    if (step.kind === "write") return handle(step.file).write(bytes(step.text), { at: step.at });
    if (step.kind === "truncate") return handle(step.file).truncate(step.size);
    if (step.kind === "flush") return handle(step.file).flush();
    if (step.kind === "remove") return directory.remove(`f${step.file}`);
    if (step.kind === "create") return handle(step.file, true).getSize();
    if (step.kind === "read") {
      const buffer = new Uint8Array(step.length);
      return [handle(step.file).read(buffer, { at: step.at }), [...buffer]];
    }
    handles.get(step.file)?.close();
    return handles.delete(step.file);
  };
  for (const file of [0, 1, 2]) handle(file, true);
  for (const step of steps) {
    try {
      seen.push(act(step));
    } catch (error) {
      seen.push(fileErrorCode(error));
    }
  }
  for (const open of handles.values()) seen.push(contentOf(open));
  for (const open of handles.values()) open.close();
  for (const name of directory.list()) {
    const file = directory.open(name);
    seen.push([name, contentOf(file)]);
    file.close();
  }
  return seen;
}

test("every Directory gives a program the same answers", () => {
  assertProperty(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      using scratch = scratchFolder();
      const { nodeDirectory: real, ...others } = implementations;
      const expected = run(real!(scratch.path), steps);
      for (const [name, create] of Object.entries(others)) {
        assertEquals(run(create(scratch.path), steps), expected, name);
      }
    }),
    { file: import.meta.url, runs: 200 },
  );
});
