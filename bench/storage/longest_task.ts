/**
 * The longest task of a store that grows to very many flows, while it merges segments and writes
 * checkpoints.
 *
 * Arguments: how many flows, and how callers go on. A task is what the thread does in a turn of its
 * loop, by the CPU time of the thread (Node), which includes what the collector does there; other
 * runtimes do not tell that, so there it is by the clock, and a busy machine makes it longer.
 *
 * - `spaced`: a turn has one call of a caller at most, so what comes on top is the store's.
 * - `at-once`: whoever is answered goes on in the same turn, as `await` does. All that share a frame
 *   are answered in one turn, so what they do next adds up there, too.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, versions } from "node:process";
import { setImmediate } from "node:timers";
import { openStore } from "../../mod.ts";

const FLOWS = Number(argv[2] ?? 1_000_000);
const IS_SPACED = (argv[3] ?? "spaced") === "spaced";
const BATCH = 100;
/** So many batches are under way at once. */
const UNDER_WAY_MAX = 16;
/** Of so many flows one is worked on, so that there is something to merge. */
const WORKED_ON = 4;

/** So many flows are made before anything is measured, while the runtime compiles what runs. */
const WARM_UP = 50_000;

/** Less than this is a turn in which there was nothing to do. */
const TASK_MS_MIN = 0.05;

/** So long the thread sleeps before its CPU time is read. */
const SLEEP_MS = 0.01;

interface ThreadUsage {
  readonly user: number;
  readonly system: number;
}

const threadCpuUsage = (process as { threadCpuUsage?: () => ThreadUsage }).threadCpuUsage;

/** Nobody ever wakes whoever waits for it. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

const dir = mkdtempSync(join(tmpdir(), "flowcask-tasks-"));
const store = await openStore({
  dir,
  limits: { memoryBytesMax: 64 * 2 ** 30 },
  merge: { keepBytes: 64 << 20 },
});
const tasks: { readonly ms: number; readonly during: string }[] = [];
/** Callers that wait for a turn of their own. */
const waiting: (() => void)[] = [];
let isWarm = false;
let isDone = false;
let beforeMs = 0;

beforeMs = cpuMs();
setImmediate(turn);
const startMs = performance.now();
const underWay = new Set<Promise<void>>();
for (let serial = 0; serial < FLOWS; serial += BATCH) {
  isWarm = serial >= WARM_UP;
  if (underWay.size === UNDER_WAY_MAX) await Promise.race(underWay);
  await ownTurn();
  const done = work(serial).finally(() => underWay.delete(done));
  underWay.add(done);
}
await Promise.all(underWay);
isDone = true;
const { checkpoints, merges, log } = store.stats();
report(
  `${FLOWS} flows in ${((performance.now() - startMs) / 1_000).toFixed(0)} s, with ` +
    `${checkpoints.count} checkpoints (${mib(checkpoints.writtenBytes)} MiB), ${merges.count} ` +
    `merges and a log of ${mib(log.bytes)} MiB`,
);
for (const during of ["nothing else", "a merge", "a checkpoint", "both"]) {
  const some = tasks.filter((task) => task.during === during).map(({ ms }) => ms);
  if (some.length > 0) report(`tasks beside ${during}: ${quantiles(some)}`);
}
await store.close();
rmSync(dir, { recursive: true });

async function work(serial: number): Promise<void> {
  const items = Array.from({ length: BATCH }, (_, index) => {
    const number = serial + index;
    return { id: `order-${number}`, partitionKey: `tenant-${number % 100}` };
  });
  await store.createMany(items, { type: "order" });
  if (serial % (WORKED_ON * BATCH) > 0) return;
  if (IS_SPACED) await ownTurn();
  const jobs = await store.claimDue("order", { worker: "w", limit: BATCH });
  if (IS_SPACED) await ownTurn();
  await store.completeMany(jobs.map(({ id, partitionKey, leaseToken, fencingToken }) => ({
    ...{ id, partitionKey, leaseToken: leaseToken!, fencingToken },
  })));
}

/** Resolves in a turn that no other caller has. */
function ownTurn(): Promise<void> {
  return new Promise((resolve) => waiting.push(resolve));
}

function turn(): void {
  const nowMs = cpuMs();
  const { checkpoints, merges } = store.stats();
  const during = checkpoints.isRunning
    ? merges.isRunning ? "both" : "a checkpoint"
    : merges.isRunning
    ? "a merge"
    : "nothing else";
  if (isWarm && nowMs - beforeMs >= TASK_MS_MIN) tasks.push({ ms: nowMs - beforeMs, during });
  beforeMs = nowMs;
  waiting.shift()?.();
  if (!isDone) setImmediate(turn);
}

/** The CPU time of this thread. */
function cpuMs(): number {
  if (threadCpuUsage === undefined) return performance.now();
  // Linux counts a thread that goes on running by the ticks of its clock, four milliseconds apart, and
  // exactly when the thread has slept.
  Atomics.wait(nothing, 0, 0, SLEEP_MS);
  const { user, system } = threadCpuUsage.call(process);
  return (user + system) / 1_000;
}

function quantiles(figures: number[]): string {
  figures.sort((a, b) => a - b);
  const at = (share: number): string =>
    `${figures[Math.min(figures.length - 1, Math.floor(figures.length * share))]!.toFixed(2)} ms`;
  return `${figures.length} of them, median ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, ` +
    `longest ${at(1)}`;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function report(text: string): void {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  console.log(`${name} ${versions[name]}: ${text}`);
}
