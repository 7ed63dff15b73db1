import { FlowError } from "../../src/errors.ts";
import type { BatchOutcome } from "../../src/flow/mod.ts";
import { fakeRecord, type FakeStore, fakeStore, manualTime } from "../../src/testing/mod.ts";
import type { Settlement } from "../../src/workflow/jobs/settlement.ts";
import { SettlementQueue } from "../../src/workflow/worker/settlement_queue.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

function completion(id: string, nowMs?: number): Settlement {
  return {
    command: "complete",
    flow: { id, partitionKey: "p" },
    options: { leaseToken: "l", fencingToken: 1, ...nowMs === undefined ? {} : { nowMs } },
  };
}

function fanoutOf(id: string, childCount: number): Settlement {
  return {
    ...{ command: "spawnChildren", flow: { id, partitionKey: "p" } },
    children: Array.from({ length: childCount }, (_, at) => ({ id: `${id}.${at}` })),
    options: {
      ...{ leaseToken: "l", fencingToken: 1 },
      ...{ groupId: "g", waitState: "w", success: "s", failure: "f" },
    },
  };
}

/** The ids of the flows that fanned out until now, in order. */
function fannedOut(store: FakeStore): unknown[] {
  return store.calls.map(({ args: [flow] }) => (flow as { readonly id: string }).id);
}

/** A store that completes everything, one by one or together. */
function completing(): ReturnType<typeof fakeStore> {
  return fakeStore({
    complete: (flow) => fakeRecord(typeof flow === "string" ? { id: flow } : { id: flow.id }),
    completeMany: (items) =>
      items.map(({ id }): BatchOutcome => ({ ok: true, record: fakeRecord({ id }) })) as never,
  });
}

test("SettlementQueue sends nothing before flush(), and each settlement once", async () => {
  const store = completing();
  const queue = new SettlementQueue(store, manualTime());
  const settled = queue.add(completion("a"));
  assertEquals(store.calls, []);
  queue.flush();
  queue.flush();
  assertEquals((await settled).id, "a");
  assertEquals(store.calls.length, 1);
});

test("SettlementQueue sends at most 1,000 together, and answers each with its own flow", async () => {
  const store = completing();
  const queue = new SettlementQueue(store, manualTime());
  const ids = Array.from({ length: 1_001 }, (_, index) => `flow-${index}`);
  const settled = ids.map((id) => queue.add(completion(id)));
  queue.flush();
  assertEquals((await Promise.all(settled)).map(({ id }) => id), ids);
  assertEquals(
    store.calls.map(({ command, args: [first] }) => [
      command,
      Array.isArray(first) ? first.length : first,
    ]),
    [["completeMany", 1_000], ["complete", { id: "flow-1000", partitionKey: "p" }]],
  );
});

test("SettlementQueue sends alone what names its own time: a batch has only one", async () => {
  const store = completing();
  const queue = new SettlementQueue(store, manualTime());
  const settled = [completion("a", 5), completion("b"), completion("c")].map((settlement) =>
    queue.add(settlement)
  );
  queue.flush();
  await Promise.all(settled);
  assertEquals(store.calls.map(({ command }) => command), ["complete", "completeMany"]);
});

for (
  const refusal of [
    new FlowError("invalid_argument", "An item", { details: { field: "items[0]" } }),
    new FlowError("too_large", "All", { details: {} }),
    new FlowError("limit_exceeded", "All", { details: { field: "bytes", value: 2, limit: 1 } }),
    new FlowError("duplicate_id", "Twice"),
  ]
) {
  test(`SettlementQueue sends each alone of a batch that is refused with ${refusal.code}`, async () => {
    const flows = completing();
    const store = Object.assign(flows, { completeMany: () => Promise.reject(refusal) });
    const queue = new SettlementQueue(store, manualTime());
    const settled = [queue.add(completion("a")), queue.add(completion("b"))];
    queue.flush();
    assertEquals((await Promise.all(settled)).map(({ id }) => id), ["a", "b"]);
    assertEquals(flows.calls.map(({ command }) => command), ["complete", "complete"]);
  });
}

test("SettlementQueue sends fewer together once a store has said how many it takes", async () => {
  const sizes: number[] = [];
  const flows = completing();
  const { completeMany } = flows;
  const store = Object.assign(flows, {
    completeMany: (...args: Parameters<typeof completeMany>) => {
      const { length: value } = args[0];
      sizes.push(value);
      if (value <= 2) return completeMany(...args);
      const details = { field: "items.length", value, limit: 2 };
      return Promise.reject(new FlowError("limit_exceeded", "Too many", { details }));
    },
  });
  const queue = new SettlementQueue(store as typeof flows, manualTime());
  const ids = ["a", "b", "c", "d"];
  const settled = ids.map((id) => queue.add(completion(id)));
  queue.flush();
  assertEquals((await Promise.all(settled)).map(({ id }) => id), ids);
  assertEquals(sizes, [4, 2, 2]);
});

test("SettlementQueue rejects every settlement of a batch that failed", async () => {
  const failed = new FlowError("store_failed", "The disk is gone");
  const store = fakeStore({
    completeMany: () => {
      throw failed;
    },
  });
  const queue = new SettlementQueue(store, manualTime());
  const settled = ["a", "b"].map((id) => queue.add(completion(id)));
  queue.flush();
  for (const one of settled) assertEquals(await assertRejects(() => one), failed);
  assertEquals(store.calls.length, 1);
});

test("SettlementQueue rejects every settlement if a store answers too few", async () => {
  const store = fakeStore({ completeMany: () => [] as never });
  const queue = new SettlementQueue(store, manualTime());
  const settled = ["a", "b"].map((id) => queue.add(completion(id)));
  queue.flush();
  for (const one of settled) await assertRejects(() => one, Error, "one outcome per item");
});

test("SettlementQueue sends every fan-out alone, since none stands for several", async () => {
  const waiting = fakeRecord({ state: "waiting_children" });
  const store = fakeStore({ spawnChildren: () => waiting });
  const queue = new SettlementQueue(store, manualTime());
  const settled = ["a", "b"].map((id) => queue.add(fanoutOf(id, 1)));
  queue.flush();
  assertEquals(await Promise.all(settled), [waiting, waiting]);
  assertEquals(store.calls.map(({ command, args: [flow] }) => [command, flow]), [
    ["spawnChildren", { id: "a", partitionKey: "p" }],
    ["spawnChildren", { id: "b", partitionKey: "p" }],
  ]);
});

test("SettlementQueue sends fan-outs with 1,000 children in a macrotask, or a single one, in order", async () => {
  const store = fakeStore({ spawnChildren: () => fakeRecord() });
  const time = manualTime({ autoDefer: false });
  const queue = new SettlementQueue(store, time);
  const sizes = { a: 600, b: 400, c: 1, d: 999, e: 1_500, f: 1 };
  const settled = Object.entries(sizes).map(([id, size]) => queue.add(fanoutOf(id, size)));
  queue.flush();
  assertEquals(fannedOut(store), ["a", "b"]);
  // What comes meanwhile goes behind those that wait, though there would be room for it.
  settled.push(queue.add(fanoutOf("g", 1)));
  queue.flush();
  assertEquals(fannedOut(store), ["a", "b"]);
  time.runDeferred();
  assertEquals(fannedOut(store), ["a", "b", "c", "d"]);
  time.runDeferred();
  assertEquals(fannedOut(store), ["a", "b", "c", "d", "e"]);
  time.runDeferred();
  assertEquals(fannedOut(store), ["a", "b", "c", "d", "e", "f", "g"]);
  assertEquals(time.deferredCount, 0);
  await Promise.all(settled);
});

test("SettlementQueue lets no other settlement wait for fan-outs", () => {
  const store = fakeStore({ spawnChildren: () => fakeRecord(), complete: () => fakeRecord() });
  const queue = new SettlementQueue(store, manualTime({ autoDefer: false }));
  for (const id of ["a", "b"]) void queue.add(fanoutOf(id, 1_000));
  void queue.add(completion("c"));
  queue.flush();
  assertEquals(fannedOut(store), ["a", "c"]);
});

test("SettlementQueue tells of each settlement when it is sent, right before the store hears of it", () => {
  const told: string[] = [];
  const hear = (what: string) => (): ReturnType<typeof fakeRecord> => {
    told.push(`heard ${what}`);
    return fakeRecord();
  };
  const store = fakeStore({ spawnChildren: hear("of a fan-out"), complete: hear("of an end") });
  const time = manualTime({ autoDefer: false });
  const queue = new SettlementQueue(store, time);
  for (const settlement of [fanoutOf("a", 1_000), fanoutOf("b", 1_000), completion("c")]) {
    void queue.add(settlement, () => told.push(`sends ${settlement.flow.id}`));
  }
  assertEquals(told, []);
  queue.flush();
  assertEquals(told, ["sends a", "heard of a fan-out", "sends c", "heard of an end"]);
  time.runDeferred();
  assertEquals(told.slice(4), ["sends b", "heard of a fan-out"]);
});
