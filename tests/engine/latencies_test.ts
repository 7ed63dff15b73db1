import { Latencies } from "../../src/engine/health/latencies.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("Latencies before the first one are 0", () => {
  const summary = { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 };
  assertEquals(new Latencies().summary(), summary);
});

test("Latencies give percentiles that are never too low and at most a fifth too high", () => {
  const random = seededRandom(7);
  const latencies = new Latencies();
  const all: number[] = [];
  for (let index = 0; index < 5_000; index++) {
    const ms = 0.02 * 2 ** (random.u32() / 2 ** 32 * 20);
    latencies.add(ms);
    all.push(ms);
  }
  all.sort((a, b) => a - b);
  const { count, p50Ms, p90Ms, p99Ms, maxMs } = latencies.summary();
  assertEquals([count, maxMs], [5_000, all.at(-1)]);
  for (const [share, ms] of [[0.5, p50Ms], [0.9, p90Ms], [0.99, p99Ms]] as const) {
    const exactMs = all[Math.ceil(share * 5_000) - 1]!;
    assert(ms >= exactMs * 0.999 && ms <= exactMs * 1.2, `${share}: ${ms} for ${exactMs}`);
  }
});

test("Latencies take what is shorter or longer than any bucket", () => {
  const latencies = new Latencies();
  for (const ms of [0, 0.001, 1e9]) latencies.add(ms);
  const { p50Ms, p99Ms, maxMs } = latencies.summary();
  assertEquals([p50Ms, maxMs], [0.01, 1e9]);
  assert(p99Ms > 60_000);
});
