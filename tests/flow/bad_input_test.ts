import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import {
  type Bad,
  badBooleans,
  badNumbers,
  badOptions,
  badTexts,
  badValues,
  long,
  proof,
  refuses,
} from "./bad_calls.ts";
import { CoreStore } from "./core_store.ts";

test("create() refuses bad input, naming field, value and limit", () => {
  const create = (options: object) => ["f", { type: "t", ...options }];
  refuses("create", [
    ...badTexts("id", (id) => [id, { type: "t" }]),
    ...badTexts("type", (type) => ["f", { type }]),
    ...badTexts("state", (state) => create({ state })),
    ...badTexts("partitionKey", (partitionKey) => create({ partitionKey })),
    ...badTexts("parentFlowId", (parentFlowId) => create({ parentFlowId })),
    ...badTexts("rootFlowId", (rootFlowId) => create({ rootFlowId })),
    ...badTexts("correlationId", (correlationId) => create({ correlationId })),
    ...badNumbers("runAtMs", (runAtMs) => create({ runAtMs })),
    ...badNumbers("retentionTtlMs", (retentionTtlMs) => create({ retentionTtlMs }), 1),
    ...badNumbers("historyMaxEvents", (historyMaxEvents) => create({ historyMaxEvents }), 1),
    ...badBooleans("idempotent", (idempotent) => create({ idempotent })),
    ...badValues("payload", (payload) => create({ payload })),
    ...badOptions((options) => ["f", options], { type: "t" }),
    { args: ["f"], field: "options" },
    { args: ["f", {}], field: "type", says: "type is missing" },
    {
      args: create({ historyMaxEvents: 1_000_001 }),
      field: "historyMaxEvents",
      code: "limit_exceeded",
    },
    { args: create({ priority: 3 }), field: "priority", says: "from 0 to 2" },
    { args: create({ priority: "high" }), field: "priority" },
    { args: create({ state: "running" }), field: "state", code: "running_reserved" },
    { args: create({ state: "Running" }), field: "state", code: "running_reserved" },
    { args: create({ state: "completed" }), field: "state", code: "terminal_target" },
    { args: create({ state: "any" }), field: "state", says: "reserved" },
    { args: create({ state: "AUTO" }), field: "state", says: "reserved" },
    { args: create({ nowMs: 5 }), field: "nowMs", says: "manual clock" },
    { args: create({ ttlMs: 5 }), field: "ttlMs", says: "use retentionTtlMs" },
    { args: create({ ttl_ms: 5 }), field: "ttl_ms", says: "use retentionTtlMs" },
    {
      args: create({ retention_ttl_ms: 5 }),
      field: "retention_ttl_ms",
      says: "use retentionTtlMs",
    },
    { args: create({ run_at_ms: 5 }), field: "run_at_ms", says: "use runAtMs" },
    { args: create({ paylod: 5 }), field: "paylod", says: "use payload" },
    { args: create({ constructor: 5 }), field: "constructor" },
    { args: create({ attributes: [] }), field: "attributes" },
    { args: create({ attributes: { a: {} } }), field: "attributes.a" },
    { args: create({ attributes: { a: NaN } }), field: "attributes.a" },
    { args: create({ attributes: { a: long } }), field: "attributes.a", code: "too_large" },
    { args: create({ attributes: { "": 1 } }), field: "attributes name" },
    {
      args: create({
        attributes: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [n, n])),
      }),
      field: "attributes.length",
      code: "limit_exceeded",
      says: "is 65, the limit is 64",
    },
  ]);
});

test("createMany() refuses bad input by item", () => {
  const one = (item: object) => [[{ id: "a" }, { id: "b", ...item }], { type: "t" }];
  refuses("createMany", [
    ...badTexts("items[1].id", (id) => one({ id })).filter(({ args }) => args !== undefined),
    ...badTexts("items[1].type", (type) => one({ type })),
    ...badValues("items[1].payload", (payload) => one({ payload })),
    ...badValues("payload", (payload) => [["a"], { type: "t", payload }]),
    ...badNumbers("items[1].runAtMs", (runAtMs) => one({ runAtMs })),
    ...badNumbers("runAtMs", (runAtMs) => [["a"], { type: "t", runAtMs }]),
    ...badBooleans("independent", (independent) => [["a"], { type: "t", independent }]),
    ...badOptions((options) => [["a"], options ?? null], { type: "t" })
      .filter(({ args }) => args[1] !== null),
    { args: [["a"]], field: "items[0].type", says: "is missing" },
    { args: [[], { type: "t" }], field: "items", says: "an empty array" },
    { args: ["abc", { type: "t" }], field: "items" },
    { args: [["a", "b", "c", "d"], { type: "t" }], field: "items.length", code: "limit_exceeded" },
    { args: [["a", 7], { type: "t" }], field: "items[1]" },
    { args: one({ nowMs: 1 }), field: "items[1].nowMs" },
    { args: one({ ttlMs: 1 }), field: "items[1].ttlMs", says: "use retentionTtlMs" },
    { args: [["a", "a"], { type: "t" }], field: "items[1].id", code: "duplicate_id" },
    {
      args: [[{ id: "a", partitionKey: "p" }], { type: "t", partitionKey: "q" }],
      field: "items[0].partitionKey",
      code: "partition_mismatch",
      says: 'is "p", but the batch is for partition "q"',
    },
  ]);
});

test("claimDue() refuses bad input, naming field, value and limit", () => {
  const claim = (options: object) => ["t", { worker: "w", ...options }];
  refuses("claimDue", [
    ...badTexts("type", (type) => [type, { worker: "w" }]),
    ...badTexts("worker", (worker) => ["t", { worker }]),
    ...badTexts("partitionKey", (partitionKey) => claim({ partitionKey })),
    ...badTexts("states[1]", (state) => claim({ states: ["a", state] })),
    ...badTexts("partitionKeys[1]", (key) => claim({ partitionKeys: ["a", key] })),
    ...badNumbers("limit", (limit) => claim({ limit }), 1),
    ...badNumbers("leaseMs", (leaseMs) => claim({ leaseMs }), 1),
    ...badNumbers("reclaimRatio", (reclaimRatio) => claim({ reclaimRatio })),
    ...badNumbers("payloadMaxBytes", (payloadMaxBytes) => claim({ payloadMaxBytes })),
    ...badNumbers("blockMs", (blockMs) => claim({ blockMs })),
    ...badBooleans("reclaimExpired", (reclaimExpired) => claim({ reclaimExpired })),
    ...badBooleans("payload", (payload) => claim({ payload })),
    ...badOptions((options) => ["t", options], { worker: "w" }),
    { args: ["t"], field: "options" },
    { args: ["t", {}], field: "worker", says: "worker is missing" },
    { args: claim({ limit: 11 }), field: "limit", code: "limit_exceeded", says: "the limit is 10" },
    { args: claim({ reclaimRatio: 101 }), field: "reclaimRatio", says: "from 0 to 100" },
    ...badLostLeases((lostLeases) => claim({ lostLeases })),
    { args: claim({ state: "auto" }), field: "state", says: "reserved" },
    { args: claim({ states: [] }), field: "states" },
    { args: claim({ states: "a" }), field: "states", code: "invalid_argument" },
    { args: claim({ state: 7 }), field: "state" },
    { args: claim({ states: ["a", "any"] }), field: "states", says: "give it alone" },
    { args: claim({ state: ["a", "running"] }), field: "state", says: "give it alone" },
    { args: claim({ state: "a", states: ["a"] }), field: "states", says: "the same as state" },
    { args: claim({ partitionKeys: [] }), field: "partitionKeys" },
    { args: claim({ partitionKey: "a", partitionKeys: ["a"] }), field: "partitionKeys" },
    {
      args: claim({ partitionKeys: Array.from({ length: 1_001 }, (_, n) => `${n}`) }),
      field: "partitionKeys.length",
      code: "limit_exceeded",
    },
    { args: claim({ signal: {} }), field: "signal", says: "an AbortSignal" },
    { args: claim({ lease_ms: 1 }), field: "lease_ms", says: "use leaseMs" },
    { args: claim({ priority: -1 }), field: "priority" },
  ]);
});

/** Rows that hold for whatever a claim says about lost leases. */
function badLostLeases(args: (lostLeases: unknown) => unknown[]): Bad[] {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`s${index}`, {}]));
  return [
    { args: args(7), field: "lostLeases" },
    { args: args({ running: {} }), field: "lostLeases" },
    { args: args({ a: null }), field: "lostLeases.a" },
    { args: args({ a: { retry: {} } }), field: "lostLeases.a.retry" },
    { args: args({ a: { exhaustedTo: "running" } }), field: "lostLeases.a.exhaustedTo" },
    { args: args({ a: { maxReclaims: 1.5 } }), field: "lostLeases.a.maxReclaims" },
    { args: args(many), field: "lostLeases.length", code: "limit_exceeded" },
  ];
}

test("reclaim() refuses bad input, and what only claimDue() takes", () => {
  const reclaim = (options: object) => ["t", { worker: "w", ...options }];
  refuses("reclaim", [
    ...badTexts("type", (type) => [type, { worker: "w" }]),
    ...badTexts("state", (state) => reclaim({ state })).filter(({ args }) =>
      (args[1] as { state: unknown }).state !== null
    ),
    { args: reclaim({ states: ["a"] }), field: "states", says: "use state" },
    ...badLostLeases((lostLeases) => reclaim({ lostLeases })),
    { args: reclaim({ blockMs: 1 }), field: "blockMs" },
    { args: reclaim({ reclaimRatio: 1 }), field: "reclaimRatio" },
    { args: ["t", {}], field: "worker" },
  ]);
});

/** Rows that hold for whatever puts, links, drops or overrides named values. */
function badChanges(argsOf: (options: object) => readonly unknown[]): Bad[] {
  const many = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`${n}`, "v1"]));
  const tooMany = { code: "limit_exceeded", says: "is 129, the limit is 128" } as const;
  return [
    ...badLinks(argsOf),
    ...badTexts("dropValues[1]", (name) => argsOf({ dropValues: ["a", name] })),
    ...badTexts("overrideValues[1]", (name) => argsOf({ overrideValues: ["a", name] })),
    { args: argsOf({ dropValues: "" }), field: "dropValues" },
    { args: argsOf({ dropValues: 7 }), field: "dropValues", says: "array of strings" },
    { args: argsOf({ dropValues: { a: true } }), field: "dropValues" },
    { args: argsOf({ dropValues: Object.keys(many) }), field: "dropValues.length", ...tooMany },
    { args: argsOf({ overrideValues: true }), field: "overrideValues" },
    { args: argsOf({ drop_values: "a" }), field: "drop_values", says: "use dropValues" },
  ];
}

/** Rows that hold for whatever puts or links named values. */
function badLinks(argsOf: (options: object) => readonly unknown[]): Bad[] {
  const many = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`${n}`, "v1"]));
  const tooMany = { code: "limit_exceeded", says: "is 129, the limit is 128" } as const;
  return [
    ...badValues("values.a", (value) => argsOf({ values: { a: value } })),
    { args: argsOf({ values: [] }), field: "values", says: "an object" },
    { args: argsOf({ values: null }), field: "values" },
    { args: argsOf({ values: { "": 1 } }), field: "values name" },
    { args: argsOf({ values: { [long]: 1 } }), field: "values name", code: "too_large" },
    { args: argsOf({ values: many }), field: "values.length", ...tooMany },
    { args: argsOf({ valueRefs: "v1" }), field: "valueRefs" },
    { args: argsOf({ valueRefs: many }), field: "valueRefs.length", ...tooMany },
    { args: argsOf({ valueRefs: { "": "v1" } }), field: "valueRefs name" },
    { args: argsOf({ valueRefs: { a: 7 } }), field: "valueRefs.a", says: "with a ref" },
    { args: argsOf({ valueRefs: { a: null } }), field: "valueRefs.a" },
    { args: argsOf({ valueRefs: { a: "" } }), field: "valueRefs.a" },
    { args: argsOf({ valueRefs: { a: { ref: 7 } } }), field: "valueRefs.a.ref" },
    ...["x", "v", "v0", "v01", "v1.5", "v-1", "v281474976710656", "v9".padEnd(20, "9")].map((
      ref,
    ) => ({
      args: argsOf({ valueRefs: { a: ref } }),
      field: "valueRefs.a",
      says: "a reference that this store gave",
    })),
    { args: argsOf({ value_refs: {} }), field: "value_refs", says: "use valueRefs" },
  ];
}

test("every command that takes named values refuses bad ones", () => {
  refuses("create", badLinks((options) => ["f", { type: "t", ...options }]));
  refuses("complete", badChanges((options) => ["f", { ...proof, ...options }]));
  refuses("fail", badChanges((options) => ["f", { ...proof, ...options }]));
  refuses("cancel", badChanges((options) => ["f", options]));
  refuses("signal", badChanges((options) => ["f", { signal: "s", ...options }]));
  const move = { from: "a", to: "b", fencingToken: 1 };
  refuses("transition", badChanges((options) => ["f", { ...move, ...options }]));
  refuses("create", [
    { args: ["f", { type: "t", dropValues: "a" }], field: "dropValues" },
    { args: ["f", { type: "t", overrideValues: "a" }], field: "overrideValues" },
  ]);
  refuses("createMany", [
    {
      args: [[{ id: "a", values: { x: NaN } }], { type: "t" }],
      field: "items[0].values.x",
    },
    { args: [["a"], { type: "t", values: { x: NaN } }], field: "values.x" },
  ]);
});

test("create() and transition() refuse a payloadRef that is none", () => {
  const move = { from: "a", to: "b", fencingToken: 1 };
  for (const [command, options] of [["create", { type: "t" }], ["transition", move]] as const) {
    const call = (change: object) => ["f", { ...options, ...change }];
    refuses(command, [
      ...badTexts("payloadRef", (payloadRef) => call({ payloadRef })),
      { args: call({ payloadRef: "x" }), field: "payloadRef", says: "that this store gave" },
      {
        args: call({ payloadRef: "v1", payload: null }),
        field: "payloadRef",
        says: "give one of them",
      },
    ]);
  }
  refuses("complete", [{ args: ["f", { ...proof, payloadRef: "v1" }], field: "payloadRef" }]);
});

test("get() and claimDue() refuse a bad selection of named values", () => {
  const selections = (argsOf: (values: unknown) => readonly unknown[]): Bad[] => [
    ...badTexts("values[1]", (name) => argsOf(["a", name])),
    ...[7, null, { a: true }, 5n].map((values) => ({
      args: argsOf(values),
      field: "values",
      says: "true, false, a name, or an array of names",
    })),
    { args: argsOf(""), field: "values" },
    {
      args: argsOf(Array.from({ length: 129 }, (_, n) => `${n}`)),
      field: "values.length",
      code: "limit_exceeded",
    },
  ];
  refuses("get", selections((values) => ["f", { values }]));
  refuses("claimDue", selections((values) => ["t", { worker: "w", values }]));
  refuses("reclaim", selections((values) => ["t", { worker: "w", values }]));
});

test("valuePut() refuses bad input, naming field, value and limit", () => {
  const put = (options: object) => [1, options];
  const owned = { ownerFlowId: "f", name: "a" };
  refuses("valuePut", [
    ...badValues("value", (value) => [value]),
    ...badTexts("ownerFlowId", (ownerFlowId) => put({ ...owned, ownerFlowId })),
    ...badTexts("name", (name) => put({ ...owned, name })),
    ...badTexts("partitionKey", (partitionKey) => put({ partitionKey })),
    ...badBooleans("override", (override) => put({ ...owned, override })),
    ...badNumbers("ttlMs", (ttlMs) => put({ ttlMs }), 1),
    ...badOptions((options) => [1, options ?? 5], {}),
    { args: [undefined], field: "value", says: "any JSON value or bytes" },
    { args: put({ name: "a" }), field: "name", says: "needs ownerFlowId" },
    { args: put({ ownerFlowId: "f" }), field: "ownerFlowId", says: "needs name" },
    { args: put({ ...owned, ttlMs: 1 }), field: "ttlMs", says: "values of no flow" },
    { args: put({ override: true }), field: "override", says: "needs ownerFlowId and name" },
    { args: put({ owner_flow_id: "f" }), field: "owner_flow_id", says: "use ownerFlowId" },
    { args: put({ nowMs: 1 }), field: "nowMs", says: "manual clock" },
  ]);
});

test("valueMget() refuses bad input, naming field, value and limit", () => {
  refuses("valueMget", [
    ...badTexts("refs[1]", (ref) => [["v1", ref]]),
    ...[undefined, null, "v1", { 0: "v1" }].map((refs) => ({ args: [refs], field: "refs" })),
    { args: [["v1", "v1", "v1", "v1"]], field: "refs.length", code: "limit_exceeded" },
  ]);
});

test("signal() refuses bad input, naming field, value and limit", () => {
  const signal = (options: object) => ["f", { signal: "s", ...options }];
  refuses("signal", [
    ...badTexts("signal", (name) => ["f", { signal: name }]),
    ...badTexts("idempotencyKey", (idempotencyKey) => signal({ idempotencyKey })),
    ...badTexts("ifState", (ifState) => signal({ ifState }))
      .filter(({ says }) => says !== "ifState is an array of 1"),
    ...badTexts("ifState[1]", (state) => signal({ ifState: ["a", state] })),
    ...badTexts("transitionTo", (transitionTo) => signal({ transitionTo })),
    ...badNumbers("runAtMs", (runAtMs) => signal({ runAtMs }))
      .filter(({ args }) => (args[1] as { runAtMs: unknown }).runAtMs !== null),
    ...badOptions((options) => ["f", options], { signal: "s" }),
    { args: ["f"], field: "options" },
    { args: ["f", {}], field: "signal", says: "signal is missing" },
    { args: ["", { signal: "s" }], field: "id" },
    { args: [{ id: "f", partitionKey: "" }, { signal: "s" }], field: "partitionKey" },
    { args: signal({ ifState: [] }), field: "ifState", says: "a non-empty array" },
    { args: signal({ ifState: "any" }), field: "ifState", says: "reserved" },
    { args: signal({ ifState: ["Running"] }), field: "ifState", says: "reserved" },
    {
      args: signal({ ifState: Array.from({ length: 1_001 }, (_, n) => `${n}`) }),
      field: "ifState.length",
      code: "limit_exceeded",
    },
    { args: signal({ transitionTo: "running" }), field: "transitionTo", code: "running_reserved" },
    { args: signal({ transitionTo: "failed" }), field: "transitionTo", code: "terminal_target" },
    { args: signal({ transitionTo: "auto" }), field: "transitionTo", says: "reserved" },
    { args: signal({ if_state: "a" }), field: "if_state", says: "use ifState" },
    { args: signal({ to: "a" }), field: "to", says: "known are" },
    { args: signal({ fencingToken: 1 }), field: "fencingToken" },
    { args: signal({ nowMs: 1 }), field: "nowMs", says: "manual clock" },
  ]);
});

const guarded = ["extendLease", "complete", "retry", "fail"] as const;

for (const command of guarded) {
  test(`${command}() refuses bad input and missing tokens by name`, () => {
    const call = (options: object) => ["f", { ...proof, ...options }];
    refuses(command, [
      ...badTexts("leaseToken", (leaseToken) => call({ leaseToken })),
      ...badNumbers("fencingToken", (fencingToken) => call({ fencingToken })),
      ...badOptions((options) => ["f", options], proof),
      { args: ["", proof], field: "id" },
      { args: [{}, proof], field: "id" },
      { args: [7, proof], field: "id" },
      { args: [{ id: "f", partitionKey: "" }, proof], field: "partitionKey" },
      { args: [long, proof], field: "id", code: "too_large" },
      { args: ["f"], field: "options" },
      { args: ["f", {}], field: "leaseToken", says: "leaseToken is missing" },
      { args: ["f", { leaseToken: "x" }], field: "fencingToken", says: "fencingToken is missing" },
      { args: call({ lease_token: "x" }), field: "lease_token", says: "use leaseToken" },
      { args: call({ nowMs: 1 }), field: "nowMs" },
    ]);
  });
}

test("extendLease(), complete(), retry() and fail() refuse bad options of their own", () => {
  const call = (options: object) => ["f", { ...proof, ...options }];
  refuses("extendLease", badNumbers("leaseMs", (leaseMs) => call({ leaseMs }), 1));
  refuses("complete", [
    ...badValues("result", (result) => call({ result })),
    ...badValues("payload", (payload) => call({ payload })),
    ...badNumbers("ttlMs", (ttlMs) => call({ ttlMs }), 1),
    { args: call({ resultRef: "v1" }), field: "resultRef", code: "unsupported_option" },
    { args: call({ result_ref: "v1" }), field: "result_ref", code: "unsupported_option" },
    { args: call({ retentionTtlMs: 1 }), field: "retentionTtlMs", says: "use ttlMs" },
  ]);
  refuses("fail", [
    ...badValues("error", (error) => call({ error })),
    { args: call({ errorRef: "v1" }), field: "errorRef", code: "unsupported_option" },
    { args: call({ error: new Error("no") }), field: "error", says: "is an Error" },
  ]);
  refuses("retry", [
    ...badValues("error", (error) => call({ error })),
    ...badNumbers("runAtMs", (runAtMs) => call({ runAtMs })),
    ...badRetry("retry", (retry) => call({ retry })),
    { args: call({ ttlMs: 1 }), field: "ttlMs" },
  ]);
});

test("the many forms refuse bad input by item", () => {
  const item = { id: "f", ...proof };
  for (const command of ["completeMany", "failMany", "retryMany"] as const) {
    refuses(command, [
      { args: [[]], field: "items" },
      { args: [[item, { ...item, id: "" }]], field: "items[1].id" },
      { args: [[item, { id: "g", leaseToken: "x" }]], field: "items[1].fencingToken" },
      { args: [[item, { id: "g", fencingToken: 1 }]], field: "items[1].leaseToken" },
      { args: [["f"]], field: "items[0]", says: "must be an object" },
      { args: [[item, { ...item }]], field: "items[1].id", code: "duplicate_id" },
      { args: [[item], { leaseToken: "x" }], field: "leaseToken" },
      { args: [[{ ...item, state: "a" }]], field: "items[0].state" },
      { args: [[item, item, item, item]], field: "items.length", code: "limit_exceeded" },
      { args: [[{ ...item, payload: NaN }]], field: "items[0].payload" },
    ]);
  }
});

test("transition() refuses bad input, and states that a flow is not put into by hand", () => {
  const move = (options: object) => ["f", { from: "a", to: "b", fencingToken: 0, ...options }];
  refuses("transition", [
    ...badTexts("from", (from) => move({ from })),
    ...badTexts("to", (to) => move({ to })),
    ...badTexts("leaseToken", (leaseToken) => move({ leaseToken })),
    ...badNumbers("runAtMs", (runAtMs) => move({ runAtMs })).filter(({ args }) =>
      (args[1] as { runAtMs: unknown }).runAtMs !== null
    ),
    ...badValues("payload", (payload) => move({ payload })),
    { args: ["f", { to: "b", fencingToken: 0 }], field: "from", says: "from is missing" },
    { args: ["f", { from: "a", fencingToken: 0 }], field: "to", says: "to is missing" },
    { args: ["f", { from: "a", to: "b" }], field: "fencingToken", says: "is missing" },
    { args: move({ to: "running" }), field: "to", code: "running_reserved" },
    { args: move({ to: "failed" }), field: "to", code: "terminal_target" },
    { args: move({ to: "Any" }), field: "to", says: "reserved" },
    { args: move({ priority: 9 }), field: "priority" },
  ]);
  refuses("transitionMany", [
    { args: [[{ id: "f", fencingToken: 0 }], { from: "a" }], field: "items[0].to" },
    {
      args: [[{ id: "f", fencingToken: 0 }], { from: "a", to: "running" }],
      field: "to",
      code: "running_reserved",
    },
    {
      args: [[{ id: "f", fencingToken: 0, to: "cancelled" }], { from: "a" }],
      field: "items[0].to",
      code: "terminal_target",
    },
  ]);
});

test("cancel() refuses bad input, and a token without its number", () => {
  refuses("cancel", [
    ...badTexts("leaseToken", (leaseToken) => ["f", { fencingToken: 1, leaseToken }]),
    ...badNumbers("fencingToken", (fencingToken) => ["f", { fencingToken }]),
    ...badNumbers("ttlMs", (ttlMs) => ["f", { ttlMs }], 1),
    ...badValues("reason", (reason) => ["f", { reason }]),
    { args: ["f", { leaseToken: "x" }], field: "fencingToken", says: "is missing" },
    { args: ["f", { payload: 1 }], field: "payload" },
    { args: ["f", { reason_ref: "v1" }], field: "reason_ref", code: "unsupported_option" },
  ]);
  refuses("cancelMany", [
    { args: [[{ id: "f" }, { id: "" }]], field: "items[1].id" },
    { args: [[{ id: "f", leaseToken: "x" }]], field: "items[0].fencingToken" },
  ]);
});

test("rewind() refuses bad input, and to go back to nowhere", () => {
  const rewind = (options: object) => ["f", { toEvent: "5-1", ...options }];
  refuses("rewind", [
    ...["", "5", "5-0", "latest", 5, null, {}].map((toEvent) => ({
      args: rewind({ toEvent }),
      field: "toEvent",
      says: "the eventId of an event",
    })),
    ...badTexts("expectState", (expectState) => rewind({ expectState })),
    ...badNumbers("runAtMs", (runAtMs) => rewind({ runAtMs })),
    ...badOptions((options) => ["f", options], { toEvent: "5-1" }),
    { args: ["f"], field: "options" },
    { args: ["f", {}], field: "toEvent", says: "toEvent is missing" },
    { args: ["", { toEvent: "5-1" }], field: "id" },
    { args: rewind({ to_event: "5-1" }), field: "to_event", says: "use toEvent" },
    { args: rewind({ leaseToken: "x" }), field: "leaseToken" },
    { args: rewind({ reasonRef: "x" }), field: "reasonRef", code: "unsupported_option" },
    { args: rewind({ nowMs: 1 }), field: "nowMs", says: "manual clock" },
  ]);
});

test("retentionCleanup() refuses bad input", () => {
  refuses("retentionCleanup", [
    ...badNumbers("limit", (limit) => [{ limit }], 1),
    { args: [{ limit: 1_001 }], field: "limit", code: "limit_exceeded", says: "limit is 1000" },
    { args: [{ count: 5 }], field: "count", says: "use limit" },
    { args: [{ nowMs: 1 }], field: "nowMs", says: "manual clock" },
    { args: [7], field: "options" },
    { args: ["t"], field: "options" },
  ]);
});

/** Rows for the policy of one retry. */
function badRetry(field: string, argsOf: (retry: unknown) => readonly unknown[]): Bad[] {
  const backoff = (given: unknown) => argsOf({ backoff: given });
  return [
    { args: argsOf(null), field },
    { args: argsOf([]), field },
    { args: argsOf({ maxAttempts: 3 }), field: `${field}.maxAttempts`, says: "use maxRetries" },
    { args: argsOf({ max_retries: 3 }), field: `${field}.max_retries`, says: "use maxRetries" },
    { args: argsOf({ maxRetries: 1_001 }), field: `${field}.maxRetries`, says: "from 0 to 1000" },
    { args: argsOf({ maxRetries: -1 }), field: `${field}.maxRetries` },
    { args: argsOf({ exhaustedTo: "running" }), field: `${field}.exhaustedTo`, says: "reserved" },
    { args: argsOf({ exhaustedTo: "" }), field: `${field}.exhaustedTo` },
    { args: backoff(7), field: `${field}.backoff` },
    { args: backoff({ kind: "random" }), field: `${field}.backoff.kind`, says: "none, fixed" },
    { args: backoff({ kind: null }), field: `${field}.backoff.kind` },
    { args: backoff({ baseMs: 2_592_000_001 }), field: `${field}.backoff.baseMs` },
    { args: backoff({ maxMs: -1 }), field: `${field}.backoff.maxMs` },
    { args: backoff({ jitterPct: 101 }), field: `${field}.backoff.jitterPct` },
    { args: backoff({ base_ms: 1 }), field: `${field}.backoff.base_ms`, says: "use baseMs" },
  ];
}

test("policySet() and policyGet() refuse bad input by its place in the policy", () => {
  refuses("policySet", [
    ...badTexts("type", (type) => [type, {}]),
    ...badRetry("retry", (retry) => ["t", { retry }]),
    ...badRetry("states.a.retry", (retry) => ["t", { states: { a: { retry } } }]),
    ...badNumbers("expectedGeneration", (expectedGeneration) => ["t", { expectedGeneration }]),
    ...badNumbers("retention.ttlMs", (ttlMs) => ["t", { retention: { ttlMs } }], 1),
    { args: ["t"], field: "policy" },
    { args: ["t", null], field: "policy" },
    { args: ["t", { retries: {} }], field: "retries" },
    { args: ["t", { maxReclaims: -1 }], field: "maxReclaims" },
    { args: ["t", { retention: 7 }], field: "retention" },
    { args: ["t", { retention: { ttlMs: 31_536_000_001 } }], field: "retention.ttlMs" },
    {
      args: ["t", { retention: { historyHotMaxEvents: 1 } }],
      field: "retention.historyHotMaxEvents",
    },
    {
      args: ["t", { retention: { historyMaxEvents: 1_000_001 } }],
      field: "retention.historyMaxEvents",
      code: "limit_exceeded",
    },
    { args: ["t", { states: [] }], field: "states" },
    { args: ["t", { states: { running: {} } }], field: "states" },
    { args: ["t", { states: { a: null } }], field: "states.a" },
    { args: ["t", { states: { a: { states: {} } } }], field: "states.a.states" },
    { args: ["t", { nowMs: 1 }], field: "nowMs" },
  ]);
  refuses("policyGet", [
    { args: ["", {}], field: "type" },
    { args: ["t", { state: "" }], field: "state" },
    { args: ["t", { states: [] }], field: "states", says: "use state" },
  ]);
});

test("reads refuse bad input", () => {
  const counts = (command: "list" | "stuck" | "history"): Bad[] => [
    ...badNumbers("count", (count) => ["t", { count }], 1),
    { args: ["t", { count: 21 }], field: "count", code: "limit_exceeded", says: "the limit is 20" },
    { args: ["t", { limit: 1, command }], field: "limit" },
  ];
  refuses("get", [
    { args: [""], field: "id" },
    { args: [null], field: "id" },
    { args: ["f", { payload: 1 }], field: "payload" },
    { args: ["f", { full: "yes" }], field: "full" },
    { args: ["f", { payloadMaxBytes: -1 }], field: "payloadMaxBytes" },
    { args: ["f", { partitionKey: "p" }], field: "partitionKey" },
  ]);
  refuses("list", [
    ...counts("list"),
    ...badTexts("type", (type) => [type]),
    ...badTexts("state", (state) => ["t", { state }]),
    { args: ["t", { cursor: "nonsense" }], field: "cursor" },
    { args: ["t", { cursor: 7 }], field: "cursor" },
    { args: ["t", { cursor: "1:%E0:p" }], field: "cursor" },
    { args: ["t", { consistent: 1 }], field: "consistent" },
  ]);
  refuses("stuck", [
    ...counts("stuck"),
    ...badNumbers("olderThanMs", (olderThanMs) => ["t", { olderThanMs }]),
  ]);
  const range = (options: object) => ["t", options];
  const instants = (): Bad[] => [
    ...badNumbers("fromMs", (fromMs) => range({ fromMs })),
    ...badNumbers("toMs", (toMs) => range({ toMs })),
    { args: range({ fromMs: 9, toMs: 8 }), field: "fromMs", says: "is 9, which is after toMs 8" },
    ...badBooleans("rev", (rev) => range({ rev })),
    ...badBooleans("consistent", (consistent) => range({ consistent })),
  ];
  const badEvents = (field: string): Bad[] =>
    ["", "5", "5-0", "05-1", "-5-1", "5-1-1", "9007199254740993-1", 5, null, {}].map((id) => ({
      args: range({ [field]: id }),
      field,
      says: "the eventId of an event",
    }));
  refuses("history", [
    ...counts("history"),
    ...instants(),
    ...badEvents("fromEvent"),
    ...badEvents("toEvent"),
    ...badNumbers("fromVersion", (fromVersion) => range({ fromVersion })),
    ...badNumbers("toVersion", (toVersion) => range({ toVersion })),
    ...badTexts("worker", (worker) => range({ worker })),
    ...badBooleans("values", (values) => range({ values })),
    ...badNumbers("payloadMaxBytes", (payloadMaxBytes) => range({ payloadMaxBytes })),
    { args: range({ event: "claim" }), field: "event", says: "one of created, claimed" },
    { args: range({ event: null }), field: "event" },
    { args: range({ fromVersion: 3, toVersion: 2 }), field: "fromVersion", says: "swap them" },
    { args: range({ fromEvent: "5-2", toEvent: "4-3" }), field: "fromEvent", says: "5-2" },
    { args: range({ fromEvent: "5-2", toEvent: "5-1" }), field: "fromEvent", says: "swap them" },
    { args: range({ from_ms: 1 }), field: "from_ms", says: "use fromMs" },
  ]);
  for (const command of ["terminals", "failures"] as const) {
    refuses(command, [
      ...counts("list"),
      ...instants(),
      ...badTexts("type", (type) => [type]),
      ...badTexts("partitionKey", (partitionKey) => range({ partitionKey })),
      { args: range({ cursor: "nonsense" }), field: "cursor" },
    ]);
  }
  refuses(
    "terminals",
    ["queued", "running", "Failed", "", 7, null, ["failed"]].map((state) => ({
      args: range({ state }),
      field: "state",
      says: "any or one of completed, failed, cancelled",
    })),
  );
  refuses("failures", [{ args: range({ state: "failed" }), field: "state", says: "known are" }]);
  refuses("info", [{ args: [""], field: "type" }, { args: ["t", { count: 1 }], field: "count" }]);
});

test("nowMs is accepted where the clock is moved by hand", () => {
  const store = new CoreStore();
  Object.assign(store.context, { manualClock: true });
  assertEquals(store.create("f", { type: "t", nowMs: 5 }).id, "f");
  assert(store.log.length > 0);
});
