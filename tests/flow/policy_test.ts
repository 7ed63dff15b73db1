import { resolvePolicy, resolveStatePolicy } from "../../src/flow/core/policy_resolution.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

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
  assertEquals(
    resolveStatePolicy(stored, "a", { retry: { maxRetries: 1, backoff: { baseMs: 50 } } }),
    {
      retry: {
        maxRetries: 1,
        backoff: { kind: "fixed", baseMs: 50, maxMs: 7_000, jitterPct: 0 },
        exhaustedTo: "b",
      },
      retention: { ttlMs: 11, historyMaxEvents: 100_000 },
      maxReclaims: null,
    },
  );
  assertEquals(resolveStatePolicy(stored, "b").maxReclaims, 0);
  assertEquals(resolveStatePolicy(stored, "b").retention, { ttlMs: 11, historyMaxEvents: 4 });
  assertEquals(resolveStatePolicy(stored, "c").maxReclaims, 10);
  assertEquals(resolveStatePolicy(stored, "a", { maxReclaims: 5 }).maxReclaims, 5);
  assertEquals(resolveStatePolicy(stored, "b", { maxReclaims: null }).maxReclaims, null);
});

test("resolveStatePolicy() limits a long first wait only if some level says so", () => {
  const longest = (ofType?: number, ofState?: number, baseMs = 90_000): number => {
    const retry = { backoff: { maxMs: ofType } };
    const states = { a: { retry: { backoff: { baseMs, maxMs: ofState } } } };
    const stored = { generation: 1, policy: { retry, states } };
    return resolveStatePolicy(stored, "a").retry.backoff.maxMs;
  };
  assertEquals([longest(), longest(60_000), longest(undefined, 0)], [90_000, 60_000, 0]);
  assertEquals([longest(undefined, undefined, 30_001), longest(undefined, undefined, 9)], [
    30_001,
    30_000,
  ]);
  const command = { retry: { backoff: { baseMs: 40_000 } } };
  assertEquals(resolveStatePolicy(undefined, "a", command).retry.backoff.maxMs, 40_000);
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

test("policySet() replaces the policy and counts generations", () => {
  const store = new CoreStore();
  assertEquals(store.policyGet("t").generation, 0);
  const policy = store.policySet("t", {
    retry: { maxRetries: 5 },
    states: { a: { retry: { backoff: { baseMs: 7 } } } },
    expectedGeneration: 0,
  });
  assertEquals([policy.generation, policy.retry.maxRetries], [1, 5]);
  assertEquals(policy.states["a"]?.retry, {
    maxRetries: 5,
    backoff: { kind: "exponential", baseMs: 7, maxMs: 30_000, jitterPct: 20 },
    exhaustedTo: "failed",
  });
  refused(store, "generation_conflict", () => store.policySet("t", { expectedGeneration: 0 }));
  assertEquals(store.policySet("t", { expectedGeneration: 1 }).retry.maxRetries, 3);
  assertEquals(store.policyGet("t", { state: "x" }).states["x"]?.retry.maxRetries, 3);
});

test("policySet() keeps states apart whose names every object has", () => {
  const store = new CoreStore();
  const states = JSON.parse('{"__proto__":{"maxReclaims":1},"constructor":{"maxReclaims":2}}');
  const policy = store.policySet("t", { states });
  assertEquals(Object.keys(policy.states), ["__proto__", "constructor"]);
  assertEquals(policy.states["constructor"]?.maxReclaims, 2);
  assertEquals(store.policyGet("t", { state: "toString" }).states["toString"]?.maxReclaims, 10);
  assertEquals(store.recovered().policies.get("t")?.policy, store.state.policies.get("t")?.policy);
});

test("retention is decided when the flow is created, and a policy set later changes nothing", () => {
  const store = new CoreStore();
  store.policySet("t", {
    retention: { ttlMs: 100, historyMaxEvents: 5 },
    states: { a: { retention: { ttlMs: 200 } } },
  });
  const made = store.create("f", { type: "t", state: "a" });
  store.policySet("t", {});
  assertEquals([made.retentionTtlMs, made.historyMaxEvents], [200, 5]);
  assertEquals(store.cancel("f").terminalRetentionUntilMs, 1_200);
  const own = store.create("g", { type: "t", retentionTtlMs: 1, historyMaxEvents: 2 });
  assertEquals([own.retentionTtlMs, own.historyMaxEvents], [1, 2]);
});
