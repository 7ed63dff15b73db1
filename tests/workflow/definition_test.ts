import * as v from "valibot";
import { FlowError } from "../../src/errors.ts";
import { fakeStore, memoryStore } from "../../src/testing/mod.ts";
import {
  complete,
  fail,
  ok,
  retry,
  retryOr,
  startWorker,
  type,
  workflow,
} from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

/** The longest lease, and the longest run of a handler. */
const CENTURY_MS = 100 * 365 * 86_400_000;

/** A definition that is sound but for what is given. */
function define(changes: object): unknown {
  return workflow({
    type: "t",
    store: fakeStore(),
    initialState: "a",
    states: { a: {} },
    ...changes,
  } as never);
}

function withState(a: object): unknown {
  return define({ states: { a, b: {} } });
}

/** What is wrong, the field that the error names, and what its message has to say. */
const mistakes: readonly (readonly [() => unknown, string, string])[] = [
  [() => workflow(null as never), "definition", "an object"],
  [() => define({ typ: "t" }), "typ", "use type"],
  [() => define({ type: "" }), "type", "a non-empty text"],
  [() => define({ type: 7 }), "type", "7"],
  [() => define({ type: "a\ud800" }), "type", "a non-empty text"],
  [() => define({ store: {} }), "store", "openStore()"],
  [() => define({ states: undefined }), "states", "an object"],
  [() => define({ states: { a: {}, [""]: {} } }), "states", "a non-empty text"],
  [() => define({ states: { a: {}, Running: {} } }), "states", `"Running"`],
  [() => define({ states: { a: {}, ANY: {} } }), "states", "reserved"],
  [() => define({ states: { a: {}, auto: {} } }), "states", "reserved"],
  [() => define({ states: { a: 5 } }), "states.a", "an object"],
  [() => define({ initialState: undefined }), "initialState", "declared"],
  [() => define({ initialState: "z" }), "initialState", `"z", but must be a declared state`],
  [() => define({ initialState: "failed", states: { failed: {} } }), "initialState", "none"],
  [() => define({ partitionBy: "tenant" }), "partitionBy", "a list"],
  [() => define({ partitionBy: ["tenant", ""] }), "partitionBy.1", "a non-empty text"],
  [() => define({ partitionBy: ["tenant", "tenant"] }), "partitionBy.1", "not in the list yet"],
  [() => define({ partitionBy: ["worker"] }), "partitionBy.0", "no option has"],
  [() => define({ partitionBy: ["full"] }), "partitionBy.0", "no option has"],
  [() => define({ partitionBy: ["independent"] }), "partitionBy.0", "no option has"],
  [() => withState({ leaseMS: 1 }), "states.a.leaseMS", "use leaseMs"],
  [() => withState({ leaseMs: 0 }), "states.a.leaseMs", "0, but must be a whole number from 1"],
  [() => withState({ leaseMs: 1.5 }), "states.a.leaseMs", "1.5"],
  [() => withState({ leaseMs: NaN }), "states.a.leaseMs", "NaN"],
  [() => withState({ leaseMs: "30s" }), "states.a.leaseMs", `"30s"`],
  [() => withState({ leaseMs: CENTURY_MS + 1 }), "states.a.leaseMs", `to ${CENTURY_MS}`],
  [() => withState({ handlerTimeoutMs: 0 }), "states.a.handlerTimeoutMs", "0, but must be"],
  [() => withState({ handlerTimeoutMs: "5s" }), "states.a.handlerTimeoutMs", `"5s"`],
  [
    () => withState({ handlerTimeoutMs: CENTURY_MS + 1 }),
    "states.a.handlerTimeoutMs",
    `to ${CENTURY_MS}`,
  ],
  [() => withState({ handlerTimeoutMs: Infinity }), "states.a.handlerTimeoutMs", "Infinity"],
  [() => withState({ timeoutMs: 5 }), "states.a.timeoutMs", "handlerTimeoutMs"],
  [() => withState({ payload: "string" }), "states.a.payload", "Standard Schema"],
  [() => withState({ payload: null }), "states.a.payload", "Standard Schema"],
  [
    () => withState({ payload: { "~standard": { version: 2, validate() {} } } }),
    "states.a.payload",
    "version 1",
  ],
  [() => withState({ claimPayload: 64 }), "states.a.claimPayload", "true, false"],
  [() => withState({ claimPayload: { maxBytes: -1 } }), "states.a.claimPayload.maxBytes", "-1"],
  [() => withState({ claimPayload: {} }), "states.a.claimPayload.maxBytes", "undefined"],
  [() => withState({ claimPayload: { max: 1 } }), "states.a.claimPayload.max", "maxBytes"],
  [() => withState({ maxReclaims: -1 }), "states.a.maxReclaims", "-1"],
  [() => withState({ maxReclaims: 1_000_001 }), "states.a.maxReclaims", "to 1000000"],
  [() => withState({ onOk: "z" }), "states.a.onOk", `"z", but must be complete() or one of a, b`],
  [() => withState({ onOk: "completed" }), "states.a.onOk", "complete()"],
  [() => withState({ onOk: fail() }), "states.a.onOk", "complete()"],
  [() => withState({ onOk: complete("x") }), "states.a.onOk", "without a result"],
  [() => withState({ onOk: 7 }), "states.a.onOk", "complete()"],
  [() => withState({ onError: "b" }), "states.a.onError", "retryOr(state) or fail()"],
  [() => withState({ onError: ok() }), "states.a.onError", "retryOr(state) or fail()"],
  [() => withState({ onError: fail("x") }), "states.a.onError", "without a reason"],
  [() => withState({ onError: retryOr("z") }), "states.a.onError", "one of a, b, completed"],
  [() => withState({ onError: retryOr("running") }), "states.a.onError", `"running"`],
  [() => withState({ retry: 3 }), "states.a.retry", "an object"],
  [() => withState({ retry: { maxAttempts: 3 } }), "states.a.retry.maxAttempts", "maxRetries"],
  [() => withState({ retry: { maxRetries: 1_001 } }), "states.a.retry.maxRetries", "1000"],
  [() => withState({ retry: { maxRetries: -1 } }), "states.a.retry.maxRetries", "-1"],
  [() => withState({ retry: { exhaustedTo: "z" } }), "states.a.retry.exhaustedTo", `"z"`],
  [
    () => withState({ retry: { exhaustedTo: "b" }, onError: retryOr("failed") }),
    "states.a.retry.exhaustedTo",
    `"failed", as retryOr() says`,
  ],
  [
    () => withState({ retry: { backoff: { kind: "cubic" } } }),
    "states.a.retry.backoff.kind",
    "none, fixed, linear, exponential",
  ],
  [
    () => withState({ retry: { backoff: { baseMs: 2_592_000_001 } } }),
    "states.a.retry.backoff.baseMs",
    "2592000000",
  ],
  [
    () => withState({ retry: { backoff: { baseMs: -1 } } }),
    "states.a.retry.backoff.baseMs",
    "2592000000",
  ],
  [
    () => withState({ retry: { backoff: { maxMs: 2_592_000_001 } } }),
    "states.a.retry.backoff.maxMs",
    "2592000000",
  ],
  [
    () => withState({ retry: { backoff: { maxMs: -1 } } }),
    "states.a.retry.backoff.maxMs",
    "2592000000",
  ],
  [
    () => withState({ retry: { backoff: { jitterPct: 101 } } }),
    "states.a.retry.backoff.jitterPct",
    "100",
  ],
  [
    () => withState({ retry: { backoff: { jitterPct: -1 } } }),
    "states.a.retry.backoff.jitterPct",
    "from 0",
  ],
  [
    () => withState({ retry: { backoff: { jitter: 1 } } }),
    "states.a.retry.backoff.jitter",
    "jitterPct",
  ],
];

test("workflow() names the field, the value and the limit of what is wrong", () => {
  for (const [mistake, field, says] of mistakes) {
    const { code, details, message } = assertThrows(mistake, FlowError);
    assertEquals([code, details.field], ["invalid_argument", field], message);
    assertStringIncludes(message, says);
  }
});

test("workflow() takes terminal states as targets of failure, and lets them be declared", () => {
  const { definition } = workflow({
    type: "t",
    initialState: "a",
    states: {
      a: { onError: retryOr("cancelled"), retry: { exhaustedTo: "cancelled" } },
      b: { onError: retryOr("a"), maxReclaims: null },
      c: { retry: { exhaustedTo: "completed" }, onError: fail() },
      completed: {},
      failed: { payload: type<string>(), leaseMs: 5 },
    },
  });
  assertEquals(definition.liveStates, ["a", "b", "c"]);
  assert(definition.states.get("failed")?.isTerminal);
});

test("workflow() takes the smallest and the largest of every number of a state", () => {
  const month = 2_592_000_000;
  for (
    const state of [
      {
        ...{ leaseMs: 1, handlerTimeoutMs: 1, maxReclaims: 0, claimPayload: { maxBytes: 0 } },
        retry: { maxRetries: 0, backoff: { baseMs: 0, maxMs: 0, jitterPct: 0 } },
      },
      {
        ...{ leaseMs: CENTURY_MS, handlerTimeoutMs: CENTURY_MS, maxReclaims: 1_000_000 },
        claimPayload: { maxBytes: Number.MAX_SAFE_INTEGER },
        retry: { maxRetries: 1_000, backoff: { baseMs: month, maxMs: month, jitterPct: 100 } },
      },
    ]
  ) {
    const { definition } = workflow({ type: "t", initialState: "a", states: { a: state } });
    const { leaseMs, handlerTimeoutMs, payloadBytesMax, policy } = definition.states.get("a")!;
    const claimPayload = { maxBytes: payloadBytesMax };
    assertEquals<object>({ leaseMs, handlerTimeoutMs, claimPayload, ...policy }, state);
  }
});

test("workflow() fills in the defaults of a state", () => {
  const { definition } = workflow({ type: "t", initialState: "a", states: { a: {} } });
  assertEquals(definition.states.get("a"), {
    name: "a",
    isTerminal: false,
    payload: undefined,
    leaseMs: 30_000,
    handlerTimeoutMs: null,
    payloadBytesMax: 65_536,
    onOk: { kind: "complete" },
    onError: "retry",
    retry: {},
    policy: {},
  });
});

test("workflow() takes schemas that are functions", () => {
  const callable = Object.assign(() => {}, { "~standard": v.string()["~standard"] });
  workflow({ type: "t", initialState: "a", states: { a: { payload: callable } } });
});

test("workflow() without a store can be bound to one, and to another", async () => {
  const unbound = workflow({ type: "t", initialState: "a", states: { a: {} } });
  assertEquals(Object.keys(unbound).sort(), ["child", "definition", "on", "type"]);
  const [first, second] = [fakeStore({ list: () => [] }), fakeStore({ list: () => [] })];
  const bound = unbound.on(first);
  await bound.list();
  await bound.on(second).list();
  assertEquals([first.calls.length, second.calls.length], [1, 1]);
  assertThrows(() => unbound.on({} as never), FlowError, "store");
});

test("workflow() says of a store that was not waited for what it is", () => {
  const store = Promise.resolve(fakeStore()) as never;
  const define = () =>
    workflow({ type: "email", store, initialState: "queued", states: { queued: {} } });
  assertStringIncludes(assertThrows(define, FlowError).message, "store is a Promise");
});

test("workflow() on another store is the same workflow", async () => {
  const store = fakeStore({ list: () => [] });
  const billing = billingOn(fakeStore()).on(store);
  await billing.list("created", { tenantId: "t1", invoiceId: "i9" });
  assertEquals(store.calls, [
    { command: "list", args: ["billing", { state: "created", partitionKey: "t1:i9" }] },
  ]);
});

const DEFINITION = {
  type: "t",
  initialState: "a",
  states: { a: { payload: type<string>(), onOk: "b" }, b: { onError: retryOr("c") }, c: {} },
} as const;

test("workflow() refuses a second definition of a type on an open store, and says what differs", async () => {
  await using store = await memoryStore();
  const { a, b, c } = DEFINITION.states;
  workflow({ ...DEFINITION, store });
  const others: readonly (readonly [object, string, string | undefined, string | undefined])[] = [
    [{ initialState: "b" }, "initialState", 'initialState: "a"', 'initialState: "b"'],
    [{ partitionBy: ["x"] }, "partitionBy", "partitionBy: []", 'partitionBy: ["x"]'],
    [
      { states: { a, b: { onError: fail() }, c } },
      "states.b",
      'states.b: { onOk: complete(), onError: retryOr("c") }',
      "states.b: { onOk: complete(), onError: fail() }",
    ],
    [
      { states: { a: { onOk: "c" }, b, c } },
      "states.a",
      'states.a: { onOk: "b", onError: retryOr("failed") }',
      'states.a: { onOk: "c", onError: retryOr("failed") }',
    ],
    [
      { states: { a, b, c, d: {} } },
      "states.d",
      undefined,
      'states.d: { onOk: complete(), onError: retryOr("failed") }',
    ],
  ];
  for (const [changes, says, other, own] of others) {
    const { code, details, message } = assertThrows(
      () => workflow({ ...DEFINITION, ...changes, store } as never),
      FlowError,
    );
    assertEquals([code, details["type"], details["other"], details["own"]], [
      ...["definition_conflict", "t", other, own],
    ]);
    assertStringIncludes(message, says);
  }
  const fewer = { ...DEFINITION, states: { a: { onOk: "b" }, b: {} } };
  const { message } = assertThrows(() => workflow({ ...fewer, store } as never), FlowError);
  assertStringIncludes(message, "it has states.b");
});

test("workflow() takes definitions that say the same, and other types and stores", async () => {
  await using first = await memoryStore();
  const constant = workflow(DEFINITION);
  constant.on(first);
  constant.on(first);
  const { a, b, c } = DEFINITION.states;
  // Schemas, how long and how often, and states in which nothing happens.
  workflow({ ...DEFINITION, states: { ...DEFINITION.states, failed: {} }, store: first });
  const times = { leaseMs: 5, handlerTimeoutMs: 7, claimPayload: false, retry: { maxRetries: 9 } };
  workflow({ ...DEFINITION, states: { c, b: { ...b, ...times }, a }, store: first });
  workflow({ ...DEFINITION, type: "u", states: { a: {} }, store: first });
  await using second = await memoryStore();
  workflow({ ...DEFINITION, states: { a: {} }, store: second });
  constant.on(fakeStore());
  assertThrows(() => constant.on(second), FlowError, "another definition");
});

test("workflow() is defined anew by the next version of a program, on the same files", async () => {
  await using store = await memoryStore();
  await workflow({ ...DEFINITION, store }).create({ id: "f", payload: "x" });
  await using next = await store.reopen();
  const later = workflow({ type: "t", store: next, initialState: "z", states: { z: {} } });
  assertEquals((await later.checkStates()).unserved.map(({ state }) => state), ["a"]);
});

test("a target that only the retry of a state names goes with every retry, and into the policy", async () => {
  const { store, time, add, sent } = jobSource();
  const retried = { maxRetries: 1, exhaustedTo: "failed" } as const;
  const email = workflow({
    ...{ type: "email", store, initialState: "queued" },
    states: { queued: { retry: retried } },
  });
  await using _worker = startWorker(email, { worker: "w", handler: () => retry("again") });
  add("a");
  await time.advance(0);
  const [[, , options]] = sent("retry") as [[string, unknown, { readonly retry: unknown }]];
  assertEquals(options.retry, retried);
  const calls: unknown[] = [];
  const policySet = (...args: unknown[]): never => void calls.push(args) as never;
  await workflow({
    ...{ type: "email", store: fakeStore({ policySet }), initialState: "queued" },
    states: { queued: { retry: retried } },
  }).installPolicy();
  assertEquals(calls, [["email", { states: { queued: { retry: retried } } }]]);
});
