/**
 * Whoever chooses counts by himself, on stores that take fewer than usual.
 *
 * @module
 */

import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { memoryStore } from "../../src/testing/mod.ts";
import { ok, startWorker, workflow } from "../../src/workflow/mod.ts";
import { StoreLimit } from "../../src/workflow/store_limit.ts";
import { assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";

const IDS = ["a", "b", "c", "d", "e", "f", "g"];

function tooMany(field: string, limit: unknown): FlowError {
  return new FlowError<FlowErrorCode>("limit_exceeded", "Too many", { details: { field, limit } });
}

test("StoreLimit repeats a call with what the store takes, and then asks for no more", async () => {
  const limit = new StoreLimit("count", 100);
  const asked: number[] = [];
  const call = (count: number): Promise<number> => {
    asked.push(count);
    return count > 5 ? Promise.reject(tooMany("count", 5)) : Promise.resolve(count);
  };
  assertEquals(await limit.within(200, call), 5);
  assertEquals(await limit.within(200, call), 5);
  assertEquals(await limit.within(3, call), 3);
  assertEquals(asked, [100, 5, 5, 3]);
});

test("StoreLimit repeats nothing that would be refused again", async () => {
  const errors = [
    tooMany("states.length", 5),
    tooMany("count", 10),
    tooMany("count", 0),
    tooMany("count", undefined),
    new FlowError("unknown_outcome", "Nobody knows", { details: { field: "count", limit: 5 } }),
  ];
  for (const error of errors) {
    const limit = new StoreLimit("count", 10);
    let callCount = 0;
    const refused = await assertRejects(
      () =>
        limit.within(10, () => {
          callCount++;
          return Promise.reject(error);
        }),
      FlowError,
    );
    assertEquals([refused, callCount, limit.countMax], [error, 1, 10]);
  }
});

test("startWorker() works on a store that takes fewer than its defaults, and hears no error", async () => {
  await using store = await memoryStore({ limits: { claimLimitMax: 3, batchItemsMax: 2 } });
  const email = emailOn(store);
  for (const id of IDS) await email.create({ id, payload: id });
  const all = Promise.withResolvers<void>();
  let runningCount = 0;
  await using worker = startWorker(email, {
    worker: "w",
    handler: async () => {
      if (++runningCount === IDS.length) all.resolve();
      await all.promise;
      return ok();
    },
  });
  await all.promise;
  await worker.drain();
  assertEquals([worker.stats.settled, worker.stats.errors], [IDS.length, 0]);
  assertEquals((await email.info()).states, { completed: IDS.length });
});

test("runOnce() works with its defaults on a store that takes one at a time", async () => {
  await using store = await memoryStore({ limits: { claimLimitMax: 1, batchItemsMax: 1 } });
  const email = emailOn(store);
  for (const id of IDS) await email.create({ id, payload: id });
  const run = (limit?: number) =>
    email.runOnce("queued", { worker: "w", limit, handler: () => ok() });
  assertEquals((await run()).length, 1);
  const { code, details } = await assertRejects(() => run(2), FlowError);
  assertEquals([code, details.field, details.limit], ["limit_exceeded", "limit", 1]);
});

test("checkStates() reads and parks on a store that takes few at a time", async () => {
  await using store = await memoryStore({ limits: { queryCountMax: 3, batchItemsMax: 2 } });
  for (const id of IDS) await store.create(id, { type: "email", state: "older" });
  const [state] = (await emailOn(store).checkStates({ onUnserved: "park" })).unserved;
  assertEquals([state?.state, state?.count, state?.parkedCount], ["older", 7, 7]);
  for (const id of IDS) assertEquals((await store.get(id))?.nextRunAtMs, null);
  assertEquals(await store.claimDue("email", { worker: "w", state: "older" }), []);
});

test("workflow() takes names as long as its store does", async () => {
  const name = "ä".repeat(600);
  const definition = { type: name, initialState: name, states: { [name]: {} } } as const;
  await using large = await memoryStore({ limits: { idBytesMax: 1_200 } });
  const job = workflow({ ...definition, store: large });
  await job.create({ id: "a" });
  const [done] = await job.runOnce({ worker: name, handler: () => ok() });
  assertEquals([done?.job.state, done?.record?.state], [name, "completed"]);
  await using small = await memoryStore();
  const { code, details } = assertThrows(() => job.on(small), FlowError);
  assertEquals([code, details.field, details.limit], ["too_large", "type", 1_024]);
  const short = workflow({ ...definition, type: "job", store: small });
  const refused = await assertRejects(() => short.create({ id: "a" }), FlowError);
  assertEquals([refused.code, refused.details.field], ["too_large", "state"]);
});
