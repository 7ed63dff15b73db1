/**
 * How long a store takes to open, and what it takes up then.
 *
 * `deno run -A bench/storage/opening.ts`, `node bench/storage/opening.ts` or
 * `bun bench/storage/opening.ts`, each with the number of flows, `due` or `parked`, the MiB of records
 * of 200 bytes that come after the store was closed, the number of partitions or `each`, and how many
 * flows are due beside those that are parked. Every opening is in a process of its own.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, versions } from "node:process";
import { openStore, type Store } from "../../mod.ts";

const FLOWS = Number(argv[2] ?? 1_000_000);
const DUE = (argv[3] ?? "due") === "due";
const TAIL_MIB = Number(argv[4] ?? 64);
const PARTITIONS = argv[5] === "each" ? Infinity : Number(argv[5] ?? 100);
const RUNNABLE = Number(argv[6] ?? 0);

/** Set in the processes that this one starts: what they do, and where. */
const [role, place = ""] = (process.env["FLOWCASK_BENCH"] ?? "").split(":");

const BATCH = 1_000;

/** A key with its value, so long that a record has 200 bytes. */
const VALUE = "x".repeat(140);

if (role === "build") await build(place);
else if (role === "crash") await crash(place);
else if (role === "tail") await tail(place);
else if (role === "open") await measure(place);
else main();

function main(): void {
  const dir = mkdtempSync(join(tmpdir(), "flowcask-opening-"));
  const [store, copy] = [join(dir, "store"), join(dir, "copy")];
  child("build", store);
  const loaded = child("open", store);
  report(`${FLOWS} flows, from a checkpoint: ${loaded}`);
  if (TAIL_MIB > 0) {
    const alone = join(dir, "alone");
    child("tail", alone);
    const scanned = child("open", alone);
    report(`${TAIL_MIB} MiB of other records alone: ${scanned}`);
    child("tail", store);
    const both = child("open", store);
    const ratio = parseFloat(both) / (parseFloat(loaded) + parseFloat(scanned));
    report(`both: ${both}; ${ratio.toFixed(2)} × one after the other`);
  }
  cpSync(store, copy, { recursive: true });
  for (const name of readdirSync(copy)) {
    if (name.startsWith("CHECKPOINT")) rmSync(join(copy, name));
  }
  report(`… all of it from the log: ${child("open", copy)}`);
  const crashed = join(dir, "crashed");
  report(`… killed while it worked on them, ${child("crash", crashed)}`);
  report(`… and opened after that: ${child("open", crashed)}`);
  rmSync(dir, { recursive: true });
}

function child(role: string, place: string): string {
  const args = "deno" in versions ? ["run", "-A", argv[1]!] : [argv[1]!];
  const { stdout, stderr, signal } = spawnSync(process.execPath, [...args, ...argv.slice(2)], {
    env: { ...process.env, FLOWCASK_BENCH: `${role}:${place}` },
    encoding: "utf8",
  });
  if (stderr !== "" && signal === null) throw new Error(stderr);
  return stdout.trim();
}

function open(dir: string): Promise<Store> {
  const limits = { memoryBytesMax: 64 * 2 ** 30 };
  return openStore({ dir, limits, merge: { auto: false } });
}

async function build(dir: string): Promise<void> {
  const store = await open(dir);
  await fill(store);
  await store.close();
}

async function fill(store: Store): Promise<void> {
  const inAYear = { runAtMs: Date.now() + 365 * 86_400_000 };
  await create(store, { first: 0, count: FLOWS, options: DUE ? {} : inAYear });
  await create(store, { first: FLOWS, count: RUNNABLE, options: {} });
}

/** Makes as many flows, works on some of them, and is killed. */
async function crash(dir: string): Promise<void> {
  const store = await open(dir);
  await fill(store);
  for (let round = 0; round < FLOWS / BATCH / 4; round++) {
    const jobs = await store.claimDue("email", { worker: "w", limit: BATCH, leaseMs: 3_600_000 });
    if (jobs.length === 0) break;
    await store.completeMany(
      jobs.map(({ id, partitionKey, leaseToken, fencingToken }) => ({
        ...{ id, partitionKey, leaseToken: leaseToken!, fencingToken },
      })),
    );
  }
  const { checkpoints, log: { records }, shards: [shard] } = store.stats();
  const behind = records - shard!.checkpointRecords;
  console.log(`after ${checkpoints.count} checkpoints, ${behind} of ${records} records behind`);
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {});
}

async function create(store: Store, { first, count, options }: {
  readonly first: number;
  readonly count: number;
  readonly options: object;
}): Promise<void> {
  for (let serial = first; serial < first + count; serial += BATCH) {
    const items = Array.from({ length: BATCH }, (_, index) => {
      const number = serial + index;
      return { id: `email-${number}`, partitionKey: `tenant-${number % PARTITIONS}` };
    });
    await store.createMany(items, { type: "email", ...options });
  }
}

/** Writes, and is killed. */
async function tail(dir: string): Promise<void> {
  const store = await open(dir);
  const end = store.stats().log.bytes + TAIL_MIB * 2 ** 20;
  for (let serial = 0; store.stats().log.bytes < end; serial += BATCH) {
    await Promise.all(
      Array.from(
        { length: BATCH },
        (_, index) => store.kv.set(`key-${(serial + index) % 10_000}`, VALUE),
      ),
    );
  }
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {});
}

async function measure(dir: string): Promise<void> {
  const before = process.memoryUsage().rss;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const store = await open(dir);
  await store.claimDue("email", { worker: "worker-1" });
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  // What opening has left behind is no part of what a store takes.
  (globalThis as { Bun?: { gc(isNow: boolean): void } }).Bun?.gc(true);
  (globalThis as { gc?: () => void }).gc?.();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const mib = (process.memoryUsage().rss - before) / 2 ** 20;
  console.log(
    `${(tookMs / 1_000).toFixed(2)} s until the first claim, ` +
      `${((user + system) / 1e6).toFixed(2)} s of CPU, ${mib.toFixed(0)} MiB`,
  );
  process.exit(0);
}

function report(line: string): void {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  console.log(`${name} ${versions[name]}: ${line}`);
}
