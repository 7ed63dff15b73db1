/**
 * What merges and checkpoints cost: bytes that are written again, and what commits notice of them.
 *
 * `deno run -A bench/storage/merges.ts`, `node bench/storage/merges.ts` or
 * `bun bench/storage/merges.ts`, each with the number of pairs and the commits of a run.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, versions } from "node:process";
import { type FlowRecord, openStore, type Store } from "../../mod.ts";

const PAIRS = Number(argv[2] ?? 9);
const COMMITS = Number(argv[3] ?? 5_000);

/** An eighth of what it is by default, and all else in proportion, so that merges come soon. */
const SEGMENT_BYTES = 8 << 20;

/** Bytes of flows that are written until merges have found their measure. */
const STEADY_BYTES = 768 << 20;

/** Flows of one batch. */
const BATCH = 250;

/** Flows are kept so long after their end, in milliseconds. */
const RETENTION_MS = 3_000;

/** Flows that are due and stay, so that a checkpoint takes longer than the commits beside it. */
const STAYING = 300_000;

const payload: Uint8Array = new Uint8Array(1_024).fill(7);

await amplification();
await latencies();

/** Flows with 1 KiB of payload come, are worked on and go, for as long as it takes. */
async function amplification(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "flowcask-merges-"));
  const store = await openStore({
    dir,
    limits: { segmentBytesMax: SEGMENT_BYTES },
    retention: { intervalMs: 500 },
    merge: { keepBytes: 4 * SEGMENT_BYTES },
  });
  let serial = 0;
  let largest = 0;
  const written = (): number => {
    const { log, merges } = store.stats();
    return log.bytes + merges.readBytes - merges.writtenBytes;
  };
  while (written() < STEADY_BYTES) {
    await work(store, serial);
    serial += BATCH;
    largest = Math.max(largest, store.stats().log.bytes);
  }
  const { merges, checkpoints, log } = store.stats();
  const once = written();
  const again = merges.writtenBytes + checkpoints.writtenBytes;
  report(
    `${serial} flows with 1 KiB: ${mib(once)} MiB written once, ${
      mib(merges.writtenBytes)
    } MiB again ` +
      `by ${merges.count} merges, ${mib(checkpoints.writtenBytes)} MiB as ` +
      `${checkpoints.count} checkpoints: amplification ${((once + again) / once).toFixed(2)}; ` +
      `the log has ${mib(log.bytes)} MiB, and ${mib(largest)} at most`,
  );
  await store.close();
  rmSync(dir, { recursive: true });
}

async function work(store: Store, serial: number): Promise<void> {
  const ids = Array.from({ length: BATCH }, (_, index) => `flow-${serial + index}`);
  await store.createMany(ids, { type: "t", payload, retentionTtlMs: RETENTION_MS });
  const jobs = await store.claimDue("t", { worker: "w", limit: BATCH });
  await store.completeMany(jobs.map(settled));
}

function settled({ id, partitionKey, leaseToken, fencingToken }: FlowRecord) {
  return { id, partitionKey, leaseToken: leaseToken!, fencingToken };
}

/** One commit after the other, with and without a merge and a checkpoint beside them. */
async function latencies(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "flowcask-merges-"));
  const limits = { segmentBytesMax: SEGMENT_BYTES };
  const quiet = await openStore({
    ...{ dir: join(dir, "quiet"), limits },
    ...{ merge: { auto: false }, checkpoints: { auto: false } },
  });
  const store = await openStore({
    ...{ dir: join(dir, "busy"), limits },
    ...{ merge: { keepBytes: 0 }, checkpoints: { logBytes: SEGMENT_BYTES } },
  });
  for (const one of [quiet, store]) await stay(one);
  let serial = 0;
  const ratios: { readonly p50: number; readonly p95: number; readonly p99: number }[] = [];
  for (let pair = -1; pair < PAIRS; pair++) {
    const alone = await commits(quiet);
    // Both go on for longer than the commits beside them.
    const isBusy = (): boolean =>
      store.stats().merges.isRunning && store.stats().checkpoints.isRunning;
    for (; !isBusy(); serial += BATCH) await work(store, serial);
    const beside = await commits(store);
    if (!isBusy()) report("a merge or a checkpoint ended before the commits did");
    // The first pair warms up.
    if (pair < 0) continue;
    const ratio = (share: number): number => at(beside, share) / at(alone, share);
    ratios.push({ p50: ratio(0.5), p95: ratio(0.95), p99: ratio(0.99) });
  }
  const figure = (name: "p50" | "p95" | "p99"): string => {
    const sorted = ratios.map((ratio) => ratio[name]).toSorted((a, b) => a - b);
    const [least, median, greatest] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
    return `${name} ${median.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`;
  };
  report(
    `${COMMITS} commits beside merges and checkpoints / alone: ${figure("p50")}, ${
      figure("p95")
    }, ${figure("p99")}`,
  );
  await quiet.close();
  await store.close();
  rmSync(dir, { recursive: true });
}

async function stay(store: Store): Promise<void> {
  for (let serial = 0; serial < STAYING; serial += 1_000) {
    const ids = Array.from({ length: 1_000 }, (_, index) => `staying-${serial + index}`);
    await store.createMany(ids, { type: "staying" });
  }
}

/** How long commits take, one after the other, in order. */
async function commits(store: Store): Promise<number[]> {
  const tookMs: number[] = [];
  for (let count = 0; count < COMMITS; count++) {
    const startMs = performance.now();
    await store.kv.set(`key-${count % 100}`, payload);
    tookMs.push(performance.now() - startMs);
  }
  return tookMs.sort((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}

function mib(bytes: number): number {
  return Math.round(bytes / (1 << 20));
}

function report(line: string): void {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  console.log(`${name} ${versions[name]}: ${line}`);
}
