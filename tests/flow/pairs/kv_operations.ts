/**
 * What keys are tried with, alone and together with flows.
 *
 * @module
 */

import fc from "fast-check";
import { maybe, rarely, STATES } from "./told.ts";

/** Keys that are set; the last two are ordered differently as UTF-16. */
export const KEYS: readonly string[] = ["a", "ab", "ac", "b", "\u{1F600}", "\uFFFD"];
/** Partitions of keys; undefined: the one of all that say nothing. */
export const KV_PARTITIONS: readonly (string | undefined)[] = ["p", "q", undefined];

/** Which version is meant: the present one, another one, that of no key, or any. */
export type IfVersion = "current" | "other" | "absent" | "any";

/** What happens to a key. */
export type KeyChange =
  | {
    readonly change: "set";
    readonly key: string;
    readonly value: unknown;
    readonly ttlMs: number | undefined;
    readonly ifVersion: IfVersion;
  }
  | { readonly change: "delete"; readonly key: string; readonly ifVersion: IfVersion };

/** What happens to a flow among other things. */
export type FlowChange =
  | {
    readonly change: "create";
    readonly id: string;
    readonly payload: unknown;
    readonly retentionTtlMs: number | undefined;
    readonly idempotent: boolean | undefined;
  }
  | {
    readonly change: "complete" | "fail" | "retry" | "cancel" | "transition" | "extend";
    readonly id: string;
    /** Whether the present lease is quoted. */
    readonly isCurrent: boolean;
  }
  | {
    readonly change: "signal";
    readonly id: string;
    readonly idempotencyKey: string | undefined;
    readonly transitionTo: string | undefined;
  }
  | { readonly change: "value"; readonly id: string; readonly value: number }
  | {
    readonly change: "spawn";
    readonly id: string;
    readonly childId: string;
    /** Whether the present lease is quoted. */
    readonly isCurrent: boolean;
  };

/** One command about keys, or about keys and flows together. */
export type KvOp =
  | { readonly op: "kv"; readonly partitionKey: string | undefined; readonly change: KeyChange }
  | {
    readonly op: "kv_list";
    readonly partitionKey: string | undefined;
    readonly prefix: string;
    readonly count: number;
    readonly rev: boolean | undefined;
  }
  | {
    readonly op: "atomic";
    readonly partitionKey: string;
    readonly changes: readonly (KeyChange | FlowChange)[];
  };

const key = fc.constantFrom(...KEYS);
const id = fc.constantFrom("f", "g", "h", "c1", "c2");
const ifVersion = fc.constantFrom<IfVersion[]>("any", "any", "current", "other", "absent");
const value = fc.constantFrom<unknown[]>(null, 1, "x", { a: [true] });

const keyChange: fc.Arbitrary<KeyChange> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      change: fc.constant("set" as const),
      key,
      value,
      ttlMs: maybe(fc.constantFrom(1, 20, 60)),
      ifVersion,
    }),
  },
  { weight: 1, arbitrary: fc.record({ change: fc.constant("delete" as const), key, ifVersion }) },
);

const flowChange: fc.Arbitrary<FlowChange> = fc.oneof(
  fc.record({
    change: fc.constant("create" as const),
    id,
    payload: maybe(value),
    retentionTtlMs: maybe(fc.constant(1)),
    idempotent: rarely(fc.constant(true)),
  }),
  fc.record({
    change: fc.constantFrom(
      ...["complete", "fail", "retry", "cancel", "transition", "extend"] as const,
    ),
    id,
    isCurrent: fc.constantFrom(true, true, true, false),
  }),
  fc.record({
    change: fc.constant("signal" as const),
    id,
    idempotencyKey: fc.constantFrom("k", "l", undefined),
    transitionTo: rarely(fc.constantFrom(...STATES)),
  }),
  fc.record({ change: fc.constant("value" as const), id, value: fc.constantFrom(1, 2) }),
  fc.record({
    change: fc.constant("spawn" as const),
    id,
    // No parent of these is its own child.
    childId: fc.constantFrom("c3", "c4", "c5"),
    isCurrent: fc.constantFrom(true, true, true, false),
  }),
);

/** Any command about keys. */
export const kvOp: fc.Arbitrary<KvOp> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("kv" as const),
      partitionKey: fc.constantFrom(...KV_PARTITIONS),
      change: keyChange,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("kv_list" as const),
      partitionKey: fc.constantFrom(...KV_PARTITIONS),
      prefix: fc.constantFrom("", "a", "ab", "none"),
      count: fc.integer({ min: 1, max: 3 }),
      rev: maybe(fc.boolean()),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("atomic" as const),
      partitionKey: fc.constantFrom("p", "q"),
      changes: fc.array(fc.oneof(keyChange, flowChange), { maxLength: 4 }),
    }),
  },
);
