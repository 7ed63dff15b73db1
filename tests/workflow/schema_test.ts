import * as v from "valibot";
import { FlowError } from "../../src/errors.ts";
import { fakeRecord, type FakeStore, fakeStore, manualTime } from "../../src/testing/mod.ts";
import { complete, type Job, ok, type StatesOf, workflow } from "../../src/workflow/mod.ts";
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn } from "./billing.ts";

const record = fakeRecord();

function store(): FakeStore {
  return fakeStore({
    create: () => record,
    createMany: () => [record] as never,
    transition: () => record,
    get: () => null,
    time: manualTime(),
  });
}

/** A workflow whose schemas change what they are given; the second one takes its time. */
// deno-lint-ignore explicit-module-boundary-types -- the inferred type is what is tested
function conversionOn(flows: FakeStore) {
  return workflow({
    type: "conversion",
    store: flows,
    initialState: "text",
    states: {
      text: { payload: v.pipe(v.string(), v.transform((text) => text.length)), onOk: "slow" },
      slow: {
        payload: v.pipeAsync(v.number(), v.transformAsync((n) => Promise.resolve(n * 2))),
        onOk: complete(),
      },
      optional: { payload: v.optional(v.string(), "default") },
    },
  });
}

type Conversion = ReturnType<typeof conversionOn>;

function textJob(): Job<StatesOf<Conversion>, "text"> {
  const leased = fakeRecord({ type: "conversion", runState: "text" });
  const { id, type, partitionKey, payloadRef, attempts } = leased;
  return {
    ...{ id, type, partitionKey, payloadRef, attempts, record: leased, state: "text", payload: 3 },
    ...{ leaseToken: "lease", fencingToken: 1, signal: new AbortController().signal },
    values: {},
  };
}

test("create() stores what the schema makes of the payload", async () => {
  const flows = store();
  await conversionOn(flows).create({ id: "i", payload: "four" });
  assertEquals(flows.calls as unknown, [
    { command: "create", args: ["i", { type: "conversion", state: "text", payload: 4 }] },
  ]);
});

test("create() asks the schema for a payload that is not given", async () => {
  const flows = store();
  await conversionOn(flows).create({ id: "i", state: "optional" });
  assertEquals(flows.calls as unknown, [
    {
      command: "create",
      args: ["i", { type: "conversion", state: "optional", payload: "default" }],
    },
  ]);
});

test("create() waits for an asynchronous schema", async () => {
  const flows = store();
  await conversionOn(flows).create({ id: "i", state: "slow", payload: 4 });
  assertEquals(flows.calls as unknown, [
    { command: "create", args: ["i", { type: "conversion", state: "slow", payload: 8 }] },
  ]);
});

test("create() sends its command in the order of the calls if the schema is synchronous", async () => {
  const flows = store();
  const conversion = conversionOn(flows);
  await Promise.all([
    conversion.create({ id: "i", payload: "four" }),
    conversion.get("i"),
    conversion.transition(textJob(), "text", "four"),
    conversion.get("i"),
  ]);
  assertEquals(flows.calls.map(({ command }) => command), ["create", "get", "transition", "get"]);
});

test("createMany() checks every payload, also where only some schemas are asynchronous", async () => {
  const flows = store();
  await conversionOn(flows).createMany([
    { id: "a", payload: "four" },
    { id: "b", state: "slow", payload: 4 },
  ]);
  assertEquals(flows.calls as unknown, [{
    command: "createMany",
    args: [
      [{ id: "a", state: "text", payload: 4 }, { id: "b", state: "slow", payload: 8 }],
      { type: "conversion" },
    ],
  }]);
});

test("createMany() refuses the whole call if one payload does not fit, and names its place", async () => {
  const flows = store();
  const items = [
    { id: "a", state: "slow", payload: "no number" as never },
    { id: "b", payload: 5 as never },
  ] as const;
  const { code, details } = await assertRejects(
    () => conversionOn(flows).createMany(items, { independent: true }),
    FlowError,
  );
  assertEquals([code, details.field, details["index"]], [
    ...["invalid_argument", "items[1].payload", 1],
  ]);
  assertEquals(flows.calls, []);
});

test("createMany() refuses what is no list", async () => {
  const { details } = await assertRejects(
    () => conversionOn(store()).createMany({} as never),
    FlowError,
  );
  assertEquals(details.field, "items");
});

test("createMany() says which item is none", async () => {
  const items = [{ id: "a", payload: "five" }, "b"] as never;
  const { message } = await assertRejects(() => conversionOn(store()).createMany(items), FlowError);
  assertStringIncludes(message, 'items[1] is "b", but must be an object');
});

test("create() names the issue, the place and the state of a payload that does not fit", async () => {
  const flows = store();
  const payload = { amount: "5" } as never;
  const { code, details, message } = await assertRejects(
    () => billingOn(flows).create({ id: "i", tenantId: "t1", invoiceId: "i9", payload }),
    FlowError,
  );
  assertEquals([code, details.field, details.state], ["invalid_argument", "payload", "created"]);
  assertStringIncludes(message, `(at "amount")`);
  assertEquals((details.issues as { message: string }[]).length, 1);
  assertEquals(flows.calls, []);
});

test("ok() and transition() check the payload of the state that they lead to", async () => {
  const flows = store();
  const conversion = conversionOn(flows);
  const refusals = [
    () => conversion.ok(textJob(), "no number" as never),
    () => conversion.transition(textJob(), "slow", "no number" as never),
    () => conversion.transition("i", "slow", null as never, { from: "text", fencingToken: 0 }),
  ];
  for (const refused of refusals) {
    const { code, details } = await assertRejects(refused, FlowError);
    assertEquals([code, details.state], ["invalid_argument", "slow"]);
  }
  assertEquals(flows.calls, []);
  await conversion.ok(textJob(), 4);
  await conversion.transition(textJob(), "slow", 5);
  const payloads = flows.calls.map((call) => call.command === "transition" && call.args[1].payload);
  assertEquals(payloads, [8, 10]);
});

test("transition() without a payload asks no schema and keeps what is there", async () => {
  const flows = store();
  await conversionOn(flows).transition(textJob(), "text");
  assertEquals(flows.calls as unknown, [{
    command: "transition",
    args: [{ id: "flow-1", partitionKey: "partition-1", type: "conversion" }, {
      ...{ from: "text", to: "text", leaseToken: "lease", fencingToken: 1 },
    }],
  }]);
});

test("claimDue() asks no schema: what was stored before may differ", async () => {
  const claimed = fakeRecord({ type: "conversion", runState: "text", payload: { old: true } });
  const flows = fakeStore({ claimDue: () => [claimed] });
  const [job] = await conversionOn(flows).claimDue("text", { worker: "w" });
  assertEquals(job?.payload as unknown, { old: true });
});

test("handle() takes a payload that does not fit for the handler's mistake", async () => {
  const flows = fakeStore({ retry: () => record });
  const { outcome } = await conversionOn(flows).handle(
    textJob(),
    () => ok("no number") as never,
  );
  assertEquals(outcome.kind, "error");
  const [call] = flows.calls;
  const error = (call?.command === "retry" ? call.args[1].error : {}) as Record<string, unknown>;
  assertEquals([flows.calls.length, error.name, error.code], [1, "FlowError", "invalid_argument"]);
});

test("create() gives a flow without an id one that sorts by time", async () => {
  const flows = store();
  await conversionOn(flows).create({ payload: "four" });
  const [call] = flows.calls;
  const id = call?.command === "create" ? call.args[0] : "";
  assertMatch(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
