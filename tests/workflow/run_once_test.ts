import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { complete, ok, type, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

test("runOnce() runs all jobs of a claim at the same time", async () => {
  const claimed = ["a", "b", "c"].map((id) => fakeRecord({ id, runState: "queued", payload: id }));
  const flows = fakeStore({ claimDue: () => claimed, complete: () => fakeRecord() });
  const last = Promise.withResolvers<void>();
  const started: string[] = [];
  const results = await emailOn(flows).runOnce("queued", {
    worker: "w",
    limit: 3,
    handler: async (job) => {
      started.push(job.payload);
      if (started.length === claimed.length) last.resolve();
      await last.promise;
      return ok(job.payload);
    },
  });
  assertEquals(started, ["a", "b", "c"]);
  assertEquals(results.map(({ job }) => job.id), ["a", "b", "c"]);
});

test("runOnce() loses nothing of the others when one lease is stale", async () => {
  const claimed = ["a", "b", "c"].map((id) => fakeRecord({ id, runState: "queued", payload: id }));
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const flows = fakeStore({
    claimDue: () => claimed,
    complete: (flow) => {
      const id = typeof flow === "string" ? flow : flow.id;
      if (id === "b") throw stale;
      return fakeRecord({ id, state: "completed" });
    },
  });
  const results = await emailOn(flows).runOnce("queued", {
    ...{ worker: "w", limit: 3, handler: () => ok() },
  });
  assertEquals(
    results.map((result) => "error" in result ? result.error : result.record?.id),
    ["a", stale, "c"],
  );
});

test("runOnce() resolves to nothing if nothing is due", async () => {
  const flows = fakeStore({ claimDue: () => [] });
  assertEquals(await emailOn(flows).runOnce("queued", { worker: "w", handler: () => ok() }), []);
});

test("runOnce() rejects with the refusal of the claim", async () => {
  const flows = fakeStore({
    claimDue: () => {
      throw new FlowError("store_closed", "Closed");
    },
  });
  const { code } = await assertRejects(
    () => emailOn(flows).runOnce("queued", { worker: "w", handler: () => ok() }),
    FlowError,
  );
  assertEquals(code, "store_closed");
});

test("runOnce() with handlers claims their states and gives each job to its own", async () => {
  const claimed = [
    fakeRecord({ id: "a", type: "billing", runState: "charged", payload: { receipt: "r" } }),
    fakeRecord({ id: "b", type: "billing", runState: "created", payload: { amount: 5 } }),
  ];
  const flows = fakeStore({
    ...{ claimDue: () => claimed, complete: () => fakeRecord(), transition: () => fakeRecord() },
  });
  await billingOn(flows).runOnce({
    worker: "w",
    limit: 2,
    handlers: {
      created: (job) => ok({ receipt: `for ${job.payload.amount}` }),
      charged: (job) => ok(job.payload.receipt),
    },
  });
  const [claim, ...settled] = flows.calls;
  assertEquals(claim?.command === "claimDue" && claim.args[1].states, ["created", "charged"]);
  const guardOf = (id: string): object => ({ leaseToken: `lease-of-${id}`, fencingToken: 1 });
  assertEquals(settled as unknown, [
    {
      command: "complete",
      args: [{ id: "a", partitionKey: "partition-1" }, { ...guardOf("a"), result: "r" }],
    },
    {
      command: "transition",
      args: [
        { id: "b", partitionKey: "partition-1" },
        {
          ...{ ...guardOf("b"), from: "created", to: "charged" },
          payload: { receipt: "for 5" },
        },
      ],
    },
  ]);
});

test("runOnce() with one of several handlers claims its state only", async () => {
  const flows = fakeStore({ claimDue: () => [] });
  const handlers = { charged: () => ok(), created: undefined };
  await billingOn(flows).runOnce({ worker: "w", handlers });
  const [claim] = flows.calls;
  assertEquals(claim?.command === "claimDue" && claim.args[1].state, "charged");
});

const refused: readonly (readonly [object, string, string])[] = [
  [{ handlers: {} }, "handlers", "an object with a handler or more"],
  [{ handlers: { paid: () => ok() } }, "state", `"paid", but must be "any" or one of created`],
  [{ handler: () => ok(), handlers: { created: () => ok() } }, "handler", "left out"],
  [{ state: "created", handlers: { created: () => ok() } }, "state", "left out"],
  [{ state: "failed", handler: () => ok() }, "state", `"failed"`],
  [{ state: [], handler: () => ok() }, "state", "an empty array"],
  [{ onOmitted: "fail", handler: () => ok() }, "onOmitted", `"error" or "handle"`],
];

test("runOnce() refuses options that contradict each other before it claims", async () => {
  const flows = fakeStore();
  for (const [options, field, says] of refused) {
    const { code, details, message } = await assertRejects(
      () => billingOn(flows).runOnce({ worker: "w", ...options } as never),
      FlowError,
    );
    assertEquals([code, details.field], ["invalid_argument", field]);
    assertStringIncludes(message, says);
  }
  assertEquals(flows.calls, []);
});

test("runOnce() and claimDue() refuse to go without options", async () => {
  const billing = billingOn(fakeStore());
  await assertRejects(() => billing.claimDue("created", undefined as never), FlowError, "options");
  await assertRejects(() => billing.runOnce("created", 5 as never), FlowError, "options");
});

test("claimDue() gives jobs the signal of its call", async () => {
  const flows = fakeStore({ claimDue: () => [fakeRecord({ runState: "queued" })] });
  const { signal } = new AbortController();
  const [job] = await emailOn(flows).claimDue("queued", { worker: "w", signal });
  assert(job?.signal === signal);
  const [other] = await emailOn(flows).claimDue("queued", { worker: "w" });
  assertEquals(other?.signal.aborted, false);
});

test("claimDue() makes jobs with the logical state and what the record knows", async () => {
  const record = fakeRecord({
    ...{ id: "e", runState: "queued", payload: "p", payloadSize: 3, payloadRef: "ref" },
    ...{ attempts: 2, fencingToken: 7, leaseToken: "lease", values: { note: "n" } },
  });
  const flows = fakeStore({ claimDue: () => [record] });
  const [job] = await emailOn(flows).claimDue("queued", { worker: "w" });
  const { signal: _signal, ...facts } = job!;
  assertEquals(facts, {
    ...{ id: "e", type: "email", state: "queued", partitionKey: "partition-1", attempts: 2 },
    ...{ leaseToken: "lease", fencingToken: 7, payload: "p", payloadRef: "ref", payloadSize: 3 },
    values: { note: "n" },
    record,
  });
});

const over = fakeRecord({ runState: "queued", payloadOmitted: true, payloadSize: 70_000 });

test("runOnce() settles a job whose payload is over the cap with too_large", async () => {
  const flows = fakeStore({ claimDue: () => [over], retry: () => fakeRecord() });
  let handled = false;
  const [result] = await emailOn(flows).runOnce("queued", {
    worker: "w",
    handler: () => {
      handled = true;
      return ok();
    },
  });
  const [, call] = flows.calls;
  const error = (call?.command === "retry" ? call.args[1].error : {}) as Record<string, unknown>;
  assertEquals([handled, error.code, result?.job.payloadOmitted], [false, "too_large", true]);
  assertStringIncludes(String(error.message), "70000 bytes");
});

test('runOnce() with onOmitted: "handle" runs the handler without the payload', async () => {
  const flows = fakeStore({ claimDue: () => [over], complete: () => fakeRecord() });
  const [result] = await emailOn(flows).runOnce("queued", {
    worker: "w",
    onOmitted: "handle",
    handler: (job) => ok([job.payload, job.payloadOmitted, job.payloadSize]),
  });
  assertEquals(result?.outcome, ok([undefined, true, 70_000]) as never);
});

test("handle() settles a job whose payload is over the cap with too_large, unless told", async () => {
  const flows = fakeStore({
    ...{ claimDue: () => [over], complete: () => fakeRecord(), retry: () => fakeRecord() },
  });
  const email = emailOn(flows);
  const [job] = await email.claimDue("queued", { worker: "w" });
  await email.handle(job!, () => ok());
  await email.handle(job!, () => ok(), { onOmitted: "handle" });
  assertEquals(flows.calls.map(({ command }) => command), ["claimDue", "retry", "complete"]);
});

test("claimDue() of several states drops the payload that a state does not want", async () => {
  const records = ["a", "b"].map((runState) => fakeRecord({ type: "t", runState, payload: 1 }));
  const flows = fakeStore({ claimDue: () => records });
  const mixed = workflow({
    type: "t",
    store: flows,
    initialState: "a",
    states: {
      a: { payload: type<number>(), claimPayload: false, onOk: complete() },
      b: { payload: type<number>(), claimPayload: { maxBytes: 7 } },
    },
  });
  const jobs = await mixed.claimDue("any", { worker: "w" });
  assertEquals(jobs.map(({ payload }) => payload), [undefined, 1]);
  const asked = await mixed.claimDue("any", { worker: "w", payload: true });
  assertEquals(asked.map(({ payload }) => payload), [1, 1]);
  const caps = flows.calls.map((call) =>
    call.command === "claimDue" && call.args[1].payloadMaxBytes
  );
  assertEquals(caps, [7, 7]);
});

/** Waits until a signal aborts, and says why. */
function reasonOf(signal: AbortSignal): Promise<unknown> {
  const reason = Promise.withResolvers<unknown>();
  const tell = (): void => reason.resolve(signal.reason);
  if (signal.aborted) tell();
  else signal.addEventListener("abort", tell);
  return reason.promise;
}

test("the signal of a job of runOnce() and handle() aborts when its flow is cancelled", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.createMany(["once", "handled"].map((id) => ({ id, payload: id })));
  const reasons: unknown[] = [];
  const handler = async ({ id, signal }: { id: string; signal: AbortSignal }) => {
    await email.cancel(id);
    reasons.push(await reasonOf(signal));
    return ok();
  };
  const [result] = await email.runOnce("queued", { worker: "w", handler });
  assert(result?.error instanceof FlowError, "It cannot be settled any more");
  const [job] = await email.claimDue("queued", { worker: "w" });
  await assertRejects(() => email.handle(job!, handler), FlowError);
  for (const reason of reasons) {
    assert(reason instanceof FlowError && reason.code === "stale_lease", String(reason));
  }
  assertEquals(reasons.length, 2);
});

test("the signal of a job of runOnce() aborts with the one that the claim was given", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "a" });
  const program = new AbortController();
  const ended = new Error("The program ends");
  let reason: unknown;
  await email.runOnce("queued", {
    ...{ worker: "w", signal: program.signal },
    handler: async ({ signal }) => {
      program.abort(ended);
      reason = await reasonOf(signal);
      return ok();
    },
  });
  assertEquals(reason, ended);
});

test("handle() takes a job that came from another thread, without its signal", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  await email.create({ id: "a", payload: "a" });
  const [job] = await email.claimDue("queued", { worker: "w" });
  const { signal: _signal, ...sent } = job!;
  const { record } = await email.handle(sent as typeof job & object, ({ signal }) => {
    return ok(signal.aborted);
  });
  assertEquals(record?.state, "completed");
});

test("runOnce() watches over a lease for as long as its handler runs", async () => {
  const events: string[] = [];
  const store = fakeStore({
    claimDue: () => [fakeRecord({ id: "a", runState: "queued", payload: "a" })],
    complete: () => {
      events.push("complete");
      return fakeRecord();
    },
    watchLease: (_flow, { fencingToken }) => {
      events.push(`watch ${fencingToken}`);
      return () => void events.push("unwatch");
    },
  });
  const handler = () => {
    events.push("handler");
    return ok();
  };
  await emailOn(store).runOnce("queued", { worker: "w", handler });
  assertEquals(events, ["watch 1", "handler", "unwatch", "complete"]);
});
