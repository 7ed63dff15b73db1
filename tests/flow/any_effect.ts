/**
 * Any effect that there can be, and names for it.
 *
 * @module
 */

import fc from "fast-check";
import type { CtrlEffect, Effect } from "../../src/flow/core/effect.ts";
import { Lease } from "../../src/flow/core/lease.ts";
import { Dictionary } from "../../src/flow/core/table/dictionary.ts";
import type { WrittenValue } from "../../src/flow/core/values/value.ts";
import type { FlowEventName, Priority } from "../../src/flow/mod.ts";

/** Objects as literals make them. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const NAMES = ["queued", "a", "b", "failed", "typ\u00e9"];

const u32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));
const u48 = fc.oneof(fc.nat(9), fc.maxSafeNat().map((value) => value % 2 ** 48));
const u53 = fc.oneof(fc.nat(9), fc.maxSafeNat());
const name = fc.constantFrom(...NAMES);
const text = fc.string({
  unit: fc.constantFrom("a", "\u00e9", "\u20ac", "\u{1F600}", "\0", "_"),
  minLength: 1,
  maxLength: 80,
});
const bits = plain({ hi: u32, lo: u32 });
const bytes = fc.uint8Array({ maxLength: 40 });

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) =>
  [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("")
);

const retry = plain({
  decision: fc.constantFrom("scheduled" as const, "exhausted" as const),
  attempt: u32,
  runState: name,
  maxRetries: u32,
  backoffKind: fc.constantFrom(
    "none" as const,
    "fixed" as const,
    "linear" as const,
    "exponential" as const,
  ),
  backoffBaseMs: u53,
  backoffMaxMs: u53,
  jitterPct: fc.nat(100),
  exhaustedTo: name,
});

/** Any control block. */
export const anyCtrl: fc.Arbitrary<CtrlEffect> = plain({
  kind: fc.constant("ctrl" as const),
  key: bits,
  control: plain({
    version: u48,
    state: name,
    priority: fc.constantFrom<Priority[]>(0, 1, 2),
    lease: fc.option(fc.tuple(text, bits).map((parts) => new Lease(...parts))),
    attempts: u32,
    attemptsTotal: u32,
    reclaims: u32,
    fencingToken: u48,
    updatedAtMs: u53,
    nextRunAtMs: fc.option(u53),
    retentionTtlMs: u53,
    retentionUntilMs: fc.option(u53),
    payloadLsn: u48,
    resultLsn: u48,
    errorLsn: u48,
    rewoundTo: plain({ ms: u53, version: u48 }) as fc.Arbitrary<
      { ms: number; version: number } | null
    >,
    valueCount: u32,
    valuesLsn: u48,
  }),
  event: fc.constantFrom<FlowEventName[]>(
    "created",
    "claimed",
    "lease_extended",
    "transitioned",
    "retry",
    "completed",
    "failed",
    "cancelled",
    "lease_lost",
    "rewound",
    "signaled",
    "value_put",
    "children_spawned",
    "child_completed",
    "child_failed",
    "child_cancelled",
    "children_cancelled",
  ),
  retry,
  signal: text,
  children: plain({ groupId: text, childId: fc.option(text) }),
}).map((effect) => {
  // Half of them have nothing to tell about a retry, a signal, or children.
  const { retry, signal, children, control, ...own } = effect;
  const others = children.groupId.length % 2 === 0 ? own : { ...own, children };
  const rest = signal.length % 2 === 0 ? others : { ...others, signal };
  const rewoundTo = effect.event === "rewound" ? control.rewoundTo : null;
  const decided = { ...rest, control: { ...control, rewoundTo } };
  return retry.attempt % 2 === 0 ? decided : { ...decided, retry };
});

const written: fc.Arbitrary<WrittenValue> = fc.oneof(
  plain({ encoding: fc.constantFrom<(0 | 1)[]>(0, 1), bytes }),
  plain({
    encoding: fc.constantFrom<(0 | 1)[]>(0, 1),
    size: u53,
    parts: plain({
      firstLsn: u48.map((lsn) => Math.max(1, lsn)),
      count: u32.map((count) => Math.max(1, count)),
    }),
  }),
);

const membership = plain({ parentPartitionKey: text, groupId: text, group: u48 });

/** A value that a command brings. */
const content = plain({ encoding: fc.constantFrom<(0 | 1)[]>(0, 1), bytes });

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

function byName<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> {
  return fc.array(fc.tuple(text, arbitrary), { maxLength: 3 }).map((entries) => new Map(entries));
}

/** Any effect. */
export const anyEffect: fc.Arbitrary<Effect> = fc.oneof(
  anyCtrl,
  plain({
    kind: fc.constant("body" as const),
    key: bits,
    identity: plain({
      id: text,
      partitionKey: text,
      type: name,
      parentFlowId: fc.option(text),
      rootFlowId: fc.option(text),
      correlationId: fc.option(text),
      attributes: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), {
        noNullPrototype: true,
      }),
      createdAtMs: u53,
      historyMaxEvents: u32,
      digest: bits,
      membership: fc.option(membership),
    }),
  }),
  plain({
    kind: fc.constant("group" as const),
    key: bits,
    group: plain({
      id: text,
      number: u48,
      digest: bits,
      wait: fc.constantFrom("all" as const, "any" as const, "none" as const),
      onChildFailed: fc.constantFrom("fail_parent" as const, "ignore" as const),
      onParentClosed: fc.constantFrom("cancel_children" as const, "abandon_children" as const),
      waitState: fc.option(name),
      success: name,
      failure: fc.option(name),
      resolved: fc.constantFrom(null, "success" as const, "failure" as const),
      isUnheeded: fc.boolean(),
      total: u32.map((count) => count >>> 2),
      completed: fc.nat(9),
      failed: fc.nat(9),
      cancelled: fc.nat(9),
      elsewhere: fc.nat(0xffff),
    }).map((group) => ({
      ...group,
      isUnheeded: group.isUnheeded && group.resolved !== null,
      total: group.total + 27,
    })),
  }),
  plain({
    kind: fc.constant("outbox" as const),
    to: fc.nat(15),
    message: fc.oneof(
      plain({
        kind: fc.constant("birth" as const),
        membership,
        request: plain({
          id: text,
          partitionKey: text,
          type: text,
          parentFlowId: text,
          state: optional(text),
          runAtMs: optional(u53),
          priority: optional(fc.constantFrom<Priority[]>(0, 1, 2)),
          payload: optional(fc.oneof(content, u48.map((linkLsn) => ({ linkLsn })))),
          rootFlowId: optional(text),
          correlationId: optional(text),
          attributes: optional(fc.constantFrom({}, { a: 1, b: "x" })),
          retentionTtlMs: optional(u53),
          historyMaxEvents: optional(u32),
          idempotent: fc.boolean(),
          values: optional(plain({
            drop: fc.constant([]),
            link: byName(u48.map((linkLsn) => ({ linkLsn }))),
            put: byName(plain({ value: content, digest })),
            override: fc.constant([]),
          })),
        }),
      }),
      plain({
        kind: fc.constant("end" as const),
        parentFlowId: text,
        membership,
        childId: text,
        end: fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const),
      }),
      plain({ kind: fc.constant("close" as const), group: u48 }),
    ),
  }),
  plain({ kind: fc.constant("inbox" as const), from: fc.nat(15), lsn: u48 }),
  plain({ kind: fc.constant("closing" as const), group: u48, isDone: fc.boolean() }),
  plain({
    kind: fc.constant("value" as const),
    key: fc.option(bits),
    untilMs: fc.option(u53),
    value: written,
  }),
  plain({ kind: fc.constant("value_part" as const), index: u32, bytes }),
  plain({
    kind: fc.constant("values" as const),
    key: bits,
    values: fc.array(plain({
      name: text,
      lsn: u48,
      version: u48,
      digest: fc.option(digest),
      encoding: fc.constantFrom<(0 | 1)[]>(0, 1),
    })),
  }),
  plain({
    kind: fc.constant("kv" as const),
    partitionKey: text,
    key: text,
    value: written,
    updatedAtMs: u53,
    untilMs: fc.option(u53),
  }),
  plain({ kind: fc.constant("kv_del" as const), partitionKey: text, key: text }),
  plain({ kind: fc.constant("signal_key" as const), key: bits, keyHash: bits, digest: bits }),
  plain({ kind: fc.constant("del" as const), key: bits }),
  plain({
    kind: fc.constant("policy" as const),
    type: name,
    generation: u48,
    policy: fc.constantFrom({}, { maxReclaims: null, states: { a: { retry: { maxRetries: 1 } } } }),
  }),
);

/** The names that these effects use. */
export function dictionary(): Dictionary {
  const names = new Dictionary();
  for (const [index, name] of NAMES.entries()) names.add(index + 1, name);
  return names;
}
