/**
 * Properties that hold for every case drawn, and a way to draw the same cases again.
 *
 * @module
 */

import fc from "fast-check";
import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { fail } from "./assert.ts";

/** How a property is checked. */
export interface PropertyOptions {
  /** `import.meta.url` of the test, for the command that replays a failure. */
  readonly file: string;
  /** Cases to draw. Default 100. `FLOWCASK_RUNS` multiplies it, for a long night or a short look. */
  readonly runs?: number;
  /** What was tried, to be printed with the seed if all of it holds. Default: nothing is printed. */
  readonly tried?: () => string;
}

/**
 * Asserts that a property holds. A failure is shrunk, and its message ends with the command that
 * replays the shrunk case: `FLOWCASK_SEED` and `FLOWCASK_PATH` say which one.
 */
export function assertProperty<Case>(
  property: fc.IProperty<Case>,
  options: PropertyOptions,
): void {
  report(fc.check(property, parameters(options)), options);
}

/** The same of a property that is checked in more than one turn. */
export async function assertAsyncProperty<Case>(
  property: fc.IAsyncProperty<Case>,
  options: PropertyOptions,
): Promise<void> {
  report(await fc.check(property, parameters(options)), options);
}

function parameters({ runs = 100 }: PropertyOptions) {
  const { FLOWCASK_SEED: seed, FLOWCASK_PATH: path, FLOWCASK_RUNS: factor } = process.env;
  return {
    numRuns: Math.ceil(runs * Number(factor ?? 1)),
    ...seed === undefined ? {} : { seed: Number(seed) },
    ...path === undefined ? {} : { path },
  };
}

function report<Case>(result: fc.RunDetails<Case>, options: PropertyOptions): void {
  if (!result.failed) {
    const tried = options.tried?.();
    if (tried !== undefined) console.log(`${tried}, seed ${result.seed}`);
    return;
  }
  const file = relative(process.cwd(), fileURLToPath(options.file));
  const replay = `FLOWCASK_SEED=${result.seed} FLOWCASK_PATH=${result.counterexamplePath}`;
  const story = `${fc.defaultReportMessage(result)}\n\n${result.errorInstance}`;
  fail(`${story}\n\nReplay: ${replay} deno test -A ${file}`);
}
