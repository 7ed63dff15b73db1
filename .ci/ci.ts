/**
 * Runs every step of `steps.ts` in order, says how long each took, and closes with one line that
 * counts tests. The first failing step prints what it said and which tests failed, and ends the run.
 *
 * @module
 */

import { countCases, failedCases, readReports } from "./junit.ts";
import { junitFiles, type Step, steps } from "./steps.ts";

/** A step that hangs fails after this time; the longest needs two thirds of it on a slow machine. */
const stepMsMax = 1_500_000;

interface Finished {
  readonly ok: boolean;
  readonly output: string;
  readonly note: string;
}

async function run(step: Step, seed: number): Promise<Finished> {
  const [program = "", ...args] = step.command;
  const timeout = AbortSignal.timeout(stepMsMax);
  const child = new Deno.Command(program, {
    args,
    cwd: step.cwd ?? ".",
    env: { NO_COLOR: "1", FLOWCASK_SEED: String(seed), ...step.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: timeout,
  }).spawn();
  const stdout = new Transcript(child.stdout);
  const stderr = new Transcript(child.stderr);
  const { success } = await child.status;
  // A process that the step left behind may hold the pipes open for ever: no reason to wait for it.
  await Promise.race([Promise.all([stdout.ended, stderr.ended]), pause(1_000)]);
  const output = stdout.text + stderr.text;
  if (!success) {
    return { ok: false, output, note: timeout.aborted ? `stopped after ${stepMsMax} ms` : "" };
  }
  try {
    return { ok: true, output, note: step.examine?.(stdout.text) ?? "" };
  } catch (error) {
    return { ok: false, output, note: String(error) };
  }
}

/** What a process has said so far. */
class Transcript {
  text = "";
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.text += text;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs a step and says how it went; resolves to whether it passed. */
async function report(step: Step, seed: number): Promise<boolean> {
  const startedAtMs = performance.now();
  const { ok, output, note } = await run(step, seed);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
  console.log(`${ok ? "ok  " : "FAIL"} ${seconds} s  ${step.name}${note && `  (${note})`}`);
  if (!ok) console.log(`$ ${step.command.join(" ")}\n${output}`);
  return ok;
}

async function main(): Promise<boolean> {
  using scratch = temporaryFolder();
  const before = await changes();
  const seed = await commitSeed();
  console.log(`seed of this commit: ${seed}`);
  let ok = true;
  for (const group of await steps(scratch.path, seed)) {
    ok = (await Promise.all([group].flat().map((step) => report(step, seed)))).every(Boolean);
    if (!ok) break;
  }
  if (ok && await changes() !== before) {
    console.log(`FAIL  the run changed the work tree:\n${await changes()}`);
    ok = false;
  }
  const reports = await readReports(junitFiles(scratch.path));
  for (const text of failedCases(reports)) console.log(text);
  const { passed, failed, skipped } = countCases(reports);
  console.log(`total: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return ok && failed === 0 && passed > 0;
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "flowcask-ci-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/**
 * Where the simulations and properties of this run begin: drawn from the commit, so that every
 * commit tries something new, and the same again wherever it is checked.
 */
async function commitSeed(): Promise<number> {
  return Number.parseInt((await git("rev-parse", "HEAD")).slice(0, 7), 16);
}

function changes(): Promise<string> {
  return git("status", "--porcelain");
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args }).output();
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
