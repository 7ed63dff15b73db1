import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { conformance, conformanceCases } from "../../src/testing/mod.ts";
import {
  FILE_SUPPORTS,
  fileSubject,
  MEMORY_SUPPORTS,
  memorySubject,
} from "./conformance_subjects.ts";

const leftOut = conformance({
  test: (name, body) => test(`in memory: ${name}`, body),
  supports: MEMORY_SUPPORTS,
  open: memorySubject,
});

const leftOutOnDisk = conformance({
  test: (name, body) => test(`on disk: ${name}`, body),
  supports: FILE_SUPPORTS,
  open: fileSubject,
});

test("conformance() leaves out what a store is not capable of, and nothing else", () => {
  const durable = conformanceCases.filter(({ needs }) => needs?.includes("durable"));
  assertEquals(leftOut, durable);
  assertEquals(leftOutOnDisk, []);
});

test("no two conformance cases have the same name", () => {
  const names = conformanceCases.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
});
