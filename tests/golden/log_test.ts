/**
 * Files of every format version that was released. They must open for ever.
 *
 * A change of the format shows here first. What was released is never written anew: a new version
 * adds a file. `FLOWCASK_GOLDEN=write` writes the files of the present version.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { memoryDirectory } from "../../src/files/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { append, directoryOf, type Files, filesOf, openLog, textsOf } from "../log/log_store.ts";
import { fromGolden, toGolden } from "./log_files.ts";

const PRESENT = "log_1_0.json";

const texts: readonly string[] = ["one", "zwei", "trois", "x".repeat(200), "fünf"];

/** Two segments, a stray that was noticed, evidence in the open one, and a second opening. */
function presentFiles(): Files {
  const directory = memoryDirectory();
  const first = openLog(directory, { segmentBytesMax: 4_200 });
  append(first, texts[0]!, texts[1]!);
  append(first, texts[2]!);
  first.close();
  directory.open("log-9.seg", { create: true }).close();
  const second = openLog(directory);
  append(second, texts[3]!);
  append(second, texts[4]!);
  second.close();
  return filesOf(directory);
}

function golden(name: string): URL {
  return new URL(name, import.meta.url);
}

if (process.env["FLOWCASK_GOLDEN"] === "write") {
  writeFileSync(golden(PRESENT), `${JSON.stringify(toGolden(presentFiles()), null, 2)}\n`);
}

test("openFileLog() writes the very bytes of format 1.0", () => {
  assertEquals(toGolden(presentFiles()), JSON.parse(readFileSync(golden(PRESENT), "utf8")));
});

for (const name of [PRESENT]) {
  test(`openFileLog() reads the files of ${name}`, () => {
    const files = fromGolden(JSON.parse(readFileSync(golden(name), "utf8")));
    assertEquals(textsOf(openLog(directoryOf(files))), texts);
  });
}
