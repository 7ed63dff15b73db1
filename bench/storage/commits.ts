/**
 * What it costs to make commands durable, against writing and syncing the same bytes by hand.
 *
 * Every figure is a ratio within a pair of runs that follow each other, and of the pairs the median:
 * disks and neighbours change by the second. `deno run -A bench/storage/commits.ts`,
 * `node bench/storage/commits.ts` or `bun bench/storage/commits.ts`, each with the place of the log
 * (`auto`, `thread` or `inline`) and the number of pairs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { pbkdf2 } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, versions } from "node:process";
import { openStore, type Store } from "../../mod.ts";

const LOG = (argv[2] ?? "thread") as "auto" | "thread" | "inline";
const PAIRS = Number(argv[3] ?? 9);

/** Commits of one run, where one waits for the other. */
const COMMITS = 200;

/**
 * How long a run goes on where many commands are under way, in milliseconds. Disks that are shared save
 * up for a burst of some hundred milliseconds; what a store can rely on is what comes after that.
 */
const RUN_MS = 500;

/** What the host computes at once while its own threads are saturated. */
const HOST_JOBS = 8;

/** What was made durable, and how long that took. */
interface Throughput {
  readonly bytes: number;
  readonly frames: number;
  readonly seconds: number;
}

/** Commands of a kind, sent by many callers, each of whom waits for the last one. */
interface Load {
  readonly name: string;
  readonly callers: number;
  send(store: Store, serial: number): Promise<unknown>;
}

const value = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7);

/** One record a command. */
const singles = [128, 1_024, 4_096, 16_384].map((bytes): Load => {
  const payload = value(bytes);
  return {
    name: `one record of ${bytes} bytes a command, 512 under way`,
    callers: 512,
    send: (store, serial) => store.kv.set(`key-${serial % 1_000}`, payload),
  };
});

/** Two hundred records and more a command. */
const batches = [128, 1_024, 4_096, 16_384].map((bytes): Load => {
  const payload = value(bytes);
  return {
    name: `100 flows with ${bytes} bytes each a command`,
    // Of large values fewer at a time: limits on what is under way are not what is measured.
    callers: bytes > 1_024 ? 4 : 16,
    send(store, serial) {
      const ids = Array.from({ length: 100 }, (_, index) => `f-${serial}-${index}`);
      return store.createMany(ids, { type: "bench", payload });
    },
  };
});

const dir = mkdtempSync(join(tmpdir(), "flowcask-bench-"));
const raw = openSync(join(dir, "raw"), "w");
let rawAt = 0;
let serial = 0;
try {
  await using store = await openStore({
    dir: join(dir, "store"),
    log: LOG,
    // What is written is counted by what is there.
    merge: { auto: false },
  });
  // Past the point from which on there is a thread.
  for (let count = 0; count < 300; count++) await store.valuePut(value(4_000));
  await idle(20);
  const { mode } = store.stats().log;
  report(`${runtime()}, log ${mode.kind}, ${PAIRS} pairs`);
  await unloaded(store);
  for (const load of [...singles, ...batches]) await loaded(store, load);
  await saturated(store);
  await sharded();
} finally {
  closeSync(raw);
  rmSync(dir, { recursive: true });
}

/** One command at a time. */
async function unloaded(store: Store): Promise<void> {
  const payload = value(3_900);
  const ratios: number[] = [];
  const latencies: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = written(store);
    const ours = await p50(() => store.valuePut(payload));
    const { bytes, frames } = since(store, before);
    const theirs = await p50(() => writeRaw(bytes / frames));
    ratios.push(ours / theirs);
    latencies.push(ours);
  }
  const ms = median(latencies).toFixed(3);
  report(`unloaded commit of 4 KiB: ${figure(ratios)} × write and sync by hand (${ms} ms)`);
}

/**
 * Many commands at a time: the bytes of a second, against frames of the same size by hand. Now the store
 * is first and now the other, since whoever comes second finds the disk as the first has left it.
 */
async function loaded(store: Store, load: Load): Promise<void> {
  const ratios: number[] = [];
  const rates: number[] = [];
  // Warms up, and shows how large frames are.
  let { ours, commands } = await run(store, load);
  for (let pair = 0; pair < PAIRS; pair++) {
    const early = pair % 2 === 0 ? undefined : rawThroughput(ours.bytes / ours.frames);
    ({ ours, commands } = await run(store, load));
    const theirs = early ?? rawThroughput(ours.bytes / ours.frames);
    ratios.push(rate(ours) / rate(theirs));
    rates.push(rate(theirs));
  }
  report(
    `${load.name}: ${figure(ratios)} of the ${(median(rates) / 1e6).toFixed(0)} MB/s by hand (` +
      `${(rate(ours) / 1e6).toFixed(0)} MB/s, ${Math.round(commands / ours.seconds)} commands/s, ` +
      `${Math.round(ours.bytes / ours.frames / 1_024)} KiB a frame)`,
  );
}

/** Has all callers of a load call again and again. */
async function run(
  store: Store,
  load: Load,
): Promise<{ readonly ours: Throughput; readonly commands: number }> {
  const before = written(store);
  const startMs = performance.now();
  const endMs = startMs + RUN_MS;
  let commands = 0;
  await Promise.all(Array.from({ length: load.callers }, async () => {
    while (performance.now() < endMs) await load.send(store, serial++).then(() => commands++);
  }));
  const seconds = (performance.now() - startMs) / 1_000;
  return { ours: { ...since(store, before), seconds }, commands };
}

/**
 * One command at a time, while the host has its own threads compute. What it costs to write and sync
 * by hand then tells how much of that is the system's.
 */
async function saturated(store: Store): Promise<void> {
  const payload = value(3_900);
  const commits: number[] = [];
  const byHand: number[] = [];
  const latencies: number[] = [];
  const commit = (): Promise<unknown> => store.valuePut(payload);
  for (let pair = 0; pair < PAIRS; pair++) {
    const quiet = { ours: await p50(commit), theirs: await p50(() => writeRaw(4_096)) };
    let isBusy = true;
    const jobs = Array.from({ length: HOST_JOBS }, async () => {
      while (isBusy) await job();
    });
    const busy = { ours: await p50(commit), theirs: await p50(() => writeRaw(4_096)) };
    isBusy = false;
    await Promise.all(jobs);
    commits.push(busy.ours / quiet.ours);
    byHand.push(busy.theirs / quiet.theirs);
    latencies.push(busy.ours);
  }
  const ms = median(latencies).toFixed(3);
  const figures = `${figure(commits)} × idle (${ms} ms), by hand ${figure(byHand)}`;
  report(`commit beside ${HOST_JOBS} jobs of the host: ${figures}`);
}

/** One command at a time for each of four shards, against one for the only shard of another store. */
async function sharded(): Promise<void> {
  const opened = async (name: string, shards: number): Promise<Store> => {
    const options = { dir: join(dir, name), shards, log: LOG, merge: { auto: false } };
    const store = await openStore(options);
    const partitions = await partitionsOf(store);
    for (let count = 0; count < 100; count++) {
      await Promise.all(partitions.map((partitionKey) => commit(store, partitionKey)));
    }
    return store;
  };
  await using one = await opened("one", 1);
  await using four = await opened("four", 4);
  await idle(20);
  const ratios: number[] = [];
  let rates = "";
  for (let pair = 0; pair < PAIRS; pair++) {
    const alone = await commitsPerSecond(one);
    const together = await commitsPerSecond(four);
    ratios.push(together / alone);
    rates = `${Math.round(together)} against ${Math.round(alone)} commands/s`;
  }
  report(`four shards, one command under way for each: ${figure(ratios)} × one shard (${rates})`);
}

async function commitsPerSecond(store: Store): Promise<number> {
  const partitions = await partitionsOf(store);
  const startMs = performance.now();
  const endMs = startMs + RUN_MS;
  let count = 0;
  await Promise.all(partitions.map(async (partitionKey) => {
    while (performance.now() < endMs) await commit(store, partitionKey).then(() => count++);
  }));
  return count / (performance.now() - startMs) * 1_000;
}

function commit(store: Store, partitionKey: string): Promise<unknown> {
  return store.kv.set("key", "x".repeat(200), { partitionKey });
}

/** A partition of every shard. */
async function partitionsOf(store: Store): Promise<string[]> {
  const found: string[] = [];
  const recordsOf = (): number[] => store.stats().shards.map(({ log }) => log.records);
  for (let number = 0; found.filter(Boolean).length < recordsOf().length; number++) {
    const before = recordsOf();
    await commit(store, `partition-${number}`);
    const shard = recordsOf().findIndex((records, index) => records > before[index]!);
    found[shard] ??= `partition-${number}`;
  }
  return found;
}

/** Work for the threads that the runtime has for its host, about 50 ms of it. */
function job(): Promise<void> {
  const salt = Buffer.alloc(16);
  return new Promise((resolve, reject) =>
    pbkdf2("password", salt, 100_000, 32, "sha256", (error) => error ? reject(error) : resolve())
  );
}

async function p50(act: () => unknown): Promise<number> {
  const tookMs: number[] = [];
  for (let count = 0; count < COMMITS; count++) {
    const startMs = performance.now();
    await act();
    tookMs.push(performance.now() - startMs);
  }
  return median(tookMs);
}

function writeRaw(bytes: number): void {
  const length = Math.round(bytes);
  writeSync(raw, value(length), 0, length, rawAt);
  fdatasyncSync(raw);
  rawAt += length;
}

function rawThroughput(frameBytes: number): Throughput {
  const bytes = Math.round(frameBytes);
  const block = value(bytes);
  const startMs = performance.now();
  let frames = 0;
  for (; performance.now() < startMs + RUN_MS; frames++) {
    writeSync(raw, block, 0, bytes, rawAt);
    fdatasyncSync(raw);
    rawAt += bytes;
  }
  return { bytes: bytes * frames, frames, seconds: (performance.now() - startMs) / 1_000 };
}

/** What a store has written so far. */
function written(store: Store): Omit<Throughput, "seconds"> {
  const { bytes, commits } = store.stats().log;
  return { bytes, frames: commits.count };
}

function since(store: Store, before: Omit<Throughput, "seconds">): Omit<Throughput, "seconds"> {
  const { bytes, frames } = written(store);
  return { bytes: bytes - before.bytes, frames: frames - before.frames };
}

function rate({ bytes, seconds }: Throughput): number {
  return bytes / seconds;
}

/** The median of ratios, with the least and the greatest. */
function figure(ratios: readonly number[]): string {
  const [least, greatest] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
}

function idle(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function report(line: string): void {
  console.log(line);
}

function runtime(): string {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  return `${name} ${versions[name]}`;
}
