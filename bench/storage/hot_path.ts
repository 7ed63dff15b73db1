/**
 * CPU time of the engine's hot path: create → claim → complete in batches, in a store in memory.
 *
 * Counts what the process spends, its collector and compiler included, and not how long it takes.
 * `deno run -A bench/storage/hot_path.ts`, `node bench/storage/hot_path.ts` or
 * `bun bench/storage/hot_path.ts`, each with the number of rounds, and of those before them that are
 * not counted: with three of them a process is young, and still compiles what it runs; with sixty it
 * has worked for some ten seconds.
 *
 * @module
 */
import { argv, cpuUsage, versions } from "node:process";
import { type CompleteItem, type FlowRecord, openStore, type Store } from "../../mod.ts";

/** Flows of one batch. */
const BATCH_COUNT = 100;

/** Flows that pass through the store in one round. */
const ROUND_FLOWS = 20_000;

const ROUNDS = Number(argv[2] ?? 9);
const WARM_UP_ROUNDS = Number(argv[3] ?? 3);

const PAYLOAD = { to: "user-1@example.org", subject: "Welcome", lines: ["Hello", "and goodbye"] };

/** How flows are spread over partitions: the partition of the n-th flow. */
const LAYOUTS: Readonly<Record<string, (n: number) => string>> = {
  "100 partitions": (n) => `tenant-${n % 100}`,
  "a partition per flow": (n) => `tenant-${n}`,
};

/** What one round took per flow, in microseconds. */
interface Spent {
  /** CPU time of the process. */
  readonly cpu: number;
  /** Time on the clock, call by call. */
  readonly create: number;
  readonly claim: number;
  readonly complete: number;
}

for (const [layout, partitionOf] of Object.entries(LAYOUTS)) {
  const rounds: Spent[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const spent = await runRound(partitionOf);
    if (round >= 0) rounds.push(spent);
  }
  const [cpu, create, claim, complete] = (["cpu", "create", "claim", "complete"] as const)
    .map((name) => median(rounds.map((spent) => spent[name])).toFixed(2));
  const least = Math.min(...rounds.map(({ cpu }) => cpu)).toFixed(2);
  console.log(
    `${runtime()}, ${layout}: ${cpu} µs of CPU a flow, at best ${least} ` +
      `(on the clock: create ${create}, claim ${claim}, complete ${complete})`,
  );
}

async function runRound(partitionOf: (n: number) => string): Promise<Spent> {
  await using store = await openStore(":memory:");
  const clock = { create: 0, claim: 0, complete: 0 };
  const startMicros = cpuMicros();
  for (let first = 0; first < ROUND_FLOWS; first += BATCH_COUNT) {
    const items = Array.from({ length: BATCH_COUNT }, (_, index) => {
      const n = first + index;
      return { id: `order-${n}-${(n * 7919) % 1_000_003}`, partitionKey: partitionOf(n) };
    });
    const atCreate = performance.now();
    await store.createMany(items, { type: "order", payload: PAYLOAD });
    const atClaim = performance.now();
    const claimed = await claim(store);
    const atComplete = performance.now();
    await store.completeMany(claimed.map(settled), { result: "sent" });
    clock.complete += performance.now() - atComplete;
    clock.claim += atComplete - atClaim;
    clock.create += atClaim - atCreate;
    if (claimed.length !== BATCH_COUNT) throw new Error(`${claimed.length} flows were claimed`);
  }
  const cpu = (cpuMicros() - startMicros) / ROUND_FLOWS;
  const perFlow = (ms: number): number => ms * 1_000 / ROUND_FLOWS;
  return {
    cpu,
    create: perFlow(clock.create),
    claim: perFlow(clock.claim),
    complete: perFlow(clock.complete),
  };
}

async function claim(store: Store): Promise<FlowRecord[]> {
  return await store.claimDue("order", { worker: "bench", limit: BATCH_COUNT, leaseMs: 600_000 });
}

function settled({ id, partitionKey, leaseToken, fencingToken }: FlowRecord): CompleteItem {
  return { id, partitionKey, leaseToken: leaseToken!, fencingToken };
}

function cpuMicros(): number {
  const { user, system } = cpuUsage();
  return user + system;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
}

function runtime(): string {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  return `${name} ${versions[name]}`;
}
