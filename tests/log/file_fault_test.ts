import { FlowError } from "../../src/errors.ts";
import { refusalIn } from "../../src/log/file_fault.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("refusalIn() finds what was refused before anything changed, and nothing else", () => {
  const error = (code: string, syscall?: string): Error =>
    Object.assign(new Error(`${code}: ${syscall}`), { code, ...syscall && { syscall } });
  const wrapped = new FlowError("store_failed", "It cannot", { cause: error("EMFILE", "open") });
  assertEquals(refusalIn(wrapped), "EMFILE: open");
  assertEquals(refusalIn(error("ENFILE", "scandir")), "ENFILE: scandir");
  assertEquals(refusalIn(error("EACCES")), "EACCES: undefined");
  for (const other of [error("EACCES", "write"), error("EIO", "open"), error("EMFILE", "fsync")]) {
    assertEquals(refusalIn(other), undefined);
  }
  assertEquals(refusalIn("EMFILE"), undefined);
});
