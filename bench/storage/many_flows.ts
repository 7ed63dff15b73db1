/**
 * A store with very many flows: memory per flow, the longest task while it grows, and what a claim
 * costs when all of them are due.
 *
 * Arguments: how many flows; how many partitions, or `each`; `parked` if none of them is to be due.
 * Tasks are taken by the clock, since the CPU time of one is beyond what machines tell: on a busy one
 * look at the median and at the 99.9th percentile. With `--expose-gc` memory is what is in use.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, memoryUsage, versions } from "node:process";
import { openStore } from "../../mod.ts";

const FLOWS = Number(argv[2] ?? 1_000_000);
const PARTITIONS = argv[3] === "each" ? FLOWS : Number(argv[3] ?? 100);
/** Flows that do not become due while the program runs, of all of them. */
const IS_PARKED = argv[4] === "parked";

const BATCH_COUNT = 100;
const BATCHES_PER_TURN = 10;
/** Claims in a row: what the first have compiled the others run. They leave half of the flows due. */
const CLAIM_COUNTS = [500, 2_000].map((count) => Math.min(count, FLOWS / 400));

const dir = mkdtempSync(join(tmpdir(), "flowcask-bench-"));
const store = await openStore({ dir });
await store.createMany(["first"], { type: "first" });
const baseline = rssBytes();
const taskMs: number[] = [];
const startMs = performance.now();
for (let first = 0; first < FLOWS; first += BATCH_COUNT * BATCHES_PER_TURN) {
  const calls: Promise<unknown>[] = [];
  for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
    const items = itemsFrom(first + batch * BATCH_COUNT);
    const beforeMs = performance.now();
    calls.push(store.createMany(items, {
      type: "order",
      ...IS_PARKED ? { runAtMs: Date.now() + 10 * 86_400_000 } : {},
    }));
    taskMs.push(performance.now() - beforeMs);
  }
  await Promise.all(calls);
}
const growthMs = performance.now() - startMs;
report(`${FLOWS} flows in ${PARTITIONS} partitions, made in ${(growthMs / 1_000).toFixed(1)} s`);
report(`a task of ${BATCH_COUNT} creates: ${quantiles(taskMs)}`);
const grown = rssBytes() - baseline;
report(`${(grown / 2 ** 20).toFixed(0)} MiB more, ${(grown / FLOWS).toFixed(0)} bytes a flow`);

if (!IS_PARKED) {
  for (const count of CLAIM_COUNTS) {
    const claimMs: number[] = [];
    for (let round = 0; round < count; round++) {
      const beforeMs = performance.now();
      const claimed = store.claimDue("order", { worker: "bench", limit: 100, leaseMs: 3_600_000 });
      claimMs.push(performance.now() - beforeMs);
      if ((await claimed).length !== 100) throw new Error("too few flows are due");
    }
    report(`${count} times claimDue() of 100: ${quantiles(claimMs)}`);
  }
}

await store.close();
rmSync(dir, { recursive: true });

function itemsFrom(first: number): { id: string; partitionKey: string }[] {
  return Array.from({ length: BATCH_COUNT }, (_, index) => {
    const n = first + index;
    // Ids whose order is not the order of their creation.
    return {
      id: `order-${(n * 7_919) % 1_000_003}-${n}`,
      partitionKey: `tenant-${n % PARTITIONS}`,
    };
  });
}

function quantiles(figures: number[]): string {
  figures.sort((a, b) => a - b);
  const at = (share: number): string =>
    `${figures[Math.min(figures.length - 1, Math.floor(figures.length * share))]!.toFixed(2)} ms`;
  return `median ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, longest ${at(1)}`;
}

function rssBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return memoryUsage().rss;
}

function report(text: string): void {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  console.log(`${name} ${versions[name]}: ${text}`);
}
