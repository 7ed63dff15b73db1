/**
 * What every method of a workflow sends to its store: one command each, exactly this one.
 *
 * @module
 */

import type { FlowStore } from "../../src/flow/mod.ts";
import { fakeRecord, type FakeStore, fakeStore } from "../../src/testing/mod.ts";
import type { Job } from "../../src/workflow/mod.ts";
import { retryOr, type StatesOf, workflow } from "../../src/workflow/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

type Billing = ReturnType<typeof billingOn>;
type Email = ReturnType<typeof emailOn>;
type States = StatesOf<Billing>;

const info = {} as Awaited<ReturnType<FlowStore["info"]>>;
const policy = {} as Awaited<ReturnType<FlowStore["policySet"]>>;
const record = fakeRecord({ type: "billing" });

/** A store that takes everything, and finds nothing to claim. */
function anyStore(): FakeStore {
  return fakeStore({
    ...{ create: () => record, createMany: () => [record] as never },
    ...{ claimDue: () => [], reclaim: () => [], extendLease: () => record },
    ...{ complete: () => record, transition: () => record, retry: () => record },
    ...{
      fail: () => record,
      cancel: () => record,
      signal: () => record,
      rewind: () => record,
      get: () => record,
      history: () => [],
    },
    ...{ list: () => [], terminals: () => [], failures: () => [] },
    ...{ info: () => info, stuck: () => [], policySet: () => policy },
  });
}

/** A job of a billing flow. */
function jobIn<K extends "created" | "charged">(state: K): Job<States, K> {
  const leased = fakeRecord({
    id: "inv-1",
    type: "billing",
    runState: state,
    partitionKey: "t1:i9",
    leaseToken: "lease",
    fencingToken: 4,
  });
  const { id, type, partitionKey, attempts, payloadRef } = leased;
  return {
    ...{ id, type, state, partitionKey, attempts, payloadRef, record: leased },
    ...{ leaseToken: "lease", fencingToken: 4, signal: new AbortController().signal },
    payload: state === "created" ? { amount: 5 } : { receipt: "r" },
  } as unknown as Job<States, K>;
}

const created = jobIn("created");
const charged = jobIn("charged");
/** What a lease is for, and what stores are asked for by name: no flow of another type. */
const flow = { id: "inv-1", partitionKey: "t1:i9" } as const;
const named = { ...flow, type: "billing" } as const;
const byId = { id: "inv-1", type: "billing" } as const;
const guard = { leaseToken: "lease", fencingToken: 4 } as const;
const declaredRetry = {
  maxRetries: 8,
  backoff: { kind: "exponential", baseMs: 1_000, maxMs: 3_600_000 },
  exhaustedTo: "failed",
} as const;
const claim = { worker: "w", limit: 1, payload: true, payloadMaxBytes: 65_536 } as const;

const billingMappings: readonly (readonly [
  says: string,
  call: (billing: Billing) => Promise<unknown>,
  ...sent: unknown[],
])[] = [
  [
    "create() joins the partition fields",
    (billing) =>
      billing.create({ id: "inv-1", tenantId: "t1", invoiceId: "i9", payload: { amount: 5 } }),
    ...["create", "inv-1"],
    { type: "billing", state: "created", partitionKey: "t1:i9", payload: { amount: 5 } },
  ],
  [
    "create() hands on what it is given, and nothing that is undefined",
    (billing) =>
      billing.create({
        ...{ id: "inv-1", tenantId: "t1", invoiceId: 9, state: "charged" },
        ...{ payload: { receipt: "r" }, priority: 2, correlationId: "c", runAtMs: undefined },
      }, { nowMs: 7 }),
    ...["create", "inv-1"],
    {
      ...{ type: "billing", state: "charged", partitionKey: "t1:9", payload: { receipt: "r" } },
      ...{ priority: 2, correlationId: "c", nowMs: 7 },
    },
  ],
  [
    "create() takes the reference of a payload, which no schema looks at, and named values",
    (billing) =>
      billing.create({
        ...{ id: "inv-1", tenantId: "t1", invoiceId: "i9", payloadRef: "v1" },
        ...{ values: { note: "n" }, valueRefs: { doc: "v2" } },
      }),
    ...["create", "inv-1"],
    {
      ...{ type: "billing", state: "created", partitionKey: "t1:i9", payloadRef: "v1" },
      ...{ values: { note: "n" }, valueRefs: { doc: "v2" } },
    },
  ],
  [
    "ok() hands on what it is told about named values",
    (billing) =>
      billing.ok(created, { receipt: "r" }, { values: { note: "n" }, dropValues: "old" }),
    ...["transition", flow],
    {
      ...{ from: "created", to: "charged", ...guard, payload: { receipt: "r" } },
      ...{ values: { note: "n" }, dropValues: "old" },
    },
  ],
  [
    "createMany() sends one command",
    (billing) =>
      billing.createMany([
        { id: "a", tenantId: "t1", invoiceId: "i9", payload: { amount: 5 } },
        { id: "b", tenantId: "t2", invoiceId: "i9", state: "charged", payload: { receipt: "r" } },
      ], { idempotent: true, independent: true }),
    "createMany",
    [
      { id: "a", partitionKey: "t1:i9", state: "created", payload: { amount: 5 } },
      { id: "b", partitionKey: "t2:i9", state: "charged", payload: { receipt: "r" } },
    ],
    { type: "billing", idempotent: true, independent: true },
  ],
  [
    "claimDue() of one state takes its lease and its cap",
    (billing) => billing.claimDue("created", { worker: "w" }),
    ...["claimDue", "billing"],
    {
      ...claim,
      state: "created",
      leaseMs: 60_000,
      payloadMaxBytes: 64_000,
      lostLeases: { created: { exhaustedTo: "failed" } },
    },
  ],
  [
    'claimDue("any") means the declared states, their largest lease and their largest cap',
    (billing) => billing.claimDue("any", { worker: "w" }),
    ...["claimDue", "billing"],
    {
      ...claim,
      states: ["created", "charged"],
      leaseMs: 60_000,
      lostLeases: { created: { exhaustedTo: "failed" } },
    },
  ],
  [
    "claimDue() without a state is the same",
    (billing) => billing.claimDue({ worker: "w" }),
    ...["claimDue", "billing"],
    {
      ...claim,
      states: ["created", "charged"],
      leaseMs: 60_000,
      lostLeases: { created: { exhaustedTo: "failed" } },
    },
  ],
  [
    "claimDue() of a list names each state once",
    (billing) => billing.claimDue(["charged", "charged"], { worker: "w" }),
    ...["claimDue", "billing"],
    { ...claim, state: "charged", leaseMs: 30_000 },
  ],
  [
    "claimDue() lets the call win",
    (billing) =>
      billing.claimDue({
        ...{ state: ["created", "charged"], worker: "w", limit: 5, leaseMs: 1, priority: 2 },
        ...{ payload: true, payloadMaxBytes: 10, tenantId: "t1", invoiceId: "i9" },
        ...{ reclaimExpired: false, blockMs: 5, nowMs: 3 },
      }),
    ...["claimDue", "billing"],
    {
      ...{ states: ["created", "charged"], worker: "w", limit: 5, leaseMs: 1, priority: 2 },
      ...{ payload: true, payloadMaxBytes: 10, partitionKey: "t1:i9" },
      ...{
        reclaimExpired: false,
        blockMs: 5,
        nowMs: 3,
        lostLeases: { created: { exhaustedTo: "failed" } },
      },
    },
  ],
  [
    "claimDue() does not ask for payloads that nobody wants",
    (billing) => billing.claimDue("created", { worker: "w", payload: false }),
    ...["claimDue", "billing"],
    {
      state: "created",
      worker: "w",
      limit: 1,
      leaseMs: 60_000,
      lostLeases: { created: { exhaustedTo: "failed" } },
    },
  ],
  [
    "reclaim() takes over from every state",
    (billing) => billing.reclaim({ worker: "w" }),
    ...["reclaim", "billing"],
    {
      ...claim,
      state: "running",
      leaseMs: 60_000,
      lostLeases: { created: { exhaustedTo: "failed" } },
    },
  ],
  [
    "reclaimOnce() takes over from one state",
    (billing) => billing.reclaimOnce("charged", { worker: "w", limit: 3 }),
    ...["reclaim", "billing"],
    { ...claim, limit: 3, state: "charged", leaseMs: 30_000 },
  ],
  [
    "ok() goes where onOk says",
    (billing) => billing.ok(created, { receipt: "r" }),
    ...["transition", flow],
    { from: "created", to: "charged", ...guard, payload: { receipt: "r" } },
  ],
  [
    "ok() takes the options of a transition",
    (billing) => billing.ok(created, { receipt: "r" }, { runAtMs: null, priority: 1 }),
    ...["transition", flow],
    {
      ...{ from: "created", to: "charged", ...guard, payload: { receipt: "r" } },
      ...{ runAtMs: null, priority: 1 },
    },
  ],
  [
    "ok() completes where onOk says so, with its value as the result",
    (billing) => billing.ok(charged, { total: 5 }, { ttlMs: 9 }),
    ...["complete", flow],
    { ...guard, result: { total: 5 }, ttlMs: 9 },
  ],
  ["ok() needs no result", (billing) => billing.ok(charged), "complete", flow, guard],
  [
    "ok() keeps null apart from nothing",
    (billing) => billing.ok(charged, null),
    ...["complete", flow],
    { ...guard, result: null },
  ],
  [
    "error() retries with the declared members and the target of retryOr()",
    (billing) => billing.error(created, "card declined"),
    ...["retry", flow],
    { ...guard, error: "card declined", retry: declaredRetry },
  ],
  [
    "error() fails where onError says so",
    (billing) => billing.error(charged, { code: 7 }, { ttlMs: 9 }),
    ...["fail", flow],
    { ...guard, error: { code: 7 }, ttlMs: 9 },
  ],
  [
    "retry() lets members of the call win, one by one",
    (billing) =>
      billing.retry(created, "later", {
        ...{ runAtMs: 5, payload: { amount: 6 } },
        retry: { maxRetries: 1, backoff: { baseMs: 2, maxMs: undefined } },
      }),
    ...["retry", flow],
    {
      ...{ ...guard, error: "later", runAtMs: 5, payload: { amount: 6 } },
      retry: {
        ...{ maxRetries: 1, exhaustedTo: "failed" },
        backoff: { kind: "exponential", baseMs: 2, maxMs: 3_600_000 },
      },
    },
  ],
  [
    "retry() sends no policy where none is declared",
    (billing) => billing.retry(charged),
    ...["retry", flow],
    guard,
  ],
  [
    "complete() ends the flow whatever onOk says",
    (billing) => billing.complete(created, "done", { payload: 1 }),
    ...["complete", flow],
    { ...guard, result: "done", payload: 1 },
  ],
  [
    "fail() ends the flow whatever onError says",
    (billing) => billing.fail(created, "broken"),
    ...["fail", flow],
    { ...guard, error: "broken" },
  ],
  [
    "transition() knows everything from the job, and keeps the payload",
    (billing) => billing.transition(created, "created", undefined, { runAtMs: 5 }),
    ...["transition", named],
    { from: "created", to: "created", ...guard, runAtMs: 5 },
  ],
  [
    "transition() knows everything from a record",
    (billing) =>
      billing.transition(
        fakeRecord({ type: "billing", id: "inv-1", state: "created", fencingToken: 2 }),
        "charged",
        { receipt: "r" },
      ),
    ...["transition", { id: "inv-1", partitionKey: "partition-1", type: "billing" }],
    { from: "created", to: "charged", fencingToken: 2, payload: { receipt: "r" } },
  ],
  [
    "transition() of a bare id takes what it needs from its options",
    (billing) =>
      billing.transition("inv-1", "charged", { receipt: "r" }, {
        ...{ from: "created", fencingToken: 0 },
      }),
    ...["transition", byId],
    { from: "created", to: "charged", fencingToken: 0, payload: { receipt: "r" } },
  ],
  [
    "extendLease() lasts as long as the state's lease",
    (billing) => billing.extendLease(created),
    ...["extendLease", flow],
    { ...guard, leaseMs: 60_000 },
  ],
  [
    "extendLease() takes another length, and a record",
    (billing) => billing.extendLease(created.record, { leaseMs: 5 }),
    ...["extendLease", flow],
    { ...guard, leaseMs: 5 },
  ],
  [
    "cancel() is the operator's: no tokens",
    (billing) => billing.cancel(created, { reason: "refund" }),
    ...["cancel", named],
    { reason: "refund" },
  ],
  ["cancel() takes an id", (billing) => billing.cancel("inv-1"), "cancel", byId, {}],
  [
    "signal() takes a job as it takes any flow, and no tokens",
    (billing) =>
      billing.signal(created, {
        ...{ signal: "paid", idempotencyKey: "k", ifState: ["running", "created"] },
        ...{ transitionTo: "charged", runAtMs: null, nowMs: undefined },
      }),
    ...["signal", named],
    {
      ...{ signal: "paid", idempotencyKey: "k", ifState: ["running", "created"] },
      ...{ transitionTo: "charged", runAtMs: null },
    },
  ],
  [
    "rewind() takes partition fields",
    (billing) =>
      billing.rewind(
        { id: "inv-1", tenantId: "t1", invoiceId: "i9" },
        { toEvent: "5-1", expectState: "failed", runAtMs: undefined },
      ),
    ...["rewind", named],
    { toEvent: "5-1", expectState: "failed" },
  ],
  [
    "rewind() takes an id",
    (billing) => billing.rewind("inv-1", { toEvent: "5-1", runAtMs: 9 }),
    ...["rewind", byId],
    { toEvent: "5-1", runAtMs: 9 },
  ],
  [
    "history() hands on its filters",
    (billing) => billing.history("inv-1", { event: "claimed", fromMs: 5, values: true }),
    ...["history", byId],
    { event: "claimed", fromMs: 5, values: true },
  ],
  [
    "get() takes partition fields",
    (billing) => billing.get({ id: "inv-1", tenantId: "t1", invoiceId: "i9" }, { full: true }),
    ...["get", named],
    { full: true },
  ],
  [
    "get() takes an id with a partition key",
    (billing) => billing.get({ id: "inv-1", partitionKey: "t1:i9" }),
    ...["get", named],
    {},
  ],
  ["get() takes a bare id", (billing) => billing.get("inv-1"), "get", byId, {}],
  [
    "get() takes an id alone in an object",
    (billing) => billing.get({ id: "inv-1" }),
    ...["get", byId],
    {},
  ],
  [
    "history() takes a job",
    (billing) => billing.history(created, { count: 5 }),
    ...["history", named],
    { count: 5 },
  ],
  ["list() means every state", (billing) => billing.list(), "list", "billing", {}],
  ['list("any") does, too', (billing) => billing.list("any"), "list", "billing", {}],
  [
    "list() by state and partition, a page at a time",
    (billing) =>
      billing.list("failed", { tenantId: "t1", invoiceId: "i9", cursor: null, count: 2 }),
    ...["list", "billing"],
    { state: "failed", partitionKey: "t1:i9", cursor: null, count: 2 },
  ],
  [
    "terminals() by state, time and partition",
    (billing) =>
      billing.terminals({
        ...{ state: "cancelled", fromMs: 5, toMs: 9, rev: true, cursor: null },
        ...{ tenantId: "t1", invoiceId: "i9" },
      }),
    ...["terminals", "billing"],
    { state: "cancelled", fromMs: 5, toMs: 9, rev: true, cursor: null, partitionKey: "t1:i9" },
  ],
  ["terminals() of all", (billing) => billing.terminals(), "terminals", "billing", {}],
  [
    "failures()",
    (billing) => billing.failures({ count: 5, rev: undefined }),
    ...["failures", "billing"],
    { count: 5 },
  ],
  [
    "info() of a partition",
    (billing) => billing.info({ tenantId: "t1", invoiceId: "i9" }),
    ...["info", "billing"],
    { partitionKey: "t1:i9" },
  ],
  [
    "stuck()",
    (billing) => billing.stuck({ olderThanMs: 5 }),
    ...["stuck", "billing"],
    { olderThanMs: 5 },
  ],
  [
    "installPolicy() says of every state what error() would send",
    (billing) => billing.installPolicy({ expectedGeneration: 3, retention: { ttlMs: 5 } }),
    ...["policySet", "billing"],
    {
      expectedGeneration: 3,
      retention: { ttlMs: 5 },
      states: { created: { retry: declaredRetry } },
    },
  ],
];

const emailMappings: readonly (readonly [
  says: string,
  call: (email: Email) => Promise<unknown>,
  ...sent: unknown[],
])[] = [
  [
    "create() of a workflow without partition fields leaves the partition to the store",
    (email) => email.create({ id: "email-1", payload: "welcome:user-1" }),
    ...["create", "email-1"],
    { type: "email", state: "queued", payload: "welcome:user-1" },
  ],
  [
    "create() takes a partition key where there are no partition fields",
    (email) => email.create({ id: "email-1", payload: "p", partitionKey: "user-1" }),
    ...["create", "email-1"],
    { type: "email", state: "queued", payload: "p", partitionKey: "user-1" },
  ],
  [
    "claimDue() asks for one payload of up to 65,536 bytes",
    (email) => email.claimDue("queued", { worker: "worker-1" }),
    ...["claimDue", "email"],
    {
      ...{ state: "queued", worker: "worker-1", limit: 1, leaseMs: 30_000 },
      ...{ payload: true, payloadMaxBytes: 65_536 },
      lostLeases: { queued: { exhaustedTo: "failed" } },
    },
  ],
  [
    "claimDue() of several partitions",
    (email) => email.claimDue("queued", { worker: "w", partitionKeys: ["a", "b"] }),
    ...["claimDue", "email"],
    {
      ...{ ...claim, state: "queued", leaseMs: 30_000, partitionKeys: ["a", "b"] },
      lostLeases: { queued: { exhaustedTo: "failed" } },
    },
  ],
  [
    "installPolicy() sends the target of retryOr()",
    (email) => email.installPolicy(),
    ...["policySet", "email"],
    { states: { queued: { retry: { exhaustedTo: "failed" } } } },
  ],
];

for (const [says, call, ...[command, ...args]] of billingMappings) {
  test(`Workflow: ${says}`, async () => {
    const store = anyStore();
    await call(billingOn(store));
    assertEquals(store.calls as unknown, [{ command, args }]);
  });
}

for (const [says, call, ...[command, ...args]] of emailMappings) {
  test(`Workflow of one state: ${says}`, async () => {
    const store = anyStore();
    await call(emailOn(store));
    assertEquals(store.calls as unknown, [{ command, args }]);
  });
}

test("installPolicy() sends maxReclaims, and leaves out states that declare nothing", async () => {
  const store = anyStore();
  const states = { a: { maxReclaims: 3 }, b: {}, c: { maxReclaims: null }, failed: {} } as const;
  await workflow({ type: "t", store, initialState: "a", states }).installPolicy();
  assertEquals(store.calls as unknown, [{
    command: "policySet",
    args: ["t", { states: { a: { maxReclaims: 3 }, c: { maxReclaims: null } } }],
  }]);
});

test("claims say what the states that they name declare about lost leases", async () => {
  const store = anyStore();
  const states = {
    a: { maxReclaims: 3, claimPayload: false },
    b: { onError: retryOr("c"), claimPayload: false },
    c: { retry: { maxRetries: 9 }, claimPayload: false },
    failed: {},
  } as const;
  const job = workflow({ type: "t", store, initialState: "a", states });
  await job.claimDue({ worker: "w" });
  await job.claimDue("c", { worker: "w" });
  await job.reclaim("a", { worker: "w" });
  const common = { worker: "w", limit: 1, leaseMs: 30_000 };
  const [a, b] = [{ maxReclaims: 3 }, { exhaustedTo: "c" }];
  assertEquals(store.calls as unknown, [
    {
      command: "claimDue",
      args: ["t", { ...common, states: ["a", "b", "c"], lostLeases: { a, b } }],
    },
    { command: "claimDue", args: ["t", { ...common, state: "c" }] },
    { command: "reclaim", args: ["t", { ...common, state: "a", lostLeases: { a } }] },
  ]);
});

test("claimDue() does not ask for payloads if no state wants them", async () => {
  const store = anyStore();
  const states = { a: { claimPayload: false }, b: { claimPayload: false } } as const;
  const quiet = workflow({ type: "t", store, initialState: "a", states });
  await quiet.claimDue("any", { worker: "w" });
  await quiet.claimDue("a", { worker: "w", payload: true });
  assertEquals(store.calls as unknown, [
    {
      command: "claimDue",
      args: ["t", { states: ["a", "b"], worker: "w", limit: 1, leaseMs: 30_000 }],
    },
    { command: "claimDue", args: ["t", { ...claim, state: "a", leaseMs: 30_000 }] },
  ]);
});
