/**
 * What becomes of a worker's errors that nobody listens to: the process is warned.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { FlowError } from "../../src/errors.ts";
import { fakeStore, manualTime } from "../../src/testing/mod.ts";
import { ok, startWorker } from "../../src/workflow/mod.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { emailOn } from "./billing.ts";
import { jobSource } from "./job_source.ts";

interface Warning extends Error {
  readonly code?: string;
  readonly detail?: string;
}

/** Hears of the warnings about one worker, among those of all tests of the process. */
class Listener {
  readonly heard: Warning[] = [];
  readonly worker: string = crypto.randomUUID();
  readonly #listen = (warning: Warning): void => {
    if (warning.message.includes(this.worker)) this.heard.push(warning);
  };

  constructor() {
    process.on("warning", this.#listen);
  }

  /** The warnings so far, once those that are on their way have come. */
  async texts(): Promise<string[]> {
    await sleep(1);
    return this.heard.map(({ message }) => message.replace(this.worker, "w"));
  }

  [Symbol.dispose](): void {
    process.off("warning", this.#listen);
  }
}

const busy = new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 } });
const refuse = (error: Error): () => never => () => {
  throw error;
};

test("startWorker() without onError warns the process of an error, with all that is known", async () => {
  using listener = new Listener();
  const time = manualTime();
  const cause = new Error("The disk is slow", { cause: "a fan is broken" });
  const slow = new FlowError("overloaded", "Busy", { details: { retryAfterMs: 100 }, cause });
  const store = fakeStore({ time, claimDue: refuse(slow) });
  const { worker } = listener;
  await using _worker = startWorker(emailOn(store), { worker, handler: () => ok() });
  await time.advance(0);
  assertEquals(await listener.texts(), [
    `Worker "w" of type "email" could not claim: ${slow.message}`,
  ]);
  const [warning] = listener.heard;
  assertEquals([warning?.name, warning?.code], ["FlowcaskWarning", "overloaded"]);
  assertEquals(warning?.cause, slow);
  const [first, second, advice = ""] = warning?.detail?.split("\n") ?? [];
  assertEquals([first, second], ["Caused by: The disk is slow", "Caused by: a fan is broken"]);
  assertStringIncludes(advice, "onError");
});

test("startWorker() warns once a minute of errors that are alike, and counts the others", async () => {
  using listener = new Listener();
  const time = manualTime();
  let error: Error = busy;
  const store = fakeStore({
    time,
    claimDue: () => {
      throw error;
    },
  });
  const { worker } = listener;
  await using started = startWorker(emailOn(store), { worker, handler: () => ok() });
  await time.advance(59_000);
  assertEquals((await listener.texts()).length, 1);
  const unsaidCount = started.stats.errors - 1;
  error = new TypeError("not what was expected");
  await time.advance(30_000);
  error = busy;
  await time.advance(30_000);
  assertEquals(await listener.texts(), [
    `Worker "w" of type "email" could not claim: ${busy.message}`,
    'Worker "w" of type "email" could not claim: not what was expected',
    `Worker "w" of type "email" could not claim (after ${unsaidCount} more like this): ` +
    busy.message,
  ]);
});

test("startWorker() names the flow that it could not go on with, and what it could not do", async () => {
  using listener = new Listener();
  const { store, time, add } = jobSource({
    ...{ extendLease: refuse(busy), complete: refuse(busy), transition: refuse(busy) },
  });
  const finish = Promise.withResolvers<void>();
  const worker = startWorker(emailOn(store), {
    worker: listener.worker,
    handler: async ({ id, signal }) => {
      if (id === "settled") await finish.promise;
      else await new Promise((_, reject) => signal.onabort = () => reject(signal.reason));
      return ok();
    },
  });
  add("settled");
  await time.advance(10_000);
  finish.resolve();
  await time.advance(0);
  add("handed back");
  await time.advance(0);
  const stopped = worker.stop();
  await time.advance(0);
  await stopped;
  const could = (what: string): string =>
    `Worker "w" of type "email" could not ${what}: ${busy.message}`;
  assertEquals(await listener.texts(), [
    could('extend the lease of flow "settled"'),
    could('settle flow "settled"'),
    could('hand back flow "handed back"'),
  ]);
});

test("startWorker() does not warn of a store that was closed, but of jobs that were lost by it", async () => {
  using listener = new Listener();
  const closed = new FlowError("store_closed", "Closed");
  const { store, time, add } = jobSource({ extendLease: refuse(closed), complete: refuse(closed) });
  const finish = Promise.withResolvers<void>();
  const worker = startWorker(emailOn(store), {
    worker: listener.worker,
    handler: async () => {
      await finish.promise;
      return ok();
    },
  });
  add("a");
  await time.advance(10_000);
  assertEquals([await listener.texts(), worker.stats.lastError], [[], closed]);
  finish.resolve();
  await time.advance(0);
  await worker.ended;
  const warning = `Worker "w" of type "email" could not settle flow "a": ${closed.message}`;
  assertEquals(await listener.texts(), [warning]);
});

test("startWorker() with onError warns of nothing", async () => {
  using listener = new Listener();
  const time = manualTime();
  const store = fakeStore({ time, claimDue: refuse(busy) });
  const { worker } = listener;
  await using started = startWorker(emailOn(store), {
    ...{ worker, handler: () => ok(), onError: () => {} },
  });
  await time.advance(1_000);
  assertEquals([await listener.texts(), started.stats.errors > 0], [[], true]);
});
