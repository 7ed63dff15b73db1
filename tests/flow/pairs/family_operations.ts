/**
 * What parents and children are tried with.
 *
 * @module
 */

import fc from "fast-check";
import type { ModelGroupAsked, ModelLineage } from "../model/family.ts";
import { maybe, rarely, STATES } from "./told.ts";

/** Ids that only children are given. */
export const CHILD_IDS: readonly string[] = Array.from({ length: 20 }, (_, at) => `c${at}`);

/** A child to create. */
export interface NewChild {
  /** Undefined: one that no flow has. */
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly partitionKey: string | undefined;
  readonly state: string | undefined;
  readonly delayMs: number | undefined;
  readonly priority: number | undefined;
  readonly payload: unknown;
  readonly idempotent: boolean | undefined;
  readonly retentionTtlMs: number | undefined;
  readonly correlationId: string | undefined;
  readonly values: Record<string, unknown> | undefined;
}

/** What is quoted about a parent. */
export interface Quotes {
  /** Whether the token and the number are those that the parent has. */
  readonly isCurrent: boolean;
  readonly from: "any" | "shown" | "logical" | "other";
}

/** Which flow is meant: one of all, or of those that have not ended and have spawned nothing yet. */
export interface Chosen {
  readonly isFresh: boolean;
  readonly number: number;
}

/** One command or query about families. */
export type FamilyOp =
  | {
    readonly op: "spawn";
    readonly parent: Chosen;
    readonly quotes: Quotes;
    readonly group: ModelGroupAsked;
    /** What all of them have that do not say otherwise. */
    readonly common: Omit<NewChild, "id" | "partitionKey">;
    readonly children: readonly NewChild[];
    /** Whether a flow is taken in that was created for the parent. */
    readonly adopts: boolean;
  }
  /** A spawn that was made before, made again; with one child less, if it is another request. */
  | {
    readonly op: "spawn_again";
    readonly which: number;
    readonly quotes: Quotes;
    readonly isSame: boolean;
  }
  /** A parent is sent away from where it waits for a group, or parked there again. */
  | { readonly op: "move"; readonly which: number }
  /** A flow that a spawn may take in. */
  | { readonly op: "foundling"; readonly parent: Chosen; readonly child: NewChild }
  | { readonly op: "lineage"; readonly asked: LineageAsked; readonly count: number };

/** A query of flows that have something in common with one that is chosen. */
export type LineageAsked = Omit<ModelLineage, "id"> & { readonly of: Chosen };

const terminal = fc.constantFrom("completed", "failed", "cancelled");
const goal = fc.oneof(fc.constantFrom(...STATES, "done"), terminal);

const group: fc.Arbitrary<ModelGroupAsked> = fc.record({
  groupId: fc.constantFrom("g", "g", "k"),
  wait: fc.constantFrom<ModelGroupAsked["wait"][]>("all", "all", "any", "none"),
  waitState: fc.constantFrom("waiting", "waiting", ...STATES),
  success: goal,
  failure: goal,
  onChildFailed: fc.constantFrom<ModelGroupAsked["onChildFailed"][]>("fail_parent", "ignore"),
  onParentClosed: fc.constantFrom<ModelGroupAsked["onParentClosed"][]>(
    "cancel_children",
    "cancel_children",
    "abandon_children",
  ),
}).map((asked): ModelGroupAsked => {
  if (asked.wait !== "none") return asked;
  const endsAtOnce = ["completed", "failed", "cancelled"].includes(asked.success);
  const onParentClosed = endsAtOnce ? "abandon_children" : asked.onParentClosed;
  return { ...asked, waitState: null, onParentClosed };
});

const common: fc.Arbitrary<Omit<NewChild, "id" | "partitionKey">> = fc.record({
  type: fc.constantFrom("t", "t", "t", "t", "u"),
  state: rarely(fc.constantFrom(...STATES)),
  delayMs: rarely(fc.constantFrom(0, 5)),
  priority: rarely(fc.integer({ min: 0, max: 2 })),
  payload: rarely(fc.constantFrom<unknown[]>(1, "x", { a: [true] })),
  idempotent: rarely(fc.boolean()),
  retentionTtlMs: maybe(fc.constantFrom(1, 20, 50)),
  correlationId: rarely(fc.constantFrom("x", "y")),
  values: rarely(fc.dictionary(fc.constantFrom("m", "n"), fc.constantFrom(1, 2), { maxKeys: 1 })),
});

const child: fc.Arbitrary<NewChild> = fc.record({
  id: fc.constantFrom(...Array<undefined>(40).fill(undefined), ...CHILD_IDS.slice(0, 6)),
  partitionKey: rarely(fc.constantFrom("p", "q")),
  type: rarely(fc.constantFrom("t", "u")),
  state: rarely(fc.constantFrom(...STATES)),
  delayMs: rarely(fc.constantFrom(0, 5)),
  priority: rarely(fc.integer({ min: 0, max: 2 })),
  payload: rarely(fc.constantFrom<unknown[]>(1, "x")),
  idempotent: rarely(fc.boolean()),
  retentionTtlMs: rarely(fc.constantFrom(1, 50)),
  correlationId: rarely(fc.constantFrom("x", "y")),
  values: rarely(fc.dictionary(fc.constantFrom("m"), fc.constantFrom(1, 2), { maxKeys: 1 })),
});

const quotes: fc.Arbitrary<Quotes> = fc.record({
  isCurrent: fc.constantFrom(true, true, true, true, true, true, true, false),
  from: fc.constantFrom<Quotes["from"][]>("any", "any", "any", "shown", "logical", "other"),
});

/** Whichever flow. */
const flow: fc.Arbitrary<Chosen> = fc.record({
  isFresh: fc.constantFrom(true, true, true, false),
  number: fc.nat(1_000),
});

const lineage: fc.Arbitrary<LineageAsked> = fc.record({
  relation: fc.constantFrom<ModelLineage["relation"][]>("parent", "root", "correlation"),
  of: flow,
  partitionKey: rarely(fc.constantFrom("p", "q")),
  parentPartitionKey: rarely(fc.constantFrom("p", "q")),
  groupId: rarely(fc.constantFrom("g", "k")),
  state: rarely(fc.constantFrom("any", "running", "cancelled", "completed", ...STATES)),
  only: fc.constantFrom<("all" | "ended" | "active")[]>("all", "all", "ended", "active"),
  fromMs: rarely(fc.integer({ min: 1_000, max: 1_300 })),
  toMs: rarely(fc.integer({ min: 1_300, max: 1_800 })),
  rev: maybe(fc.boolean()),
}).map(({ only, parentPartitionKey, groupId, ...asked }) => ({
  ...asked,
  ...asked.relation === "parent" ? { parentPartitionKey, groupId } : {},
  ...only === "ended" ? { terminalOnly: true } : only === "active" ? { activeOnly: true } : {},
}));

/** Any command or query about families. */
export const familyOp: fc.Arbitrary<FamilyOp> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("spawn" as const),
      parent: flow,
      quotes,
      group,
      common,
      children: fc.array(child, { minLength: 1, maxLength: 6 }),
      adopts: fc.constantFrom(true, false, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("spawn_again" as const),
      which: fc.nat(1_000),
      quotes,
      isSame: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("move" as const), which: fc.nat(1_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("foundling" as const), parent: flow, child }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("lineage" as const),
      asked: lineage,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
);
