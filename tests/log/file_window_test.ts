import { memoryDirectory, writeFully } from "../../src/files/mod.ts";
import { FileWindow, WindowMemory } from "../../src/log/segments/file_window.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A file of three mebibytes, whose bytes say in which of them they stand. */
function threeMebibytes() {
  const file = memoryDirectory().open("file", { create: true });
  for (const part of [0, 1, 2]) {
    writeFully(file, new Uint8Array(1 << 20).fill(part), { at: part << 20 });
  }
  return file;
}

test("FileWindow never changes what it has handed out", () => {
  const file = threeMebibytes();
  const window = new FileWindow(file, 3 << 20);
  const views = [0, 1, 2].map((part) => window.view(part << 20, 9)!);
  assertEquals(views.map((view) => [...new Set(view)]), [[0], [1], [2]]);
});

test("FileWindow reads all of a file into memory that it was given, and grows that if it must", () => {
  const file = threeMebibytes();
  const memory = new WindowMemory();
  const window = new FileWindow(file, 3 << 20, memory);
  const first = window.view(0, 9)!;
  assertEquals([...new Set(first)], [0]);
  const second = window.view(1 << 20, 9)!;
  assertEquals([...new Set(second)], [1]);
  assertEquals(second.buffer, first.buffer);
  const most = window.view(1 << 20, 2 << 20)!;
  assertEquals([most.length, ...new Set(most)], [2 << 20, 1, 2]);
  assertEquals(window.view(2 << 20, (1 << 20) + 1), undefined);
  assertEquals(new FileWindow(file, 9, memory).view(0, 9)!.buffer, most.buffer);
});
