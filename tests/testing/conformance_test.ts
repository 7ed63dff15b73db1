import { conformance, conformanceCases } from "../../src/testing/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import {
  DURABLE_SUPPORTS,
  fileSubject,
  MEMORY_SUPPORTS,
  memorySubject,
  shardedSubject,
} from "./conformance_subjects.ts";

const leftOut = conformance({
  test: (name, body) => test(`in memory: ${name}`, body),
  supports: MEMORY_SUPPORTS,
  open: memorySubject,
});

const leftOutInShards = conformance({
  test: (name, body) => test(`in four shards: ${name}`, body),
  supports: DURABLE_SUPPORTS,
  open: shardedSubject,
});

const leftOutOnDisk = conformance({
  test: (name, body) => test(`on disk: ${name}`, body),
  supports: DURABLE_SUPPORTS,
  open: fileSubject,
});

test("conformance() leaves out what a store is not capable of, and nothing else", () => {
  const durable = conformanceCases.filter(({ needs }) => needs?.includes("durable"));
  assertEquals(leftOut, durable);
  assertEquals(leftOutInShards, []);
  assertEquals(leftOutOnDisk, []);
});

test("no two conformance cases have the same name", () => {
  const names = conformanceCases.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
});
