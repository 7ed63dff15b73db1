import fc from "fast-check";
import { backoffMs, type ResolvedBackoff } from "../../src/flow/core/decide/backoff.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const nowMs = 10_000;

function due(backoff: Partial<ResolvedBackoff>, attempt: number, id = "f"): number {
  const whole = {
    kind: "exponential",
    baseMs: 1_000,
    maxMs: 30_000,
    jitterPct: 0,
    ...backoff,
  } as const;
  return nowMs + backoffMs(whole, { id, attempt, nowMs });
}

test("backoffMs() grows as its kind says, up to its longest wait", () => {
  const of = (kind: ResolvedBackoff["kind"], baseMs = 700, maxMs = 5_000) => ({
    kind,
    baseMs,
    maxMs,
  });
  const rows: [Partial<ResolvedBackoff>, Record<number, number>][] = [
    [of("none"), { 1: 10_000, 5: 10_000 }],
    [of("fixed"), { 1: 10_700, 2: 10_700, 7: 10_700 }],
    [of("linear"), { 1: 10_700, 2: 11_400, 3: 12_100, 7: 14_900, 8: 15_000 }],
    [of("exponential"), { 1: 10_700, 2: 11_400, 3: 12_800, 4: 15_000, 5: 15_000 }],
    [{}, { 1: 11_000, 2: 12_000, 3: 14_000, 4: 18_000, 5: 26_000, 6: 40_000, 1_000: 40_000 }],
    [of("fixed", 9_000, 4_000), { 1: 14_000 }],
    [of("exponential", 9_000, 4_000), { 1: 14_000, 2: 14_000 }],
    [of("exponential", 0, 4_000), { 1: 10_000, 60: 10_000 }],
    [{ ...of("fixed", 4, 100), jitterPct: 20 }, { 1: 10_004 }],
  ];
  for (const [backoff, dues] of rows) {
    for (const [attempt, dueMs] of Object.entries(dues)) {
      assertEquals(due(backoff, Number(attempt)), dueMs, `${JSON.stringify(backoff)} ${attempt}`);
    }
  }
});

test("backoffMs() varies within its jitter, never above its longest wait or below zero", () => {
  const ranges: [Partial<ResolvedBackoff>, number, number, number][] = [
    [{ jitterPct: 20 }, 1, 10_800, 11_200],
    [{ jitterPct: 20 }, 2, 11_600, 12_400],
    [{ jitterPct: 20 }, 3, 13_200, 14_800],
    [{ baseMs: 30_000, jitterPct: 20 }, 1, 34_000, 40_000],
    [{ jitterPct: 20 }, 9, 34_000, 40_000],
    [{ baseMs: 27_000, jitterPct: 20 }, 1, 31_600, 40_000],
    [{ kind: "fixed", baseMs: 9_000, maxMs: 4_000, jitterPct: 20 }, 1, 13_200, 14_000],
    [{ kind: "fixed", baseMs: 100, maxMs: 100, jitterPct: 100 }, 1, 10_000, 10_100],
  ];
  for (const [backoff, attempt, min, max] of ranges) {
    const dues = Array.from({ length: 500 }, (_, n) => due(backoff, attempt, `flow-${n}`));
    assert(dues.every((dueMs) => dueMs >= min && dueMs <= max));
    // Both ends are reached, nearly: jitter that is always the same would be none.
    assert(Math.min(...dues) < min + (max - min) / 10);
    assert(Math.max(...dues) > max - (max - min) / 10);
    // None of them is more likely: those that have come to the longest wait do not meet there.
    const tenths = new Array<number>(10).fill(0);
    for (const dueMs of dues) tenths[Math.floor(10 * (dueMs - min) / (max - min + 1))]!++;
    assert(tenths.every((count) => count > 20 && count < 90), tenths.join(" "));
  }
});

test("backoffMs() is the same for the same retry, and another for another", () => {
  assertProperty(
    fc.property(
      fc.record({
        kind: fc.constantFrom<ResolvedBackoff["kind"][]>("none", "fixed", "linear", "exponential"),
        baseMs: fc.nat(2_592_000_000),
        maxMs: fc.nat(2_592_000_000),
        jitterPct: fc.nat(100),
      }),
      fc.record({ id: fc.string(), attempt: fc.integer({ min: 1, max: 1_001 }), nowMs: fc.nat() }),
      (backoff, moment) => {
        const waitMs = backoffMs(backoff, moment);
        assert(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= backoff.maxMs);
        assertEquals(backoffMs(backoff, { ...moment }), waitMs);
      },
    ),
    { file: import.meta.url, runs: 300 },
  );
  const waits = new Set(Array.from({ length: 20 }, (_, n) => due({ jitterPct: 50 }, 5, `${n}`)));
  assert(waits.size > 10);
});
