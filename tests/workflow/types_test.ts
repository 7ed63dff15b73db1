/**
 * What compiles and what does not. The compiler is the test: an `@ts-expect-error` above a line that
 * compiles is an error itself. What a definition's types refuse, its check at call time refuses, too.
 *
 * @module
 */

import * as v from "valibot";
import { FlowError } from "../../src/errors.ts";
import type { ChildItem } from "../../src/flow/mod.ts";
import { fakeStore } from "../../src/testing/mod.ts";
import {
  complete,
  fail,
  fanout,
  type Handler,
  type Job,
  noReply,
  ok,
  type Outcome,
  type PayloadIn,
  type PayloadOut,
  retryOr,
  type StandardSchema,
  startWorker,
  type StatesOf,
  transition,
  type,
  workflow,
} from "../../src/workflow/mod.ts";
import { assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

const store = fakeStore();
const base = { type: "t", store, initialState: "a" } as const;
const billing = billingOn(store);
const email = emailOn(store);

const page = workflow({ type: "p", initialState: "a", states: { a: { payload: type<number>() } } });
const folder = workflow({
  type: "f",
  store,
  initialState: "found",
  states: { found: {}, summed: {}, failed: {} },
});

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only if the two types are the same. */
function same<A, B>(_: Same<A, B>): void {}

const definitions: readonly (() => unknown)[] = [
  // @ts-expect-error -- a state that is not declared
  () => workflow({ ...base, states: { a: { onOk: "b" } } }),
  // @ts-expect-error -- a terminal state is entered by complete, fail or cancel
  () => workflow({ ...base, states: { a: { onOk: "failed" }, failed: {} } }),
  // @ts-expect-error -- retryOr() to a state that is not declared
  () => workflow({ ...base, states: { a: { onError: retryOr("fialed") } } }),
  // @ts-expect-error -- complete() is no action of onError
  () => workflow({ ...base, states: { a: { onError: complete() } } }),
  // @ts-expect-error -- fail() is no action of onOk
  () => workflow({ ...base, states: { a: { onOk: fail() } } }),
  // @ts-expect-error -- an action has no result of its own
  () => workflow({ ...base, states: { a: { onOk: complete("done") } } }),
  // @ts-expect-error -- an unknown option of a state
  () => workflow({ ...base, states: { a: { leaseMS: 1 } } }),
  // @ts-expect-error -- a lease is a number
  () => workflow({ ...base, states: { a: { leaseMs: "30s" } } }),
  // @ts-expect-error -- milliseconds are a number
  () => workflow({ ...base, states: { a: { handlerTimeoutMs: "30s" } } }),
  // @ts-expect-error -- an unknown member of a retry policy
  () => workflow({ ...base, states: { a: { retry: { maxAttempts: 3 } } } }),
  // @ts-expect-error -- an unknown kind of backoff
  () => workflow({ ...base, states: { a: { retry: { backoff: { kind: "cubic" } } } } }),
  // @ts-expect-error -- the retries end in a state that is not declared
  () => workflow({ ...base, states: { a: { retry: { exhaustedTo: "b" } } } }),
  // @ts-expect-error -- a payload is described by a schema
  () => workflow({ ...base, states: { a: { payload: "string" } } }),
  // @ts-expect-error -- an unknown member of claimPayload
  () => workflow({ ...base, states: { a: { claimPayload: { max: 1 } } } }),
  // @ts-expect-error -- the initial state is not declared
  () => workflow({ ...base, states: { b: {} } }),
  // @ts-expect-error -- a flow cannot start where it ends
  () => workflow({ ...base, initialState: "failed", states: { a: {}, failed: {} } }),
  // @ts-expect-error -- an unknown option of the workflow
  () => workflow({ ...base, states: { a: {} }, partitonBy: ["x"] }),
  // @ts-expect-error -- the type is missing
  () => workflow({ store, initialState: "a", states: { a: {} } }),
  // @ts-expect-error -- the store is none
  () => workflow({ ...base, store: {}, states: { a: {} } }),
];

test("workflow() refuses at call time what does not compile", () => {
  for (const define of definitions) assertThrows(define, FlowError);
});

/** Never called. */
export async function creates(): Promise<void> {
  await billing.create({ tenantId: "t1", invoiceId: 9, payload: { amount: 1 } });
  await billing.create({
    tenantId: "t1",
    invoiceId: "i9",
    state: "charged",
    payload: { receipt: "r" },
  });
  await email.create({ id: "e", payload: "p", partitionKey: "p1", priority: 2 });
  const [outcome] = await email.createMany([{ payload: "p" }], { independent: true });
  same<typeof outcome, import("../../src/flow/mod.ts").BatchOutcome | undefined>(true);
  const [record] = await email.createMany([{ payload: "p" }]);
  same<typeof record, import("../../src/flow/mod.ts").FlowRecord | undefined>(true);

  // @ts-expect-error -- the payload of another state
  await billing.create({ tenantId: "t1", invoiceId: "i9", payload: { receipt: "r" } });
  // @ts-expect-error -- a member of the payload has the wrong type
  await billing.create({ tenantId: "t1", invoiceId: "i9", payload: { amount: "1" } });
  // @ts-expect-error -- the payload is missing
  await billing.create({ tenantId: "t1", invoiceId: "i9" });
  // @ts-expect-error -- a partition field is missing
  await billing.create({ tenantId: "t1", payload: { amount: 1 } });
  // @ts-expect-error -- partition fields, not the key that they make
  await billing.create({ partitionKey: "t1:i9", payload: { amount: 1 } });
  // @ts-expect-error -- a state that is not declared
  await billing.create({ tenantId: "t1", invoiceId: "i9", state: "paid", payload: {} });
  // @ts-expect-error -- an unknown option
  await email.create({ payload: "p", idempotant: true });
  // @ts-expect-error -- a terminal state
  await email.create({ payload: "p", state: "failed" });
}

/** Never called. */
export async function claims(): Promise<void> {
  const jobs = await billing.claimDue("any", { worker: "w", tenantId: "t1", invoiceId: "i9" });
  for (const job of jobs) {
    if (job.state === "created") {
      same<typeof job.payload, { amount: number }>(true);
      await billing.ok(job, { receipt: "r" }, { runAtMs: 1 });
    } else {
      same<typeof job.payload, { receipt: string }>(true);
      await billing.ok(job);
      await billing.ok(job, "any result", { ttlMs: 1 });
    }
    await billing.error(job, "reason");
  }
  const [bare] = await billing.claimDue("created", { worker: "w", payload: false });
  if (bare) same<typeof bare.payload, undefined>(true);
  if (bare) await billing.handle(bare, ({ payload }) => ok({ receipt: String(payload) }));
  const [listed] = await billing.claimDue({ worker: "w", state: ["charged"] });
  if (listed) same<typeof listed.state, "charged">(true);
  const [taken] = await billing.reclaimOnce({ worker: "w" });
  if (taken) same<typeof taken.state, "created" | "charged">(true);

  // @ts-expect-error -- a state that is not declared
  await billing.claimDue("paid", { worker: "w" });
  // @ts-expect-error -- one of the list is not declared
  await billing.claimDue(["created", "paid"], { worker: "w" });
  // @ts-expect-error -- nothing is due in a terminal state
  await email.claimDue("failed", { worker: "w" });
  // @ts-expect-error -- the worker has no name
  await billing.claimDue("created", { limit: 1 });
  // @ts-expect-error -- an unknown option
  await billing.claimDue("created", { worker: "w", leaseSeconds: 1 });
  // @ts-expect-error -- a partition field of another workflow
  await email.claimDue("queued", { worker: "w", tenantId: "t1" });
}

/** Never called. */
export async function settles(job: Job<BillingStates, "created">): Promise<void> {
  await billing.transition(job, "created");
  await billing.transition(job, "charged", { receipt: "r" }, { priority: 1 });
  await billing.transition("id", "created", undefined, { from: "charged", fencingToken: 0 });
  await billing.handle(job, ({ payload }) => ok({ receipt: String(payload.amount) }));
  await billing.error(job, "reason", { runAtMs: 1 });
  await billing.get({ id: "i", tenantId: "t1", invoiceId: "i9" });
  await billing.list("some other text", { cursor: null }).then(({ cursor }) => cursor);

  // @ts-expect-error -- ok() leads to a state that needs its payload
  await billing.ok(job);
  // @ts-expect-error -- the wrong payload
  await billing.ok(job, { receipt: 1 });
  // @ts-expect-error -- an option of complete, where the flow goes on
  await billing.ok(job, { receipt: "r" }, { ttlMs: 1 });
  // @ts-expect-error -- a transition needs the payload of its state
  await billing.transition(job, "charged");
  // @ts-expect-error -- a state that is not declared
  await billing.transition(job, "paid");
  // @ts-expect-error -- a terminal state
  await billing.transition(job, "completed");
  // @ts-expect-error -- the handler says what does not fit
  await billing.handle(job, () => ok({ receipt: 1 }));
  // @ts-expect-error -- a number names no flow
  await billing.get(1);
  // @ts-expect-error -- a partition field is missing
  await billing.get({ id: "i", tenantId: "t1", partition: "i9" });
}

/** Never called. */
export async function signals(): Promise<void> {
  await billing.signal("id", { signal: "s" });
  await billing.signal({ id: "i", tenantId: "t1", invoiceId: "i9" }, {
    signal: "s",
    ifState: ["created", "running", "failed", "waiting_children"],
    transitionTo: "charged",
  });

  // @ts-expect-error -- a signal has a name
  await billing.signal("id", { ifState: "created" });
  // @ts-expect-error -- a state that is not declared
  await billing.signal("id", { signal: "s", ifState: "paid" });
  // @ts-expect-error -- a state that is not declared
  await billing.signal("id", { signal: "s", ifState: "created", transitionTo: "paid" });
  // @ts-expect-error -- a terminal state is entered by complete, fail or cancel
  await email.signal("id", { signal: "s", ifState: "queued", transitionTo: "failed" });
  // @ts-expect-error -- an unknown option
  await billing.signal("id", { signal: "s", payload: 1 });
}

/** Never called. */
export async function values(): Promise<void> {
  const place = { tenantId: "t1", invoiceId: "i9" };
  await billing.create({ ...place, payloadRef: "v1", values: { note: "n" } });
  await billing.transition("id", "charged", undefined, { payloadRef: "v1" });
  const [job] = await billing.claimDue("charged", { worker: "w", values: ["note"] });
  if (job) same<typeof job.values, Readonly<Record<string, unknown>>>(true);

  // @ts-expect-error -- a payload or its reference, not both
  await billing.create({ ...place, payload: { amount: 1 }, payloadRef: "v1" });
  // @ts-expect-error -- neither a payload nor its reference
  await billing.create({ ...place, values: { note: "n" } });
}

/** Never called. */
export async function runs(): Promise<void> {
  const w = { worker: "w" } as const;
  await billing.runOnce("created", { ...w, handler: () => ok({ receipt: "r" }) });
  await billing.runOnce("created", { ...w, handler: async (_, c) => await c.ok({ receipt: "" }) });
  await billing.runOnce("created", { ...w, handler: () => transition("created") });
  await billing.runOnce("charged", { ...w, handler: ({ payload }) => ok(payload.receipt) });
  await billing.runOnce("charged", { ...w, handler: () => noReply });
  await billing.runOnce({ ...w, handlers: { charged: ({ payload }) => ok(payload.receipt) } });
  startWorker(billing, { ...w, state: "charged", handler: ({ payload }) => ok(payload.receipt) });
  startWorker(billing, { ...w, handlers: { created: () => ok({ receipt: "r" }) } });

  // @ts-expect-error -- the next state needs a payload
  await billing.runOnce("created", { ...w, handler: () => ok() });
  // @ts-expect-error -- the next state needs another payload
  await billing.runOnce("created", { ...w, handler: async () => await ok({ amount: 1 }) });
  // @ts-expect-error -- the context knows it, too
  await billing.runOnce("created", { ...w, handler: (_, { ok }) => ok() });
  // @ts-expect-error -- nothing is no outcome
  await billing.runOnce("charged", { ...w, handler: () => undefined });
  // @ts-expect-error -- a look-alike is no outcome
  await billing.runOnce("charged", { ...w, handler: () => ({ kind: "ok", value: 1 }) });
  // @ts-expect-error -- a transition to a state that is not declared
  await billing.runOnce("created", { ...w, handler: () => transition("paid") });
  // @ts-expect-error -- a transition without the payload that its state needs
  await billing.runOnce("created", { ...w, handler: () => transition("charged") });
  // @ts-expect-error -- a handler of a state that is not declared
  await billing.runOnce({ ...w, handlers: { paid: () => ok() } });
  // @ts-expect-error -- one handler or several, not both
  await billing.runOnce({ ...w, handler: () => noReply, handlers: { charged: () => ok() } });
  // @ts-expect-error -- an unknown option of a worker
  startWorker(billing, { ...w, handlers: { charged: () => ok() }, parallel: 2 });
  // @ts-expect-error -- a worker has no blockMs: its claims wait without end
  startWorker(billing, { ...w, handlers: { charged: () => ok() }, blockMs: 2 });
  // @ts-expect-error -- the job's payload is not that of another state
  startWorker(billing, { ...w, handlers: { charged: (job) => ok(job.payload.amount) } });
}

/** Never called. */
export async function fansOut(): Promise<void> {
  const targets = { onAllOk: "summed", onAnyError: "failed" } as const;
  const item: ChildItem = { id: "c", type: "another" };
  const one = page.child({ payload: 1 });
  const w = { worker: "w" } as const;
  const toNowhere = { onAllOk: "nowhere", onAnyError: "failed" } as const;
  const inRunning = { ...targets, waitState: "running" } as const;
  const policies = { onChildFailed: "ignore", childFailurePolicy: "ignore" } as const;
  await folder.fanout("src", [one, item], { onAllOk: "completed", onFailure: "cancelled" });
  await folder.fanout("src", [one], { success: "summed", wait: "none" });
  await folder.fanout("src", [one], { success: "summed", wait: "none", failure: "failed" });
  await folder.fanout("src", [one], { ...targets, wait: "any", waitState: "waiting" as string });
  await folder.runOnce("found", { worker: "w", handler: () => fanout([one], targets) });
  await folder.runOnce("found", {
    worker: "w",
    handler: async (_, context) =>
      await Promise.resolve(context.fanout([one], { ...targets, waitState: "elsewhere" })),
  });

  // @ts-expect-error -- the payload of another type
  page.child({ payload: "1" });
  // @ts-expect-error -- the payload is missing
  page.child({ id: "a" });
  // @ts-expect-error -- whoever spawns a child is its parent
  page.child({ payload: 1, parentFlowId: "p" });
  // @ts-expect-error -- a state that is not declared
  page.child({ payload: 1, state: "b" });
  // @ts-expect-error -- children are what child() returns
  await folder.fanout("src", ["c"], targets);
  // @ts-expect-error -- where to go is missing
  await folder.fanout("src", [one], {});
  // @ts-expect-error -- where to go when something went wrong is missing
  await folder.fanout("src", [one], { onAllOk: "summed" });
  // @ts-expect-error -- a state that is not declared
  await folder.fanout("src", [one], { onAllOk: "sumed", onAnyError: "failed" });
  // @ts-expect-error -- a state that is not declared
  await folder.fanout("src", [one], { onAllOk: "summed", onAnyError: "faild" });
  // @ts-expect-error -- a flow is sent to running by a claim only
  await folder.fanout("src", [one], { onAllOk: "running", onAnyError: "failed" });
  // @ts-expect-error -- two names that mean the same
  await folder.fanout("src", [one], { ...targets, success: "summed" });
  // @ts-expect-error -- two names that mean the same
  await folder.fanout("src", [one], { ...targets, failure: "failed" });
  // @ts-expect-error -- two names that mean the same
  await folder.fanout("src", [one], { ...targets, ...policies });
  // @ts-expect-error -- nothing is waited for in running
  await folder.fanout("src", [one], { ...targets, waitState: "running" });
  // @ts-expect-error -- nothing is waited for where flows end
  await folder.fanout("src", [one], { ...targets, waitState: "failed" });
  // @ts-expect-error -- who does not wait has no state to wait in
  await folder.fanout("src", [one], { success: "summed", wait: "none", waitState: "waiting" });
  // @ts-expect-error -- an unknown wait
  await folder.fanout("src", [one], { ...targets, wait: "some" });
  // @ts-expect-error -- an unknown policy
  await folder.fanout("src", [one], { ...targets, onChildFailed: "retry" });
  // @ts-expect-error -- an unknown option
  await folder.fanout("src", [one], { ...targets, group: "g" });
  // @ts-expect-error -- a handler fans out to a state that is not declared
  await folder.runOnce("found", { ...w, handler: () => fanout([one], toNowhere) });
  // @ts-expect-error -- the context knows the states, too
  await folder.runOnce("found", { ...w, handler: (_, c) => c.fanout([one], toNowhere) });
  // @ts-expect-error -- and the state to wait in
  await folder.runOnce("found", { ...w, handler: () => fanout([one], inRunning) });
  // @ts-expect-error -- children that are waited for have not ended
  await folder.waitingChildren("src", { terminalOnly: true });
  // @ts-expect-error -- the partition of the parent is the parent's
  await folder.children("src", { parentPartitionKey: "p" });
}

/** Never called. */
export async function binds(): Promise<void> {
  const unbound = workflow({ type: "t", initialState: "a", states: { a: {}, b: { onOk: "a" } } });
  const states: readonly string[] = await unbound.on(store).list().then((flows) =>
    flows.map(({ state }) => state)
  );
  void states;
  // @ts-expect-error -- without a store there is nothing to create in
  await unbound.create({});
}

type BillingStates = StatesOf<typeof billing>;
same<PayloadIn<BillingStates["created"]>, { amount: number }>(true);

const dated = v.pipe(v.string(), v.transform((text) => text.length));
same<PayloadIn<{ payload: typeof dated }>, string>(true);
same<PayloadOut<{ payload: typeof dated }>, number>(true);
same<PayloadIn<object>, unknown>(true);
const schema: StandardSchema = dated;
void schema;

const handler: Handler<BillingStates, "created"> = ({ payload }) => ok({ receipt: `${payload}` });
void handler;
const anything: Outcome = ok({ receipt: "r" });
void anything;
const keeps = workflow({
  type: "keeps",
  store,
  initialState: "a",
  states: {
    a: { payload: type<{ n: number; m: number }>(), onOk: "b" },
    b: { payload: type<{ n: number }>(), onOk: "c", claimPayload: false },
    c: { onOk: "a" },
  },
});

/** Never called. */
export async function keepsPayloads(): Promise<void> {
  // Where the present payload fits the next state it may stay.
  await keeps.runOnce("a", { worker: "w", handler: () => ok() });
  await keeps.runOnce("b", { worker: "w", handler: ({ payload }) => ok(payload) });
  // @ts-expect-error -- nobody knows what state c carries, so state a needs its payload
  await keeps.runOnce("c", { worker: "w", handler: () => ok() });
  // @ts-expect-error -- the claim of state b brings no payload along
  await keeps.runOnce("b", { worker: "w", handler: ({ payload }) => ok(payload.n) });
}
