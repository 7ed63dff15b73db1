import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore, manualTime } from "../../src/testing/mod.ts";
import {
  error,
  fail,
  fanout,
  noReply,
  ok,
  type Outcome,
  retry,
  startWorker,
  transition,
  workflow,
} from "../../src/workflow/mod.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn, emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

/** A worker whose errors are nobody's affair. */
const quiet = { worker: "w", onError: (): void => {} };

/** Handlers that wait until they are told what to say. */
class Desk {
  readonly started: string[] = [];
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();

  readonly handler = ({ id }: { readonly id: string }): Promise<never> => {
    this.started.push(id);
    return new Promise<Outcome>((resolve) => this.#waiting.set(id, resolve)) as Promise<never>;
  };

  say(outcome: Outcome, ...ids: string[]): void {
    for (const id of ids) this.#waiting.get(id)?.(outcome);
  }
}

test("startWorker() runs at most `concurrency` handlers, and refills as they end", async () => {
  const { store, time, add, limits } = jobSource();
  const desk = new Desk();
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", concurrency: 3, handler: desk.handler },
  });
  add("a", "b", "c", "d", "e");
  await time.advance(0);
  assertEquals(desk.started, ["a", "b", "c"]);
  assertEquals(worker.stats.running, 3);
  desk.say(ok(), "b");
  await time.advance(0);
  assertEquals(desk.started, ["a", "b", "c", "d"]);
  desk.say(ok(), "a", "c", "d");
  await time.advance(0);
  assertEquals(desk.started, ["a", "b", "c", "d", "e"]);
  desk.say(ok(), "e");
  await time.advance(0);
  assertEquals([worker.stats.claimed, worker.stats.settled, worker.stats.running], [5, 5, 0]);
  assertEquals(limits().slice(0, 3), [3, 1, 3]);
});

test("startWorker() claims with its defaults and waits inside the store", async () => {
  const { store, time } = jobSource();
  await using _worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
  await time.advance(0);
  const [claim] = store.calls;
  const { signal, ...options } = claim?.command === "claimDue" ? claim.args[1] : { signal: null };
  assertEquals(options as unknown, {
    ...{ worker: "w", state: "queued", limit: 10, leaseMs: 30_000, blockMs: 0 },
    lostLeases: { queued: { exhaustedTo: "failed" } },
    ...{ payload: true, payloadMaxBytes: 65_536 },
  });
  assert(signal instanceof AbortSignal);
});

test("startWorker() asks for at most `limit` at a time", async () => {
  const { store, time, limits } = jobSource();
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", limit: 2, concurrency: 5, handler: () => ok() },
  });
  await time.advance(0);
  assertEquals(limits(), [2]);
});

test("startWorker() hands on what a claim takes, and the partition", async () => {
  const store = fakeStore({ time: manualTime(), claimDue: () => [] });
  await using _worker = startWorker(billingOn(store), {
    ...{ worker: "w", tenantId: "t1", invoiceId: "i9", leaseMs: 9, priority: 1, intervalMs: 7 },
    ...{ payload: false, values: ["a"], reclaimExpired: true, reclaimRatio: 50, limit: 1 },
    handlers: { charged: () => ok() },
  });
  const [claim] = store.calls;
  const { signal: _signal, ...options } = claim?.command === "claimDue" ? claim.args[1] : {};
  assertEquals(options as unknown, {
    ...{ worker: "w", partitionKey: "t1:i9", leaseMs: 9, priority: 1, blockMs: 0 },
    ...{ values: ["a"], reclaimExpired: true, reclaimRatio: 50, limit: 1, state: "charged" },
  });
});

test("startWorker() asks a store that waits once, however long it has nothing", async () => {
  const { store, time, add, limits } = jobSource();
  const desk = new Desk();
  await using _worker = startWorker(emailOn(store), { worker: "w", handler: desk.handler });
  await time.advance(3_600_000);
  assertEquals(limits().length, 1);
  add("a");
  await time.advance(0);
  assertEquals(desk.started, ["a"]);
  desk.say(ok(), "a");
  await time.advance(0);
});

test("startWorker() pauses for the interval where a store cannot wait", async () => {
  const time = manualTime();
  const store = fakeStore({ time, claimDue: () => [] });
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", intervalMs: 100, handler: () => ok() },
  });
  await time.advance(99);
  assertEquals(store.calls.length, 1);
  await time.advance(1);
  assertEquals(store.calls.length, 2);
  await time.advance(1_000);
  assertEquals(store.calls.length, 12);
});

test("startWorker() settles what ends in one turn with one command a kind", async () => {
  const { store, time, add, sent } = jobSource();
  const says: Record<string, Outcome> = {
    ...{ a: ok("A"), b: ok("B"), c: error("C"), d: error("D"), e: fail("E"), f: noReply },
    ...{ g: transition("queued", "G"), h: transition("queued"), i: retry("I", { runAtMs: 5 }) },
  };
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: ({ id }) => says[id] as never,
  });
  add(..."abcdefghi");
  await time.advance(0);
  const item = (id: string): object => ({
    ...{ id, partitionKey: "partition-1", leaseToken: `lease-of-${id}`, fencingToken: 1 },
  });
  const move = { from: "queued", to: "queued" };
  const fallback = { retry: { exhaustedTo: "failed" } };
  assertEquals(sent("complete", "completeMany"), [
    ["completeMany", [{ ...item("a"), result: "A" }, { ...item("b"), result: "B" }], {
      independent: true,
    }],
  ]);
  assertEquals(sent("transition", "transitionMany"), [
    ["transitionMany", [{ ...item("g"), ...move, payload: "G" }, { ...item("h"), ...move }], {
      independent: true,
    }],
  ]);
  assertEquals(sent("retry", "retryMany"), [
    ["retryMany", [
      { ...item("c"), error: "C", ...fallback },
      { ...item("d"), error: "D", ...fallback },
      { ...item("i"), error: "I", runAtMs: 5, ...fallback },
    ], { independent: true }],
  ]);
  assertEquals(sent("fail", "failMany"), [
    ["fail", { id: "e", partitionKey: "partition-1" }, {
      ...{ leaseToken: "lease-of-e", fencingToken: 1, error: "E" },
    }],
  ]);
  assertEquals(worker.stats.settled, 9);
});

test("startWorker() sends settlements before the claim that their room allows", async () => {
  const { store, time, add } = jobSource();
  await using _worker = startWorker(emailOn(store), {
    ...{ worker: "w", concurrency: 2, handler: () => ok() },
  });
  add("a", "b");
  await time.advance(0);
  assertEquals(store.calls.map(({ command }) => command), ["claimDue", "completeMany", "claimDue"]);
});

test("startWorker() tells onError of one refused settlement, and applies the others", async () => {
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const { store, time, add } = jobSource({
    completeMany: (items) =>
      Promise.resolve(
        items.map(({ id }) =>
          id === "b" ? { ok: false, error: stale } : { ok: true, record: fakeRecord({ id }) }
        ),
      ) as never,
  });
  const errors: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: () => ok(),
    onError: (error, { during, job }) => errors.push([error, during, job?.id]),
  });
  add("a", "b", "c");
  await time.advance(0);
  assertEquals(errors, [[stale, "settle", "b"]]);
  const { settled, refused, lastError } = worker.stats;
  assertEquals([settled, refused, lastError], [2, 1, stale]);
});

test("startWorker() hands a job back whose children are too much for the store at present", async () => {
  const busy = new FlowError("overloaded", "No room", { details: { retryAfterMs: 5_000 } });
  const { store, time, add, sent } = jobSource({
    spawnChildren: () => {
      throw busy;
    },
  });
  await using worker = startWorker(emailOn(store), {
    ...quiet,
    handler: () => fanout([{ id: "c" }], { success: "failed", failure: "failed" }),
  });
  add("a");
  await time.advance(0);
  const [[, , moved] = []] = sent("transition") as [string, object, object][];
  assertEquals(moved, {
    ...{ from: "queued", to: "queued", leaseToken: "lease-of-a", fencingToken: 1 },
    runAtMs: time.clock.wallMs() + 5_000,
  });
  const { settled, refused, handedBack, lastError } = worker.stats;
  assertEquals([settled, refused, handedBack, lastError], [0, 1, 1, busy]);
});

test("startWorker() settles alone what was refused together", async () => {
  const bad = new FlowError("invalid_argument", "items[1].result is a function", {
    details: { field: "items[1].result" },
  });
  const { store, time, add, sent } = jobSource({
    completeMany: () => {
      throw bad;
    },
    complete: (flow) => {
      if (typeof flow !== "string" && flow.id === "b") throw bad;
      return fakeRecord();
    },
  });
  const errors: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", handler: () => ok(), onError: (error) => errors.push(error) },
  });
  add("a", "b", "c");
  await time.advance(0);
  assertEquals(sent("completeMany", "complete", "retry").map((call) => (call as unknown[])[0]), [
    ...["completeMany", "complete", "complete", "complete", "retry"],
  ]);
  assertEquals([worker.stats.settled, worker.stats.refused, errors], [3, 0, []]);
});

test("startWorker() repeats no settlement whose outcome nobody knows", async () => {
  const unknown = new FlowError("unknown_outcome", "The disk is gone");
  const { store, time, add, sent } = jobSource({
    completeMany: () => {
      throw unknown;
    },
  });
  await using worker = startWorker(emailOn(store), { ...quiet, handler: () => ok() });
  add("a", "b");
  await time.advance(0);
  assertEquals(sent("completeMany", "complete").length, 1);
  assertEquals([worker.stats.refused, worker.stats.lastError], [2, unknown]);
});

test("startWorker() holds back when the store settles slower than handlers end", async () => {
  const slow = Promise.withResolvers<never>();
  const { store, time, add } = jobSource({
    ...{ completeMany: () => slow.promise, complete: () => slow.promise },
  });
  await using worker = startWorker(emailOn(store), {
    ...{ ...quiet, concurrency: 2, handler: () => ok() },
  });
  add(..."abcdefghijkl");
  await time.advance(0);
  assertEquals([worker.stats.claimed, worker.stats.running], [4, 0]);
  slow.resolve([] as never);
});

test("startWorker() goes on after claims that fail, with waits that double", async () => {
  const time = manualTime();
  const down = new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 } });
  const atMs: number[] = [];
  const store = fakeStore({
    time,
    claimDue: () => {
      atMs.push(time.clock.monotonicMs());
      if (atMs.length === 5) return [fakeRecord({ id: "a", runState: "queued" })];
      throw down;
    },
    complete: () => fakeRecord(),
  });
  const errors: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    ...{ worker: "w", intervalMs: 100, concurrency: 1, handler: () => ok() },
    onError: (error, context) => errors.push([error, context]),
  });
  await time.advance(1_500);
  assertEquals(worker.stats.settled, 1);
  assertEquals(errors.slice(0, 4), Array(4).fill([down, { during: "claim" }]));
  const waits = atMs.slice(1, 5).map((ms, index) => ms - atMs[index]!);
  for (const [index, fullMs] of [100, 200, 400, 800].entries()) {
    assertGreaterOrEqual(waits[index]!, fullMs * 0.8);
    assertLessOrEqual(waits[index]!, fullMs);
  }
  // A claim that worked starts the waits anew.
  assertLessOrEqual(atMs[6]! - atMs[5]!, 100);
});

test("startWorker() waits as long as an overloaded store asks for", async () => {
  const time = manualTime();
  const store = fakeStore({
    time,
    claimDue: () => {
      throw new FlowError("overloaded", "Busy", { details: { retryAfterMs: 5_000 } });
    },
  });
  await using _worker = startWorker(emailOn(store), { ...quiet, handler: () => ok() });
  await time.advance(4_999);
  assertEquals(store.calls.length, 1);
  await time.advance(1);
  assertEquals(store.calls.length, 2);
});

test("startWorker() tells of a claim that fails while it ends, but not of the one that it ends itself", async () => {
  const failure = new Error("The line is dead");
  for (const failed of [failure, undefined]) {
    const errors: unknown[] = [];
    const time = manualTime();
    const store = fakeStore({
      time,
      claimDue: (_type, { signal }) =>
        new Promise<never>((_resolve, reject) =>
          signal!.addEventListener("abort", () => reject(failed ?? signal!.reason))
        ) as never,
    });
    const worker = startWorker(emailOn(store), {
      ...{ worker: "w", handler: () => ok(), onError: (error) => errors.push(error) },
    });
    await time.advance(0);
    await worker.drain();
    assertEquals(errors, failed === undefined ? [] : [failed]);
  }
});

test("startWorker() ends by itself when the store is closed", async () => {
  const time = manualTime();
  const closed = new FlowError("store_closed", "Closed");
  const store = fakeStore({
    time,
    claimDue: () => {
      throw closed;
    },
  });
  const worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
  await worker.ended;
  assertEquals([store.calls.length, worker.stats.lastError], [1, closed]);
  assertEquals(time.nextAlarmMs, undefined);
});

test("startWorker() ends when the store is closed while all its handlers run", async () => {
  const { store, time, add } = jobSource({
    extendLease: () => {
      throw new FlowError("store_closed", "Closed");
    },
  });
  const worker = startWorker(emailOn(store), {
    worker: "w",
    concurrency: 1,
    handler: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  add("a");
  await time.advance(0);
  assertEquals(worker.stats.running, 1);
  await time.advance(10_000);
  await worker.ended;
  assertEquals(time.nextAlarmMs, undefined);
});

test("startWorker() lets a throw of onError surface, and goes on", async () => {
  const time = manualTime({ autoDefer: false });
  const mistake = new Error("in onError");
  const store = fakeStore({
    time,
    claimDue: () => {
      throw new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 } });
    },
  });
  await using _worker = startWorker(emailOn(store), {
    worker: "w",
    handler: () => ok(),
    onError: () => {
      throw mistake;
    },
  });
  assertEquals(await assertRejects(() => time.advance(0)), mistake);
  assertEquals(await assertRejects(() => time.advance(250)), mistake);
  assertEquals(store.calls.length, 2);
});

test("startWorker() settles a payload over the cap with too_large", async () => {
  const time = manualTime();
  const over = fakeRecord({ runState: "queued", payloadOmitted: true, payloadSize: 70_000 });
  const due = [over];
  const store = fakeStore({ time, claimDue: () => due.splice(0), retry: () => fakeRecord() });
  await using _worker = startWorker(emailOn(store), { worker: "w", handler: () => ok() });
  await time.advance(0);
  const call = store.calls.find(({ command }) => command === "retry");
  const stored = (call?.command === "retry" ? call.args[1].error : {}) as Record<string, unknown>;
  assertEquals(stored.code, "too_large");
});

/** The longest time that a lease may last. */
const CENTURY_MS = 100 * 365 * 86_400_000;

const refused: readonly (readonly [object, string, string])[] = [
  [{ worker: "" }, "worker", "a non-empty text"],
  [{ worker: undefined }, "worker", "undefined"],
  [{ concurrency: 0 }, "concurrency", "0, but must be a whole number from 1"],
  [{ concurrency: 100_001 }, "concurrency", "to 100000"],
  [{ limit: 0 }, "limit", "0, but must be a whole number from 1"],
  [{ intervalMs: 0 }, "intervalMs", "0"],
  [{ intervalMs: 86_400_001 }, "intervalMs", "to 86400000"],
  [{ heartbeat: "yes" }, "heartbeat", "true or false"],
  [{ signal: {} }, "signal", "an AbortSignal"],
  [{ parallel: 3 }, "parallel", "known are worker"],
  [{ blockMs: 3 }, "blockMs", "known are worker"],
  [{ leaseMs: "5s" }, "leaseMs", '"5s", but must be a whole number from 1'],
  [{ leaseMs: 0 }, "leaseMs", "0, but must be a whole number from 1"],
  [{ leaseMs: CENTURY_MS + 1 }, "leaseMs", `to ${CENTURY_MS}`],
  [{ priority: -1 }, "priority", "-1, but must be a whole number from 0 to 2"],
  [{ priority: 3 }, "priority", "3, but must be a whole number from 0 to 2"],
  [{ reclaimRatio: -1 }, "reclaimRatio", "-1, but must be a whole number from 0 to 100"],
  [{ reclaimRatio: 0.5 }, "reclaimRatio", "0.5, but must be a whole number from 0 to 100"],
  [{ reclaimRatio: 101 }, "reclaimRatio", "101, but must be a whole number from 0 to 100"],
  [{ reclaimExpired: 1 }, "reclaimExpired", "true or false"],
  [{ payload: "yes" }, "payload", "true or false"],
  [{ payloadMaxBytes: -1 }, "payloadMaxBytes", "-1"],
  [{ state: "failed" }, "state", `"failed"`],
];

test("startWorker() refuses bad options before it claims", () => {
  const store = fakeStore();
  for (const [options, field, says] of refused) {
    const { code, details, message } = assertThrows(
      () => startWorker(emailOn(store), { worker: "w", handler: () => ok(), ...options } as never),
      FlowError,
    );
    assertEquals([code, details.field], ["invalid_argument", field]);
    assertStringIncludes(message, says);
  }
  const start = (options: object): unknown =>
    startWorker(emailOn(store), { worker: "w", ...options } as never);
  assertThrows(() => start({}), TypeError, "handler");
  assertThrows(() => start({ handlers: { queued: 5 } }), TypeError, "handlers.queued");
  assertThrows(() => start({ handler: () => ok(), onError: 5 }), TypeError, "onError");
  assertThrows(() => start({ handler: () => ok(), onSettled: 5 }), TypeError, "onSettled");
  assertEquals(store.calls, []);
});

test("startWorker() takes the smallest and the largest of every number", async () => {
  for (
    const options of [
      {
        ...{ limit: 1, concurrency: 1, intervalMs: 1, leaseMs: 1 },
        ...{ priority: 0 as const, reclaimRatio: 0, payloadMaxBytes: 0 },
      },
      {
        ...{ limit: Number.MAX_SAFE_INTEGER, concurrency: 100_000, intervalMs: 86_400_000 },
        ...{ leaseMs: CENTURY_MS, priority: 2 as const, reclaimRatio: 100 },
        payloadMaxBytes: Number.MAX_SAFE_INTEGER,
      },
    ]
  ) {
    const time = manualTime();
    const store = fakeStore({ time, claimDue: () => [] });
    await using _ = startWorker(emailOn(store), { worker: "w", handler: () => ok(), ...options });
    await time.advance(0);
    const { limit, concurrency, intervalMs, ...claim } = options;
    const [asked] = store.calls;
    assertEquals(asked!.args[1], { ...(asked!.args[1] as object), ...claim });
    assertEquals((asked!.args[1] as { limit: number }).limit, Math.min(limit, concurrency));
    await time.advance(intervalMs - 1);
    assertEquals(store.calls.length, 1);
    await time.advance(1);
    assertEquals(store.calls.length, 2);
  }
});

test("startWorker() refuses what is no workflow with a store", () => {
  const options = { worker: "w", handler: () => ok() };
  const unbound = workflow({ type: "email", initialState: "queued", states: { queued: {} } });
  for (const given of [undefined, null, "email", fakeStore(), { store: fakeStore() }, unbound]) {
    const start = () => startWorker(given as never, options as never);
    const { code, details } = assertThrows(start, FlowError);
    assertEquals([code, details.field], ["invalid_argument", "workflow"]);
  }
});

test("startWorker() tells onSettled what handlers said, and what became of their flows", async () => {
  const stale = new FlowError("stale_lease", "Taken over", {
    details: { id: "a", state: "queued" },
  });
  const { store, time, add } = jobSource({
    complete: () => fakeRecord({ state: "completed" }),
    retry: () => fakeRecord({ state: "queued" }),
    fail: () => {
      throw stale;
    },
  });
  const settled: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    ...{ ...quiet, concurrency: 4 },
    handler: ({ id }) => {
      if (id === "throws") throw new Error("broken");
      return id === "refused" ? fail("too late") : id === "noReply" ? noReply : ok(id);
    },
    onSettled: ({ job, outcome, record }) =>
      settled.push([job.payload, outcome.kind, record?.state]),
  });
  add("ok", "throws", "refused", "noReply");
  await time.advance(0);
  assertEquals(settled.sort(), [
    ["noReply", "noReply", undefined],
    ["ok", "ok", "completed"],
    ["throws", "error", "queued"],
  ]);
  assertEquals([worker.stats.settled, worker.stats.refused], [3, 1]);
});

test("startWorker() lets a throw of onSettled surface, and the job is settled all the same", async () => {
  const time = manualTime({ autoDefer: false });
  const due = [fakeRecord({ id: "a", runState: "queued", payload: "a" })];
  const store = fakeStore({ time, claimDue: () => due.splice(0), complete: () => fakeRecord() });
  const mistake = new Error("in onSettled");
  const errors: unknown[] = [];
  await using worker = startWorker(emailOn(store), {
    worker: "w",
    handler: () => ok(),
    onSettled: () => {
      throw mistake;
    },
    onError: (error) => errors.push(error),
  });
  assertEquals(await assertRejects(() => time.advance(0)), mistake);
  const { settled, refused } = worker.stats;
  assertEquals([settled, refused, errors], [1, 0, []]);
});
