import { readFileSync } from "node:fs";
import process from "node:process";
import { isFlowError } from "../../src/errors.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertGreater, fail } from "../assert.ts";
import { fromGolden } from "../golden/log_files.ts";
import { openGolden, seenOf } from "../golden/store_life.ts";
import { test } from "../harness.ts";
import { directoryOf } from "../log/log_store.ts";
import { currentRuntime } from "../runtimes.ts";
import { mutated } from "./mutation.ts";

/** Of each golden store. */
const CASES = currentRuntime === "deno" ? 300 : 60;

/** Whether two files differ in a part of them. */
function differ(one: Uint8Array, two: Uint8Array, part: [from: number, to?: number]): boolean {
  const [left, right] = [one.subarray(...part), two.subarray(...part)];
  return left.length !== right.length || left.some((byte, at) => byte !== right[at]);
}

for (const name of ["store_1_0.json", "store_1_0_merged.json"]) {
  test(`openStore() of ${name} with something wrong shows what it did, or says what is wrong`, async () => {
    const golden = JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), "utf8"));
    const hasEvents = !name.includes("merged");
    const seed = Number(process.env["FLOWCASK_SEED"] ?? 1);
    const random = seededRandom(seed);
    const files = fromGolden(golden.files);
    const names = Object.keys(files);
    const whole = JSON.stringify(golden.seen);
    const outcomes = { refused: 0, same: 0 };
    for (let number = 0; number < CASES; number++) {
      const file = names[random.u32() % names.length]!;
      const bytes = mutated(files[file]!, random, Object.values(files));
      // No promise is made about evidence that goes together with the frames that it proves.
      if (differ(bytes, files[file]!, [512, 576]) && differ(bytes, files[file]!, [4_096])) continue;
      const directory = directoryOf({ ...files, [file]: bytes });
      try {
        await using store = await openGolden(directory, 1_700_000_100_000);
        // What is on the disk only, and was not read to open, is found by a look at everything.
        const { damage } = await store.verify();
        const isSame = damage.length > 0 ||
          JSON.stringify(await seenOf(store, hasEvents)) === whole;
        assert(isSame, "it shows something else, and nothing is said");
        outcomes.same++;
      } catch (error) {
        if (!isFlowError(error)) fail(`seed ${seed}, case ${number}, ${file}: ${error}`);
        assert(["corrupt", "newer_format"].includes(error.code), `${error}`);
        outcomes.refused++;
      }
    }
    assertGreater(outcomes.refused, CASES / 4);
    assertGreater(outcomes.same, CASES / 20);
  });
}
