/**
 * A catalogue of a real directory tree, made by workers that are killed again and again.
 *
 * Every file becomes a flow, partitioned by its folder, and goes found → hashed → catalogued. The
 * work is done by a child process that gets a real SIGKILL in the middle, several times; the next
 * one goes on with the same data directory. At the end the catalogue is compared with a direct
 * computation, and the history of every flow with the one it must have.
 *
 * ```sh
 * deno task demo                          # the installed dependencies of this project
 * deno task demo ~/Pictures --kills 10    # any other tree
 * deno task demo --turns deno,bun,node    # processes of three runtimes on one data directory
 * ```
 *
 * Exit code 1 if anything is missing, extra, wrong or done twice.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { openStore } from "../mod.ts";
import { Child } from "./ingest/child.ts";
import { compare, type Comparison } from "./ingest/comparison.ts";
import { ProgressBar } from "./ingest/progress_bar.ts";
import { type Runtime, runtimes } from "./ingest/runtimes.ts";
import { defaultTree, scan, type TreeFile } from "./ingest/tree.ts";

/** A process that fails by itself so often in a row is not going to succeed. */
const FAILURES_MAX = 3;

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: "string", default: "5" }, turns: { type: "string" } },
});
const kills = Number(options.kills);
if (!Number.isInteger(kills) || kills < 0) {
  throw new TypeError(`--kills is not a count: ${options.kills}`);
}

const root = resolve(positionals[0] ?? defaultTree());
const tree = scan(root);
const dir = mkdtempSync(join(tmpdir(), "flowcask-ingest-"));
try {
  const startedAtMs = performance.now();
  const processes = await ingest(root, tree, dir, runtimes(options.turns), kills);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await using store = await openStore({ dir });
  const comparison = await compare(store, root, tree);
  summarize(comparison, processes, seconds);
} finally {
  rmSync(dir, { recursive: true });
}

/** Runs worker processes until the catalogue is complete. Returns what was run, in order. */
async function ingest(
  root: string,
  tree: readonly TreeFile[],
  dir: string,
  turns: readonly Runtime[],
  kills: number,
): Promise<string[]> {
  const bar = new ProgressBar(basename(root), tree.length);
  const processes: string[] = [];
  let failures = 0;
  while (failures < FAILURES_MAX) {
    const runtime = turns[processes.length % turns.length]!;
    const killAt = killPoint(processes.length, kills, tree.length);
    const child = new Child(runtime, root, dir);
    processes.push(runtime.name);
    for await (const { created, hashed, completed } of child.progress()) {
      bar.update(completed, `${created} found, ${hashed} hashed, ${completed} catalogued`);
      if (created + hashed + 2 * completed >= killAt) child.kill();
    }
    if (await child.ended()) {
      bar.end();
      return processes;
    }
    failures = processes.length <= kills ? 0 : failures + 1;
  }
  throw new Error(`The worker failed ${failures} times in a row without being killed`);
}

/**
 * How much work must be done before process number `turn` is killed: a random point in its own
 * share of the whole, so that kills fall into creating, hashing and cataloguing alike.
 */
function killPoint(turn: number, kills: number, fileCount: number): number {
  if (turn >= kills) return Infinity;
  const work = 3 * fileCount;
  return Math.floor((work * (turn + Math.random())) / (kills + 1)) + 1;
}

/** Prints what came out, and sets the exit code. */
function summarize(found: Comparison, processes: readonly string[], seconds: number): void {
  const { missing, extra, wrong, repeated } = found;
  const megabytes = (found.bytes / 1e6).toFixed(1);
  console.log(`
${tree.length} files, ${megabytes} MB in ${seconds.toFixed(1)} s
${processes.length} processes (${processes.join(", ")}), ${processes.length - 1} of them killed
${found.takenOver} claims taken over from killed workers

  missing ${missing}   extra ${extra}   wrong digest ${wrong}   repeated state change ${repeated}
`);
  const differences = missing + extra + wrong + repeated;
  console.log(differences === 0 ? "Every file exactly once." : `${differences} differences!`);
  if (differences > 0 || tree.length === 0) process.exitCode = 1;
}
