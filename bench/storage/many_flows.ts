/**
 * A store with very many flows: memory per flow, the longest task while it grows, and what a claim
 * costs when all of them are due.
 *
 * Arguments: how many flows, and how many partitions (`each`: one for every flow). Times are CPU time
 * of the thread where the runtime tells it, else of the process.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, cpuUsage, memoryUsage, versions } from "node:process";
import { openStore } from "../../mod.ts";

const FLOWS = Number(argv[2] ?? 1_000_000);
const PARTITIONS = argv[3] === "each" ? FLOWS : Number(argv[3] ?? 100);
/** Flows that do not become due while the program runs, of all of them. */
const IS_PARKED = argv[4] === "parked";

const BATCH_COUNT = 100;
const CLAIMS = 500;

const dir = mkdtempSync(join(tmpdir(), "flowcask-bench-"));
const baseline = rssBytes();
const store = await openStore({ dir });
const tasks: number[] = [];
const startMs = performance.now();
for (let first = 0; first < FLOWS; first += BATCH_COUNT) {
  const items = Array.from({ length: BATCH_COUNT }, (_, index) => {
    const n = first + index;
    // Ids whose order is not the order of their creation.
    return {
      id: `order-${(n * 7_919) % 1_000_003}-${n}`,
      partitionKey: `tenant-${n % PARTITIONS}`,
    };
  });
  const before = cpuMicros();
  const created = store.createMany(items, {
    type: "order",
    ...IS_PARKED ? { runAtMs: Date.now() + 10 * 86_400_000 } : {},
  });
  tasks.push(cpuMicros() - before);
  await created;
}
const growthMs = performance.now() - startMs;
tasks.sort((a, b) => a - b);
report(`${FLOWS} flows in ${PARTITIONS} partitions, made in ${(growthMs / 1_000).toFixed(1)} s`);
report(
  `a task of ${BATCH_COUNT} creates: median ${ms(tasks[tasks.length >> 1]!)}, ` +
    `p99.9 ${ms(tasks[Math.floor(tasks.length * 0.999)]!)}, longest ${ms(tasks.at(-1)!)}`,
);
const grown = rssBytes() - baseline;
report(
  `${(grown / 2 ** 20).toFixed(0)} MiB above the start, ${(grown / FLOWS).toFixed(0)} bytes a flow`,
);

if (!IS_PARKED) {
  const claims: number[] = [];
  for (let round = 0; round < CLAIMS; round++) {
    const before = cpuMicros();
    const claimed = store.claimDue("order", { worker: "bench", limit: 100, leaseMs: 3_600_000 });
    claims.push(cpuMicros() - before);
    if ((await claimed).length !== 100) throw new Error("too few flows are due");
  }
  claims.sort((a, b) => a - b);
  report(`claimDue() of 100: median ${claims[CLAIMS >> 1]} µs, longest ${ms(claims.at(-1)!)}`);
}

await store.close();
rmSync(dir, { recursive: true });

function cpuMicros(): number {
  const { user, system } = "threadCpuUsage" in process ? process.threadCpuUsage() : cpuUsage();
  return user + system;
}

function rssBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return memoryUsage().rss;
}

function ms(micros: number): string {
  return `${(micros / 1_000).toFixed(2)} ms`;
}

function report(text: string): void {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  console.log(`${name} ${versions[name]}: ${text}`);
}
