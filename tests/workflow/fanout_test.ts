/**
 * What a fan-out sends to its store, from a method and from a handler, and what it refuses.
 *
 * @module
 */

import * as v from "valibot";
import { FlowError, isFlowError } from "../../src/errors.ts";
import type { ChildItem } from "../../src/flow/mod.ts";
import { fakeRecord, type FakeStore, fakeStore } from "../../src/testing/mod.ts";
import { type Eventually, fanout, type Outcome, workflow } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";

const folder = workflow({
  type: "folder",
  initialState: "found",
  states: { found: {}, summed: {}, failed: {} },
});

const claimed = fakeRecord({
  ...{ id: "src", type: "folder", runState: "found", partitionKey: "p" },
  ...{ leaseToken: "lease", fencingToken: 4 },
});
const waiting = fakeRecord({ id: "src", type: "folder", state: "waiting_children" });
const child: ChildItem = { id: "c", type: "email", state: "queued", payload: "p" };
const targets = { onAllOk: "summed", onAnyError: "failed" } as const;
const group = { groupId: "fanout", wait: "all", waitState: "waiting_children" } as const;
const sent = { ...group, success: "summed", failure: "failed" } as const;
const position = { from: "found", leaseToken: "lease", fencingToken: 4 } as const;

function store(after = waiting): FakeStore {
  return fakeStore({
    claimDue: () => [claimed],
    retry: () => waiting,
    spawnChildren: () => after,
    ...{ byParent: () => [] as never, byRoot: () => [] as never, byCorrelation: () => [] as never },
  });
}

/** Every call after the claims. */
function callsOf({ calls }: FakeStore): unknown[] {
  return calls.filter(({ command }) => command !== "claimDue")
    .map(({ command, args }) => [command, ...args]);
}

/** An asynchronous schema of a number. */
const later = v.pipeAsync(v.number(), v.transformAsync((value) => Promise.resolve(value * 2)));

test("child() is what create() would send, as an item", () => {
  assertEquals(
    emailOn(store()).child({ id: "a", payload: "p", priority: 2, runAtMs: undefined }) as ChildItem,
    { id: "a", type: "email", state: "queued", payload: "p", priority: 2 },
  );
  assertEquals(
    billingOn(store()).child({
      ...{ id: "b", tenantId: "t1", invoiceId: 9, state: "charged", payload: { receipt: "r" } },
    }) as ChildItem,
    {
      ...{ id: "b", type: "billing", state: "charged", partitionKey: "t1:9" },
      payload: { receipt: "r" },
    },
  );
});

test("child() makes an id, also of a workflow without a store", () => {
  const [a, b] = [folder.child({}) as ChildItem, folder.child({}) as ChildItem];
  assert(/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(a.id) && a.id !== b.id, a.id);
});

test("child() refuses what create() refuses, and another parent", () => {
  const billing = billingOn(store());
  const fields = { tenantId: "t1", invoiceId: 9 };
  for (
    const [make, field] of [
      [() => billing.child({ ...fields, payload: { amount: "5" } } as never), "payload"],
      [() => billing.child({ tenantId: "t1", payload: { amount: 5 } } as never), "invoiceId"],
      [() => billing.child({ ...fields, state: "paid" } as never), "state"],
      [() => billing.child(null as never), "attributes"],
      [() => folder.child({ type: "other" } as never), "type"],
      [() => folder.child({ parentFlowId: "p" } as never), "parentFlowId"],
      [() => folder.child({ rootFlowId: "r" } as never), "rootFlowId"],
    ] as const
  ) {
    const error = assertThrows(make, FlowError);
    assertEquals([error.code, error.details.field], ["invalid_argument", field]);
  }
});

const byId = { id: "src", type: "folder" };

test("spawnChildren() of a job, a record and an id is one command, and so is fanout()", async () => {
  const flows = store();
  const parents = folder.on(flows);
  const [job] = await parents.claimDue("found", { worker: "w" });
  await parents.spawnChildren(job!, [child], targets);
  await parents.fanout(waiting, [child], { ...targets, wait: "any", waitState: "elsewhere" });
  await parents.fanout({ id: "src", partitionKey: "p" }, [child], {
    ...{ success: "summed", wait: "none", groupId: "g", onParentClosed: "abandon_children" },
    ...{ from: "found", fencingToken: 0, correlationId: "c", priority: 1, nowMs: undefined },
  });
  const ref = { id: "src", partitionKey: "p", type: "folder" };
  assertEquals(callsOf(flows), [
    ["spawnChildren", ref, [child], { ...sent, ...position }],
    ["spawnChildren", { ...ref, partitionKey: "partition-1" }, [child], {
      ...{ ...sent, wait: "any", waitState: "elsewhere" },
      ...{ from: "waiting_children", fencingToken: 0 },
    }],
    ["spawnChildren", ref, [child], {
      ...{ success: "summed", wait: "none", groupId: "g", onParentClosed: "abandon_children" },
      ...{ from: "found", fencingToken: 0, correlationId: "c", priority: 1 },
    }],
  ]);
});

test("fanout() takes one name of each that mean the same", async () => {
  const flows = store();
  const parents = folder.on(flows);
  const failing = { onChildFailed: "ignore" } as const;
  await parents.fanout("src", [child], { onSuccess: "summed", onFailure: "failed", ...failing });
  await parents.fanout("src", [child], {
    ...{ success: "summed", failure: "failed", childFailurePolicy: "ignore" },
  });
  assertEquals(callsOf(flows), [
    ...Array.from({ length: 2 }, () => ["spawnChildren", byId, [child], { ...sent, ...failing }]),
  ]);
});

test("fanout() waits for children of an asynchronous schema, and sends nothing if one is refused", async () => {
  const flows = store();
  const parents = folder.on(flows);
  const doubled = workflow({ type: "d", initialState: "a", states: { a: { payload: later } } });
  await parents.fanout("src", [child, doubled.child({ id: "d", payload: 4 })], targets);
  assertEquals(callsOf(flows), [
    ["spawnChildren", byId, [child, { id: "d", type: "d", state: "a", payload: 8 }], sent],
  ]);
  const bad = doubled.child({ payload: "4" as never });
  const error = await assertRejects(() => parents.fanout("src", [bad, child], targets), FlowError);
  assertEquals([error.code, error.details.field], ["invalid_argument", "payload"]);
  assertEquals(flows.calls.length, 1);
  // Of one that nobody spawns nobody has to hear: left alone, it must not end the process.
  void doubled.child({ payload: "4" as never });
  await new Promise((resolve) => setTimeout(resolve, 0));
});

/** Options that are not sound, and the field that the refusal names. */
const mistakes: readonly (readonly [object | null, string])[] = [
  [null, "options"],
  [{}, "onAllOk"],
  [{ onAllOk: "summed" }, "onAnyError"],
  [{ onAllOk: "sumed", onAnyError: "failed" }, "onAllOk"],
  [{ onSuccess: "running", onAnyError: "failed" }, "onSuccess"],
  [{ onAllOk: "summed", failure: "faild" }, "failure"],
  [{ ...targets, success: "summed" }, "success"],
  [{ ...targets, onFailure: "failed" }, "onFailure"],
  [{ ...targets, onChildFailed: "ignore", childFailurePolicy: "ignore" }, "onChildFailed"],
  [{ ...targets, wait: "some" }, "wait"],
  [{ ...targets, waitState: "Running" }, "waitState"],
  [{ ...targets, waitState: "completed" }, "waitState"],
  [{ ...targets, waitState: "" }, "waitState"],
  [{ onAllOk: "summed", wait: "none", waitState: "s" }, "waitState"],
  [{ onAllOk: "summed", wait: "none", failure: "faild" }, "failure"],
];

test("fanout() names what is not sound in its options, and sends nothing", async () => {
  const flows = store();
  for (const [options, field] of mistakes) {
    const call = () => folder.on(flows).fanout("src", [child], options as never);
    const { code, details } = await assertRejects(call, FlowError);
    assertEquals([code, details.field], ["invalid_argument", field], JSON.stringify(options));
  }
  const single = () => folder.on(flows).fanout("src", child as never, targets);
  assertEquals((await assertRejects(single, FlowError)).details.field, "children");
  assertEquals(flows.calls, []);
});

/** Runs a handler that fans out and resolves to what came of it. */
async function run(
  flows: FakeStore,
  children: readonly Eventually<ChildItem>[],
  options: object = targets,
): Promise<{ outcome: Outcome | undefined }> {
  const [result] = await folder.on(flows).runOnce("found", {
    worker: "w",
    handler: () => fanout(children, options as typeof targets),
  });
  return { outcome: result?.outcome };
}

test("a handler that returns fanout() sends one command", async () => {
  const flows = store();
  assertEquals((await run(flows, [child])).outcome?.kind, "fanout");
  await folder.on(flows).runOnce("found", {
    worker: "w",
    handler: (_, context) => context.fanout([Promise.resolve(child)], { ...targets, nowMs: 7 }),
  });
  const ref = { id: "src", partitionKey: "p" };
  assertEquals(callsOf(flows), [
    ["spawnChildren", ref, [child], { ...sent, ...position }],
    ["spawnChildren", ref, [child], { ...sent, ...position, nowMs: 7 }],
  ]);
});

test("a fan-out that is not sound is the handler's mistake", async () => {
  for (
    const [children, options] of [
      [[child], { ...targets, onAllOk: "sumed" }],
      [[], { ...targets, wait: "any" }],
      [[Promise.reject(new Error("no child"))], targets],
    ] as const
  ) {
    const flows = store();
    assertEquals((await run(flows, children, options)).outcome?.kind, "error");
    assertEquals(callsOf(flows).map((call) => (call as string[])[0]), ["retry"]);
  }
});

test("a handler that fans out again under the same name hears that nothing has moved", async () => {
  const flows = store(claimed);
  const { outcome } = await run(flows, [child]);
  assert(outcome?.kind === "error" && isFlowError(outcome.reason, "group_conflict"));
  assertEquals(callsOf(flows).map((call) => (call as string[])[0]), ["spawnChildren", "retry"]);
});

test("children() and waitingChildren() ask by the id and the partition of the parent", async () => {
  const flows = store();
  const billing = billingOn(flows);
  await billing.children("inv-1", { count: 5, cursor: null });
  await billing.children({ id: "inv-1", tenantId: "t1", invoiceId: 9 }, { groupId: "g" });
  await billing.waitingChildren(fakeRecord({ id: "inv-1", type: "billing" }), { rev: true });
  await billing.byParent("inv-1", { parentPartitionKey: "t1:9", terminalOnly: true });
  await billing.byRoot("inv-1", { state: "failed", cursor: undefined });
  await billing.byCorrelation("c", { activeOnly: true });
  assertEquals(callsOf(flows), [
    ["byParent", "inv-1", { count: 5, cursor: null }],
    ["byParent", "inv-1", { groupId: "g", parentPartitionKey: "t1:9" }],
    ["byParent", "inv-1", { rev: true, activeOnly: true, parentPartitionKey: "partition-1" }],
    ["byParent", "inv-1", { parentPartitionKey: "t1:9", terminalOnly: true }],
    ["byRoot", "inv-1", { state: "failed" }],
    ["byCorrelation", "c", { activeOnly: true }],
  ]);
  const foreign = await assertRejects(() => billing.children(claimed), FlowError);
  assertEquals(foreign.code, "not_found");
});

test("checkStates() does not count flows that wait for children", async () => {
  const summary = { total: 1, completed: 0, failed: 0, cancelled: 0 };
  const undecided = {
    ...{ wait: "all", onChildFailed: "fail_parent", onParentClosed: "cancel_children" } as const,
    ...{ waitState: "waiting_children", success: "summed", failure: "failed", summary },
    resolved: null,
  };
  const members = { type: "folder", nextRunAtMs: null, state: "waiting_children" } as const;
  const items = [
    fakeRecord({ ...members, id: "waits", childGroups: { fanout: undecided } }),
    fakeRecord({ ...members, id: "left over" }),
    fakeRecord({
      ...{ ...members, id: "was decided" },
      childGroups: { fanout: { ...undecided, resolved: "success" } },
    }),
  ];
  const flows = fakeStore({
    info: () => ({ states: { waiting_children: 3 } }) as never,
    list: () => ({ items, cursor: null }) as never,
  });
  const { unserved } = await folder.on(flows).checkStates();
  assertEquals(unserved.map(({ count, ids }) => [count, ids]), [[2, ["left over", "was decided"]]]);
});
