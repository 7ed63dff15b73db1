/**
 * The commands that the flow core and its model are tried with.
 *
 * @module
 */

import fc from "fast-check";
import type { ModelClaim, ModelHistory, ModelPolicy } from "../model/model.ts";
import { type FamilyOp, familyOp } from "./family_operations.ts";
import { type KvOp, kvOp } from "./kv_operations.ts";
import {
  type Changes,
  changes,
  maybe,
  rarely,
  type Signal,
  signal,
  STATES,
  valueName,
} from "./told.ts";

/** Ids that flows are given; the last two are ordered differently as UTF-16. */
export const IDS: readonly string[] = ["f", "g", "h", "\u{1F600}", "\uFFFD"];
/** Partitions that flows are given. */
export const PARTITIONS: readonly string[] = ["p", "q"];
/** Types of flows. */
export const TYPES: readonly string[] = ["t", "u"];

/** How the items of a command hang together. */
export type Mode = "single" | "all" | "independent";

/** Flows that one is chosen from. */
type Among = "leased" | "parents" | "all";

/** Which flow is meant, and what is quoted about it. */
export interface Target {
  /** Chooses one of the leased flows, of those with children, or of all, if there are any. */
  readonly pick: { readonly among: Among; readonly number: number } | undefined;
  readonly id: string;
  readonly partitionKey: string | undefined;
  readonly tokens: "current" | "stale" | "fencing" | "none";
}

/** One command. */
export type Op =
  | KvOp
  | FamilyOp
  | { readonly op: "advance"; readonly ms: number }
  | { readonly op: "create"; readonly mode: Mode; readonly items: readonly NewFlow[] }
  | { readonly op: "claim"; readonly reclaim: boolean; readonly options: ClaimOptions }
  | { readonly op: "extend"; readonly target: Target; readonly leaseMs: number }
  | {
    readonly op: "settle";
    readonly mode: Mode;
    readonly settle: Settle;
    readonly targets: readonly Target[];
    readonly changes: Changes | undefined;
  }
  | { readonly op: "signal"; readonly target: Target; readonly signal: Signal }
  | {
    readonly op: "value";
    readonly target: Target;
    readonly name: string;
    readonly value: unknown;
    readonly override: boolean;
    readonly isShared: boolean;
  }
  | {
    readonly op: "rewind";
    readonly target: Target;
    /** Counts back from the newest event; undefined: an event that never was. */
    readonly back: number | undefined;
    readonly expectState: string | undefined;
    readonly delayMs: number | undefined;
  }
  | { readonly op: "cleanup"; readonly limit: number | undefined }
  | {
    readonly op: "history";
    readonly target: Target;
    readonly ask: ModelHistory;
    /** Bounds by event, counted back from the newest. */
    readonly from: number | undefined;
    readonly to: number | undefined;
  }
  | {
    readonly op: "policy";
    readonly type: string;
    readonly levels: Record<string, ModelPolicy>;
    readonly expected: number | undefined;
  };

/** A flow to create. */
export interface NewFlow {
  readonly id: string;
  readonly partitionKey: string | undefined;
  readonly type: string;
  readonly state: string | undefined;
  readonly delayMs: number | undefined;
  readonly priority: number | undefined;
  readonly payload: unknown;
  readonly idempotent: boolean | undefined;
  readonly retentionTtlMs: number | undefined;
  readonly historyMaxEvents: number | undefined;
  readonly parentFlowId: string | undefined;
  readonly changes: Changes | undefined;
}

/** What is claimed. */
export interface ClaimOptions {
  readonly type: string;
  readonly state: string | string[] | undefined;
  readonly partitionKeys: string[] | undefined;
  readonly priority: number | undefined;
  readonly limit: number;
  readonly leaseMs: number;
  readonly reclaimExpired: boolean | undefined;
  readonly reclaimRatio: number | undefined;
  readonly lostLeases: ModelClaim["lostLeases"] | undefined;
}

/** What becomes of a flow. */
export type Settle =
  | {
    readonly kind: "complete";
    readonly result: unknown;
    readonly payload: unknown;
    readonly ttlMs: number | undefined;
  }
  | {
    readonly kind: "fail";
    readonly error: unknown;
    readonly payload: unknown;
    readonly ttlMs: number | undefined;
  }
  | { readonly kind: "cancel"; readonly reason: unknown; readonly ttlMs: number | undefined }
  | {
    readonly kind: "transition";
    readonly from: string;
    readonly to: string;
    readonly delayMs: number | null | undefined;
    readonly priority: number | undefined;
    readonly payload: unknown;
  }
  | {
    readonly kind: "retry";
    readonly error: unknown;
    readonly payload: unknown;
    readonly delayMs: number | undefined;
    readonly retry: ModelPolicy | undefined;
  };

const mode = fc.constantFrom<Mode[]>("single", "single", "all", "independent");
const payload = maybe(fc.constantFrom<unknown[]>(null, 1, "x", { a: [true] }));
const ttlMs = rarely(fc.constantFrom(1, 50));
const priority = maybe(fc.integer({ min: 0, max: 2 }));
const delayMs = maybe(fc.constantFrom(0, 0, 5, 40));

const newFlow: fc.Arbitrary<NewFlow> = fc.record({
  id: fc.constantFrom(...IDS),
  partitionKey: maybe(fc.constantFrom(...PARTITIONS)),
  type: fc.constantFrom("t", "t", "t", "t", "t", "u"),
  state: maybe(fc.constantFrom(...STATES)),
  delayMs,
  priority,
  payload,
  idempotent: rarely(fc.boolean()),
  retentionTtlMs: rarely(fc.constantFrom(1, 50)),
  historyMaxEvents: rarely(fc.constantFrom(1, 3)),
  parentFlowId: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, "parent"),
  changes,
});

const target: fc.Arbitrary<Target> = fc.record({
  pick: fc.option(
    fc.record({
      among: fc.constantFrom<Among[]>("leased", "leased", "leased", "parents", "all"),
      number: fc.nat(1_000),
    }),
    { nil: undefined, freq: 6 },
  ),
  id: fc.constantFrom(...IDS),
  partitionKey: maybe(fc.constantFrom(...PARTITIONS)),
  tokens: fc.constantFrom<Target["tokens"][]>(
    "current",
    "current",
    "current",
    "current",
    "stale",
    "fencing",
    "none",
  ),
});

const policy: fc.Arbitrary<ModelPolicy> = fc.record({
  maxRetries: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom("none", "fixed", "linear", "exponential"),
  baseMs: fc.constantFrom(0, 10, 100, 40_000),
  maxMs: fc.constantFrom(0, 15, 1_000),
  jitterPct: fc.constantFrom(0, 20, 100),
  exhaustedTo: fc.constantFrom("failed", "cancelled", "a", "b"),
  ttlMs: fc.constantFrom(10, 600),
  maxReclaims: fc.constantFrom(null, 0, 1, 2),
}, { requiredKeys: [] }) as fc.Arbitrary<ModelPolicy>;

const settle: fc.Arbitrary<Settle> = fc.oneof(
  fc.record({ kind: fc.constant("complete" as const), result: payload, payload, ttlMs }),
  fc.record({ kind: fc.constant("fail" as const), error: payload, payload, ttlMs }),
  fc.record({ kind: fc.constant("cancel" as const), reason: payload, ttlMs }),
  fc.record({
    kind: fc.constant("transition" as const),
    from: fc.constantFrom("running", "running", ...STATES, "failed"),
    to: fc.constantFrom(...STATES),
    delayMs: fc.option(delayMs, { nil: null, freq: 8 }),
    priority,
    payload,
  }),
  fc.record({
    kind: fc.constant("retry" as const),
    error: payload,
    payload,
    delayMs,
    retry: maybe(policy.map(({ ttlMs: _, maxReclaims: __, ...retry }) => retry)),
  }),
);

const claim: fc.Arbitrary<ClaimOptions> = fc.record({
  type: fc.constantFrom("t", "t", "t", "t", "t", "u"),
  state: rarely(fc.oneof(
    fc.constantFrom<string[]>("any", "running", ...STATES),
    fc.uniqueArray(fc.constantFrom(...STATES), { minLength: 1 }),
  )),
  partitionKeys: rarely(fc.uniqueArray(fc.constantFrom(...PARTITIONS, "none"), { minLength: 1 })),
  priority: rarely(fc.integer({ min: 0, max: 2 })),
  limit: fc.integer({ min: 1, max: 6 }),
  leaseMs: fc.constantFrom(1, 10, 100, 100),
  reclaimExpired: maybe(fc.boolean()),
  reclaimRatio: maybe(fc.constantFrom(0, 1, 50, 100)),
  lostLeases: rarely(fc.dictionary(
    fc.constantFrom(...STATES),
    fc.record({
      maxReclaims: fc.constantFrom(0, 1, null),
      exhaustedTo: fc.constantFrom("failed", ...STATES),
    }, { requiredKeys: [] }),
  )),
});

/** Any command. */
export const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: kvOp },
  { weight: 9, arbitrary: familyOp },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 5, 10, 60),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("create" as const),
      mode,
      items: fc.array(newFlow, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      op: fc.constant("claim" as const),
      reclaim: fc.constantFrom(false, false, true),
      options: claim,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("extend" as const),
      target,
      leaseMs: fc.constantFrom(1, 20),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      op: fc.constant("settle" as const),
      mode,
      settle,
      targets: fc.array(target, { minLength: 1, maxLength: 4 }),
      changes,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant("signal" as const), target, signal }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("value" as const),
      target,
      name: valueName,
      value: fc.constantFrom<unknown[]>(1, 2, "1"),
      override: fc.boolean(),
      isShared: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("rewind" as const),
      target,
      back: fc.option(fc.nat(5), { nil: undefined, freq: 8 }),
      expectState: rarely(fc.constantFrom(...STATES, "completed", "failed", "running")),
      delayMs: rarely(fc.constantFrom(0, 40)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("cleanup" as const),
      limit: maybe(fc.integer({ min: 1, max: 3 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("history" as const),
      target,
      ask: fc.record({
        fromMs: rarely(fc.integer({ min: 1_000, max: 1_400 })),
        toMs: rarely(fc.integer({ min: 1_400, max: 1_800 })),
        fromVersion: rarely(fc.nat(6)),
        toVersion: rarely(fc.integer({ min: 6, max: 12 })),
        event: rarely(fc.constantFrom(
          ...["created", "claimed", "retry", "rewound", "cancelled", "children_spawned"],
          ...["child_completed", "child_failed", "child_cancelled", "children_cancelled"],
        )),
        worker: rarely(fc.constantFrom("w", "nobody")),
        count: rarely(fc.integer({ min: 1, max: 4 })),
        rev: maybe(fc.boolean()),
      }),
      from: rarely(fc.integer({ min: 3, max: 6 })),
      to: rarely(fc.nat(3)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("policy" as const),
      type: fc.constantFrom(...TYPES),
      levels: fc.dictionary(fc.constantFrom("", ...STATES), policy, { maxKeys: 3 }),
      expected: maybe(fc.integer({ min: 0, max: 2 })),
    }),
  },
);
