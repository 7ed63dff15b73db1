/**
 * Options of workflow methods that are none: refused before any store hears of them.
 *
 * @module
 */

import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { ok, type Outcome, retry, transition, workflow } from "../../src/workflow/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";

const job = {
  ...fakeRecord({ type: "email", fencingToken: 4 }),
  state: "queued" as const,
  leaseToken: "lease",
};

type Email = ReturnType<typeof emailOn>;
/** A call that hands on what the types would not let through. */
type Call = (email: Email, options: never) => Promise<unknown>;

/** Every method with options, that has nothing else to refuse. */
const methods: readonly Call[] = [
  (email, options) => email.create({ payload: "p" }, options),
  (email, options) => email.createMany([{ payload: "p" }], options),
  (email, options) => email.spawnChildren("a", [], options),
  (email, options) => email.fanout("a", [], options),
  (email, options) => email.claimDue("queued", options),
  (email, options) => email.reclaim("queued", options),
  (email, options) => email.reclaimOnce("queued", options),
  (email, options) => email.runOnce("queued", options),
  (email, options) => email.ok(job, "done", options),
  (email, options) => email.error(job, "why", options),
  (email, options) => email.handle(job as never, (() => ok()) as never, options),
  (email, options) => email.transition(job, "queued", "p", options),
  (email, options) => email.complete(job, "done", options),
  (email, options) => email.retry(job, "why", options),
  (email, options) => email.fail(job, "why", options),
  (email, options) => email.extendLease(job, options),
  (email, options) => email.cancel("a", options),
  (email, options) => email.signal("a", options),
  (email, options) => email.rewind("a", options),
  (email, options) => email.installPolicy(options),
  (email, options) => email.checkStates(options),
  (email, options) => email.get("a", options),
  (email, options) => email.history("a", options),
  (email, options) => email.list("any", options),
  (email, options) => email.terminals(options),
  (email, options) => email.failures(options),
  (email, options) => email.children("a", options),
  (email, options) => email.waitingChildren("a", options),
  (email, options) => email.byParent("a", options),
  (email, options) => email.byRoot("a", options),
  (email, options) => email.byCorrelation("a", options),
  (email, options) => email.info(options),
  (email, options) => email.stuck(options),
];

test("workflow methods refuse options that are no object", async () => {
  const flows = fakeStore();
  const email = emailOn(flows);
  const given = [["y", '"y"'], [300_000, "300000"], [[], "an empty array"]] as const;
  for (const call of methods) {
    for (const [options, shown] of given) {
      const { code, details, message } = await assertRejects(
        () => call(email, options as never),
        FlowError,
      );
      assertEquals([code, details.field], ["invalid_argument", "options"], String(call));
      assertStringIncludes(message, `options is ${shown}, but must be an object`);
    }
  }
  assertEquals(flows.calls, []);
});

/** Calls as other libraries would have them. */
const foreign: readonly (readonly [field: string, says: string, call: Call])[] = [
  ["delay", "use runAtMs, an instant", (email) => {
    return email.create({ payload: "p", delay: 60_000 } as never);
  }],
  ["startAfter", "use runAtMs, an instant", (email) => {
    return email.create({ payload: "p", startAfter: 60 } as never);
  }],
  ["delay", "use runAtMs, an instant", (email) => email.retry(job, "why", { delay: 5 } as never)],
  ["jobId", "use id", (email) => email.create({ payload: "p", jobId: "a" } as never)],
  ["attempts", "in the retry of a state", (email) => {
    return email.create({ payload: "p", attempts: 3 } as never);
  }],
  ["backoff", "in the retry of a state", (email) => {
    return email.create({ payload: "p", backoff: {} } as never);
  }],
  ["limit", "use count", (email) => email.list("any", { limit: 5 } as never)],
  ["limiter", "limits a rate", (email) => {
    return email.claimDue("queued", { worker: "w", limiter: {} } as never);
  }],
];

test("workflow methods say what is right of the options of other libraries", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.create({ payload: "p" });
  for (const [field, says, call] of foreign) {
    const { details, message } = await assertRejects(
      () => call(email, undefined as never),
      FlowError,
    );
    assertEquals(details.field, field);
    assertStringIncludes(message, says);
  }
  const backoffs = [["type", "use kind"], ["delay", "use baseMs"]] as const;
  for (const [name, says] of backoffs) {
    const state = { retry: { backoff: { [name]: "x" } } } as never;
    const define = () => workflow({ type: "t", initialState: "a", states: { a: state } });
    assertStringIncludes(assertThrows(define, FlowError).message, says);
  }
});

test("get() takes null for no options, as stores do", async () => {
  const flows = fakeStore({ get: () => null });
  assertEquals(await emailOn(flows).get("a", null as never), null);
  assertEquals(flows.calls.map(({ args }) => args[1] as unknown), [{}]);
});

/** Calls that say something twice, and what is said of it. */
const twice: readonly (readonly [field: string, says: string, call: Call])[] = [
  ["result", "an argument before", (email) => email.complete(job, 1, { result: 2 } as never)],
  ["result", "an argument before", (email) => email.ok(job, 1, { result: 2 } as never)],
  ["error", "an argument before", (email) => email.fail(job, 1, { error: 2 } as never)],
  ["reason", "an argument before", (email) => email.error(job, 1, { reason: 2 } as never)],
  ["reason", "an argument before", (email) => email.retry(job, 1, { reason: 2 } as never)],
  ["leaseToken", "the job says", (email) => email.complete(job, 1, { leaseToken: "x" } as never)],
  ["fencingToken", "the job says", (email) => email.retry(job, 1, { fencingToken: 1 } as never)],
  ["leaseToken", "the job says", (email) => email.extendLease(job, { leaseToken: "x" } as never)],
  ["to", "before", (email) => email.transition(job, "queued", "p", { to: "x" } as never)],
  ["payload", "before", (email) => email.transition(job, "queued", "p", { payload: 1 } as never)],
  ["state", "before", (email) => email.list("any", { state: "queued" } as never)],
  ["state", "before", (email) => email.claimDue("queued", { worker: "w", state: "x" } as never)],
  ["states", "a list", (email) => email.claimDue({ worker: "w", states: ["x"] } as never)],
  ["parentPartitionKey", "the parent says", (email) => {
    return email.children("a", { parentPartitionKey: "p" } as never);
  }],
  [
    "activeOnly",
    "are active",
    (email) => email.waitingChildren("a", { activeOnly: false } as never),
  ],
];

test("workflow methods refuse as an option what they take from elsewhere, and say from where", async () => {
  const flows = fakeStore();
  for (const [field, says, call] of twice) {
    const { code, details, message } = await assertRejects(
      () => call(emailOn(flows), undefined as never),
      FlowError,
    );
    assertEquals([code, details.field], ["invalid_argument", field], String(call));
    assertStringIncludes(message, `${field} is not an option here: `);
    assertStringIncludes(message, says);
  }
  assertEquals(flows.calls, []);
});

test("retry() refuses a policy that is no object", async () => {
  const email = emailOn(fakeStore());
  const calls = [["retry", { retry: 5 }], ["retry.backoff", { retry: { backoff: 5 } }]] as const;
  for (const [field, options] of calls) {
    const { details } = await assertRejects(
      () => email.retry(job, "why", options as never),
      FlowError,
    );
    assertEquals(details.field, field);
  }
});

test("handle() refuses an onOmitted that it does not know", async () => {
  const email = emailOn(fakeStore());
  const given = [["onOmitted", { onOmitted: "skip" }], ["omitted", { omitted: "error" }]] as const;
  for (const [field, options] of given) {
    const { details } = await assertRejects(
      () => email.handle(job as never, (() => ok()) as never, options as never),
      FlowError,
    );
    assertEquals(details.field, field);
  }
});

test("an outcome with such options counts as an error of its handler", async () => {
  const outcomes: readonly (readonly [field: string, outcome: Outcome])[] = [
    ["options", retry("why", 5 as never)],
    ["from", transition("queued", "p", { from: "x" } as never)],
  ];
  for (const [field, said] of outcomes) {
    await using store = await memoryStore();
    const email = emailOn(store);
    await email.create({ payload: "p" });
    const [result] = await email.runOnce("queued", { worker: "w", handler: () => said as never });
    const { outcome } = result as { outcome: { kind: string; reason: FlowError } };
    assertEquals([outcome.kind, outcome.reason.details["field"]], ["error", field]);
  }
});
