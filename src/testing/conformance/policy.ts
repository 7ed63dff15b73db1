/**
 * The policies of types.
 *
 * @module
 */
import type { Backoff, ResolvedStatePolicy, TypePolicy } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimOne, create, JOB, owner } from "./leasing.ts";

const DEFAULT: ResolvedStatePolicy = {
  retry: {
    maxRetries: 3,
    backoff: { kind: "exponential", baseMs: 1_000, maxMs: 30_000, jitterPct: 20 },
    exhaustedTo: "failed",
  },
  retention: { ttlMs: 604_800_000, historyMaxEvents: 100_000 },
  maxReclaims: 10,
};

/** `policySet()` and `policyGet()`. */
export const policyCases: readonly ConformanceCase[] = [
  {
    name: "policyGet() of a type that was never given a policy is the default, generation 0",
    async run({ store }) {
      same(await store.policyGet(JOB), { type: JOB, generation: 0, ...DEFAULT, states: {} });
      same(await store.policyGet(JOB, { state: "s" }), {
        type: JOB,
        generation: 0,
        ...DEFAULT,
        states: { s: DEFAULT },
      });
    },
  },
  {
    name:
      "policySet() resolves to the whole policy: default, type and state, each over the one before, member by member",
    async run({ store }) {
      const policy: TypePolicy = {
        retry: { maxRetries: 7, backoff: { baseMs: 50 } },
        retention: { ttlMs: 5 },
        maxReclaims: null,
        states: {
          s: {
            retry: {
              maxRetries: 2,
              backoff: { kind: "fixed", maxMs: 60, jitterPct: 0 },
              exhaustedTo: "t",
            },
          },
          u: { retention: { ttlMs: 6, historyMaxEvents: 9 }, maxReclaims: 0 },
        },
      };
      const backoff = { ...DEFAULT.retry.backoff, baseMs: 50 };
      const retry = { ...DEFAULT.retry, maxRetries: 7, backoff };
      const ofType = { retry, retention: { ...DEFAULT.retention, ttlMs: 5 }, maxReclaims: null };
      const resolved = {
        type: JOB,
        generation: 1,
        ...ofType,
        states: {
          s: {
            ...ofType,
            retry: {
              maxRetries: 2,
              backoff: { kind: "fixed", baseMs: 50, maxMs: 60, jitterPct: 0 },
              exhaustedTo: "t",
            },
          },
          u: { ...ofType, retention: { ttlMs: 6, historyMaxEvents: 9 }, maxReclaims: 0 },
        },
      } as const;
      same(await store.policySet(JOB, policy), resolved);
      same(await store.policyGet(JOB), resolved);
      same((await store.policyGet(JOB, { state: "s" })).states, { s: resolved.states.s });
      same((await store.policyGet(JOB, { state: "none" })).states, { none: ofType });
      same((await store.policyGet("other")).generation, 0);
    },
  },
  {
    name: "a first wait of more than 30 seconds is the longest one, too, unless a longest is said",
    async run({ store }) {
      const hourMs = 3_600_000;
      const longest = async (policy: TypePolicy): Promise<unknown> =>
        (await store.policySet(JOB, policy)).states["s"]?.retry.backoff.maxMs;
      const s = (backoff: Backoff): TypePolicy => ({ states: { s: { retry: { backoff } } } });
      same(await longest(s({ baseMs: hourMs })), hourMs);
      same(await longest(s({ baseMs: 30_000 })), 30_000);
      same(await longest(s({ baseMs: hourMs, maxMs: 40_000 })), 40_000);
      const ofType = { retry: { backoff: { maxMs: 50_000 } } };
      same(await longest({ ...ofType, ...s({ baseMs: hourMs }) }), 50_000);
      // A command has a word, too.
      await store.policySet(JOB, {});
      const { updatedAtMs } = await create(store, "a");
      const { nextRunAtMs } = await store.retry("a", {
        ...owner(await claimOne(store)),
        retry: { backoff: { kind: "fixed", baseMs: hourMs, jitterPct: 0 } },
      });
      same(nextRunAtMs! >= updatedAtMs + hourMs, true, "Whether the retry is due in an hour");
    },
  },
  {
    name: "a state that overrides one member of a policy keeps all others of its type",
    async run({ store }) {
      const ofType = {
        retry: {
          maxRetries: 1,
          backoff: { kind: "fixed", baseMs: 2, maxMs: 3, jitterPct: 4 },
          exhaustedTo: "type",
        },
        retention: { ttlMs: 5, historyMaxEvents: 6 },
        maxReclaims: 7,
      } as const;
      const { retry, retention } = ofType;
      const { backoff } = retry;
      const overrides: readonly [TypePolicy, ResolvedStatePolicy][] = [
        [{}, ofType],
        [{ retry: { maxRetries: 9 } }, { ...ofType, retry: { ...retry, maxRetries: 9 } }],
        [{ retry: { exhaustedTo: "state" } }, {
          ...ofType,
          retry: { ...retry, exhaustedTo: "state" },
        }],
        ...([{ kind: "none" }, { baseMs: 9 }, { maxMs: 9 }, { jitterPct: 9 }] as const).map(
          (member): [TypePolicy, ResolvedStatePolicy] => [
            { retry: { backoff: member } },
            { ...ofType, retry: { ...retry, backoff: { ...backoff, ...member } } },
          ],
        ),
        [{ retention: { ttlMs: 9 } }, { ...ofType, retention: { ...retention, ttlMs: 9 } }],
        [
          { retention: { historyMaxEvents: 9 } },
          { ...ofType, retention: { ...retention, historyMaxEvents: 9 } },
        ],
        [{ maxReclaims: null }, { ...ofType, maxReclaims: null }],
      ];
      for (const [override, resolved] of overrides) {
        same((await store.policySet(JOB, { ...ofType, states: { s: override } })).states, {
          s: resolved,
        });
      }
    },
  },
  {
    name: "policySet() replaces the whole policy; nothing is merged, and {} is the default again",
    async run({ store }) {
      await store.policySet(JOB, { retry: { maxRetries: 7 }, states: { s: { maxReclaims: 1 } } });
      shows(await store.policySet(JOB, { maxReclaims: 5 }), {
        generation: 2,
        retry: DEFAULT.retry,
        maxReclaims: 5,
        states: {},
      }, "The policy");
      same(await store.policySet(JOB, {}), { type: JOB, generation: 3, ...DEFAULT, states: {} });
    },
  },
  {
    name:
      "policySet() with expectedGeneration is refused with generation_conflict if the policy was set since",
    async run({ store }) {
      shows(await store.policySet(JOB, { expectedGeneration: 0 }), { generation: 1 }, "The policy");
      await refused(() => store.policySet(JOB, { expectedGeneration: 0 }), "generation_conflict", {
        type: JOB,
        expected: 0,
        actual: 1,
      });
      shows(await store.policySet(JOB, { expectedGeneration: 1 }), { generation: 2 }, "The policy");
    },
  },
  {
    name: "policySet() takes the largest and the smallest of every member",
    async run({ store }) {
      const month = 30 * 86_400_000;
      await store.policySet(JOB, {
        retry: { maxRetries: 1_000, backoff: { baseMs: month, maxMs: month, jitterPct: 100 } },
        retention: { ttlMs: 365 * 86_400_000, historyMaxEvents: 1_000_000 },
        maxReclaims: 1_000_000,
      });
      await store.policySet(JOB, {
        retry: { maxRetries: 0, backoff: { baseMs: 0, maxMs: 0, jitterPct: 0 } },
        retention: { ttlMs: 1, historyMaxEvents: 1 },
        maxReclaims: 0,
      });
      // A base above the maximum is capped, not refused.
      await store.policySet(JOB, { retry: { backoff: { baseMs: 2, maxMs: 1 } } });
    },
  },
  {
    name: "policySet() refuses what is out of range or has no such name, and the old policy stays",
    async run({ store }) {
      const before = await store.policySet(JOB, { maxReclaims: 7 });
      const bad: readonly [object, string][] = [
        [{ retry: { maxRetries: 1_001 } }, "retry.maxRetries"],
        [{ retry: { maxRetries: -1 } }, "retry.maxRetries"],
        [{ retry: { maxAttempts: 1 } }, "retry.maxAttempts"],
        [{ retry: { backoff: { kind: "random" } } }, "retry.backoff.kind"],
        [{ retry: { backoff: { baseMs: 2_592_000_001 } } }, "retry.backoff.baseMs"],
        [{ retry: { backoff: { maxMs: 2_592_000_001 } } }, "retry.backoff.maxMs"],
        [{ retry: { backoff: { baseMs: -1 } } }, "retry.backoff.baseMs"],
        [{ retry: { backoff: { maxMs: -1 } } }, "retry.backoff.maxMs"],
        [{ retry: { backoff: { jitterPct: 101 } } }, "retry.backoff.jitterPct"],
        [{ retry: { backoff: { jitterPct: -1 } } }, "retry.backoff.jitterPct"],
        [{ retry: { backoff: "fixed" } }, "retry.backoff"],
        [{ retry: 3 }, "retry"],
        [{ retry: { exhaustedTo: "running" } }, "retry.exhaustedTo"],
        [{ retry: { exhaustedTo: "" } }, "retry.exhaustedTo"],
        [{ retention: { ttlMs: 0 } }, "retention.ttlMs"],
        [{ retention: { ttlMs: 31_536_000_001 } }, "retention.ttlMs"],
        [{ retention: { historyMaxEvents: 0 } }, "retention.historyMaxEvents"],
        [{ retention: { historyHotMaxEvents: 0 } }, "retention.historyHotMaxEvents"],
        [{ retention: [] }, "retention"],
        [{ maxReclaims: -1 }, "maxReclaims"],
        [{ maxReclaims: 1_000_001 }, "maxReclaims"],
        [{ states: { running: {} } }, "states"],
        [{ states: { s: { retry: { maxRetries: "1" } } } }, "states.s.retry.maxRetries"],
        [{ states: { s: 1 } }, "states.s"],
        [{ states: [] }, "states"],
        [{ expectedGeneration: -1 }, "expectedGeneration"],
        [{ ttlMs: 1 }, "ttlMs"],
      ];
      for (const [policy, field] of bad) {
        await refused(() => store.policySet(JOB, policy), "invalid_argument", { field });
      }
      const tooMany = { retention: { historyMaxEvents: 1_000_001 } };
      await refused(() => store.policySet(JOB, tooMany), "limit_exceeded", {
        field: "retention.historyMaxEvents",
        value: 1_000_001,
        limit: 1_000_000,
      });
      same(await store.policyGet(JOB), before);
    },
  },
  {
    name: "a policy may name a state that is called like a member of every object",
    async run({ store }) {
      const states = { ["__proto__"]: { maxReclaims: 1 }, constructor: { maxReclaims: 2 } };
      const policy = await store.policySet(JOB, { states });
      same(Object.keys(policy.states).sort(), ["__proto__", "constructor"]);
      same((await store.policyGet(JOB, { state: "toString" })).states["toString"], DEFAULT);
    },
  },
  {
    name: "a policy is kept when the store is closed and opened again",
    needs: ["durable"],
    async run(context) {
      const policy = await context.store.policySet(JOB, { states: { s: { maxReclaims: 1 } } });
      await context.reopen();
      same(await context.store.policyGet(JOB), policy);
    },
  },
];
