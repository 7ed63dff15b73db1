/**
 * Runs every step of `steps.ts` in order, says how long each took, and closes with one line that
 * counts tests. The first failing step prints what it said and ends the run.
 *
 * @module
 */

import { countTests } from "./junit.ts";
import { junitFiles, type Step, steps } from "./steps.ts";

/** A step that hangs fails after this time; the longest takes about a quarter of it. */
const stepMsMax = 300_000;

interface Finished {
  readonly ok: boolean;
  readonly output: string;
  readonly note: string;
}

async function run(step: Step): Promise<Finished> {
  const [program = "", ...args] = step.command;
  const aborted = AbortSignal.timeout(stepMsMax);
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: step.cwd ?? ".",
    env: { NO_COLOR: "1", ...step.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: aborted,
  }).output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout);
  const output = said + decoder.decode(stderr);
  if (!success) {
    return { ok: false, output, note: aborted.aborted ? `stopped after ${stepMsMax} ms` : "" };
  }
  try {
    return { ok: true, output, note: step.examine?.(said) ?? "" };
  } catch (error) {
    return { ok: false, output, note: String(error) };
  }
}

/** Runs a step and says how it went; resolves to whether it passed. */
async function report(step: Step): Promise<boolean> {
  const startedAtMs = performance.now();
  const { ok, output, note } = await run(step);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
  console.log(`${ok ? "ok  " : "FAIL"} ${seconds} s  ${step.name}${note && `  (${note})`}`);
  if (!ok) console.log(`$ ${step.command.join(" ")}\n${output}`);
  return ok;
}

async function main(): Promise<boolean> {
  using scratch = temporaryFolder();
  const before = await changes();
  let ok = true;
  for (const group of await steps(scratch.path)) {
    ok = (await Promise.all([group].flat().map(report))).every(Boolean);
    if (!ok) break;
  }
  if (ok && await changes() !== before) {
    console.log(`FAIL  the run changed the work tree:\n${await changes()}`);
    ok = false;
  }
  const { passed, failed, skipped } = await countTests(junitFiles(scratch.path));
  console.log(`total: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return ok && failed === 0 && passed > 0;
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "flowcask-ci-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

async function changes(): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args: ["status", "--porcelain"] }).output();
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
