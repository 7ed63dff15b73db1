import { memoryDirectory, withFile, writeFully } from "../../src/files/mod.ts";
import { removeInSteps } from "../../src/log/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const MIB = 1_048_576;

test("removeInSteps() gives a file back in sixteen mebibytes, and its head last", () => {
  const directory = memoryDirectory();
  const file = directory.open("big", { create: true });
  writeFully(file, new Uint8Array(40 * MIB), { at: 0 });
  file.close();
  const sizes: number[] = [];
  for (const _ of removeInSteps(directory, "big", 4_096)) {
    sizes.push(withFile(directory, "big", (file) => file.getSize()));
  }
  assertEquals(sizes, [24 * MIB, 8 * MIB]);
  assertEquals(directory.list(), []);
});

test("removeInSteps() is done with a file that is small, or is not there", () => {
  const directory = memoryDirectory();
  writeFully(directory.open("small", { create: true }), new Uint8Array(16 * MIB + 1), { at: 0 });
  assertEquals([...removeInSteps(directory, "small", 4_096)], []);
  assertEquals([...removeInSteps(directory, "nobody", 0)], []);
  assertEquals(directory.list(), []);
});
