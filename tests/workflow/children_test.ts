/**
 * Fan-out by the SDK on a real store, in memory and by a clock that is moved by hand.
 *
 * @module
 */

import { FlowError } from "../../src/errors.ts";
import type { FlowStore } from "../../src/flow/mod.ts";
import { memoryStore, runUntilIdle } from "../../src/testing/mod.ts";
import {
  complete,
  fail,
  fanout,
  type FanoutOptions,
  noReply,
  ok,
  startWorker,
  type,
  workflow,
} from "../../src/workflow/mod.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn } from "./billing.ts";

type Target = "bound" | "spoiled" | "completed" | "failed";
type Print = () => ReturnType<typeof ok> | ReturnType<typeof fail>;

/** Books that are bound when their pages are printed. */
// deno-lint-ignore explicit-module-boundary-types -- the inferred types are what is tested
function pressOn(store: FlowStore) {
  const page = workflow({
    type: "page",
    store,
    initialState: "typeset",
    states: { typeset: { payload: type<number>(), onOk: complete() } },
  });
  const book = workflow({
    type: "book",
    store,
    initialState: "written",
    states: {
      written: { payload: type<number>() },
      bound: { payload: type<number>() },
      spoiled: {},
    },
  });
  /** One round of everything, with a press that prints as it is told. */
  const run = (options: FanoutOptions<Target>, print: Print = () => ok()) =>
    [
      () =>
        book.runOnce({
          worker: "w",
          handlers: {
            written: ({ id, payload }) =>
              fanout(
                Array.from(
                  { length: payload },
                  (_, index) => page.child({ id: `${id}/${index}`, payload: index }),
                ),
                options,
              ),
            bound: ({ id }) => complete(`the book ${id}`),
            spoiled: () => fail("Paper jam"),
          },
        }),
      () => page.runOnce("typeset", { worker: "w", handler: print }),
    ] as const;
  return { page, book, run };
}

const whenAll = { onAllOk: "bound", onAnyError: "spoiled" } as const;

test("a flow that fans out waits, and goes on when the last child has completed", async () => {
  await using store = await memoryStore();
  const { book, page, run } = pressOn(store);
  await book.create({ id: "b", payload: 2 });
  const [runBooks, runPages] = run(whenAll);
  const [spawned] = await runBooks();
  assertEquals([spawned?.record?.state, spawned?.record?.nextRunAtMs], ["waiting_children", null]);
  assertEquals((await book.waitingChildren("b")).map(({ id }) => id), ["b/0", "b/1"]);
  assertEquals(await runBooks(), []);
  await runPages();
  assertEquals((await book.waitingChildren("b")).map(({ id }) => id), ["b/1"]);
  await runUntilIdle(run(whenAll));
  const record = await book.get("b", { full: true });
  assertEquals([record?.state, record?.result], ["completed", "the book b"]);
  assertEquals(record?.childGroups.fanout?.summary, {
    ...{ total: 2, completed: 2, failed: 0, cancelled: 0 },
  });
  assertEquals((await book.history("b")).map(({ event }) => event), [
    ...["created", "claimed", "children_spawned", "child_completed", "child_completed"],
    ...["claimed", "completed"],
  ]);
  const children = await book.children(record!);
  assertEquals(
    children.map(({ id, type, parentFlowId, rootFlowId }) => [
      ...[id, type, parentFlowId, rootFlowId],
    ]),
    [["b/0", "page", "b", "b"], ["b/1", "page", "b", "b"]],
  );
  assertEquals((await page.info()).completed, 2);
});

test("a child that fails sends its parent to onAnyError, and its siblings are cancelled", async () => {
  await using store = await memoryStore();
  const { book, page, run } = pressOn(store);
  await book.create({ id: "b", payload: 3 });
  let printed = 0;
  await runUntilIdle(run(whenAll, () => ++printed === 2 ? fail("jam") : ok()));
  assertEquals((await book.get("b"))?.state, "failed");
  assertEquals((await page.list()).map(({ state }) => state).sort(), [
    ...["cancelled", "completed", "failed"],
  ]);
});

test("a flow may wait for any child, for none, and not care about failures", async () => {
  const cases: readonly (readonly [FanoutOptions<Target>, Print, string, number])[] = [
    [{ ...whenAll, wait: "any" }, () => ok(), "completed", 1],
    [{ ...whenAll, wait: "any", childFailurePolicy: "ignore" }, () => fail("jam"), "failed", 0],
    [{ ...whenAll, onChildFailed: "ignore" }, () => fail("jam"), "completed", 0],
    [{ success: "bound", wait: "none" }, () => ok(), "completed", 3],
    [{ success: "completed", failure: "failed" }, () => ok(), "completed", 3],
  ];
  for (const [options, print, state, completed] of cases) {
    await using store = await memoryStore();
    const { book, page, run } = pressOn(store);
    await book.create({ id: "b", payload: 3 });
    // Not cancelled where nobody waits for them, also when the parent has ended.
    const abandon = { ...options, onParentClosed: "abandon_children" } as FanoutOptions<Target>;
    await runUntilIdle(run(options.wait === "none" ? abandon : options, print));
    assertEquals((await book.get("b"))?.state, state, JSON.stringify(options));
    assertEquals((await page.info()).completed, completed, JSON.stringify(options));
  }
});

test("children may have children, and all have one root", async () => {
  await using store = await memoryStore();
  const box = workflow({
    type: "box",
    store,
    initialState: "packed",
    states: {
      packed: { payload: type<number>() },
      opened: { payload: type<number>() },
      failed: {},
    },
  });
  await box.create({ id: "box", payload: 3, correlationId: "gift" });
  const results = await runUntilIdle(() =>
    box.runOnce({
      worker: "w",
      limit: 10,
      handlers: {
        packed: ({ id, payload }) =>
          payload === 0 ? complete() : fanout(
            ["a", "b"].map((name) => box.child({ id: `${id}.${name}`, payload: payload - 1 })),
            { onAllOk: "opened", onAnyError: "failed", correlationId: "gift" },
          ),
        opened: () => ok(),
      },
    })
  );
  assertEquals(results.length, 2 * 7 + 8);
  const ids = (await box.byRoot("box", { count: 99 })).map(({ id, state }) => `${id} ${state}`);
  assertEquals([ids.length, ids.every((id) => id.endsWith(" completed"))], [15, true]);
  assertEquals((await box.byCorrelation("gift", { terminalOnly: true })).length, 15);
  assertEquals((await box.byParent("box.a")).map(({ id }) => id).sort(), ["box.a.a", "box.a.b"]);
  const { items, cursor } = await box.children("box", { cursor: null, count: 1 });
  const rest = await box.children("box", { cursor });
  assertEquals([...items, ...rest.items].map(({ id }) => id).sort(), ["box.a", "box.b"]);
});

test("a child may be of another workflow, in a partition of its own", async () => {
  await using store = await memoryStore();
  const billing = billingOn(store);
  const order = workflow({
    type: "order",
    store,
    partitionBy: ["shop"],
    initialState: "placed",
    states: { placed: {}, paid: {}, failed: {} },
  });
  await order.create({ id: "o", shop: 7 });
  await runUntilIdle([
    () =>
      order.runOnce({
        worker: "w",
        handlers: {
          placed: async (job) => {
            await order.spawnChildren(job, [
              billing.child({ id: "i", tenantId: "t", invoiceId: 1, payload: { amount: 5 } }),
            ], { onSuccess: "paid", onFailure: "failed", groupId: "invoice" });
            return noReply;
          },
          paid: () => ok(),
        },
      }),
    () =>
      billing.runOnce({
        worker: "w",
        handlers: { created: () => ok({ receipt: "r" }), charged: () => ok() },
      }),
  ]);
  assertEquals((await order.get("o"))?.state, "completed");
  const [invoice] = await order.children({ id: "o", shop: 7 }, { groupId: "invoice" });
  assertEquals([invoice?.partitionKey, invoice?.parentPartitionKey], ["t:1", "7"]);
  assertEquals(await order.children({ id: "o", shop: 8 }), []);
});

test("a flow that fans out again names the new group, or hears of it", async () => {
  await using store = await memoryStore();
  const { book, page } = pressOn(store);
  await book.create({ id: "b", payload: 1 });
  const spawn = (state: "written" | "bound", id: string, options: object) =>
    book.runOnce(state, {
      worker: "w",
      handler: () => fanout([page.child({ id, payload: 1 })], { ...whenAll, ...options }),
    });
  const print = () => page.runOnce("typeset", { worker: "w", handler: () => ok() });
  await spawn("written", "first", {});
  await print();
  // The same word for word changes nothing in the store: the job would be where it was.
  for (const id of ["second", "first"]) {
    const [conflict] = await spawn("bound", id, {});
    assertEquals([conflict?.outcome?.kind, conflict?.record?.state], ["error", "bound"]);
    const { error } = (await book.get("b", { full: true }))!;
    assertEquals((error as { code: string }).code, "group_conflict");
    await store.advance(30_000);
  }
  const [named] = await spawn("bound", "second", { groupId: "second" });
  assertEquals(named?.record?.state, "waiting_children");
});

test("spawnChildren() of an id needs its position, and may be sent again", async () => {
  await using store = await memoryStore();
  const { book, page } = pressOn(store);
  const { fencingToken } = await book.create({ id: "b", payload: 1 });
  const children = [page.child({ id: "p", payload: 1 })];
  const without = () => book.spawnChildren("b", children, whenAll);
  assertEquals((await assertRejects(without, FlowError)).code, "invalid_argument");
  const position = { from: "written", fencingToken };
  const spawned = await book.spawnChildren("b", children, { ...whenAll, ...position });
  assertEquals(spawned.state, "waiting_children");
  assertEquals(await book.spawnChildren("b", children, { ...whenAll, ...position }), spawned);
});

test("checkStates() leaves flows alone that wait for children in a state nobody declares", async () => {
  await using store = await memoryStore();
  const { book, run } = pressOn(store);
  await book.create({ id: "b", payload: 2 });
  await run(whenAll)[0]();
  assertEquals((await book.checkStates({ onUnserved: "park" })).unserved, []);
  await runUntilIdle(run(whenAll));
  assertEquals((await book.get("b"))?.state, "completed");
});

test("startWorker() fans out, and goes on with parents as their children end", async () => {
  await using store = await memoryStore();
  const { book, page } = pressOn(store);
  await book.createMany(Array.from({ length: 20 }, (_, id) => ({ id: `${id}`, payload: 5 })));
  await using printing = startWorker(page, { worker: "p", handler: () => ok() });
  await using binding = startWorker(book, {
    worker: "b",
    handlers: {
      written: ({ payload }) =>
        fanout(Array.from({ length: payload }, () => page.child({ payload: 1 })), whenAll),
      bound: () => ok(),
    },
  });
  await store.advance(1_000);
  assertEquals([(await book.info()).completed, (await page.info()).completed], [20, 100]);
  assertEquals([printing.stats.errors, binding.stats.errors], [0, 0]);
});

test("startWorker() waits with children until the store takes new work, and loses no lease over it", async () => {
  await using store = await memoryStore({ limits: { memoryBytesMax: 200_000 } });
  const { book, page } = pressOn(store);
  await book.create({ id: "b", payload: 1 });
  const full = await assertRejects(async () => {
    for (let id = 0; id < 10_000; id++) {
      await page.create({ id: `${id}`, payload: id, retentionTtlMs: 1_000 });
    }
  }, FlowError);
  assertEquals(full.code, "overloaded");
  await using worker = startWorker(book, {
    worker: "b",
    intervalMs: 60_000,
    onError: () => {},
    handlers: { written: () => fanout([page.child({ id: "p", payload: 1 })], whenAll) },
  });
  await store.advance(600_000);
  const record = await book.get("b");
  assertEquals([record?.state, record?.reclaims, record?.attempts], ["written", 0, 0]);
  assertEquals(worker.stats.handedBack, worker.stats.refused);
  for (const { id } of await page.list("typeset", { count: 10_000 })) await page.cancel(id);
  await store.advance(120_000);
  assertEquals((await book.get("b"))?.state, "waiting_children");
});
