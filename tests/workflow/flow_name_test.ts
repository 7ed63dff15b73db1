import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { ok } from "../../src/workflow/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";

const foreign = fakeRecord({ id: "inv-1", type: "billing", runState: "created" });

test("through a workflow a flow of another type is not there, however it is named", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  const atHome = { partitionKey: "home" };
  const theirs = await store.create("inv-1", { type: "billing", state: "queued", ...atHome });
  const [created] = await store.history(theirs);
  for (const name of ["inv-1", { id: "inv-1", ...atHome }]) {
    assertEquals(await email.get(name), null);
    assertEquals(await email.history(name), []);
    const move = { from: "queued", fencingToken: 0 } as const;
    const calls = [
      () => email.transition(name, "queued", undefined, move),
      () => email.cancel(name),
      () => email.signal(name, { signal: "s" }),
      () => email.rewind(name, { toEvent: created!.eventId }),
      () =>
        email.spawnChildren(name, [email.child({ payload: "p" })], {
          ...{ ...move, wait: "none", success: "queued" },
        }),
    ];
    for (const call of calls) {
      const { code, message } = await assertRejects(call, FlowError);
      assertEquals(code, "not_found");
      assertStringIncludes(message, `of type "email"`);
    }
  }
  assertEquals(await store.get("inv-1"), theirs);
  // One of this type with the same id is found beside it.
  await email.create({ id: "inv-1", payload: "p" });
  assertEquals((await email.cancel("inv-1")).type, "email");
});

test("get() and history() of a record of another type ask no store", async () => {
  const flows = fakeStore();
  assertEquals(await emailOn(flows).get(foreign), null);
  assertEquals(await emailOn(flows).history(foreign), []);
  assertEquals(flows.calls, []);
});

test("get() of a flow that does not exist resolves to null", async () => {
  assertEquals(await emailOn(fakeStore({ get: () => null })).get("nobody"), null);
});

test("commands through a workflow refuse a record of another type as not_found", async () => {
  const flows = fakeStore();
  const email = emailOn(flows);
  const calls = [
    () => email.complete(foreign),
    () => email.retry(foreign),
    () => email.fail(foreign),
    () => email.extendLease(foreign),
    () => email.cancel(foreign),
    () => email.transition(foreign, "queued", undefined),
    () => email.ok({ ...foreign, state: "queued", leaseToken: "lease" }),
    () => email.error({ ...foreign, state: "queued", leaseToken: "lease" }),
  ];
  for (const call of calls) {
    const { code, message } = await assertRejects(call, FlowError);
    assertEquals(code, "not_found");
    assertStringIncludes(message, `of type "billing"`);
  }
  assertEquals(flows.calls, []);
});

test("complete() refuses a record that is not leased as stale_lease", async () => {
  const email = emailOn(fakeStore());
  const cases = [
    [
      fakeRecord(),
      'The record of flow "flow-1" is of no claim: claim it, and use the job or record',
    ],
    [
      fakeRecord({ state: "completed" }),
      'Flow "flow-1" has ended in state "completed": its lease is over',
    ],
  ] as const;
  for (const [record, says] of cases) {
    const { code, message } = await assertRejects(() => email.complete(record), FlowError);
    assertEquals(code, "stale_lease");
    assertStringIncludes(message, says);
  }
});

test("commands about a lease refuse what is neither a job nor a record, and say what was given", async () => {
  const flows = fakeStore();
  const email = emailOn(flows);
  const commands: readonly ((job: never) => Promise<unknown>)[] = [
    (job) => email.ok(job, ...([] as never)),
    (job) => email.error(job),
    (job) => email.complete(job),
    (job) => email.retry(job),
    (job) => email.fail(job),
    (job) => email.extendLease(job),
    (job) => email.handle(job, (() => ok()) as never),
  ];
  const record = fakeRecord({ leaseToken: "lease" });
  const given: readonly (readonly [unknown, string, string])[] = [
    ["email-1", "job", 'job is "email-1", but must be a job'],
    [undefined, "job", "job is undefined"],
    [null, "job", "job is null"],
    [5, "job", "job is 5"],
    [[], "job.id", "job.id is undefined"],
    [{ id: "email-1" }, "job.type", "job.type is undefined"],
    [{ ...record, partitionKey: 5 }, "job.partitionKey", "job.partitionKey is 5"],
    [{ ...record, leaseToken: undefined }, "job.leaseToken", "job.leaseToken is undefined"],
    [{ ...record, fencingToken: "1" }, "job.fencingToken", 'job.fencingToken is "1"'],
  ];
  for (const command of commands) {
    for (const [job, field, says] of given) {
      const { code, details, message } = await assertRejects(
        () => command(job as never),
        FlowError,
      );
      assertEquals([code, details.field], ["invalid_argument", field]);
      assertStringIncludes(message, says);
      assertStringIncludes(message, "a job, or a record with its lease");
    }
  }
  assertEquals(flows.calls, []);
});

test("list() refuses options in the place of the state", async () => {
  const { details } = await assertRejects(
    () => emailOn(fakeStore()).list({ count: 1 } as never),
    FlowError,
  );
  assertEquals(details.field, "state");
});

test("get() leaves names that are none to the store", async () => {
  const flows = fakeStore({ get: () => null });
  for (const name of [5, null]) await emailOn(flows).get(name as never);
  assertEquals(flows.calls.map(({ args }) => args[0] as unknown), [5, null]);
});
