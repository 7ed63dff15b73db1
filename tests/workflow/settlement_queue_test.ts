import { FlowError } from "../../src/errors.ts";
import type { BatchOutcome } from "../../src/flow/mod.ts";
import { fakeRecord, fakeStore } from "../../src/testing/mod.ts";
import type { Settlement } from "../../src/workflow/settlement.ts";
import { SettlementQueue } from "../../src/workflow/settlement_queue.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

function completion(id: string, nowMs?: number): Settlement {
  return {
    command: "complete",
    flow: { id, partitionKey: "p" },
    options: { leaseToken: "l", fencingToken: 1, ...nowMs === undefined ? {} : { nowMs } },
  };
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
  const queue = new SettlementQueue(store);
  const settled = queue.add(completion("a"));
  assertEquals(store.calls, []);
  queue.flush();
  queue.flush();
  assertEquals((await settled).id, "a");
  assertEquals(store.calls.length, 1);
});

test("SettlementQueue sends at most 1,000 together, and answers each with its own flow", async () => {
  const store = completing();
  const queue = new SettlementQueue(store);
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
  const queue = new SettlementQueue(store);
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
    const queue = new SettlementQueue(store);
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
  const queue = new SettlementQueue(store as typeof flows);
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
  const queue = new SettlementQueue(store);
  const settled = ["a", "b"].map((id) => queue.add(completion(id)));
  queue.flush();
  for (const one of settled) assertEquals(await assertRejects(() => one), failed);
  assertEquals(store.calls.length, 1);
});

test("SettlementQueue rejects every settlement if a store answers too few", async () => {
  const store = fakeStore({ completeMany: () => [] as never });
  const queue = new SettlementQueue(store);
  const settled = ["a", "b"].map((id) => queue.add(completion(id)));
  queue.flush();
  for (const one of settled) await assertRejects(() => one, Error, "one outcome per item");
});

test("SettlementQueue sends every fan-out alone, since none stands for several", async () => {
  const waiting = fakeRecord({ state: "waiting_children" });
  const store = fakeStore({ spawnChildren: () => waiting });
  const queue = new SettlementQueue(store);
  const position = { leaseToken: "l", fencingToken: 1 };
  const settled = ["a", "b"].map((id) =>
    queue.add({
      ...{
        command: "spawnChildren",
        flow: { id, partitionKey: "p" },
        children: [{ id: `${id}1` }],
      },
      options: { ...position, groupId: "g", waitState: "w", success: "s", failure: "f" },
    })
  );
  queue.flush();
  assertEquals(await Promise.all(settled), [waiting, waiting]);
  assertEquals(store.calls.map(({ command, args: [flow] }) => [command, flow]), [
    ["spawnChildren", { id: "a", partitionKey: "p" }],
    ["spawnChildren", { id: "b", partitionKey: "p" }],
  ]);
});
