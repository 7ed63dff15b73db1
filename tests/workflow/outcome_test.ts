import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { fakeRecord, type FakeStore, fakeStore } from "../../src/testing/mod.ts";
import {
  complete,
  error,
  fail,
  type Handler,
  NonRetryableError,
  noReply,
  ok,
  retry,
  type StatesOf,
  transition,
} from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

type Created = Handler<StatesOf<ReturnType<typeof billingOn>>, "created">;

const claimed = fakeRecord({
  ...{ id: "inv-1", type: "billing", runState: "created", partitionKey: "t1:i9" },
  ...{ leaseToken: "lease", fencingToken: 4, payload: { amount: 5 }, payloadSize: 12 },
});
const after = fakeRecord({ id: "inv-1", type: "billing", version: 3 });
const guard = { leaseToken: "lease", fencingToken: 4 } as const;
const declaredRetry = {
  ...{ maxRetries: 8, exhaustedTo: "failed" },
  backoff: { kind: "exponential", baseMs: 1_000, maxMs: 3_600_000 },
} as const;

function store(): FakeStore {
  return fakeStore({
    claimDue: () => [claimed],
    ...{ complete: () => after, transition: () => after, retry: () => after, fail: () => after },
  });
}

/** Runs a handler once and returns what came of it, and what was sent after the claim. */
async function run(handler: Created): Promise<{ result: unknown; sent: unknown[] }> {
  const flows = store();
  const [result] = await billingOn(flows).runOnce("created", { worker: "w", handler });
  return { result, sent: flows.calls.slice(1).map(({ command, args }) => [command, args[1]]) };
}

const charged = { ...guard, from: "created", to: "charged", payload: { receipt: "r" } };

const outcomes: readonly (readonly [string, Created, string, object])[] = [
  ["ok()", () => ok({ receipt: "r" }), "transition", charged],
  ["ok() of the context", (_, context) => context.ok({ receipt: "r" }), "transition", charged],
  [
    "a promise of ok()",
    async () => await Promise.resolve(ok({ receipt: "r" })),
    ...["transition", charged] as const,
  ],
  [
    "transition()",
    () => transition("charged", { receipt: "r" }, { runAtMs: 7 }),
    ...["transition", { ...charged, runAtMs: 7 }] as const,
  ],
  [
    "transition() that keeps the payload",
    (_, context) => context.transition("created"),
    ...["transition", { ...guard, from: "created", to: "created" }] as const,
  ],
  ["complete()", () => complete("done"), "complete", { ...guard, result: "done" }],
  ["error()", () => error("why"), "retry", { ...guard, error: "why", retry: declaredRetry }],
  [
    "retry()",
    () => retry("why", { runAtMs: 9, retry: { maxRetries: 1 } }),
    ...["retry", {
      ...{ ...guard, error: "why", runAtMs: 9 },
      retry: { ...declaredRetry, maxRetries: 1 },
    }] as const,
  ],
  ["fail()", () => fail({ code: 1 }), "fail", { ...guard, error: { code: 1 } }],
  ["fail() without a reason", () => fail(), "fail", guard],
];

for (const [says, handler, command, options] of outcomes) {
  test(`runOnce() does what ${says} says, with one command`, async () => {
    const { result, sent } = await run(handler);
    assertEquals(sent, [[command, options]]);
    assertEquals((result as { record: unknown }).record, after);
  });
}

test("runOnce() does nothing for noReply", async () => {
  const { result, sent } = await run(() => noReply);
  assertEquals(sent, []);
  assertEquals((result as { record: unknown }).record, null);
});

const unusable: readonly (readonly [string, unknown, unknown, string])[] = [
  ["nothing", undefined, "undefined", "undefined"],
  ["null", null, null, "null"],
  ["text", "sent", "sent", '"sent"'],
  ["what looks like an outcome", { kind: "ok", value: 1 }, { kind: "ok", value: 1 }, "an object"],
  ["a number that JSON does not have", 5n, "5", "5n"],
  ["an object with a function", { f() {}, n: 1 }, { n: 1 }, "an object"],
];

for (const [says, result, stored, shown] of unusable) {
  test(`runOnce() takes ${says} for an error, and stores it`, async () => {
    const { sent } = await run(() => result as never);
    const message =
      `The handler of "created" returned ${shown}, but must return an outcome, such as ` +
      "ok(result) or error(reason)";
    const error = { message, unexpectedWorkerResult: stored };
    assertEquals(sent, [["retry", { ...guard, error, retry: declaredRetry }]]);
  });
}

test("runOnce() stores an exception with name, message, stack and causes", async () => {
  const thrown = new TypeError("no card", { cause: new RangeError("limit", { cause: { n: 1 } }) });
  const { sent } = await run(() => {
    throw thrown;
  });
  const [command, options] = sent[0] as [string, { error: Record<string, unknown> }];
  const { stack, cause, ...facts } = options.error;
  assertEquals([command, facts, stack], [
    "retry",
    { name: "TypeError", message: "no card" },
    thrown.stack,
  ]);
  const { stack: causeStack, ...causeFacts } = cause as Record<string, unknown>;
  assertEquals(causeFacts, { name: "RangeError", message: "limit", cause: { n: 1 } });
  assert(typeof causeStack === "string");
});

/** Names and messages of an exception that is stored, and of what led to it. */
function outlineOf(stored: unknown): unknown {
  const { name, message, cause, errors } = stored as Record<string, unknown>;
  if (name === undefined) return stored;
  return [
    `${name}: ${message}`,
    ...errors === undefined ? [] : [(errors as unknown[]).map(outlineOf)],
    ...cause === undefined ? [] : [{ cause: outlineOf(cause) }],
  ];
}

async function storedWhenThrown(thrown: unknown): Promise<unknown> {
  const { sent } = await run(() => Promise.reject(thrown));
  return (sent[0] as [string, { error: unknown }])[1].error;
}

test("runOnce() stores the errors of an AggregateError, with their causes", async () => {
  const inner = [new TypeError("one", { cause: new Error("why") }), "two", { n: 3 }];
  const thrown = new AggregateError(inner, "all of them", { cause: new RangeError("outer") });
  assertEquals(outlineOf(await storedWhenThrown(thrown)), [
    "AggregateError: all of them",
    [["TypeError: one", { cause: ["Error: why"] }], "two", { n: 3 }],
    { cause: ["RangeError: outer"] },
  ]);
  const none = await Promise.any([]).catch((error) => error);
  assertEquals(Object.keys(await storedWhenThrown(none) as object), ["name", "message", "stack"]);
});

test("runOnce() stores the first eight errors that led to one, and those before their causes", async () => {
  const inner = Array.from(
    { length: 7 },
    (_, n) => new Error(`${n}`, { cause: new Error(`cause of ${n}`) }),
  );
  const [, errors] = outlineOf(await storedWhenThrown(new AggregateError(inner))) as unknown[];
  assertEquals(errors, [
    ["Error: 0", { cause: ["Error: cause of 0"] }],
    ...[1, 2, 3, 4, 5, 6].map((n) => [`Error: ${n}`]),
  ]);
  const many = new AggregateError(Array.from({ length: 100_000 }, (_, n) => n), "", {
    cause: "there is no room for this one",
  });
  assertEquals(outlineOf(await storedWhenThrown(many)), [
    "AggregateError: ",
    [0, 1, 2, 3, 4, 5, 6, 7],
  ]);
});

test("runOnce() stores an AggregateError that holds no list of errors", async () => {
  for (const errors of [undefined, null, 7, "two", new Map(), { length: 3 }]) {
    const thrown = Object.assign(new AggregateError([], "odd"), { errors });
    assertEquals(outlineOf(await storedWhenThrown(thrown)), ["AggregateError: odd"]);
  }
});

test("runOnce() stores an AggregateError among its own errors, and cuts texts without end", async () => {
  const thrown = new AggregateError([], "x".repeat(1_000_000));
  thrown.errors = Array.from({ length: 8 }, () => thrown);
  thrown.cause = thrown;
  const bytes = JSON.stringify(await storedWhenThrown(thrown)).length;
  assert(bytes > 9 * 16_384 && bytes < 500_000, `${bytes} bytes are stored`);
});

test("runOnce() stores what a SuppressedError stands for", async () => {
  const thrown = Object.assign(new Error("An error was suppressed"), {
    name: "SuppressedError",
    error: new Error("closing failed"),
    suppressed: new TypeError("no card"),
  });
  assertEquals(outlineOf(await storedWhenThrown(thrown)), [
    "SuppressedError: An error was suppressed",
    [["Error: closing failed"], ["TypeError: no card"]],
  ]);
});

test("runOnce() stores an exception that is its own cause, and cuts texts without end", async () => {
  const thrown = new Error("x".repeat(1_000_000));
  thrown.cause = thrown;
  thrown.stack = "y".repeat(1_000_000);
  const { sent } = await run(() => Promise.reject(thrown));
  const [, options] = sent[0] as [string, unknown];
  const bytes = JSON.stringify(options).length;
  assert(bytes > 16_384 && bytes < 500_000, `${bytes} bytes are stored`);
});

const thrown: readonly (readonly [string, unknown, unknown])[] = [
  ["text", "plain", "plain"],
  ["data", { code: 7 }, { code: 7 }],
  ["nothing", undefined, "undefined"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
];

for (const [says, value, stored] of thrown) {
  test(`runOnce() stores ${says} that is thrown`, async () => {
    const { sent } = await run(() => {
      throw value;
    });
    assertEquals(sent, [["retry", { ...guard, error: stored, retry: declaredRetry }]]);
  });
}

test("NonRetryableError thrown by a handler fails the flow", async () => {
  const { sent } = await run(() => {
    throw new NonRetryableError("card stolen", { cause: "bank" });
  });
  const [command, options] = sent[0] as [string, { error: Record<string, unknown> }];
  assertEquals([command, options.error.name, options.error.message, options.error.cause], [
    ...["fail", "NonRetryableError", "card stolen", "bank"],
  ]);
});

test("error() of a workflow stores an exception as a throw would", async () => {
  const flows = store();
  const billing = billingOn(flows);
  const [job] = await billing.claimDue("created", { worker: "w" });
  await billing.error(
    job!,
    new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 } }),
  );
  const [, call] = flows.calls;
  const error = (call?.command === "retry" ? call.args[1].error : {}) as Record<string, unknown>;
  assertEquals([error.name, error.code], ["FlowError", "overloaded"]);
});

test("transition() to a state that does not exist is the handler's mistake", async () => {
  const { result, sent } = await run(() => transition("paid") as never);
  const [command, options] = sent[0] as [string, { error: Record<string, unknown> }];
  assertEquals([command, options.error.code], ["retry", "invalid_argument"]);
  assertEquals((result as { outcome: { kind: string } }).outcome.kind, "error");
});

test("transition() goes to declared states, and to none that ends a flow", async () => {
  const flows = fakeStore();
  const email = emailOn(flows);
  const leased = fakeRecord({ runState: "queued" });
  const targets = [["failed", "terminal_target"], ["completed", "terminal_target"], [
    "sent",
    "invalid_argument",
  ]] as const;
  for (const [to, refusal] of targets) {
    const { code, details } = await assertRejects(
      () => email.transition(leased, to as never, undefined),
      FlowError,
    );
    assertEquals([code, details.field, details.value], [refusal, "to", to]);
  }
  assertEquals(flows.calls, []);
});

test("ok() and error() of a job in an undeclared state are refused, and nothing is sent", async () => {
  const old = fakeRecord({ type: "billing", runState: "archived" });
  const flows = fakeStore({ reclaim: () => [old] });
  const billing = billingOn(flows);
  const [job] = await billing.reclaimOnce({ worker: "w" });
  const calls = [
    () => billing.ok(job!, { receipt: "r" }),
    () => billing.error(job!, "why"),
    () => billing.handle(job!, () => ok({ receipt: "r" })),
    () => billing.handle(job!, () => error("why")),
  ];
  for (const call of calls) {
    const { code, details } = await assertRejects(call, FlowError);
    assertEquals([code, details.state], ["wrong_state", "archived"]);
  }
  assertEquals(flows.calls.length, 1);
});

test("complete(), retry() and fail() of a job in an undeclared state do what they say", async () => {
  const old = fakeRecord({ type: "billing", runState: "archived" });
  const flows = fakeStore({ ...{ complete: () => old, retry: () => old, fail: () => old } });
  const billing = billingOn(flows);
  await billing.complete(old, "moved");
  await billing.retry(old, "why");
  await billing.fail(old, "why");
  assertEquals(flows.calls.map(({ command }) => command), ["complete", "retry", "fail"]);
});

test("handle() resolves to the job, the outcome and the flow after it", async () => {
  const flows = store();
  const billing = billingOn(flows);
  const [job] = await billing.claimDue("created", { worker: "w" });
  const settled = await billing.handle(job!, ({ payload }, { ok }) => {
    assertEquals(payload, { amount: 5 });
    return ok({ receipt: "r" });
  });
  assertEquals(settled, { job: job!, outcome: ok({ receipt: "r" }), record: after });
});

test("what a store refuses for what it says is the handler's mistake", async () => {
  for (const code of ["too_large", "limit_exceeded", "value_conflict", "already_exists"] as const) {
    const refusal = new FlowError<FlowErrorCode>(code, "No");
    const flows = fakeStore({
      claimDue: () => [claimed],
      transition: () => {
        throw refusal;
      },
      retry: () => after,
    });
    const [result] = await billingOn(flows).runOnce("created", {
      worker: "w",
      handler: () => ok({ receipt: "r" }),
    });
    assertEquals(result?.outcome, error(refusal));
    assertEquals(result?.record, after);
    const [, options] = flows.calls[2]!.args as unknown as [unknown, { error: { code: string } }];
    assertEquals([flows.calls[2]?.command, options.error.code], ["retry", code]);
  }
});

test("what a store refuses for who says it, or for itself, is nobody's mistake", async () => {
  for (const code of ["stale_lease", "not_found", "overloaded", "unknown_outcome"] as const) {
    const refusal = new FlowError<FlowErrorCode>(code, "No");
    const flows = fakeStore({
      claimDue: () => [claimed],
      transition: () => {
        throw refusal;
      },
    });
    const [result] = await billingOn(flows).runOnce("created", {
      worker: "w",
      handler: () => ok({ receipt: "r" }),
    });
    assertEquals([result?.error, flows.calls.length], [refusal, 2]);
  }
});

test("handle() rejects with the store's refusal", async () => {
  const flows = fakeStore({
    claimDue: () => [claimed],
    transition: () => {
      throw new FlowError("stale_lease", "Too late", { details: { id: "a", state: "queued" } });
    },
  });
  const billing = billingOn(flows);
  const [job] = await billing.claimDue("created", { worker: "w" });
  const { code } = await assertRejects(
    () => billing.handle(job!, () => ok({ receipt: "r" })),
    FlowError,
  );
  assertEquals(code, "stale_lease");
});

test("handle() and runOnce() throw a TypeError for a handler that is no function", async () => {
  const flows = store();
  const billing = billingOn(flows);
  const [job] = await billing.claimDue("created", { worker: "w" });
  await assertRejects(() => billing.handle(job!, "x" as never), TypeError, "handler");
  await assertRejects(() => billing.runOnce({ worker: "w" } as never), TypeError, "handler");
  const handlers = { created: 5 as never };
  await assertRejects(() => billing.runOnce({ worker: "w", handlers }), TypeError, "created");
  assertEquals(flows.calls.length, 1);
});

test("NonRetryableError is an Error with its name", () => {
  const thrown = new NonRetryableError("why");
  assertInstanceOf(thrown, Error);
  assertEquals([thrown.name, thrown.message], ["NonRetryableError", "why"]);
});
