import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { resolvePolicy, resolveStatePolicy } from "../../src/flow/core/policy_resolution.ts";

test("resolveStatePolicy() overlays member by member: default, type, state, command", () => {
  const stored = {
    generation: 3,
    policy: {
      retry: { maxRetries: 9, backoff: { kind: "fixed", baseMs: 500, maxMs: 5_000, jitterPct: 0 } },
      retention: { ttlMs: 11 },
      states: {
        a: { retry: { backoff: { maxMs: 7_000 }, exhaustedTo: "b" }, maxReclaims: null },
        b: { retention: { historyMaxEvents: 4 }, maxReclaims: 0 },
      },
    },
  } as const;
  assertEquals(resolveStatePolicy(stored, "a", { maxRetries: 1, backoff: { baseMs: 50 } }), {
    retry: {
      maxRetries: 1,
      backoff: { kind: "fixed", baseMs: 50, maxMs: 7_000, jitterPct: 0 },
      exhaustedTo: "b",
    },
    retention: { ttlMs: 11, historyMaxEvents: 100_000 },
    maxReclaims: null,
  });
  assertEquals(resolveStatePolicy(stored, "b").maxReclaims, 0);
  assertEquals(resolveStatePolicy(stored, "b").retention, { ttlMs: 11, historyMaxEvents: 4 });
  assertEquals(resolveStatePolicy(stored, "c").maxReclaims, 10);
});

test("resolvePolicy() of a type without a policy is the default", () => {
  assertEquals(resolvePolicy("t", undefined), {
    type: "t",
    generation: 0,
    retry: {
      maxRetries: 3,
      backoff: { kind: "exponential", baseMs: 1_000, maxMs: 30_000, jitterPct: 20 },
      exhaustedTo: "failed",
    },
    retention: { ttlMs: 604_800_000, historyMaxEvents: 100_000 },
    maxReclaims: 10,
    states: {},
  });
});
