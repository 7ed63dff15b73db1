import { FlowError } from "../../src/errors.ts";
import { manualTime, memoryStore } from "../../src/testing/mod.ts";
import { ok, startWorker } from "../../src/workflow/mod.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "../workflow/billing.ts";

test("memoryStore() is the engine, on a clock that stands still", async () => {
  await using store = await memoryStore({ time: manualTime({ startMs: 5_000 }) });
  const { createdAtMs } = await store.create("a", { type: "email" });
  assertEquals(createdAtMs, 5_000);
  // Only a store on a clock that is moved by hand takes the time of a command from its caller.
  assertEquals((await store.create("b", { type: "email", nowMs: 6_000 })).createdAtMs, 6_000);
  assert(store.files.list().length > 0, "It writes files");
});

test("memoryStore().advance() lets everything happen that is due on the way, in order", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  const startMs = store.time.clock.wallMs();
  for (const seconds of [3, 1, 2]) {
    await email.create({ id: `in ${seconds} s`, payload: "p", runAtMs: startMs + seconds * 1_000 });
  }
  const ran: unknown[] = [];
  await using _worker = startWorker(email, {
    worker: "w",
    handlers: {
      queued: (job) => {
        ran.push([job.id, store.time.clock.wallMs() - startMs]);
        return ok();
      },
    },
  });
  await store.advance(500);
  assertEquals(ran, []);
  await store.advance(10_000);
  assertEquals(ran, [["in 1 s", 1_000], ["in 2 s", 2_000], ["in 3 s", 3_000]]);
  assertEquals((await email.info()).completed, 3);
});

test("memoryStore().advance() lets a worker wait in its claim, and wakes it when there is something to do", async () => {
  await using store = await memoryStore();
  const email = emailOn(store);
  const { claimDue } = store;
  let claimCount = 0;
  store.claimDue = (...args: Parameters<typeof claimDue>) => {
    claimCount++;
    return claimDue.apply(store, args);
  };
  await using _worker = startWorker(email, { worker: "w", handlers: { queued: () => ok() } });
  const HOUR_MS = 3_600_000;
  await email.create({ id: "a", payload: "p", runAtMs: store.time.clock.wallMs() + HOUR_MS });
  await store.advance(HOUR_MS - 1);
  assertEquals((await email.info()).scheduled, 1);
  await store.advance(1);
  assertEquals((await email.info()).completed, 1);
  assertEquals(claimCount, 2);
});

test("memoryStore() answers, and its time moves, while the timers of the host are fake ones", async () => {
  const { setImmediate, setTimeout } = globalThis;
  const neverRings = (): undefined => undefined;
  Object.assign(globalThis, { setImmediate: neverRings, setTimeout: neverRings });
  let told: string | undefined;
  try {
    const store = await memoryStore();
    const email = emailOn(store);
    const runAtMs = store.time.clock.wallMs() + 60_000;
    const ran = email.create({ id: "a", payload: "p", runAtMs })
      .then(() => store.advance(60_000))
      .then(() => email.runOnce({ worker: "w", handler: () => ok() }))
      .then(([settled]) => told = settled?.record?.state)
      .then(() => store.close());
    // Without a timer that could be trusted: so many turns of the host are enough for anything.
    for (let turn = 0; turn < 200 && told === undefined; turn++) await turnOfHost(setImmediate);
    if (told !== undefined) await ran;
  } finally {
    Object.assign(globalThis, { setImmediate, setTimeout });
  }
  assertEquals(told, "completed");
});

test("memoryStore().reopen() goes on with the files and the time of the store before", async () => {
  const store = await memoryStore({ limits: { valueBytesMax: 64 } });
  const email = emailOn(store);
  await email.create({ id: "a", payload: "p" });
  await store.advance(1_000);
  await using next = await store.reopen();
  assertEquals((await email.on(next).get("a", { full: true }))?.payload, "p");
  assertEquals(next.time, store.time);
  assertEquals((await assertRejects(() => store.get("a"), FlowError)).code, "store_closed");
  // With the same options, too.
  const large = { type: "email", payload: "p".repeat(100) };
  assertEquals((await assertRejects(() => next.create("b", large), FlowError)).code, "too_large");
  await using last = await next.reopen();
  assertEquals((await last.history("a")).map(({ event }) => event), ["created"]);
});

test("memoryStore() takes the files that another store has left behind", async () => {
  const store = await memoryStore();
  await store.create("a", { type: "email" });
  await store.close();
  await using next = await memoryStore({ files: store.files });
  assertEquals((await next.get("a"))?.state, "queued");
  const taken = await assertRejects(() => memoryStore({ files: store.files }), FlowError);
  assertEquals(taken.code, "store_locked");
});

test("memoryStore() refuses options that a store does not have", async () => {
  const options = { limit: {} } as unknown as Parameters<typeof memoryStore>[0];
  const refused = await assertRejects(() => memoryStore(options), FlowError);
  assertEquals([refused.code, refused.details.field], ["invalid_argument", "limit"]);
});

function turnOfHost(setImmediate: (task: () => void) => unknown): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
