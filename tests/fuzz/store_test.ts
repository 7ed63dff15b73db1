import { readFileSync } from "node:fs";
import process from "node:process";
import { assert, assertGreater, fail } from "../assert.ts";
import { fromGolden } from "../golden/log_files.ts";
import { openGolden, seenOf } from "../golden/store_life.ts";
import { test } from "../harness.ts";
import { directoryOf } from "../log/log_store.ts";
import { currentRuntime } from "../runtimes.ts";
import { isFlowError } from "../../src/errors.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { mutated } from "./mutation.ts";

const CASES = currentRuntime === "deno" ? 400 : 100;

const golden = JSON.parse(
  readFileSync(new URL("../golden/store_1_0.json", import.meta.url), "utf8"),
);

test("openStore() of files with something wrong shows what it did, or says what is wrong", async () => {
  const seed = Number(process.env["FLOWCASK_SEED"] ?? 1);
  const random = seededRandom(seed);
  const files = fromGolden(golden.files);
  const names = Object.keys(files);
  const whole = JSON.stringify(golden.seen);
  const outcomes = { refused: 0, same: 0 };
  for (let number = 0; number < CASES; number++) {
    const name = names[random.u32() % names.length]!;
    const bytes = mutated(files[name]!, random, Object.values(files));
    const directory = directoryOf({ ...files, [name]: bytes });
    try {
      await using store = await openGolden(directory, 1_700_000_100_000);
      // What is on the disk only, and was not read to open, is found by a look at everything.
      const { damage } = await store.verify();
      const isSame = damage.length > 0 || JSON.stringify(await seenOf(store)) === whole;
      assert(isSame, "it shows something else, and nothing is said");
      outcomes.same++;
    } catch (error) {
      if (!isFlowError(error)) fail(`seed ${seed}, case ${number}, ${name}: ${error}`);
      assert(["corrupt", "newer_format"].includes(error.code), `${error}`);
      outcomes.refused++;
    }
  }
  assertGreater(outcomes.refused, CASES / 4);
  assertGreater(outcomes.same, CASES / 20);
});
